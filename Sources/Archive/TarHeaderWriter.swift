/// What a tar entry says about a file, directory or link.
struct TarEntry {
    /// The types that are written.
    enum Kind {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A symbolic link.
        case symbolicLink

        /// The type flag of the header.
        fileprivate var flag: UInt8 {
            switch self {
            case .file: UInt8(ascii: "0")
            case .directory: UInt8(ascii: "5")
            case .symbolicLink: UInt8(ascii: "2")
            }
        }

        /// The type bits of stat(2), which the service's own archives have in the mode field (contract §5.2).
        fileprivate var typeBits: UInt32 {
            switch self {
            case .file: 0o100_000
            case .directory: 0o040_000
            case .symbolicLink: 0o120_000
            }
        }
    }

    /// What it is.
    let kind: Kind
    /// Its name relative to the top, without "./"; a directory's ends with a slash.
    let name: [UInt8]
    /// What a link holds.
    var linkName: [UInt8] = []
    /// Permission bits.
    let permissions: UInt32
    /// Size of the content in bytes.
    var size: Int64 = 0
    /// Time of last change.
    let modified: Timestamp
}

extension TarEntry {
    /// The blocks in front of the content: a ustar header, with a pax header before it only when a name or the size
    /// does not fit (POSIX.1-2017 pax).
    ///
    /// Owner and group are 0 and without names: the archive must not tell who ran the job.
    ///
    /// - Returns: One block, or three and more.
    func header() -> [UInt8] {
        var records: [UInt8] = []
        let split = Self.split(name)
        if split == nil { records += Self.record("path", name) }
        if linkName.count > TarHeader.Field.linkName.count { records += Self.record("linkpath", linkName) }
        if size > Self.maxOctalSize { records += Self.record("size", Array(String(size).utf8)) }
        // pax texts are UTF-8 unless declared otherwise; GNU tar and Python read this record.
        let isBinary = [name, linkName].contains { String(validating: $0, as: UTF8.self) == nil }
        if !records.isEmpty, isBinary { records = Self.record("hdrcharset", Array("BINARY".utf8)) + records }
        let own = block(split ?? (prefix: [], name: name.suffix(100)), size: size > Self.maxOctalSize ? 0 : size)
        return records.isEmpty ? own : Self.paxHeader(records) + own
    }

    private static let maxOctalSize: Int64 = 0o77_777_777_777

    private func block(_ name: (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>), size: Int64) -> [UInt8] {
        Self.block(
            name: name,
            linkName: linkName.prefix(TarHeader.Field.linkName.count),
            mode: kind.typeBits | permissions,
            size: size,
            modified: min(max(modified.seconds, 0), Self.maxOctalSize),
            type: kind.flag
        )
    }

    private static func block(
        name: (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>),
        linkName: ArraySlice<UInt8>,
        mode: UInt32,
        size: Int64,
        modified: Int64,
        type: UInt8
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: BlockReader.blockBytes)
        func put(_ bytes: some Collection<UInt8>, _ field: Range<Int>) {
            block.replaceSubrange(field.lowerBound..<field.lowerBound + bytes.count, with: bytes)
        }
        func putOctal(_ value: Int64, _ field: Range<Int>) {
            let digits = String(value, radix: 8).utf8
            put(repeatElement(UInt8(ascii: "0"), count: field.count - 1 - digits.count) + Array(digits), field)
        }
        put(name.name, TarHeader.Field.name)
        putOctal(Int64(mode), TarHeader.Field.mode)
        putOctal(0, TarHeader.Field.userID)
        putOctal(0, TarHeader.Field.groupID)
        putOctal(size, TarHeader.Field.size)
        putOctal(modified, TarHeader.Field.modified)
        put(repeatElement(UInt8(ascii: " "), count: 8), TarHeader.Field.checksum)
        block[TarHeader.Field.type] = type
        put(linkName, TarHeader.Field.linkName)
        put("ustar\u{0}00".utf8, TarHeader.Field.magic)
        put(name.prefix, TarHeader.Field.prefix)
        let sum = block.reduce(0) { $0 + Int64($1) }
        putOctal(sum, TarHeader.Field.checksum.lowerBound..<TarHeader.Field.checksum.upperBound - 1)
        return block
    }

    /// Splits a name at a slash so that it fits ustar's fields.
    ///
    /// - Parameter name: The name; a directory's last slash is part of it.
    /// - Returns: Prefix and name, or nil when there is no such slash.
    static func split(_ name: [UInt8]) -> (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>)? {
        let maxName = TarHeader.Field.name.count
        if name.count <= maxName { return ([], name[...]) }
        let earliest = name.count - maxName - 1
        guard earliest <= TarHeader.Field.prefix.count else { return nil }
        let candidates = name.indices[earliest..<min(name.count - 1, TarHeader.Field.prefix.count + 1)]
        guard let cut = candidates.first(where: { $0 > 0 && name[$0] == slash }) else { return nil }
        return (name[..<cut], name[(cut + 1)...])
    }

    /// A pax record, whose length counts its own digits.
    ///
    /// - Parameters:
    ///   - key: The keyword.
    ///   - value: The value, any bytes.
    /// - Returns: "length key=value\n".
    static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    private static func paxHeader(_ records: [UInt8]) -> [UInt8] {
        let name: (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>) = ([], Array("././@PaxHeader".utf8)[...])
        let block = block(
            name: name,
            linkName: [],
            mode: 0o644,
            size: Int64(records.count),
            modified: 0,
            type: UInt8(ascii: "x")
        )
        return block + records + [UInt8](repeating: 0, count: padding(Int64(records.count)))
    }

    /// How many zeros fill up the last block of some content.
    ///
    /// - Parameter size: Size of the content in bytes.
    /// - Returns: 0 to 511.
    static func padding(_ size: Int64) -> Int {
        let block = Int64(BlockReader.blockBytes)
        return Int((block - size % block) % block)
    }
}
