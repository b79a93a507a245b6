import AWSSigning
import NIOCore
import ObjectStorage
import RunnerHTTP

/// One operation on a bucket, before it is known where the bucket lies and who signs.
struct S3Call: Sendable {
    /// What to do.
    var method: HTTPMethod
    /// The object; nil for the bucket itself.
    var key: ObjectKey?
    /// Names and values of the query, as bytes and not encoded; nil for a name without a value.
    private(set) var query: [(name: String, value: [UInt8]?)] = []
    /// The headers of the operation.
    var headers: HTTPFields = [:]
    /// The body.
    var body = ByteBuffer()
    /// The SHA-256 of the body in hexadecimal, where it is known already.
    var payloadHash: String?

    /// Makes a call.
    ///
    /// - Parameters:
    ///   - method: What to do.
    ///   - key: The object; nil for the bucket itself.
    init(_ method: HTTPMethod, _ key: ObjectKey? = nil) {
        self.method = method
        self.key = key
    }

    /// The query in its percent-encoding.
    var encodedQuery: String {
        query.map { name, value in
            let name = percentEncoded(name.utf8, keepingSlash: false)
            return value.map { "\(name)=\(percentEncoded($0, keepingSlash: false))" } ?? "\(name)="
        }
        .joined(separator: "&")
    }

    /// Adds a name and a value to the query.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - value: The value; nil for a name alone, such as `uploads`.
    /// - Returns: The call with it.
    func adding(_ name: String, _ value: String? = nil) -> S3Call {
        var call = self
        call.query.append((name, value.map { Array($0.utf8) }))
        return call
    }

    /// Adds a name and a key to the query.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - key: The key, or the beginning of keys.
    /// - Returns: The call with it.
    func adding(_ name: String, _ key: ObjectKey) -> S3Call {
        var call = self
        call.query.append((name, key.bytes))
        return call
    }

    /// Adds a header.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - value: The value; nil adds nothing.
    /// - Returns: The call with it.
    func header(_ name: String, _ value: String?) -> S3Call {
        guard let value else { return self }
        var call = self
        call.headers.add(name, value)
        return call
    }
}
