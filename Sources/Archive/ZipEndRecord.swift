/// Where the central directory of a zip is (APPNOTE 4.3.14 to 4.3.16).
struct ZipEndRecord {
    /// Where the first entry is, in bytes from the start of the file.
    let directoryStart: Int64
    /// Size of all entries in bytes.
    let directoryBytes: Int64
    /// How many entries there are, modulo 65,536 unless `isZip64`.
    let entryCount: Int64
    /// Whether the count has 64 bits.
    let isZip64: Bool
    /// What to add to every offset in the archive, because something stands in front of it.
    let base: Int64

    private static let recordBytes = 22
    private static let maxCommentBytes = 65_535
    private static let zip64LocatorBytes = 20
    private static let zip64RecordBytes = 56
    private static let signature: [UInt8] = Array("PK\u{5}\u{6}".utf8)
    private static let zip64LocatorSignature: Int64 = 0x0706_4b50
    private static let zip64RecordSignature: Int64 = 0x0606_4b50

    /// Finds the end record and with it the central directory.
    ///
    /// - Parameter spool: The archive.
    /// - Throws: `unsupportedFormat` when there is none, `damaged` when it is wrong or there are two to choose from,
    ///   `unsupportedFeature` for an archive in several parts.
    init(of spool: borrowing ZipSpool) throws(ArchiveError) {
        let position = try Self.find(in: spool)
        let record = try spool.bytes(Self.recordBytes, at: position)
        guard record.u16(4) == 0, record.u16(6) == 0, record.u16(8) == record.u16(10) else {
            throw ArchiveError(.unsupportedFeature, "the archive is one part of a zip in several; join them first")
        }
        let wide = try Self.zip64(record, before: position, in: spool)
        isZip64 = wide != nil
        entryCount = wide?.entryCount ?? Int64(record.u16(10))
        directoryBytes = wide?.directoryBytes ?? record.u32(12)
        let offset = wide?.directoryOffset ?? record.u32(16)
        // The directory ends where the end record starts; that tells its place even when offsets are off.
        directoryStart = (wide?.position ?? position) - directoryBytes
        base = directoryStart - offset
        guard directoryStart >= 0, base >= 0 else {
            throw ArchiveError(.damaged, "the zip archive is damaged: its directory cannot be where it says")
        }
    }

    /// Finds the record by its signature in the last 64 KiB.
    ///
    /// A record whose comment ends with the file is the right one. If two fit, one lies in the other's comment, and
    /// readers differ on which to take: an archive made to show them different contents. If none fits, something was
    /// added behind the archive, and the last one counts.
    private static func find(in spool: borrowing ZipSpool) throws(ArchiveError) -> Int64 {
        let tailBytes = Int(min(spool.size, Int64(recordBytes + maxCommentBytes)))
        let tail = try spool.bytes(tailBytes, at: spool.size - Int64(tailBytes))
        var exact: [Int] = []
        var loose: Int?
        for start in stride(from: tailBytes - recordBytes, through: 0, by: -1)
        where tail.part(start, signature.count).bytes.elementsEqual(signature) {
            let end = start + recordBytes + tail.u16(start + 20)
            if end == tailBytes { exact.append(start) }
            if end <= tailBytes, loose == nil { loose = start }
        }
        guard exact.count < 2 else {
            throw ArchiveError(.damaged, "the zip archive has two end records; pack it again without a comment")
        }
        guard let start = exact.first ?? loose else {
            throw ArchiveError(
                .unsupportedFormat,
                "the zip archive has no end record: it is cut or damaged; send it again"
            )
        }
        return spool.size - Int64(tailBytes) + Int64(start)
    }

    private struct Zip64 {
        let position: Int64
        let entryCount: Int64
        let directoryBytes: Int64
        let directoryOffset: Int64
    }

    /// Reads the zip64 end record when the small one has no room for a number.
    private static func zip64(
        _ record: ZipBytes,
        before position: Int64,
        in spool: borrowing ZipSpool
    ) throws(ArchiveError) -> Zip64? {
        let isTooSmall = record.u16(10) == 0xffff || record.u32(12) == 0xffff_ffff || record.u32(16) == 0xffff_ffff
        let locatorPosition = position - Int64(zip64LocatorBytes)
        guard isTooSmall, locatorPosition >= 0 else { return nil }
        let locator = try spool.bytes(zip64LocatorBytes, at: locatorPosition)
        guard locator.u32(0) == zip64LocatorSignature else { return nil }
        // With something in front of the archive the locator's offset is too small, but the record stands right
        // before the locator in practice.
        for candidate in [locator.u64(8), locatorPosition - Int64(zip64RecordBytes)] {
            guard let candidate, candidate >= 0, candidate <= locatorPosition - Int64(zip64RecordBytes) else {
                continue
            }
            let wide = try spool.bytes(zip64RecordBytes, at: candidate)
            guard wide.u32(0) == zip64RecordSignature, let count = wide.u64(32), let bytes = wide.u64(40),
                let offset = wide.u64(48), bytes <= candidate
            else { continue }
            return Zip64(position: candidate, entryCount: count, directoryBytes: bytes, directoryOffset: offset)
        }
        throw ArchiveError(.damaged, "the zip archive is damaged: its zip64 end record is missing; send it again")
    }
}
