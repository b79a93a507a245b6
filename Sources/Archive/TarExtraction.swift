import SystemPackage

/// The second half of the pipeline: makes the members of a tar file.
struct TarExtraction: ~Copyable {
    private var reader: TarReader
    private var writer: TreeWriter
    private var meter: LimitMeter
    private var report: ExtractionReport
    private let maxDrainedBytes: Int64

    /// Makes an extraction.
    ///
    /// - Parameters:
    ///   - ring: Where the tar's bytes come from.
    ///   - format: What is around the tar.
    ///   - directory: The target directory.
    ///   - limits: What is too much.
    /// - Throws: `writeFailed` when the directory cannot be opened.
    init(
        ring: ChunkRing,
        format: ArchiveFormat,
        directory: FilePath,
        limits: ExtractionLimits
    ) throws(ArchiveError) {
        writer = try TreeWriter(directory: directory)
        reader = TarReader(ring: ring, format: format)
        meter = LimitMeter(limits: limits)
        report = ExtractionReport(format: format)
        // The end of an archive has some KiB of zeros however small its content may be.
        maxDrainedBytes = max(limits.maxTotalBytes, ExtractionLimits.ratioFreeBytes)
    }

    /// Whether the whole stream was seen; if so, an error of the producer explains one of the consumer.
    var sawWholeStream: Bool { reader.isAtEndOfStream }

    /// Makes all members, in order; blocks.
    ///
    /// - Returns: What was done, without the size of the archive.
    /// - Throws: The first thing that is wrong; earlier members stay.
    mutating func run() throws(ArchiveError) -> ExtractionReport {
        while let member = try reader.next() {
            try meter.countEntry(member.name)
            try make(member)
        }
        try writer.finish()
        if try reader.drain(maxBytes: maxDrainedBytes) {
            report.notes.append("data behind the end of the tar file is ignored")
        }
        report.entries = meter.entries
        return report
    }

    private mutating func make(_ member: TarMember) throws(ArchiveError) {
        if case .other(let what) = member.kind {
            // Going over data takes time too: a volume label of a terabyte of zeros is a bomb as well.
            try meter.count(member.storedBytes, archiveBytes: reader.archiveBytes, member.name)
            report.skip(member.name, "is \(what)")
            return
        }
        let path = try MemberPath(checking: member.name)
        guard !path.isRoot else {
            // "./" is in every archive made of a directory; it is there already and keeps its permissions.
            if member.kind != .directory || member.name.isEmpty { report.skip(member.name, "has no usable name") }
            return
        }
        switch member.kind {
        case .file:
            try makeFile(member, path)
        case .sparseFile(let map):
            try makeSparseFile(member, map, path)
        case .directory:
            try writer.makeDirectory(path, permissions: member.mode)
        case .symbolicLink:
            try writer.makeSymbolicLink(path, target: member.linkName)
        case .hardLink:
            try makeHardLink(member, path)
        case .other:
            break
        }
    }

    private mutating func makeFile(_ member: TarMember, _ path: MemberPath) throws(ArchiveError) {
        try meter.announce(member.size, member.name)
        let file = try writer.createFile(path)
        while let piece = try reader.piece() {
            try meter.count(Int64(piece.count), archiveBytes: reader.archiveBytes, member.name)
            try file.write(piece)
        }
        try file.finish(permissions: member.mode, modified: member.modified)
        report.files += 1
        report.extractedBytes += member.size
    }

    /// Holes are counted like data: a later copy or upload of the file has them as bytes.
    private mutating func makeSparseFile(
        _ member: TarMember,
        _ map: SparseMap,
        _ path: MemberPath
    ) throws(ArchiveError) {
        try meter.count(map.realSize, archiveBytes: reader.archiveBytes, member.name)
        let file = try writer.createFile(path)
        for segment in map.segments {
            var done: Int64 = 0
            while done < segment.length, let piece = try reader.piece(segment.length - done) {
                try file.write(piece, at: segment.offset + done)
                done += Int64(piece.count)
            }
        }
        try file.setSize(map.realSize)
        try file.finish(permissions: member.mode, modified: member.modified)
        report.files += 1
        report.extractedBytes += map.realSize
    }

    private mutating func makeHardLink(_ member: TarMember, _ path: MemberPath) throws(ArchiveError) {
        let existing: MemberPath
        do {
            existing = try MemberPath(checking: member.linkName)
        } catch {
            throw ArchiveError(
                .unsafeLink,
                "is a hard link to '\(MemberName.shown(member.linkName))', outside the archive's own tree",
                member: member.name
            )
        }
        try writer.makeHardLink(path, to: existing)
    }
}
