/// The first half of the pipeline: pulls the archive and puts tar bytes into the ring.
struct ChunkProducer: ~Copyable {
    private let ring: ChunkRing
    /// Sentences about oddities that cost nothing.
    private(set) var notes: [String] = []

    /// Makes a producer.
    ///
    /// - Parameter ring: Where the bytes go.
    init(ring: ChunkRing) {
        self.ring = ring
    }

    /// Passes on the source as it is, to its end or until the consumer wants no more; blocks.
    ///
    /// - Parameter source: A plain tar file.
    /// - Throws: What the source throws.
    mutating func copy(_ source: inout BufferedSource) throws {
        while let buffer = ring.acquire() {
            let count = try source.fill(buffer)
            guard count > 0 else { return }
            ring.publish(count, archiveBytes: source.totalBytes)
        }
    }

    /// Unpacks all gzip members, to the end of the source or until the consumer wants no more; blocks.
    ///
    /// zlib checks the header, CRC32 and length of every member. Bytes behind the last member are no error, as with
    /// gzip(1), but noted; a cut or damaged second member is one, although the tar may already be complete.
    ///
    /// - Parameter source: Starts with a gzip member.
    /// - Throws: What the source throws; `damaged`, `truncated`.
    mutating func inflate(_ source: inout BufferedSource) throws {
        var inflater = try Inflater(.gzip)
        var isAtEnd = false
        while !isAtEnd, let buffer = ring.acquire() {
            var filled = 0
            while filled < buffer.count, !isAtEnd {
                filled += try step(&inflater, &source, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), &isAtEnd)
            }
            if filled > 0 { ring.publish(filled, archiveBytes: source.consumedBytes) }
        }
    }

    private mutating func step(
        _ inflater: inout Inflater,
        _ source: inout BufferedSource,
        _ output: UnsafeMutableRawBufferPointer,
        _ isAtEnd: inout Bool
    ) throws -> Int {
        guard try source.require(1) else {
            throw ArchiveError(
                .truncated, "the archive ends inside its gzip data after \(source.totalBytes) bytes; send it again")
        }
        let step = try inflater.step(source.available, into: output)
        source.consume(step.consumed)
        if step.isAtEnd {
            inflater.reset()
            isAtEnd = try !nextMember(&source)
        }
        return step.produced
    }

    /// Whether another gzip member follows; if not, the rest of the source is read and forgotten.
    private mutating func nextMember(_ source: inout BufferedSource) throws -> Bool {
        if try source.require(2), source.available[0] == 0x1f, source.available[1] == 0x8b { return true }
        let rest = try source.drain()
        if rest > 0 { notes.append("\(rest) bytes behind the end of the gzip data are ignored") }
        return false
    }
}
