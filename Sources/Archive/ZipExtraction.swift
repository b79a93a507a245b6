import SystemPackage

/// Makes the members of a zip.
struct ZipExtraction: ~Copyable {
    private let spool: ZipSpool
    private let end: ZipEndRecord
    private var writer: TreeWriter
    private var meter: LimitMeter
    private let limits: ExtractionLimits
    private var report = ExtractionReport(format: .zip)
    private var reader: ZipContentReader

    /// Longer targets cannot exist: `PATH_MAX`.
    private static let maxLinkBytes: Int64 = 4095
    private static let defaultPermissions: UInt32 = 0o644
    private static let defaultDirectoryPermissions: UInt32 = 0o755

    /// Makes an extraction.
    ///
    /// - Parameters:
    ///   - spool: The archive.
    ///   - directory: The target directory.
    ///   - limits: What is too much.
    ///   - engine: What unpacks.
    /// - Throws: `unsupportedFormat` when this is no zip, `damaged`, `writeFailed`.
    init(
        spool: consuming ZipSpool,
        directory: FilePath,
        limits: ExtractionLimits,
        engine: DeflateEngine
    ) throws(ArchiveError) {
        let end = try ZipEndRecord(of: spool)
        let writer = try TreeWriter(directory: directory)
        let reader = try ZipContentReader(
            usesIsal: engine.usesIsal(isLarge: spool.size >= DeflateEngine.automaticBytes)
        )
        self.end = end
        self.writer = writer
        self.reader = reader
        self.spool = spool
        meter = LimitMeter(limits: limits)
        self.limits = limits
    }

    /// Checks the directory, then makes all members in its order; blocks.
    ///
    /// - Returns: What was done, without the size of the archive.
    /// - Throws: The first thing that is wrong. What the directory alone shows is found before anything is made.
    mutating func run() throws(ArchiveError) -> ExtractionReport {
        try checkDirectory()
        var directory = ZipDirectory(end)
        while let entry = try directory.next(in: spool) {
            try meter.countEntry(entry.name)
            try make(entry)
        }
        try writer.finish()
        report.entries = meter.entries
        report.extractedBytes = meter.bytes
        return report
    }

    /// Reads all entries once: their number, methods, sizes, and that no two share data, which is how small zips
    /// unpack to petabytes (David Fifield, "A better zip bomb").
    private func checkDirectory() throws(ArchiveError) {
        var directory = ZipDirectory(end)
        var ranges: [Range<Int64>] = []
        var total: Int64 = 0
        while let entry = try directory.next(in: spool) {
            guard ranges.count < limits.maxEntries else {
                throw ArchiveError(.limitExceeded, "the archive has more than \(limits.maxEntries) members")
            }
            let start = end.base + entry.localOffset
            let (dataEnd, overflow) = (start + ZipDirectory.localBytes).addingReportingOverflow(entry.packedBytes)
            guard !overflow, start >= end.base, dataEnd <= end.directoryStart else {
                throw ArchiveError(.damaged, "lies outside the zip archive", member: entry.name)
            }
            ranges.append(start..<dataEnd)
            (total, _) = total.addingReportingOverflow(entry.size)
            guard total >= 0, total <= limits.maxTotalBytes else {
                throw ArchiveError(
                    .limitExceeded,
                    "passes the \(limits.maxTotalBytes) bytes an archive may unpack to",
                    member: entry.name
                )
            }
        }
        let count = Int64(ranges.count)
        guard (end.isZip64 ? count : count & 0xffff) == end.entryCount else {
            throw ArchiveError(.damaged, "the zip archive has \(count) members but says \(end.entryCount)")
        }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        guard zip(ranges, ranges.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }) else {
            throw ArchiveError(.damaged, "the zip archive has members that share data; this looks like a zip bomb")
        }
    }

    private mutating func make(_ entry: ZipEntry) throws(ArchiveError) {
        let path = try MemberPath(checking: entry.name)
        guard !path.isRoot else {
            if !entry.isDirectory || entry.name.isEmpty { report.skip(entry.name, "has no usable name") }
            return
        }
        if entry.isDirectory {
            let permissions = entry.unixMode == 0 ? Self.defaultDirectoryPermissions : entry.unixMode
            try writer.makeDirectory(path, permissions: permissions)
            return
        }
        switch entry.unixMode & ZipEntry.FileType.mask {
        case 0, ZipEntry.FileType.regular:
            try makeFile(entry, path)
        case ZipEntry.FileType.symbolicLink:
            try makeSymbolicLink(entry, path)
        default:
            report.skip(entry.name, "is a device, FIFO or socket")
        }
    }

    private mutating func makeFile(_ entry: ZipEntry, _ path: MemberPath) throws(ArchiveError) {
        let start = try ZipDirectory.dataStart(of: entry, end, in: spool)
        let file = try writer.createFile(path)
        let archiveBytes = spool.size
        try reader.read(entry, at: start, in: spool) { piece throws(ArchiveError) in
            try meter.count(Int64(piece.count), archiveBytes: archiveBytes, entry.name)
            try file.write(piece)
        }
        let permissions = entry.unixMode == 0 ? Self.defaultPermissions : entry.unixMode
        try file.finish(permissions: permissions, modified: entry.modified)
        report.files += 1
    }

    private mutating func makeSymbolicLink(_ entry: ZipEntry, _ path: MemberPath) throws(ArchiveError) {
        guard entry.size <= Self.maxLinkBytes else {
            throw ArchiveError(.unsafeLink, "is a link with a target of \(entry.size) bytes", member: entry.name)
        }
        let start = try ZipDirectory.dataStart(of: entry, end, in: spool)
        var target: [UInt8] = []
        try reader.read(entry, at: start, in: spool) { piece throws(ArchiveError) in
            target.append(contentsOf: piece)
        }
        try writer.makeSymbolicLink(path, target: target)
    }
}
