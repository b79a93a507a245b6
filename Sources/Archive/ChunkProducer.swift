/// The first half of the pipeline: pulls the archive and puts tar bytes into the ring.
struct ChunkProducer: ~Copyable {
    private let ring: ChunkRing
    private let engine: DeflateEngine
    /// Sentences about oddities that cost nothing.
    private(set) var notes: [String] = []

    /// Makes a producer.
    ///
    /// - Parameters:
    ///   - ring: Where the bytes go.
    ///   - engine: What unpacks.
    init(ring: ChunkRing, engine: DeflateEngine) {
        self.ring = ring
        self.engine = engine
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
    /// The consumer checks their content, as it sees every byte too. Bytes behind the last member are no error, as
    /// with gzip(1), but noted; a cut or damaged second member is one, although the tar may already be complete.
    ///
    /// - Parameter source: Starts with a gzip member.
    /// - Throws: What the source throws; `damaged`, `truncated`.
    mutating func inflate(_ source: inout BufferedSource) throws {
        var isLarge = false
        if engine == .automatic { isLarge = try source.require(DeflateEngine.automaticBytes) }
        var inflater = try Inflater(usesIsal: engine.usesIsal(isLarge: isLarge))
        try GzipHeader.skip(&source)
        var isAtEnd = false
        while !isAtEnd, let buffer = ring.acquire() {
            var filled = 0
            var trailers: [GzipTrailer] = []
            while filled < buffer.count, !isAtEnd {
                guard try source.require(1) else { throw GzipHeader.truncated(source.totalBytes) }
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let step = try inflater.step(source.available, into: room)
                source.consume(step.consumed)
                filled += step.produced
                if step.isAtEnd {
                    trailers.append(try GzipTrailer(&source, offset: filled))
                    isAtEnd = try !nextMember(&inflater, &source)
                }
            }
            ring.publish(filled, archiveBytes: source.consumedBytes, trailers: trailers)
        }
    }

    /// Whether another gzip member follows; if not, the rest of the source is read and forgotten.
    private mutating func nextMember(_ inflater: inout Inflater, _ source: inout BufferedSource) throws -> Bool {
        if try source.require(2), source.available.starts(with: [0x1f, 0x8b]) {
            inflater.reset()
            try GzipHeader.skip(&source)
            return true
        }
        let rest = try source.drain()
        if rest > 0 { notes.append("\(rest) bytes behind the end of the gzip data are ignored") }
        return false
    }
}
