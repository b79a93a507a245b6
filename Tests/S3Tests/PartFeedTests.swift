import AWSEndpoints
import AWSSigning
import Checksums
import NIOCore
import RunnerCore
import RunnerTestSupport
import Testing

@testable import S3

@Suite(.timeLimit(.minutes(15))) struct PartFeedTests {
    // MARK: Buffers

    @Test func buffersAreUsedAgainAndEmpty() async throws {
        let buffers = PartBuffers(budgetBytes: 4 << 20)
        let first = try await buffers.with(1, capacity: 1 << 20) { buffers in
            noise(1000).withUnsafeBytes { buffers[0].append($0) }
            try await buffers[0].hash(.crc64nvme, signsPayload: true)
            return buffers[0]
        }
        try await buffers.with(1, capacity: 1 << 20) { buffers in
            #expect(buffers[0] === first)
            #expect(buffers[0].count == 0 && buffers[0].payloadHash == nil)
            let checksum = try await buffers[0].hash(.crc64nvme, signsPayload: false)
            #expect(checksum == ChecksumValue(.crc64nvme, of: []))
        }
    }

    @Test func smallBuffersAreNotKept() async throws {
        let buffers = PartBuffers(budgetBytes: 4 << 20)
        let first = try await buffers.with(1, capacity: 1000) { $0[0] }
        let second = try await buffers.with(1, capacity: 1000) { $0[0] }
        #expect(first !== second)
    }

    @Test func theBudgetIsKept() async throws {
        let buffers = PartBuffers(budgetBytes: 3000)
        let inUse = HighWater()
        try await forEachConcurrently(0..<40, limit: 40) { _ in
            try await buffers.with(1, capacity: 1000) { _ in
                inUse.enter()
                await Task.yield()
                inUse.leave()
            }
        }
        #expect(inUse.most <= 3 && inUse.most > 0)
    }

    @Test(arguments: ChecksumAlgorithm.allCases)
    func aBufferKnowsItsChecksums(algorithm: ChecksumAlgorithm) async throws {
        let buffer = PartBuffer()
        noise(500).withUnsafeBytes { buffer.append($0) }
        #expect(try await buffer.hash(algorithm, signsPayload: false) == ChecksumValue(algorithm, of: noise(500)))
        #expect(buffer.payloadHash == nil)
        #expect(try await buffer.hash(algorithm, signsPayload: true) == ChecksumValue(algorithm, of: noise(500)))
        #expect(buffer.payloadHash == PayloadHash.of(noise(500)))
    }

    /// Computed while the bytes came, and then of what else is asked for; a cleared buffer knows nothing of before.
    @Test(arguments: ChecksumAlgorithm.allCases, [true, false])
    func aBufferHashesWhatComes(algorithm: ChecksumAlgorithm, signsPayload: Bool) async throws {
        let buffer = PartBuffer()
        for seed in [1, 2] {
            let bytes = noise(3 * BodyDigest.pieceBytes + 5, seed: UInt64(seed))
            buffer.clear(capacity: bytes.count)
            buffer.startHashing(.crc64nvme, signsPayload: signsPayload)
            bytes[..<7].withUnsafeBytes { buffer.append($0) }
            _ = buffer.append(capacity: bytes.count) { memory in
                memory.copyBytes(from: bytes[7...])
                return bytes.count - 7
            }
            let checksum = try await buffer.hash(.crc64nvme, signsPayload: signsPayload)
            #expect(checksum == ChecksumValue(.crc64nvme, of: bytes))
            #expect(buffer.payloadHash == (signsPayload ? PayloadHash.of(bytes) : nil))
            #expect(try await buffer.hash(algorithm, signsPayload: true) == ChecksumValue(algorithm, of: bytes))
            #expect(buffer.payloadHash == PayloadHash.of(bytes))
        }
    }

    // MARK: The feed

    /// What comes out of a feed of two buffers when a writer writes pieces of these sizes.
    private func parts(of pieces: [Int], partBytes: Int) async throws -> [[UInt8]] {
        let feed = PartFeed([PartBuffer(), PartBuffer()], partBytes: partBytes)
        async let written: Void = BlockingPool.shared.run { flag in
            var sink = PartSink(feed, flag)
            for (seed, size) in pieces.enumerated() {
                try noise(size, seed: UInt64(seed)).withUnsafeBytes { try sink.write($0) }
            }
            try sink.finish()
        }
        var parts: [[UInt8]] = []
        for await part in feed.filled {
            parts.append(Array(part.body.readableBytesView))
            feed.giveBack(part)
        }
        try await written
        try feed.checkEnd()
        return parts
    }

    @Test(arguments: [
        [], [0], [1], [99], [100], [101], [100, 100], [1, 1, 1], [250], [1000], [30, 70, 100, 1], [0, 0, 5, 0],
    ])
    func allPartsButTheLastAreFull(pieces: [Int]) async throws {
        let parts = try await parts(of: pieces, partBytes: 100)
        expectSame(parts.flatMap { $0 }, pieces.enumerated().flatMap { noise($1, seed: UInt64($0)) })
        #expect(parts.dropLast().allSatisfy { $0.count == 100 })
        // An object of no bytes is one empty part; no other part is empty.
        #expect(parts.count == max(1, (pieces.reduce(0, +) + 99) / 100))
    }

    /// Five buffers of 2 GiB would be too much for the machine that five of 8 MiB were meant for.
    @Test func largePartsGoRoundInFewBuffers() async throws {
        let partBytes = 300 << 10
        let feed = PartFeed((0..<5).map { _ in PartBuffer() }, partBytes: partBytes)
        async let written: Void = BlockingPool.shared.run { flag in
            var sink = PartSink(feed, flag)
            let part = noise(partBytes)
            // A thousandth of all these is 1 MiB, and larger than they are.
            for _ in 0..<StreamPartSizes.firstParts { try part.withUnsafeBytes { try sink.write($0) } }
            #expect(feed.bufferCount == PartFeed.fewestBuffers)
            for _ in 0..<20 { try part.withUnsafeBytes { try sink.write($0) } }
            try sink.finish()
        }
        var sizes: [Int] = []
        for await part in feed.filled {
            sizes.append(part.count)
            feed.giveBack(part)
        }
        try await written
        #expect(sizes.prefix(StreamPartSizes.firstParts).allSatisfy { $0 == partBytes })
        #expect(
            Array(sizes.dropFirst(StreamPartSizes.firstParts)) == [
                1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 901_120,
            ]
        )
    }

    @Test(
        "Buffers of a stream, in MiB",
        arguments: [
            (64, 32, 5, 8), (16, 32, 3, 5), (64, 1, 2, 8), (1024, 32, 33, 8), (1024, 99, 88, 8), (0, 32, 3, 5),
        ] as [(Int, Int, Int, Int)]
    )
    func streamBuffers(memory: Int, connections: Int, count: Int, part: Int) {
        var configuration = S3Configuration(endpoint: EndpointOptions(), region: "us-west-2")
        configuration.bufferBytes = memory << 20
        configuration.connections = connections
        #expect(configuration.streamBuffers == (count, part << 20))
    }

    @Test func aFailedUploadStopsAWriterThatWaits() async throws {
        struct Failure: Error {}
        let feed = PartFeed([PartBuffer()], partBytes: 10)
        let written = Task {
            try await BlockingPool.shared.run { flag in
                var sink = PartSink(feed, flag)
                while true { try [UInt8](1...3).withUnsafeBytes { try sink.write($0) } }
            }
        }
        var parts = feed.filled.makeAsyncIterator()
        _ = await parts.next()
        feed.fail(Failure())
        await #expect(throws: Failure.self) { try await written.value }
        #expect(await parts.next() == nil)
        #expect(throws: Failure.self) { try feed.checkEnd() }
    }

    @Test func theFirstFailureCounts() throws {
        struct First: Error {}
        struct Second: Error {}
        let feed = PartFeed([], partBytes: 10)
        feed.fail(First())
        feed.fail(Second())
        #expect(throws: First.self) { try feed.checkEnd() }
        #expect(throws: First.self) { try feed.takeEmpty() }
    }
}

struct StreamPartSizesTests {
    @Test(
        "Five TiB fit into 10,000 parts, whatever the first size",
        arguments: [5 << 20, 8 << 20, 16 << 20, 64 << 20]
    )
    func fiveTebibytes(_ firstBytes: Int) {
        var sizes = StreamPartSizes(firstBytes: firstBytes)
        var total: Int64 = 0
        for part in 1...10_000 {
            #expect((5 << 20...2 << 30).contains(sizes.nextBytes))
            if part <= StreamPartSizes.firstParts { #expect(sizes.nextBytes == firstBytes) }
            total += Int64(sizes.nextBytes)
            sizes.sent(sizes.nextBytes)
        }
        #expect(total >= 5 << 40)
    }
}
