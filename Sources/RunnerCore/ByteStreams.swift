/// A pull source of bytes read on a thread that may block.
///
/// Archives are unpacked while they arrive: the store hands the unpacker a source, and pulling is what slows a
/// fast store down to the speed of the disk.
package protocol ByteSource {
    /// Reads the next bytes into `buffer`.
    ///
    /// Blocks until at least one byte is there.
    ///
    /// - Parameter buffer: Memory to fill, never empty.
    /// - Returns: How many bytes were written to the front of `buffer`; 0 only at the end of the stream.
    /// - Throws: What the store reports, or `CancellationError` when the job is stopped.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// A push target for bytes written on a thread that may block.
package protocol ByteSink {
    /// Takes all of `bytes`; blocks until they are accepted.
    ///
    /// - Parameter bytes: The bytes, valid only during the call.
    /// - Throws: What the store reports, or `CancellationError` when the job is stopped.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// A source over bytes in memory, for tests and for small texts.
package struct BytesSource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0
    private let chunkSizeBytes: Int

    /// Makes a source over `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: What the source yields.
    ///   - chunkSizeBytes: The most it yields in one read; 1 finds readers that expect whole blocks.
    package init(_ bytes: [UInt8], chunkSizeBytes: Int = .max) {
        self.bytes = bytes
        self.chunkSizeBytes = chunkSizeBytes
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, bytes.count - position, chunkSizeBytes)
        guard count > 0 else { return 0 }
        bytes.withUnsafeBytes { all in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[position..<position + count]))
        }
        position += count
        return count
    }
}

/// A sink that collects bytes in memory, for tests and for small texts.
package struct BytesSink: ByteSink {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    /// Makes an empty sink.
    package init() {}

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        self.bytes.append(contentsOf: bytes)
    }
}
