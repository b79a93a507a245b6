import Checksums
import NIOCore
import NIOEmbedded
import ObjectStorage
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

@Suite(.timeLimit(.minutes(15))) struct RangePlanTests {
    @Test(
        arguments: [
            (10, 4, [0..<4, 4..<8, 8..<10]), (8, 4, [0..<4, 4..<8]), (3, 4, [0..<3]), (1, 1, [0..<1]), (0, 4, []),
        ] as [(Int64, Int64, [Range<Int64>])]
    )
    func rangesHaveNoGaps(size: Int64, part: Int64, ranges: [Range<Int64>]) {
        #expect(RangePlan(sizeBytes: size, partBytes: part, expected: nil).ranges == ranges)
    }

    /// The least length up to 32 of them, then a thirty-second in whole MiB, and 64 MiB at most.
    @Test(
        arguments: [
            (1 << 20, 8 << 20), (255 << 20, 8 << 20), (287 << 20, 8 << 20), (288 << 20, 9 << 20), (1 << 30, 32 << 20),
            (100 << 30, 64 << 20), (5 << 40, 64 << 20),
        ] as [(Int64, Int64)]
    )
    func largeObjectsAreCutIntoFewRanges(size: Int64, length: Int64) {
        #expect(RangePlan.rangeBytes(sizeBytes: size, leastBytes: 8 << 20) == length)
        #expect(RangePlan.rangeBytes(sizeBytes: size, leastBytes: 128 << 20) == 128 << 20)
    }

    /// A checksum of the whole follows from those of the ranges, or from the file, or it is one of parts.
    @Test(arguments: ChecksumAlgorithm.allCases, [(false, false), (false, true), (true, false), (true, true)])
    func checksums(algorithm: ChecksumAlgorithm, case which: (isOfParts: Bool, isDamaged: Bool)) async throws {
        let (isOfParts, isDamaged) = which
        let content = noise(1000)
        let whole = ChecksumValue(algorithm, of: content)
        let parts = stride(from: 0, to: 1000, by: 300).map { start in
            ChecksumValue(algorithm, of: Array(content[start..<min(start + 300, 1000)]))
        }
        let ofParts = try #require(ObjectChecksum(ofParts: parts))
        let plan = RangePlan(sizeBytes: 1000, partBytes: 300, expected: isOfParts ? ofParts : ObjectChecksum(whole))
        try await withTemporaryDirectory { folder in
            var received = content
            if isDamaged { received[700] ^= 4 }
            let file = folder.appending("f")
            try write(received, to: file)
            let receivers = try plan.ranges.map { range in
                let receiver = RangeReceiver(
                    range,
                    check: .part(plan.algorithm),
                    progress: ProgressShare(nil),
                    write: { _, _ in }
                )
                try receiver.receive(
                    HTTPResponseHead(
                        status: 206,
                        headers: ["Content-Range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/1000"]
                    )
                )
                let bytes = ByteBuffer(bytes: received[Int(range.lowerBound)..<Int(range.upperBound)])
                #expect(try receiver.receive(bytes, on: EmbeddedEventLoop()) == nil)
                return receiver
            }
            guard isDamaged else { return try await plan.verify(receivers, file: file) }
            let fault = await #expect(throws: TransferFault.self) { try await plan.verify(receivers, file: file) }
            #expect(fault?.isDamage == true)
        }
    }

    @Test func withoutAChecksumNothingIsCompared() async throws {
        let plan = RangePlan(sizeBytes: 10, partBytes: 5, expected: nil)
        #expect(plan.algorithm == nil)
        try await plan.verify([], file: "/nonexistent")
    }

    /// How another client stored an object.
    struct Stored: Sendable, CustomTestStringConvertible {
        let checksum: S3Oracle.Checksum?
        var partSize: Int?
        var isOfWhole = false

        var testDescription: String {
            "\(checksum?.rawValue ?? "no checksum")\(partSize == nil ? "" : isOfWhole ? ", whole" : ", parts")"
        }
    }

    static let stored =
        S3Oracle.Checksum.allCases.map { Stored(checksum: $0) }
        + [.crc32, .crc32c, .sha256].map { Stored(checksum: $0, partSize: 5 << 20) }
        + [.crc32, .crc32c, .crc64nvme].map { Stored(checksum: $0, partSize: 5 << 20, isOfWhole: true) }
        + [Stored(checksum: nil), Stored(checksum: nil, partSize: 5 << 20)]

    /// Each is fetched in ranges, with a byte changed on the way in the first try where anything could tell.
    @Test(arguments: stored)
    func objectsOfOthers(stored: Stored) async throws {
        let key = Lab.key("others")
        let content = UploadFaultTests.large
        _ = try await Lab.heavily {
            try Lab.oracle().put(
                content,
                at: "\(key)",
                in: Lab.bucket(),
                checksum: stored.checksum,
                partSize: stored.partSize,
                fullObject: stored.isOfWhole
            )
        }
        let isChecked = stored.checksum != nil || stored.partSize == nil
        let plan = FirstRequests(isChecked ? 1 : 0, .corruptAnswer(at: 40_000)) { $0.method == "GET" }
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { plan($0) }
        defer { proxy.stop() }
        let notes = Notes()
        let store = try Lab.store(at: proxy.endpoint, notes: notes) { $0.partBytes = 3 << 20 }
        try await withTemporaryDirectory { folder in
            try await store.download(key, to: folder.appending("t"))
            expectSame(bytes(of: folder.appending("t")), content)
        }
        #expect(notes.count("not those that were stored") == (isChecked ? 1 : 0), "\(notes.lines)")
        #expect(proxy.requests("GET").count == (isChecked ? 2 : 1) * 2)
    }
}
