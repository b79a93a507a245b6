/// A request as a server of the tests got it.
package struct RecordedRequest: Sendable {
    /// How much of a body is kept.
    static let bodyLimit = 1 << 20

    /// Which request of the server it is, in the order of arrival; the first is 1.
    package let number: Int
    /// Which connection of the server it came through; the first is 1.
    package let connection: Int
    /// Which request of its connection it is; from 2 on the connection was used again.
    package let position: Int
    /// The method, such as `GET`.
    package let method: String
    /// The request target as it was sent: the path and the query.
    package let target: String
    /// The header fields in the order they were sent.
    package let headers: [(name: String, value: String)]
    /// The body as it was sent, at most its first MiB; empty until it has arrived.
    package internal(set) var body: [UInt8] = []
    /// How many bytes of body came; for an `aws-chunked` or chunked one those on the wire.
    package internal(set) var bodyCount = 0
    /// How many bytes of body a ``FaultProxy`` passed on.
    package internal(set) var bytesForwarded = 0

    /// The path of the target, still percent-encoded.
    package var path: String { String(target.prefix { $0 != "?" }) }

    /// The query of the target, still percent-encoded; empty when there is none.
    package var query: String { String(target.drop { $0 != "?" }.dropFirst()) }

    /// The value of a parameter of the query, still percent-encoded; nil when it is not there.
    ///
    /// - Parameter name: The name as it is sent.
    /// - Returns: The text after `=`, empty without one.
    package func queryValue(_ name: String) -> String? {
        for pair in query.split(separator: "&") where pair.prefix(while: { $0 != "=" }) == name {
            return String(pair.drop { $0 != "=" }.dropFirst())
        }
        return nil
    }

    /// The value of the first header field of a name; nil when there is none.
    ///
    /// - Parameter name: The name in any case.
    /// - Returns: The value without blanks around it.
    package func header(_ name: String) -> String? { firstValue(of: name, in: headers) }
}

/// What servers and proxies of the tests have seen.
package struct Traffic: Sendable {
    /// Every request whose head has arrived, in order.
    package internal(set) var requests: [RecordedRequest] = []
    /// How many connections were accepted.
    package internal(set) var connections = 0
    /// How many connections are open now.
    package internal(set) var openConnections = 0
    /// How many connections were open at the same time, at most.
    package internal(set) var mostConnections = 0
}

func firstValue(of name: String, in headers: [(name: String, value: String)]) -> String? {
    let name = name.lowercased()
    return headers.first { $0.name.lowercased() == name }?.value
}
