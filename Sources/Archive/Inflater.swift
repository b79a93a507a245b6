import CZlib

/// One zlib stream that unpacks.
///
/// The state lives on the heap because zlib keeps its address and refuses a copy.
struct Inflater: ~Copyable {
    /// What surrounds the deflate data.
    enum Wrapper: CInt {
        /// A gzip member; zlib checks its header, CRC and size (RFC 1952).
        case gzip = 31
        /// Nothing, as in zip.
        case none = -15
    }

    /// What one step did.
    struct Step {
        /// Bytes used at the front of the input.
        let consumed: Int
        /// Bytes written to the front of the output.
        let produced: Int
        /// Whether the stream has ended; what follows in the input is not part of it.
        let isAtEnd: Bool
    }

    private let stream: UnsafeMutablePointer<z_stream>

    /// Makes a stream at its start.
    ///
    /// - Parameter wrapper: What surrounds the deflate data.
    /// - Throws: `readFailed` when there is no memory.
    init(_ wrapper: Wrapper) throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard CZlib_inflateInit2(stream, wrapper.rawValue) == Z_OK else {
            stream.deallocate()
            throw ArchiveError(.readFailed, "zlib cannot start: out of memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Goes back to the start, for the next member or file.
    mutating func reset() {
        inflateReset(stream)
    }

    /// Unpacks as much as input and output allow.
    ///
    /// - Parameters:
    ///   - input: The next bytes; may be empty.
    ///   - output: Where unpacked bytes go.
    /// - Returns: What was done; nothing at all when more input is needed.
    /// - Throws: `damaged` with zlib's word for it.
    mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Step {
        let offered = CUnsignedInt(clamping: input.count)
        let room = CUnsignedInt(clamping: output.count)
        // zlib's interface predates const; it does not write to its input.
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
            .assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = offered
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = room
        let result = inflate(stream, Z_NO_FLUSH)
        switch result {
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR:
            return Step(
                consumed: Int(offered - stream.pointee.avail_in),
                produced: Int(room - stream.pointee.avail_out),
                isAtEnd: result == Z_STREAM_END
            )
        default:
            throw ArchiveError(.damaged, "the compressed data is damaged (zlib: \(complaint(result)))")
        }
    }

    private func complaint(_ result: CInt) -> String {
        if let text = stream.pointee.msg { return String(cString: text) }
        return result == Z_NEED_DICT ? "needs a dictionary" : "error \(result)"
    }
}
