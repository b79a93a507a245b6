/// Goes through the central directory.
struct ZipDirectory {
    private let end: ZipEndRecord
    private var offset: Int64

    /// Size of a local header before its name.
    static let localBytes: Int64 = 30
    private static let entrySignature: Int64 = 0x0201_4b50
    private static let localSignature: Int64 = 0x0403_4b50

    /// Starts at the first entry.
    ///
    /// - Parameter end: Where the directory is.
    init(_ end: ZipEndRecord) {
        self.end = end
        offset = end.directoryStart
    }

    /// Reads the next entry; blocks.
    ///
    /// - Parameter spool: The archive.
    /// - Returns: The entry, or nil after the last.
    /// - Throws: `damaged`, `truncated`, `unsupportedFeature`.
    mutating func next(in spool: borrowing ZipSpool) throws(ArchiveError) -> ZipEntry? {
        let left = end.directoryStart + end.directoryBytes - offset
        if left == 0 { return nil }
        guard left >= Int64(ZipEntry.fixedBytes) else { throw Self.damaged() }
        let header = try spool.bytes(ZipEntry.fixedBytes, at: offset)
        let variableBytes = header.u16(28) + header.u16(30)
        guard header.u32(0) == Self.entrySignature, left >= Int64(ZipEntry.fixedBytes + variableBytes + header.u16(32))
        else { throw Self.damaged() }
        let variable = try spool.bytes(variableBytes, at: offset + Int64(ZipEntry.fixedBytes))
        let entry = try ZipEntry(header: header, variable: variable)
        offset += Int64(entry.entryBytes)
        return entry
    }

    /// Finds a member's data behind its local header, and checks that both headers name the same member.
    ///
    /// - Parameters:
    ///   - entry: The member.
    ///   - end: Where the directory is.
    ///   - spool: The archive.
    /// - Returns: Where the data starts, in bytes from the start of the file.
    /// - Throws: `damaged`, `truncated`.
    static func dataStart(
        of entry: ZipEntry,
        _ end: ZipEndRecord,
        in spool: borrowing ZipSpool
    ) throws(ArchiveError) -> Int64 {
        let start = end.base + entry.localOffset
        let header = try spool.bytes(Int(localBytes), at: start)
        guard header.u32(0) == localSignature else {
            throw ArchiveError(.damaged, "is not where the zip's directory says; send it again", member: entry.name)
        }
        let nameBytes = header.u16(26)
        let variable = try spool.bytes(nameBytes + header.u16(28), at: start + localBytes)
        let rawName = Array(variable.part(0, nameBytes).bytes)
        let extra = try ZipExtra(variable.part(nameBytes, header.u16(28)), member: rawName)
        let name = extra.unicodeName(for: rawName) ?? rawName
        // Windows separators were converted in the directory's name only.
        guard name == entry.name || name.map({ $0 == UInt8(ascii: "\\") ? slash : $0 }) == entry.name else {
            throw ArchiveError(
                .damaged,
                "is called '\(MemberName.shown(name))' in its own header; readers would differ",
                member: entry.name
            )
        }
        let dataStart = start + localBytes + Int64(variable.count)
        guard dataStart <= end.directoryStart - entry.packedBytes else {
            throw ArchiveError(.damaged, "passes the end of the zip's data", member: entry.name)
        }
        return dataStart
    }

    private static func damaged() -> ArchiveError {
        ArchiveError(.damaged, "the zip archive is damaged: its directory is no list of members; send it again")
    }
}
