import CIsal
import CZlib

/// One stream of bare deflate data that is unpacked, as in zip and between header and trailer of gzip.
///
/// The state lives on the heap because zlib keeps its address and refuses a copy. ISA-L unpacks in half the time where
/// it is there.
struct Inflater: ~Copyable {
    /// What one step did.
    struct Step {
        /// Bytes used at the front of the input.
        let consumed: Int
        /// Bytes written to the front of the output.
        let produced: Int
        /// Whether the stream has ended; what follows in the input is not part of it.
        let isAtEnd: Bool
    }

    /// Negative for no header and trailer; 15 for any window up to 32 KiB.
    private static let windowBits: CInt = -15

    private let stream: UnsafeMutablePointer<z_stream>
    // In place of `stream` when not nil.
    private let isal: UnsafeMutableRawPointer?

    /// Makes a stream at its start.
    ///
    /// - Parameter usesIsal: Whether ISA-L was found.
    /// - Throws: `readFailed` when there is no memory.
    init(usesIsal: Bool) throws(ArchiveError) {
        isal = usesIsal ? CIsal_makeInflater() : nil
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard CZlib_inflateInit2(stream, Self.windowBits) == Z_OK else {
            stream.deallocate()
            throw ArchiveError(.readFailed, "zlib cannot start: out of memory")
        }
    }

    deinit {
        if let isal { CIsal_freeInflater(isal) }
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Goes back to the start, for the next member or file.
    mutating func reset() {
        if let isal { CIsal_resetInflater(isal) }
        inflateReset(stream)
    }

    /// Unpacks as much as input and output allow.
    ///
    /// - Parameters:
    ///   - input: The next bytes; may be empty.
    ///   - output: Where unpacked bytes go.
    /// - Returns: What was done; nothing at all when more input is needed.
    /// - Throws: `damaged` with the library's word for it.
    mutating func step(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Step {
        if let isal { return try Self.step(isal, input, into: output) }
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

    private static func step(
        _ isal: UnsafeMutableRawPointer,
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Step {
        var consumed = 0
        var produced = 0
        let result = CIsal_inflate(
            isal,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count,
            &consumed,
            &produced
        )
        guard result >= 0 else {
            throw ArchiveError(.damaged, "the compressed data is damaged (ISA-L: error \(result))")
        }
        return Step(consumed: consumed, produced: produced, isAtEnd: result == 1)
    }

    private func complaint(_ result: CInt) -> String {
        if let text = stream.pointee.msg { return String(cString: text) }
        return result == Z_NEED_DICT ? "needs a dictionary" : "error \(result)"
    }
}
