import CZlib
import RunnerCore

/// Packs bytes as one gzip member into a sink, with fixed memory.
///
/// The header has neither name nor time, so equal trees give equal archives.
struct GzipWriter: ~Copyable {
    private static let outputBytes = 256 << 10
    /// 32 KiB window, gzip wrapper.
    private static let windowBits: CInt = 31
    /// zlib's default.
    private static let memoryLevel: CInt = 8

    // On the heap because zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer
    /// Bytes given to the sink.
    private(set) var writtenBytes: Int64 = 0

    /// Makes a writer.
    ///
    /// - Parameter level: zlib's level, 0 to 9, or -1 for its default.
    /// - Throws: `writeFailed` when the level is wrong or there is no memory.
    init(level: Int32) throws(ArchiveError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard CZlib_deflateInit2(stream, level, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY) == Z_OK else {
            stream.deallocate()
            throw ArchiveError(.writeFailed, "zlib cannot start with compression level \(level)")
        }
        self.stream = stream
        output = .allocate(byteCount: Self.outputBytes, alignment: 16)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = CUnsignedInt(Self.outputBytes)
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// Packs bytes; blocks while the sink does.
    ///
    /// - Parameters:
    ///   - bytes: What to pack; at most 4 GiB.
    ///   - sink: Gets full buffers.
    /// - Throws: What the sink throws.
    mutating func write(_ bytes: UnsafeRawBufferPointer, into sink: inout some ByteSink) throws {
        // zlib's interface predates const; it does not write to its input.
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?
            .assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = CUnsignedInt(bytes.count)
        while stream.pointee.avail_in > 0 {
            deflate(stream, Z_NO_FLUSH)
            if stream.pointee.avail_out == 0 { try flush(into: &sink) }
        }
    }

    /// Ends the member; blocks while the sink does.
    ///
    /// - Parameter sink: Gets the rest.
    /// - Throws: What the sink throws.
    mutating func finish(into sink: inout some ByteSink) throws {
        stream.pointee.avail_in = 0
        while deflate(stream, Z_FINISH) != Z_STREAM_END { try flush(into: &sink) }
        try flush(into: &sink)
    }

    private mutating func flush(into sink: inout some ByteSink) throws {
        let count = Self.outputBytes - Int(stream.pointee.avail_out)
        guard count > 0 else { return }
        try sink.write(UnsafeRawBufferPointer(rebasing: output[..<count]))
        writtenBytes += Int64(count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = CUnsignedInt(Self.outputBytes)
    }
}
