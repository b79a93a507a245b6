/// The 512 bytes in front of a member (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar
/// Format").
struct TarHeader {
    /// The dialects that place fields differently.
    enum Dialect {
        /// Before POSIX: no magic, no prefix.
        case v7
        /// "ustar\0": 155 bytes of prefix.
        case ustar
        /// "ustar  ": times and the sparse map where POSIX has the prefix.
        case gnu
        /// "ustar\0" and "tar\0" at the end (Joerg Schilling's star): 131 bytes of prefix, then times.
        case star
    }

    /// Which dialect it is in.
    let dialect: Dialect
    /// The member's name with its prefix.
    let name: [UInt8]
    /// Permission bits, set-id bits included.
    let mode: UInt32
    /// Size of the data behind the header, in bytes.
    let size: Int64
    /// Time of last change.
    let modified: Timestamp
    /// The type flag.
    let type: UInt8
    /// What a link points to.
    let linkName: [UInt8]
    /// The sparse map of a GNU file of type "S".
    let gnuSparse: GNUSparse?

    /// What a GNU header says about a sparse file.
    struct GNUSparse {
        /// Alternating offsets and lengths, at most four of each.
        let numbers: [Int64]
        /// Whether blocks with more of them follow.
        let isExtended: Bool
        /// Size with the holes, in bytes.
        let realSize: Int64
    }

    /// Reads a header.
    ///
    /// - Parameter block: 512 bytes.
    /// - Throws: `damaged` when the checksum or a number is wrong.
    init(_ block: UnsafeRawBufferPointer) throws(ArchiveError) {
        guard Self.isChecksumRight(block) else {
            throw ArchiveError(.damaged, "the archive is damaged: a tar header has a wrong checksum; send it again")
        }
        let dialect = Self.dialect(of: block)
        let ownName = Field.text(block, Field.name)
        let prefix = Self.prefixField(of: block, dialect).map { Field.text(block, $0) } ?? []
        let name = prefix.isEmpty ? ownName : prefix + [slash] + ownName
        self.dialect = dialect
        self.name = name
        type = block[Field.type]
        linkName = Field.text(block, Field.linkName)
        mode = UInt32(truncatingIfNeeded: try Self.number(block, Field.mode, "mode", of: name)) & 0o7777
        size = try Self.number(block, Field.size, "size", of: name)
        modified = Timestamp(
            seconds: try Self.number(block, Field.modified, "modification time", of: name),
            nanoseconds: 0
        )
        gnuSparse = try Self.gnuSparse(block, dialect, of: name)
        guard size >= 0 else { throw ArchiveError(.damaged, "has a negative size", member: name) }
    }

    /// Whether the checksum field fits the block: the sum of all bytes with the field itself as blanks.
    ///
    /// Old Sun tars summed signed characters, so both sums are right.
    ///
    /// - Parameter block: 512 bytes.
    /// - Returns: Whether this can be a header.
    static func isChecksumRight(_ block: UnsafeRawBufferPointer) -> Bool {
        guard let stored = TarNumber.value(of: block[Field.checksum]) else { return false }
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for (index, byte) in block.enumerated() {
            let byte = Field.checksum.contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int64(byte)
            signed += Int64(Int8(bitPattern: byte))
        }
        return stored == unsigned || stored == signed
    }

    private static func dialect(of block: UnsafeRawBufferPointer) -> Dialect {
        let magic = block[Field.magic]
        if magic.elementsEqual("ustar  \0".utf8) { return .gnu }
        guard magic.starts(with: "ustar".utf8) else { return .v7 }
        return block[Field.starTrailer].elementsEqual("tar\0".utf8) ? .star : .ustar
    }

    private static func prefixField(of block: UnsafeRawBufferPointer, _ dialect: Dialect) -> Range<Int>? {
        switch dialect {
        case .v7: nil
        case .ustar: Field.prefix
        case .star: Field.starPrefix
        case .gnu:
            // Go before 1.9 wrote ustar prefixes under GNU's magic; where GNU has times, text is no number
            // (golang/go#12594, archive/tar/reader.go).
            TarNumber.value(of: block[Field.gnuAccessed]) == nil || TarNumber.value(of: block[Field.gnuChanged]) == nil
                ? Field.prefix : nil
        }
    }

    private static func gnuSparse(
        _ block: UnsafeRawBufferPointer,
        _ dialect: Dialect,
        of name: [UInt8]
    ) throws(ArchiveError) -> GNUSparse? {
        guard dialect == .gnu, block[Field.type] == UInt8(ascii: "S") else { return nil }
        guard let numbers = SparseMap.numbers(in: block, Field.gnuSparse) else {
            throw ArchiveError(.damaged, "has a sparse map that is no list of numbers", member: name)
        }
        return GNUSparse(
            numbers: numbers,
            isExtended: block[Field.gnuIsExtended] != 0,
            realSize: try number(block, Field.gnuRealSize, "sparse size", of: name)
        )
    }

    private static func number(
        _ block: UnsafeRawBufferPointer,
        _ field: Range<Int>,
        _ what: String,
        of name: [UInt8]
    ) throws(ArchiveError) -> Int64 {
        guard let value = TarNumber.value(of: block[field]) else {
            throw ArchiveError(.damaged, "has a \(what) that is no number", member: name)
        }
        return value
    }

    /// Where the fields are.
    enum Field {
        /// The name, or its end when a prefix holds the start.
        static let name = 0..<100
        /// Permission and set-id bits.
        static let mode = 100..<108
        /// Owner; never applied.
        static let userID = 108..<116
        /// Group; never applied.
        static let groupID = 116..<124
        /// Size of the data in bytes.
        static let size = 124..<136
        /// Time of last change in seconds since 1970.
        static let modified = 136..<148
        /// Sum of all bytes of the header.
        static let checksum = 148..<156
        /// The type flag.
        static let type = 156
        /// A link's target.
        static let linkName = 157..<257
        /// The dialect's magic and version.
        static let magic = 257..<265
        /// What stands before the name and a slash, POSIX.
        static let prefix = 345..<500
        /// The same in star, which has times behind it.
        static let starPrefix = 345..<476
        /// Where star says "tar".
        static let starTrailer = 508..<512
        /// Time of last access, GNU.
        static let gnuAccessed = 345..<357
        /// Time of last status change, GNU.
        static let gnuChanged = 357..<369
        /// Four segments of 24 bytes in the header of a GNU sparse file.
        static let gnuSparse = 386..<482
        /// Whether more segments follow in blocks of their own.
        static let gnuIsExtended = 482
        /// Size of a sparse file with its holes.
        static let gnuRealSize = 483..<495
        /// Twenty-one segments of 24 bytes in the blocks behind it.
        static let gnuMoreSparse = 0..<504
        /// Whether yet another such block follows.
        static let gnuMoreIsExtended = 504

        /// The text of a field, up to the first NUL.
        ///
        /// - Parameters:
        ///   - block: The header.
        ///   - range: The field.
        /// - Returns: Any bytes but NUL.
        static func text(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
            Array(block[range].prefix { $0 != 0 })
        }
    }
}
