package import RunnerCore
package import RunnerHTTP

/// A service's answer that says no: its status, and what its body and headers tell about why.
package struct ServiceError: Error, Sendable, CustomStringConvertible {
    /// The status of the answer; 200 for an error that came in the body of one (`embedded`).
    package let status: Int
    /// The service's own word, such as `NoSuchKey`; where it gives none, the status's, such as `NotFound`.
    package let code: String
    /// Whether `code` is only the status in words: an answer to HEAD, or one of a proxy.
    package let isCodeFromStatus: Bool
    /// What the service says beside the code, on one line and without secrets; empty when it says nothing.
    package let message: String
    /// The service's name for the request, which its support asks for.
    package let requestID: String?
    /// S3's second name for the request (`x-amz-id-2`).
    package let hostID: String?
    /// Where the bucket lies, or what the signature should have said.
    package let region: String?
    /// The host that the bucket should be asked at.
    package let endpoint: String?
    /// The bucket that the service speaks of.
    package let bucket: String?
    /// When to ask again, of `Retry-After`.
    package let retryAfter: Duration?
    /// When to ask again, of `x-amz-retry-after`.
    package let serviceRetryAfter: Duration?
    /// The server's time at the answer.
    package let serverDate: Timestamp?

    /// Makes the error of an answer with a status that is not success.
    ///
    /// - Parameters:
    ///   - head: Status and headers.
    ///   - body: The body, of any kind: XML, JSON, a proxy's page or nothing.
    package init(head: HTTPResponseHead, body: [UInt8]) {
        self.init(head: head, details: ErrorDetails(body: body))
    }

    /// Makes the error of an answer.
    ///
    /// - Parameters:
    ///   - head: Status and headers.
    ///   - details: What the body says.
    init(head: HTTPResponseHead, details: ErrorDetails) {
        let headers = head.headers
        let code = details.code ?? headers["x-amzn-errortype"].map(ErrorDetails.bareCode)
        status = head.status
        self.code = code ?? Self.word(for: head.status)
        isCodeFromStatus = code == nil
        message = ErrorText.shown(details.message)
        requestID = (details.requestID ?? headers["x-amz-request-id"] ?? headers["x-amzn-requestid"]).nonEmpty
        hostID = (details.hostID ?? headers["x-amz-id-2"]).nonEmpty
        region = (headers["x-amz-bucket-region"] ?? details.region).nonEmpty
        endpoint = details.endpoint.nonEmpty
        bucket = details.bucket.nonEmpty
        serverDate = headers["Date"].flatMap(HTTPDate.parse)
        retryAfter = headers["Retry-After"].flatMap { [serverDate] in Self.delay($0, since: serverDate) }
        serviceRetryAfter = headers["x-amz-retry-after"].flatMap { Int64($0) }.map { .milliseconds($0) }
    }

    /// What the service said, in one sentence: `the service answers 404 NoSuchKey: … (request id …)`.
    package var description: String {
        var text = "the service answers \(status) \(code.escaped(limit: 80))"
        if !message.isEmpty { text += ": \(message)" }
        if let requestID { text += " (request id \(requestID.escaped(limit: 80)))" }
        return text
    }

    /// RFC 9110 §10.2.3: seconds, or a date; without the server's own date there is nothing to count from.
    private static func delay(_ text: String, since now: Timestamp?) -> Duration? {
        if let seconds = Int64(text) { return seconds >= 0 ? .seconds(seconds) : nil }
        guard let now, let date = HTTPDate.parse(text), date > now else { return nil }
        return .milliseconds(date.milliseconds - now.milliseconds)
    }

    /// S3's word for a status where it has one, else that of RFC 9110.
    private static func word(for status: Int) -> String {
        words[status] ?? "HTTP\(status)"
    }

    private static let words = [
        301: "PermanentRedirect", 304: "NotModified", 307: "TemporaryRedirect", 400: "BadRequest",
        401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 407: "ProxyAuthentication",
        408: "Timeout", 409: "Conflict", 411: "MissingContentLength", 412: "PreconditionFailed",
        413: "ContentTooLarge", 416: "InvalidRange", 429: "TooManyRequests", 500: "InternalError",
        501: "NotImplemented", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout",
    ]
}

extension String? {
    /// The text, or nil when there is none in it: `<HostId></HostId>`.
    fileprivate var nonEmpty: String? {
        if let self, !self.isEmpty { self } else { nil }
    }
}
