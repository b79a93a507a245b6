import CChecksums

/// Unpacks members of a zip and checks their size and CRC.
struct ZipContentReader: ~Copyable {
    private static let bufferBytes = 256 << 10

    private var inflater: Inflater
    private let input: UnsafeMutableRawBufferPointer
    private let output: UnsafeMutableRawBufferPointer

    /// Makes a reader, to be used for all members.
    ///
    /// - Parameter usesIsal: Whether ISA-L was found.
    /// - Throws: `readFailed` when there is no memory.
    init(usesIsal: Bool) throws(ArchiveError) {
        inflater = try Inflater(usesIsal: usesIsal)
        input = .allocate(byteCount: Self.bufferBytes, alignment: 16)
        output = .allocate(byteCount: Self.bufferBytes, alignment: 16)
    }

    deinit {
        input.deallocate()
        output.deallocate()
    }

    /// Reads a member's content; blocks.
    ///
    /// - Parameters:
    ///   - entry: The member.
    ///   - start: Where its data starts, in bytes from the start of the file.
    ///   - spool: The archive.
    ///   - body: Gets the content in pieces, valid during the call.
    /// - Throws: What `body` throws; `damaged` when size or CRC is wrong.
    mutating func read(
        _ entry: ZipEntry,
        at start: Int64,
        in spool: borrowing ZipSpool,
        _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var check = Check(entry)
        if entry.method == ZipEntry.stored {
            try readStored(entry, at: start, in: spool, &check, body)
        } else {
            try readDeflated(entry, at: start, in: spool, &check, body)
        }
        try check.finish()
    }

    private func readStored(
        _ entry: ZipEntry,
        at start: Int64,
        in spool: borrowing ZipSpool,
        _ check: inout Check,
        _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var done: Int64 = 0
        while done < entry.size {
            let room = UnsafeMutableRawBufferPointer(rebasing: input.prefix(Int(clamping: entry.size - done)))
            let count = try spool.read(into: room, at: start + done)
            let piece = UnsafeRawBufferPointer(rebasing: room[..<count])
            try check.add(piece)
            try body(piece)
            done += Int64(count)
        }
    }

    private mutating func readDeflated(
        _ entry: ZipEntry,
        at start: Int64,
        in spool: borrowing ZipSpool,
        _ check: inout Check,
        _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        inflater.reset()
        var done: Int64 = 0
        var pending = UnsafeRawBufferPointer(start: nil, count: 0)
        var isAtEnd = false
        while !isAtEnd {
            if pending.isEmpty, done < entry.packedBytes {
                let room = input.prefix(Int(clamping: entry.packedBytes - done))
                let count = try spool.read(into: UnsafeMutableRawBufferPointer(rebasing: room), at: start + done)
                pending = UnsafeRawBufferPointer(rebasing: input[..<count])
                done += Int64(count)
            }
            let step = try unpack(pending, entry)
            guard step.consumed + step.produced > 0 || step.isAtEnd else {
                throw ArchiveError(.truncated, "ends inside its compressed data", member: entry.name)
            }
            pending = UnsafeRawBufferPointer(rebasing: pending[step.consumed...])
            isAtEnd = step.isAtEnd
            let piece = UnsafeRawBufferPointer(rebasing: output[..<step.produced])
            try check.add(piece)
            if !piece.isEmpty { try body(piece) }
        }
    }

    private mutating func unpack(
        _ pending: UnsafeRawBufferPointer,
        _ entry: ZipEntry
    ) throws(ArchiveError) -> Inflater.Step {
        do throws(ArchiveError) {
            return try inflater.step(pending, into: output)
        } catch {
            throw ArchiveError(error.code, error.message, member: entry.name)
        }
    }

    /// Size and CRC of what came out, against what the archive says.
    private struct Check {
        private let entry: ZipEntry
        private var size: Int64 = 0
        private var crc: UInt64 = 0

        init(_ entry: ZipEntry) {
            self.entry = entry
        }

        mutating func add(_ piece: UnsafeRawBufferPointer) throws(ArchiveError) {
            size += Int64(piece.count)
            guard size <= entry.size else {
                throw ArchiveError(
                    .damaged,
                    "has more data than the \(entry.size) bytes it says; send it again",
                    member: entry.name
                )
            }
            crc = CChecksums_update(CChecksums_crc32, crc, piece.baseAddress, piece.count)
        }

        func finish() throws(ArchiveError) {
            guard size == entry.size else {
                throw ArchiveError(
                    .damaged,
                    "has \(size) bytes of data but says \(entry.size); send it again",
                    member: entry.name
                )
            }
            guard crc == entry.crc else {
                throw ArchiveError(
                    .damaged,
                    "has a wrong CRC32: its data is damaged; send it again",
                    member: entry.name
                )
            }
        }
    }
}
