/// The second half's view of the ring: tar blocks and pieces of file data, in place and without copies.
struct BlockReader: ~Copyable {
    /// Size of a tar block in bytes (POSIX.1-2017 pax, "ustar Interchange Format").
    static let blockBytes = 512

    private let ring: ChunkRing
    private var check = GzipCheck()
    private let checksGzip: Bool
    private var rest = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Whether the end of the stream was seen.
    private(set) var isAtEnd = false
    /// How many bytes of the archive were used to make what was read up to here, to the end of the chunk.
    private(set) var archiveBytes: Int64 = 0

    /// Makes a reader at the front of the ring.
    ///
    /// - Parameters:
    ///   - ring: Where the bytes come from.
    ///   - format: `gzipTar` when the bytes are to be checked against the ends of their gzip members.
    init(ring: ChunkRing, format: ArchiveFormat) {
        self.ring = ring
        checksGzip = format == .gzipTar
    }

    /// Reads one block; blocks the thread.
    ///
    /// - Returns: 512 bytes, valid until the next call, or nil at the end of the stream.
    /// - Throws: `truncated` when less than a block is left.
    mutating func block() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        guard try refill() else { return nil }
        // Chunks are multiples of a block and blocks are aligned, so only the last chunk can hold a piece of one.
        guard rest.count >= Self.blockBytes else { throw Self.truncated() }
        return take(Self.blockBytes)
    }

    /// Reads up to `count` bytes, at least one; blocks the thread.
    ///
    /// - Parameter count: The most to read; not 0.
    /// - Returns: Bytes, valid until the next call.
    /// - Throws: `truncated` at the end of the stream.
    mutating func piece(_ count: Int64) throws(ArchiveError) -> UnsafeRawBufferPointer {
        guard try refill() else { throw Self.truncated() }
        return take(Int(min(count, Int64(rest.count))))
    }

    /// Reads and forgets `count` bytes; blocks the thread.
    ///
    /// - Parameter count: How many bytes.
    /// - Throws: `truncated`.
    mutating func skip(_ count: Int64) throws(ArchiveError) {
        var left = count
        while left > 0 { left -= Int64(try piece(left).count) }
    }

    /// Looks at what comes next without taking it; blocks the thread.
    ///
    /// - Returns: The rest of the current chunk; empty at the end of the stream.
    /// - Throws: `damaged`, as all that read from the ring.
    mutating func peek() throws(ArchiveError) -> UnsafeRawBufferPointer {
        try refill() ? rest : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Reads and forgets everything, so that the producer reaches the end of the archive and checks it.
    ///
    /// - Parameter maxBytes: The most to read.
    /// - Returns: Whether anything but zeros was there.
    /// - Throws: `limitExceeded`.
    mutating func drain(maxBytes: Int64) throws(ArchiveError) -> Bool {
        var total: Int64 = 0
        var foundData = false
        while try refill() {
            foundData = foundData || !rest.isZero
            total += Int64(rest.count)
            guard total <= maxBytes else {
                throw ArchiveError(.limitExceeded, "the archive has more than \(maxBytes) bytes behind its end")
            }
            rest = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return foundData
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
        let taken = UnsafeRawBufferPointer(rebasing: rest[..<count])
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return taken
    }

    /// Makes sure that `rest` is not empty; false at the end of the stream.
    private mutating func refill() throws(ArchiveError) -> Bool {
        // The last chunk is empty when a member's end comes right behind a full one.
        while rest.isEmpty {
            guard !isAtEnd, let chunk = ring.next() else {
                isAtEnd = true
                return false
            }
            if checksGzip { try check.add(chunk) }
            rest = chunk.bytes
            archiveBytes = chunk.archiveBytes
        }
        return true
    }

    private static func truncated() -> ArchiveError {
        ArchiveError(.truncated, "the archive ends in the middle of a member; send it again")
    }
}

extension UnsafeRawBufferPointer {
    /// Whether all bytes are 0.
    var isZero: Bool {
        // Word by word: this runs over everything behind the end of an archive.
        let words = count / 8
        for word in 0..<words where loadUnaligned(fromByteOffset: word * 8, as: UInt64.self) != 0 { return false }
        return self[(words * 8)...].allSatisfy { $0 == 0 }
    }
}
