import CIsal
import CZlib

/// Packs blocks of a stream, for one thread: each begins and ends at a whole byte, so that they can be made in any order
/// and stand one behind the other (RFC 1951, 3.2.4).
struct BlockDeflater: ~Copyable {
    /// How far back deflate looks, in bytes.
    static let windowBytes = 32 << 10
    /// What ends a stream of such blocks: a final block without content.
    static let finalBlock: [UInt8] = [3, 0]

    /// Negative for no header and trailer.
    private static let windowBits: CInt = -15
    /// zlib's default.
    private static let memoryLevel: CInt = 8
    private static let storedBytes = 65_535
    private static let storedHeaderBytes = 5

    // On the heap because zlib keeps its address; nil when there is no memory or no compression is wanted.
    private let zlib: UnsafeMutablePointer<z_stream>?
    private let isal: UnsafeMutableRawPointer?

    /// Makes a packer; without memory it stores what it gets.
    ///
    /// - Parameters:
    ///   - level: zlib's level, 0 to 9; ISA-L is used at 1 only.
    ///   - usesIsal: Whether ISA-L was found.
    init(level: Int32, usesIsal: Bool) {
        isal = usesIsal && level == 1 ? CIsal_makeDeflater() : nil
        guard isal == nil, level > 0 else {
            zlib = nil
            return
        }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        if CZlib_deflateInit2(stream, level, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY) == Z_OK {
            zlib = stream
        } else {
            stream.deallocate()
            zlib = nil
        }
    }

    deinit {
        if let isal { CIsal_freeDeflater(isal) }
        if let zlib {
            deflateEnd(zlib)
            zlib.deallocate()
        }
    }

    /// The most bytes that a block can become.
    ///
    /// - Parameter blockBytes: Size of the block.
    /// - Returns: Room for all of it in stored blocks, and for a compressor's last bytes.
    static func room(for blockBytes: Int) -> Int {
        let runs = blockBytes / CompressionRuns.segmentBytes + 1
        return blockBytes + (blockBytes / storedBytes + 2 * runs) * storedHeaderBytes
    }

    /// Packs a block.
    ///
    /// - Parameters:
    ///   - memory: What is before the block in the stream, and the block.
    ///   - historyBytes: How much of it is before the block; at most `windowBytes`.
    ///   - output: At least `room(for:)` bytes.
    /// - Returns: How many bytes were written; depends on the arguments only.
    mutating func deflate(
        _ memory: UnsafeRawBufferPointer,
        historyBytes: Int,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int {
        var start = historyBytes
        var written = 0
        for run in CompressionRuns.runs(of: UnsafeRawBufferPointer(rebasing: memory[historyBytes...])) {
            let end = historyBytes + run.end
            let room = UnsafeMutableRawBufferPointer(rebasing: output[written...])
            let isPacked = !run.looksRandom || repeatsItself(memory, start..<end, room)
            let count = isPacked ? compress(memory, start..<end, into: room) : nil
            written += count ?? Self.store(UnsafeRawBufferPointer(rebasing: memory[start..<end]), into: room)
            start = end
        }
        return written
    }

    /// Whether bytes that look random can be packed all the same, because they are there twice: the end is tried.
    private func repeatsItself(
        _ memory: UnsafeRawBufferPointer,
        _ run: Range<Int>,
        _ scratch: UnsafeMutableRawBufferPointer
    ) -> Bool {
        let tried = max(run.lowerBound, run.upperBound - CompressionRuns.segmentBytes)..<run.upperBound
        guard let count = compress(memory, tried, into: scratch) else { return false }
        return count < tried.count / 32 * 31
    }

    /// Compresses; nil when that makes nothing smaller.
    private func compress(
        _ memory: UnsafeRawBufferPointer,
        _ run: Range<Int>,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard let base = memory.baseAddress else { return nil }
        let history = min(run.lowerBound, Self.windowBytes)
        let room = min(output.count, run.count)
        if let isal {
            let count = CIsal_deflateBlock(
                isal,
                base + run.lowerBound - history,
                history,
                base + run.lowerBound,
                run.count,
                output.baseAddress,
                room
            )
            return count > 0 ? count : nil
        }
        guard let zlib else { return nil }
        // zlib's interface predates const; it does not write to its input.
        let bytes = UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: Bytef.self)
        deflateReset(zlib)
        if history > 0 { deflateSetDictionary(zlib, bytes + run.lowerBound - history, CUnsignedInt(history)) }
        zlib.pointee.next_in = bytes + run.lowerBound
        zlib.pointee.avail_in = CUnsignedInt(run.count)
        zlib.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        zlib.pointee.avail_out = CUnsignedInt(room)
        // The flush is complete only when room is left (zlib.h).
        guard CZlib.deflate(zlib, Z_SYNC_FLUSH) == Z_OK, zlib.pointee.avail_out > 0 else { return nil }
        return room - Int(zlib.pointee.avail_out)
    }

    private static func store(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(storedBytes)
            let length = UInt16(piece.count)
            output[written] = 0
            output.storeBytes(of: length.littleEndian, toByteOffset: written + 1, as: UInt16.self)
            output.storeBytes(of: (~length).littleEndian, toByteOffset: written + 3, as: UInt16.self)
            written += storedHeaderBytes
            UnsafeMutableRawBufferPointer(rebasing: output[written...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            written += piece.count
            rest = rest.dropFirst(storedBytes)
        }
        return written
    }
}
