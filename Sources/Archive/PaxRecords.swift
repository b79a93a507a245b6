/// What the extended headers in front of a member say about its content and place.
///
/// POSIX.1-2017 pax, "pax Extended Header". Owners, access control lists and other attributes are not applied.
struct PaxRecords {
    /// Replaces the name.
    private(set) var path: [UInt8]?
    /// Replaces the link's target.
    private(set) var linkPath: [UInt8]?
    /// Replaces the size of the data.
    private(set) var size: Int64?
    /// Replaces the time of last change.
    private(set) var modified: Timestamp?
    /// GNU's sparse files, all three versions of them.
    private(set) var sparse = SparseRecords()

    /// The most bytes one extended header may have; the largest honest one seen has 1 MiB.
    static let maxBytes: Int64 = 8 << 20

    /// Makes the state without any record.
    init() {}

    /// Reads an extended header on top of earlier ones.
    ///
    /// - Parameters:
    ///   - header: Records of "length key=value\n".
    ///   - isGlobal: Whether it is about all members. Then only times count: a name, link or size for all of them
    ///     makes no sense, and readers disagree on it.
    /// - Throws: `damaged`.
    mutating func apply(_ header: [UInt8], isGlobal: Bool) throws(ArchiveError) {
        var rest = header[...]
        // Some writers fill up the last block with NULs inside the declared size.
        while let first = rest.first, first != 0 {
            let (key, value) = try Self.record(&rest)
            if !isGlobal || key.elementsEqual("mtime".utf8) { try set(key, value) }
        }
        guard rest.allSatisfy({ $0 == 0 }) else { throw Self.damaged("has data behind a NUL") }
    }

    /// Takes one record off the front: its own decimal length, a blank, the key, "=", the value and a newline.
    private static func record(
        _ rest: inout ArraySlice<UInt8>
    ) throws(ArchiveError) -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        let digits = rest.prefix { $0 != UInt8(ascii: " ") }
        guard digits.count < 20, let length = TarNumber.decimal(digits), length > digits.count + 1,
            length <= rest.count
        else { throw damaged("has a record of impossible length") }
        let record = rest.prefix(Int(length))
        guard record.last == UInt8(ascii: "\n") else { throw damaged("has a record without a newline") }
        let body = record.dropFirst(digits.count + 1).dropLast()
        guard let equals = body.firstIndex(of: UInt8(ascii: "=")), equals > body.startIndex else {
            throw damaged("has a record without a key")
        }
        rest = rest.dropFirst(Int(length))
        return (body[..<equals], body[(equals + 1)...])
    }

    /// Sets what a key stands for; an empty value takes back what an earlier header said.
    private mutating func set(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(ArchiveError) {
        switch String(decoding: key, as: UTF8.self) {
        case "path":
            path = try Self.name(value, "path")
        case "linkpath":
            linkPath = try Self.name(value, "linkpath")
        case "size":
            size = try Self.number(value, "size")
        case "mtime":
            modified = TarNumber.time(value)
            if modified == nil, !value.isEmpty { throw Self.damaged("has an mtime that is no time") }
        case let key where key.hasPrefix("GNU.sparse."):
            try sparse.set(key, value)
        default:
            break
        }
    }

    private static func name(_ value: ArraySlice<UInt8>, _ key: String) throws(ArchiveError) -> [UInt8]? {
        guard !value.contains(0) else { throw damaged("has a NUL byte in its \(key)") }
        return value.isEmpty ? nil : Array(value)
    }

    /// Reads a number.
    ///
    /// - Parameters:
    ///   - value: The record's value; empty for none.
    ///   - key: The record's key, for the message.
    /// - Returns: The number, or nil for an empty value.
    /// - Throws: `damaged`.
    static func number(_ value: some Collection<UInt8>, _ key: String) throws(ArchiveError) -> Int64? {
        if value.isEmpty { return nil }
        guard let number = TarNumber.decimal(value) else { throw damaged("has a \(key) that is no number") }
        return number
    }

    /// An error about an extended header.
    ///
    /// - Parameter what: To follow "an extended header of the archive".
    /// - Returns: An error of code `damaged`.
    static func damaged(_ what: String) -> ArchiveError {
        ArchiveError(.damaged, "the archive is damaged: an extended (pax) header \(what)")
    }
}
