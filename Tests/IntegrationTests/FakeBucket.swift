import RunnerCore
import RunnerTestSupport

/// The answers of a store that holds some objects, for tests that look at requests, or need more keys than a server
/// takes quickly.
struct FakeBucket: Sendable {
    /// The bucket's name in paths.
    static let name = "bucket"

    private let objects: [[UInt8]: [UInt8]]
    /// The keys in the order of their bytes, with their entries in a listing.
    private let entries: [(key: [UInt8], text: String)]

    /// Makes a bucket.
    ///
    /// - Parameter objects: The bodies of the objects by key.
    init(_ objects: [String: String]) {
        self.objects = Dictionary(uniqueKeysWithValues: objects.map { (Array($0.utf8), Array($1.utf8)) })
        entries = self.objects.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { key, body in
                let entry = """
                    <Contents><Key>\(percentEncoded(key))</Key><LastModified>2026-11-22T03:00:00.000Z</LastModified>\
                    <ETag>&quot;tag-\(body.count)&quot;</ETag><Size>\(body.count)</Size></Contents>
                    """
                return (key, entry)
            }
    }

    /// Answers a request for the bucket in the path or in the host, whoever signed it.
    func answer(_ request: RecordedRequest) -> ScriptedAnswer {
        let path = Array(percentDecoded(request.path).dropFirst())
        let place = Array("\(Self.name)/".utf8)
        let key = path.starts(with: place) ? Array(path.dropFirst(place.count)) : path
        switch request.method {
        case "GET" where request.queryValue("list-type") != nil: return list(request)
        case "GET" where request.queryValue("uploads") != nil:
            return .http(
                200,
                text: "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
            )
        case "GET", "HEAD":
            guard let body = objects[key] else { return .error(404, "NoSuchKey", message: "no such key") }
            return .http(200, headers: headers(of: body), body: body)
        case "PUT":
            let checks = request.headers.filter { $0.name.lowercased().hasPrefix("x-amz-checksum-") }
            return .http(200, headers: [("ETag", "\"put\"")] + checks)
        default: return .error(501, "NotImplemented")
        }
    }

    private func headers(of body: [UInt8]) -> [(name: String, value: String)] {
        [("ETag", "\"tag-\(body.count)\""), ("Last-Modified", "Sun, 22 Nov 2026 03:00:00 GMT")]
    }

    /// One page of ListObjectsV2, of 1,000 keys as Amazon's.
    private func list(_ request: RecordedRequest) -> ScriptedAnswer {
        let prefix = percentDecoded(request.queryValue("prefix") ?? "")
        let start = request.queryValue("continuation-token").flatMap { Int($0) } ?? firstIndex(of: prefix)
        let rest = entries[start...].prefix { $0.key.starts(with: prefix) }
        if request.queryValue("delimiter") != nil { return listing(folders(rest, prefix), next: nil) }
        let page = rest.prefix(1000)
        return listing(page.map(\.text), next: page.endIndex < rest.endIndex ? page.endIndex : nil)
    }

    /// The first key that is not before another one.
    private func firstIndex(of key: [UInt8]) -> Int {
        var range = entries.startIndex..<entries.endIndex
        while let middle = range.isEmpty ? nil : (range.lowerBound + range.upperBound) / 2 {
            let isBefore = entries[middle].key.lexicographicallyPrecedes(key)
            range = isBefore ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    /// The entries of the objects of a folder, and those of the folders in it.
    private func folders(_ entries: ArraySlice<(key: [UInt8], text: String)>, _ prefix: [UInt8]) -> [String] {
        var texts: [String] = []
        for entry in entries {
            guard let slash = entry.key.dropFirst(prefix.count).firstIndex(of: UInt8(ascii: "/")) else {
                texts.append(entry.text)
                continue
            }
            let folder = "<CommonPrefixes><Prefix>\(percentEncoded(entry.key[...slash]))</Prefix></CommonPrefixes>"
            if texts.last != folder { texts.append(folder) }
        }
        return texts
    }

    private func listing(_ texts: [String], next: Int?) -> ScriptedAnswer {
        let end = next.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
        return .http(
            200,
            text: """
                <ListBucketResult><EncodingType>url</EncodingType><KeyCount>\(texts.count)</KeyCount>\
                <IsTruncated>\(next != nil)</IsTruncated>\(end)\(texts.joined())</ListBucketResult>
                """
        )
    }
}

/// The bytes that a percent-encoded text stands for.
func percentDecoded(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return bytes
}

private func percentEncoded(_ bytes: some Sequence<UInt8>) -> String { bytes.map { encodings[Int($0)] }.joined() }

/// Letters, digits and `/` as they are; every other byte as `%` and two digits.
private let encodings: [String] = (0...255).map { byte in
    let character = Character(Unicode.Scalar(UInt8(byte)))
    if character.isASCII, character.isLetter || character.isNumber || character == "/" { return String(character) }
    return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}
