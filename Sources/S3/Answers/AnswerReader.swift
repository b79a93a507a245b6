import AWSRequests
import Checksums
import ObjectStorage
import RunnerCore
import RunnerHTTP

/// Reads the fields of one answer of S3; whatever is missing or wrong is an error of the answer, never a default.
struct AnswerReader {
    /// The document's outermost element.
    let root: XMLElement
    private let head: HTTPResponseHead
    private let isEncoded: Bool

    /// Reads an answer's document.
    ///
    /// - Parameters:
    ///   - response: An answer with a status of success.
    ///   - name: What its outermost element is called.
    ///   - other: What else it may be called.
    /// - Throws: The error inside, or that the document is not what it should be.
    init(_ response: HTTPResponse, _ name: StaticString, or other: StaticString? = nil) throws(ServiceError) {
        root = try ServiceError.root(of: response, named: name, other ?? name)
        head = response.head
        // A store that ignores `encoding-type=url` says so by leaving this out.
        isEncoded = root.text("EncodingType") == "url"
    }

    /// An error that says what is wrong with the answer.
    ///
    /// - Parameter reason: What is wrong, as the rest of a sentence.
    /// - Returns: The error to throw.
    func unreadable(_ reason: String) -> ServiceError { .unreadable(head, reason) }

    /// Reads a field that must be there.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - element: Where it stands.
    /// - Returns: Its text.
    /// - Throws: That it is missing.
    func text(_ name: StaticString, in element: XMLElement) throws(ServiceError) -> String {
        guard let text = element.text(name) else { throw unreadable("<\(name)> is missing") }
        return text
    }

    /// Reads a field that must be there and a number.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - element: Where it stands.
    /// - Returns: The number, 0 or more.
    /// - Throws: That it is missing, or no such number.
    func number(_ name: StaticString, in element: XMLElement) throws(ServiceError) -> Int64 {
        guard let number = Int64(try text(name, in: element)), number >= 0 else {
            throw unreadable("<\(name)> is no number")
        }
        return number
    }

    /// Reads a field that must be there and a moment.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - element: Where it stands.
    /// - Returns: The moment.
    /// - Throws: That it is missing, or no moment.
    func moment(_ name: StaticString, in element: XMLElement) throws(ServiceError) -> Timestamp {
        guard let moment = Timestamp(iso8601: try text(name, in: element)) else {
            throw unreadable("<\(name)> is no time")
        }
        return moment
    }

    /// Tells whether the answer goes on in a further one; an answer that does not say so may be cut.
    ///
    /// - Parameter element: Where `<IsTruncated>` stands.
    /// - Returns: false for the last one.
    /// - Throws: That it is missing, or neither `true` nor `false`.
    func isTruncated(_ element: XMLElement) throws(ServiceError) -> Bool {
        switch try text("IsTruncated", in: element) {
        case "true": return true
        case "false": return false
        default: throw unreadable("<IsTruncated> is neither true nor false")
        }
    }

    /// Reads a field that must be there and a key.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - element: Where it stands.
    /// - Returns: The key, by its bytes.
    /// - Throws: That it is missing, or not in the encoding that the answer names.
    func key(_ name: StaticString, in element: XMLElement) throws(ServiceError) -> ObjectKey {
        guard let bytes = element.child(name)?.bytes else { throw unreadable("<\(name)> is missing") }
        guard isEncoded else { return ObjectKey(bytes: bytes) }
        guard let key = Self.decoded(bytes) else { throw unreadable("<\(name)> is not in the encoding url") }
        return ObjectKey(bytes: key)
    }

    /// The checksum of an object or a part, whichever the answer has; the cheapest to compare when it has several.
    ///
    /// - Parameter element: Where it stands.
    /// - Returns: nil when there is none of an algorithm known here.
    func checksum(in element: XMLElement) -> ObjectChecksum? {
        for (name, algorithm) in Self.checksumNames {
            if let text = element.text(name) { return ObjectChecksum(algorithm, text: text) }
        }
        return nil
    }

    private static let checksumNames: [(StaticString, ChecksumAlgorithm)] = [
        ("ChecksumCRC64NVME", .crc64nvme), ("ChecksumCRC32C", .crc32c), ("ChecksumCRC32", .crc32),
        ("ChecksumSHA256", .sha256), ("ChecksumSHA1", .sha1),
    ]

    /// Decodes `encoding-type=url`: `%XX`, and `+` for a blank, which S3 writes and other stores do not.
    private static func decoded(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return bytes }
        var key: [UInt8] = []
        key.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "+"):
                key.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = hexadecimal(bytes[index + 1]),
                    let low = hexadecimal(bytes[index + 2])
                else { return nil }
                key.append(high << 4 | low)
                index += 2
            case let byte:
                key.append(byte)
            }
            index += 1
        }
        return key
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
