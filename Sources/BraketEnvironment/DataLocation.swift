import RunnerCore
package import SystemPackage

/// Where data lies: an object or a prefix in the store, or a file or a folder of this machine.
package enum DataLocation: Hashable, Sendable, CustomStringConvertible {
    /// `s3://bucket/key`; the key may be a prefix and may be empty.
    case object(bucket: String, key: String)
    /// An absolute path of this machine.
    case local(FilePath)

    /// Reads an address.
    ///
    /// `s3://bucket/key`, and the same as `https://bucket.s3.region.amazonaws.com/key` or
    /// `https://s3.region.amazonaws.com/bucket/key`; `file:/path` and `file:///path`; anything else is a path.
    ///
    /// - Parameters:
    ///   - text: The address.
    ///   - directory: What a relative path is relative to.
    /// - Throws: `LocationError` for other schemes and for addresses without a bucket.
    package init(_ text: String, relativeTo directory: FilePath) throws(LocationError) {
        let (scheme, rest) = Self.splitScheme(text)
        switch scheme {
        case "s3":
            let (bucket, key) = Self.splitBucket(rest)
            guard !bucket.isEmpty else { throw LocationError("names no bucket; an address is s3://BUCKET/KEY") }
            self = .object(bucket: bucket, key: key)
        case "https", "http":
            self = try Self.webAddress(rest)
        case "file":
            let path = rest.hasPrefix("localhost/") ? String(rest.dropFirst("localhost".count)) : rest
            guard path.utf8.first == UInt8(ascii: "/") else {
                throw LocationError("names a host; a file address is file:///PATH")
            }
            self = .local(FilePath(path).lexicallyNormalized())
        case nil:
            guard !text.isEmpty else { throw LocationError("is empty") }
            let path = text.hasPrefix("file:") ? FilePath(String(text.dropFirst(5))) : FilePath(text)
            self = .local(directory.pushing(path).lexicallyNormalized())
        case let other?:
            throw LocationError("has the scheme \"\(other)\"; use s3://, https:// of S3, file: or a path")
        }
    }

    /// The address as the service writes it, or the path.
    package var description: String {
        switch self {
        case .object(let bucket, let key): "s3://\(bucket)/\(key)"
        case .local(let path): path.string
        }
    }

    /// The bucket, or nil for a path.
    package var bucket: String? {
        if case .object(let bucket, _) = self { bucket } else { nil }
    }

    /// The key, or nil for a path.
    package var key: String? {
        if case .object(_, let key) = self { key } else { nil }
    }

    private static func splitScheme(_ text: String) -> (scheme: String?, rest: String) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return (nil, text) }
        let scheme = text[..<colon]
        guard scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }) else {
            return (nil, text)
        }
        return (scheme.lowercased(), String(text[colon...].dropFirst(3)))
    }

    private static func splitBucket(_ text: String) -> (bucket: String, key: String) {
        // As bytes: to Swift a slash and a combining mark after it, with which keys may begin, are one character.
        let bytes = text.utf8
        var rest = bytes[...]
        // arn:aws:s3:us-west-2:123456789012:accesspoint/NAME/KEY: the first slash is the access point's own.
        if text.hasPrefix("arn:"), let own = bytes.firstIndex(of: UInt8(ascii: "/")),
            text[..<own].hasSuffix(":accesspoint")
        {
            rest = bytes[bytes.index(after: own)...]
        }
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return (text, "") }
        return (String(text[..<slash]), String(text[text.utf8.index(after: slash)...]))
    }

    /// `bucket.s3.region.amazonaws.com/key`, or `s3.region.amazonaws.com/bucket/key` with dots for a dash in old
    /// addresses (`s3-region`); keys are percent-encoded in both.
    private static func webAddress(_ rest: String) throws(LocationError) -> DataLocation {
        // The signature of a presigned address is a secret, and no part of the key.
        guard !rest.contains("?") else {
            throw LocationError("has a query; use the address without it, or s3://BUCKET/KEY")
        }
        let (host, path) = splitBucket(rest)
        guard !host.contains("@") else { throw LocationError("names a user; S3 takes none") }
        let notS3 = LocationError("is no address of S3; use s3://BUCKET/KEY")
        guard let domain = [".amazonaws.com", ".amazonaws.com.cn"].first(where: { host.hasSuffix($0) }) else {
            throw notS3
        }
        let labels = host.dropLast(domain.count).split(separator: ".", omittingEmptySubsequences: false)
        guard let service = labels.lastIndex(where: { $0 == "s3" || $0.hasPrefix("s3-") }) else { throw notS3 }
        guard let key = percentDecoded(path) else { throw LocationError("holds a broken %-escape") }
        let bucket = labels[..<service].joined(separator: ".")
        guard bucket.isEmpty else { return .object(bucket: bucket, key: key) }
        let (first, remainder) = splitBucket(key)
        guard !first.isEmpty else { throw LocationError("names no bucket") }
        return .object(bucket: first, key: remainder)
    }

    private static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            // Two digits: UInt8("+5", radix: 16) would take a sign for one.
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// Why a text is no address, as the end of a sentence that begins with the text.
package struct LocationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For instance `names no bucket; an address is s3://BUCKET/KEY`.
    package let description: String

    /// Makes an error.
    package init(_ description: String) {
        self.description = description
    }
}

/// Who moves the data of a job (contract §0.1).
package enum StorageMode: Hashable, Sendable, CustomStringConvertible {
    /// The platform; the runner fetches only the script.
    case managed
    /// The runner, from and to Amazon S3.
    case s3
    /// The runner, from and to a folder: `s3://bucket/key` is `folder/bucket/key`.
    case folder(FilePath)

    /// The mode as the option writes it.
    package var description: String {
        switch self {
        case .managed: "managed"
        case .s3: "s3"
        case .folder(let folder): "file:\(folder)"
        }
    }

    /// Whether channels, checkpoints and results are the runner's to move.
    package var movesData: Bool { self != .managed }
}
