import RunnerCore

/// A source with a buffer in front, so that the kind of archive can be told before anything is consumed.
struct BufferedSource: ~Copyable {
    private var source: any ByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// Whether the source has said that it is at its end.
    private(set) var isAtEnd = false
    /// How many bytes came out of the source.
    private(set) var totalBytes: Int64 = 0

    /// Makes a buffered source.
    ///
    /// - Parameters:
    ///   - source: Where the bytes come from.
    ///   - bufferBytes: Size of the buffer.
    init(_ source: any ByteSource, bufferBytes: Int = 256 << 10) {
        self.source = source
        buffer = .allocate(byteCount: bufferBytes, alignment: 16)
    }

    deinit {
        buffer.deallocate()
    }

    /// What was read and not consumed yet; valid until the next mutating call.
    var available: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[start..<end]) }

    /// How many bytes were consumed.
    var consumedBytes: Int64 { totalBytes - Int64(end - start) }

    /// Marks bytes at the front of `available` as used.
    ///
    /// - Parameter count: How many.
    mutating func consume(_ count: Int) {
        start += count
    }

    /// Reads until at least `count` bytes are available or the source ends; blocks.
    ///
    /// - Parameter count: How many are wanted; at most the size of the buffer.
    /// - Returns: Whether there are that many.
    /// - Throws: What the source throws.
    @discardableResult
    mutating func require(_ count: Int) throws -> Bool {
        while end - start < count, !isAtEnd {
            if start > 0 {
                buffer.copyMemory(from: available)
                end -= start
                start = 0
            }
            end += try pull(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        }
        return end - start >= count
    }

    /// Fills memory with the next bytes, less only at the end of the source; blocks.
    ///
    /// - Parameter memory: What to fill.
    /// - Returns: How many bytes were written.
    /// - Throws: What the source throws.
    mutating func fill(_ memory: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = min(memory.count, end - start)
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: available[..<filled]))
        consume(filled)
        while filled < memory.count, !isAtEnd {
            filled += try pull(into: UnsafeMutableRawBufferPointer(rebasing: memory[filled...]))
        }
        return filled
    }

    /// Reads and forgets everything up to the end, so that a source that hashes has seen every byte; blocks.
    ///
    /// - Returns: How many bytes there were.
    /// - Throws: What the source throws.
    mutating func drain() throws -> Int64 {
        let before = consumedBytes
        while try require(1) { consume(end - start) }
        return totalBytes - before
    }

    private mutating func pull(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: memory)
        totalBytes += Int64(count)
        if count == 0 { isAtEnd = true }
        return count
    }
}
