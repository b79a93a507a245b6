package import NIOCore

/// What an answer begins with.
package struct HTTPResponseHead: Sendable {
    /// The status, such as 206.
    package let status: Int
    /// The headers.
    package let headers: HTTPFields

    /// Makes a head.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - headers: The headers.
    package init(status: Int, headers: HTTPFields) {
        self.status = status
        self.headers = headers
    }

    /// The length that the server promises for the body; nil when it does not.
    package var contentLength: Int64? { headers["Content-Length"].flatMap { Int64($0) } }
}

/// A whole answer in memory.
package struct HTTPResponse: Sendable {
    /// Status and headers.
    package let head: HTTPResponseHead
    /// The body.
    package let body: [UInt8]

    /// Makes an answer.
    ///
    /// - Parameters:
    ///   - head: Status and headers.
    ///   - body: The body.
    package init(head: HTTPResponseHead, body: [UInt8] = []) {
        self.head = head
        self.body = body
    }
}

/// How long a request may take; how long it may stand still is the transport's.
package struct HTTPLimits: Hashable, Sendable {
    /// From the call to the last byte, connecting included; nil for no limit.
    package var total: Duration?

    /// Makes limits.
    ///
    /// - Parameter total: From the call to the last byte, connecting included; nil for no limit.
    package init(total: Duration? = nil) {
        self.total = total
    }
}

/// Takes an answer as it arrives.
///
/// The calls come one after the other, each from a thread of the transport that serves other connections too: copying,
/// hashing and writing to the page cache are fine there, waiting is not.
package protocol HTTPResponseReceiver: Sendable {
    /// Takes status and headers.
    ///
    /// - Throws: Ends the request; `send` throws the same error.
    func receive(_ head: HTTPResponseHead) throws

    /// Takes the next bytes of the body.
    ///
    /// - Parameters:
    ///   - bytes: The next bytes, never empty.
    ///   - eventLoop: The loop that calls.
    /// - Returns: nil to go on at once, or a future that completes when the next bytes may come.
    /// - Throws: Ends the request; `send` throws the same error.
    func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>?
}

/// Sends requests, each once: whether to send it again is decided elsewhere.
package protocol HTTPTransport: Sendable {
    /// Sends a request and hands its answer to `receiver`.
    ///
    /// No redirect is followed, nothing decompressed. When the calling task is cancelled, the connection is closed and
    /// `CancellationError` thrown.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limits: How long it may take.
    ///   - receiver: Takes the answer.
    /// - Throws: `HTTPError`; `CancellationError`; what `receiver` throws.
    func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws
}

extension HTTPTransport {
    /// Sends a request and collects its answer.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limits: How long it may take.
    ///   - bodyLimitBytes: A longer body is `HTTPError.tooLarge`.
    /// - Returns: The answer.
    /// - Throws: `HTTPError` or `CancellationError`.
    package func send(
        _ request: HTTPRequest,
        limits: HTTPLimits,
        bodyLimitBytes: Int = 16 << 20
    ) async throws -> HTTPResponse {
        let collector = ResponseCollector(limitBytes: bodyLimitBytes, address: request.address)
        try await send(request, limits: limits, to: collector)
        return try collector.response()
    }
}
