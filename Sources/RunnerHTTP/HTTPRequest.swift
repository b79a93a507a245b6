package import NIOCore

/// The methods that AWS services use.
package enum HTTPMethod: String, Sendable {
    /// Reads.
    case get = "GET"
    /// Reads the head of what GET would answer.
    case head = "HEAD"
    /// Stores.
    case put = "PUT"
    /// Calls.
    case post = "POST"
    /// Removes.
    case delete = "DELETE"
}

/// Where a request goes: scheme, host and port.
package struct HTTPOrigin: Hashable, Sendable, CustomStringConvertible {
    /// Whether the connection is encrypted.
    package let isSecure: Bool
    /// A name or an address; an IPv6 address stands without its brackets.
    package let host: String
    /// The port, given or implied.
    package let port: Int

    /// Makes an origin.
    ///
    /// - Parameters:
    ///   - isSecure: Whether the connection is encrypted.
    ///   - host: A name or an address; an IPv6 address without its brackets.
    ///   - port: The port; nil is 443 or 80.
    package init(isSecure: Bool, host: String, port: Int? = nil) {
        self.isSecure = isSecure
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
    }

    /// What the header `Host` says: the port only when it is not the scheme's own (RFC 9110 §7.2).
    package var hostHeader: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The origin as an address without a path.
    package var description: String { "\(isSecure ? "https" : "http")://\(hostHeader)" }
}

/// One HTTP/1.1 request, byte for byte as it is to be sent.
package struct HTTPRequest: Sendable {
    /// What to do.
    package var method: HTTPMethod
    /// Where.
    package var origin: HTTPOrigin
    /// The path in its percent-encoding, beginning with `/`; it is signed and sent as it stands here.
    package var path: String
    /// The query in its percent-encoding, without `?`; empty for none.
    package var query: String
    /// The headers, without `Host` and `Content-Length`, which the transport adds.
    package var headers: HTTPFields
    /// The body, empty for none; it is kept, so that a retry can send it again.
    package var body: ByteBuffer

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - method: What to do.
    ///   - origin: Where.
    ///   - path: The path in its percent-encoding.
    ///   - query: The query in its percent-encoding, without `?`.
    ///   - headers: The headers.
    ///   - body: The body.
    package init(
        _ method: HTTPMethod,
        _ origin: HTTPOrigin,
        path: String = "/",
        query: String = "",
        headers: HTTPFields = [:],
        body: ByteBuffer = ByteBuffer()
    ) {
        self.method = method
        self.origin = origin
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// Path and query as the request line has them.
    package var target: String { query.isEmpty ? path : "\(path)?\(query)" }

    /// The address for messages: no query, which may hold a signature or a token.
    package var address: String { "\(origin)\(path)" }
}
