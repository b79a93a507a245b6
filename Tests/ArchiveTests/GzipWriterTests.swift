import RunnerCore
import Testing

@testable import Archive

/// The parallel gzip: every content, size, engine and number of threads gives what any reader takes.
struct GzipWriterTests {
    /// Kinds of content.
    enum Content: String, CaseIterable {
        case text
        case random
        /// Text and random bytes in turns that match no boundary.
        case mixed
        /// Random bytes that come again 20 KiB later: they look random and can be packed.
        case repeated
        case zeros

        /// Text of some regularity.
        private static let textUnit: [UInt8] = {
            let words = Array("the circuit has 12 qubits and a depth of 40; ".utf8)
            return (0..<words.count * 97).map { words[($0 + $0 / 97) % words.count] }
        }()
        /// Random bytes; what is made of them repeats further apart than deflate looks.
        private static let randomUnit: [UInt8] = {
            var number: UInt64 = 88_172_645_463_325_252
            return (0..<100_003).map { _ in
                number ^= number << 13
                number ^= number >> 7
                number ^= number << 17
                return UInt8(truncatingIfNeeded: number >> 24)
            }
        }()

        /// Bytes of this kind, the same each time; copied in large pieces, because a debug build takes long for each byte.
        func bytes(_ count: Int) -> [UInt8] {
            switch self {
            case .text: Self.tiled([Self.textUnit[...]], count)
            case .random: Self.tiled([Self.randomUnit[...]], count)
            case .mixed: Self.tiled([Self.randomUnit[..<70_001], Self.tiled([Self.textUnit[...]], 70_001)[...]], count)
            case .zeros: Array(repeating: 0, count: count)
            case .repeated: Self.tiled([Self.randomUnit[..<(20 << 10)]], count)
            }
        }

        /// The units in turns, until there are enough bytes.
        private static func tiled(_ units: [ArraySlice<UInt8>], _ count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 100_003)
            var index = 0
            while bytes.count < count {
                bytes.append(contentsOf: units[index % units.count])
                index += 1
            }
            bytes.removeLast(bytes.count - count)
            return bytes
        }
    }

    private func pack(
        _ bytes: [UInt8],
        _ engine: DeflateEngine,
        threads: Int,
        pieceBytes: Int = 100_003
    ) throws -> [UInt8] {
        var sink = BytesSink()
        var writer = try GzipWriter(level: 1, engine: engine, threads: threads)
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let piece = bytes[start..<min(start + pieceBytes, bytes.count)]
            try piece.withUnsafeBytes { try writer.write($0, into: &sink) }
        }
        try writer.finish(into: &sink)
        #expect(writer.writtenBytes == Int64(sink.bytes.count))
        return sink.bytes
    }

    static let block = 256 << 10

    @Test(
        "comes back, whatever the number of threads",
        arguments: Content.allCases,
        [0, 1, 511, block - 1, block, block + 1, 3 * block + 17]
    )
    func comesBack(_ content: Content, _ count: Int) throws {
        let bytes = content.bytes(count)
        for engine in [DeflateEngine.zlib, .isal] {
            let packed = try pack(bytes, engine, threads: 2)
            for reader in [DeflateEngine.zlib, .isal] {
                #expect(try gunzip(packed, reader, chunkSizeBytes: 65_537) == bytes, "\(engine) \(reader)")
            }
            for threads in [0, 5] {
                #expect(try pack(bytes, engine, threads: threads, pieceBytes: 4099) == packed, "\(engine) \(threads)")
            }
        }
    }

    @Test("what cannot be packed is stored, and what can be is packed")
    func sizes() throws {
        let count = 3 * Self.block
        for engine in [DeflateEngine.zlib, .isal] {
            let random = try pack(Content.random.bytes(count), engine, threads: 2)
            #expect(random.count > count && random.count < count + count / 1000)
            let repeated = try pack(Content.repeated.bytes(count), engine, threads: 2).count
            // ISA-L remembers fewer places than zlib, and finds only some of these.
            #expect(repeated < (engine == .zlib ? count / 10 : count / 10 * 9), "\(engine): \(repeated)")
            #expect(try pack(Content.text.bytes(count), engine, threads: 2).count < count / 10)
            #expect(try pack(Content.mixed.bytes(count), engine, threads: 2).count < count / 10 * 6)
        }
    }

    @Test("a wrong level is an error")
    func level() {
        #expect(throws: ArchiveError.self) { _ = try GzipWriter(level: 10, engine: .zlib) }
    }

    @Test("every bit of the data is checked, by both readers", arguments: [DeflateEngine.zlib, .isal])
    func damage(_ engine: DeflateEngine) throws {
        let bytes = Content.mixed.bytes(300_000)
        let packed = try pack(bytes, .zlib, threads: 0)
        // In front of that, time and system mean nothing.
        for index in stride(from: 10, to: packed.count, by: 4999) {
            var damaged = packed
            damaged[index] ^= 0x10
            // Some bits mean nothing: those between a stored block's header and the next byte.
            let found = try? gunzip(damaged, engine, chunkSizeBytes: 9973)
            #expect(found == nil || found == bytes, "byte \(index)")
            #expect(throws: ArchiveError.self, "cut at \(index)") {
                _ = try gunzip(Array(packed[..<index]), engine, chunkSizeBytes: 9973)
            }
        }
    }

    @Test("the rule of runs")
    func runs() {
        func runs(_ bytes: [UInt8]) -> [String] {
            bytes.withUnsafeBytes { CompressionRuns.runs(of: $0) }.map {
                "\($0.looksRandom ? "R" : "T")\($0.end >> 10)"
            }
        }
        let text = Content.text.bytes(64 << 10)
        let random = Content.random.bytes(64 << 10)
        #expect(runs([]) == [])
        #expect(runs(text) == ["T64"])
        #expect(runs(random) == ["R64"])
        #expect(runs(random + text) == ["R64", "T128"])
        // A single segment is not worth two block headers.
        #expect(runs(text + random[..<(16 << 10)] + text) == ["T144"])
        #expect(runs(text + random[..<(32 << 10)]) == ["T64", "R96"])
        let records = stride(from: 0, to: 64 << 10, by: 1024).flatMap { random[$0..<$0 + 256] + text[..<768] }
        #expect(runs(records) == ["T64"])
        #expect(runs(Array(random[..<(15 << 10)])) == ["T15"], "shorter than a segment, and alone")
        // Too few bytes to tell.
        #expect(runs(Array(random[..<4000])) == ["T3"])
    }

    @Test(
        "quotas of control groups",
        arguments: [
            ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000", 2), ("1000 100000", 1), ("", nil),
            ("x 100000", nil), ("-1 100000", nil), ("100000 0", nil),
        ] as [(String, Int?)]
    )
    func quota(_ text: String, _ processors: Int?) {
        #expect(ProcessorCount.quota(unified: text) == processors)
        #expect(ProcessorCount.available >= 1)
    }
}
