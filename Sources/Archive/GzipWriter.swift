import CChecksums
import RunnerCore

/// Packs bytes as one gzip member into a sink, on all processors and with fixed memory.
///
/// The header has neither name nor time, and neither the blocks nor what becomes of them depend on how many threads
/// there are, so equal trees give equal archives.
struct GzipWriter: ~Copyable {
    private let level: Int32
    private let ring: BlockRing
    private var filled = 0
    private var crc: UInt64 = 0
    private var sourceBytes: UInt32 = 0
    /// Bytes given to the sink.
    private(set) var writtenBytes: Int64 = 0

    /// Makes a writer; no thread is started before the first block of 256 KiB is full.
    ///
    /// - Parameters:
    ///   - level: zlib's level, 0 to 9.
    ///   - engine: What compresses.
    ///   - threads: The most threads that compress; with 0 the caller's does.
    /// - Throws: `writeFailed` when the level is wrong.
    init(level: Int32, engine: DeflateEngine, threads: Int = ProcessorCount.available) throws(ArchiveError) {
        guard (0...9).contains(level) else {
            throw ArchiveError(.writeFailed, "there is no compression level \(level)")
        }
        self.level = level
        ring = BlockRing(level: level, engine: engine, threads: threads)
    }

    deinit {
        ring.close()
    }

    /// Memory for the next bytes, so that they can be read into place; blocks while the sink does.
    ///
    /// - Parameter sink: Gets what is compressed meanwhile.
    /// - Returns: At least one byte; valid until the next call of this writer.
    /// - Throws: What the sink throws.
    mutating func room(into sink: inout some ByteSink) throws -> UnsafeMutableRawBufferPointer {
        if filled == BlockRing.blockBytes {
            ring.submit(filled, isLast: false)
            filled = 0
            while ring.isReady || ring.isFull { try pass(ring.take(), to: &sink) }
            ring.carryHistory()
        }
        return UnsafeMutableRawBufferPointer(rebasing: ring.nextBlock[filled...])
    }

    /// Says how much of the room was filled.
    ///
    /// - Parameter count: How many bytes, from the front.
    mutating func advance(_ count: Int) {
        filled += count
    }

    /// Packs bytes; blocks while the sink does.
    ///
    /// - Parameters:
    ///   - bytes: What to pack.
    ///   - sink: Gets what is compressed.
    /// - Throws: What the sink throws.
    mutating func write(_ bytes: UnsafeRawBufferPointer, into sink: inout some ByteSink) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = try room(into: &sink)
            let piece = rest.prefix(room.count)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            advance(piece.count)
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Ends the member; blocks while the sink does.
    ///
    /// - Parameter sink: Gets the rest.
    /// - Throws: What the sink throws.
    mutating func finish(into sink: inout some ByteSink) throws {
        if filled > 0 {
            ring.submit(filled, isLast: true)
            filled = 0
        }
        while !ring.isEmpty { try pass(ring.take(), to: &sink) }
        try beginIfNeeded(&sink)
        var end = BlockDeflater.finalBlock
        for number in [UInt32(truncatingIfNeeded: crc), sourceBytes] {
            withUnsafeBytes(of: number.littleEndian) { end.append(contentsOf: $0) }
        }
        try put(end, &sink)
    }

    private mutating func pass(_ block: BlockRing.Packed, to sink: inout some ByteSink) throws {
        try beginIfNeeded(&sink)
        try sink.write(block.bytes)
        writtenBytes += Int64(block.bytes.count)
        crc = CChecksums_combine(CChecksums_crc32, crc, block.crc, UInt64(block.sourceBytes))
        sourceBytes &+= UInt32(truncatingIfNeeded: block.sourceBytes)
    }

    /// RFC 1952, 2.3: deflate, no flags, no time, the level's kind, Unix.
    private mutating func beginIfNeeded(_ sink: inout some ByteSink) throws {
        guard writtenBytes == 0 else { return }
        let kind: UInt8 = level == 1 ? 4 : level == 9 ? 2 : 0
        try put([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, kind, 3], &sink)
    }

    private mutating func put(_ bytes: [UInt8], _ sink: inout some ByteSink) throws {
        try bytes.withUnsafeBytes { try sink.write($0) }
        writtenBytes += Int64(bytes.count)
    }
}
