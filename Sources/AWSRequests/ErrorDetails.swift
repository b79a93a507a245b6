import RunnerCore

/// What the body of an error says.
struct ErrorDetails {
    /// A longer body is not read: no service explains itself at such length.
    private static let limitBytes = 256 << 10

    /// The service's word.
    var code: String?
    /// What it says beside it.
    var message = ""
    /// The request's name.
    var requestID: String?
    /// The request's second name.
    var hostID: String?
    /// The region that would be right.
    var region: String?
    /// The host that would be right.
    var endpoint: String?
    /// The bucket in question.
    var bucket: String?

    /// Makes details of a code and a message.
    init(code: String?, message: String) {
        self.code = code
        self.message = message
    }

    /// Reads a body of any kind.
    init(body: [UInt8]) {
        let first = body.first { !Self.isBlank($0) }
        if first == nil {
            self.init(code: nil, message: "")
        } else if body.count > Self.limitBytes {
            self.init(code: nil, message: "its body of \(humanBytes(Int64(body.count))) is too long for an error's")
        } else if Self.isWebPage(body) {
            self.init(code: nil, message: "its body is a web page, which a proxy may have written, not the service")
        } else if first == UInt8(ascii: "{") {
            self.init(json: body)
        } else if let root = try? XMLReader.read(body) {  // What is no XML is told as such below.
            self.init(xml: root)
        } else {
            self.init(code: nil, message: "its body is no error that can be read")
        }
    }

    /// Reads `<Error>` of S3, or `<ErrorResponse><Error>` of STS.
    init(xml root: XMLElement) {
        let error = root.isNamed("Error") ? root : root.child("Error") ?? root
        self.init(code: Self.code(error.text("Code")), message: error.text("Message") ?? "")
        requestID = error.text("RequestId") ?? root.text("RequestId")
        hostID = error.text("HostId")
        region = error.text("Region")
        endpoint = error.text("Endpoint")
        bucket = error.text("Bucket") ?? error.text("BucketName")
    }

    /// Reads the errors of the services that speak JSON, of the credential endpoints, and of OAuth (SSO's tokens).
    private init(json body: [UInt8]) {
        guard let object = (try? JSONText.parse(body))?.objectValue else {  // What is no JSON is told as such here.
            self.init(code: nil, message: "its body is no error that can be read")
            return
        }
        func text(_ names: String...) -> String? {
            names.lazy.compactMap { object[$0]?.stringValue }.first
        }
        self.init(
            code: Self.code(text("__type", "code", "Code", "error")),
            message: text("message", "Message", "errorMessage", "error_description") ?? ""
        )
        requestID = text("requestId", "RequestId")
    }

    private static func code(_ text: String?) -> String? {
        guard let code = text.map(bareCode), !code.isEmpty else { return nil }
        return code
    }

    /// The code without what protocols put around it: `com.amazonaws.sso#UnauthorizedException:http://…`.
    static func bareCode(_ text: String) -> String {
        let name = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        return String(name.split(separator: "#", omittingEmptySubsequences: false).last ?? "").trimmed()
    }

    /// Tells whether there is nothing in a body but blanks.
    static func isBlank(_ body: [UInt8]) -> Bool { body.allSatisfy(isBlank) }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\t")
    }

    private static func isWebPage(_ body: [UInt8]) -> Bool {
        let start = String(decoding: body.prefix(1024), as: UTF8.self).lowercased()
        return start.contains("<html") || start.contains("<!doctype html")
    }
}
