import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// What the comments of `ObjectStore` promise when something changes, fails or is stopped.
@Suite(.timeLimit(.minutes(15))) struct ContractChangeTests {
    private struct Failure: Error {}

    // MARK: Files

    @Test(arguments: StoreKind.allCases, [0, 10, Lab.partBytes + 1])
    func aFileThatIsThereStays(kind: StoreKind, size: Int) async throws {
        try await kind.with { place in
            try await place.store.put(noise(size), to: place.key("k"), options: WriteOptions())
            let target = place.folder.appending("target")
            try write([7], to: target)
            await place.store.expect(.exists) { _ = try await $0.download(place.key("k"), to: target) }
            #expect(bytes(of: target) == [7])
            // A file where a folder is to be made is in the way, too.
            let below = target.appending("below")
            await place.store.expect(.exists) { _ = try await $0.download(place.key("k"), to: below) }
            #expect(bytes(of: target) == [7])
        }
    }

    /// Each size stands for another way of fetching: none, one request, ranges.
    @Test(
        arguments: StoreKind.allCases,
        [(0, 10), (10, 0), (10, 20), (20, 10), (10, 300_000), (300_000, 10), (300_000, 300_000), (0, 300_000)]
    )
    func anObjectThatChangedSinceItWasListed(kind: StoreKind, sizes: (Int, Int)) async throws {
        try await kind.with { place in
            let key = place.key("k")
            try await place.store.put(noise(sizes.0), to: key, options: WriteOptions())
            let listed = try await place.store.summary(of: key)
            let now = noise(sizes.1, seed: 5)
            try await place.store.put(now, to: key, options: WriteOptions())
            let store: any ObjectStore = kind == .s3 ? try Lab.store { $0.partBytes = 65_536 } : place.store
            let progress = TransferProgress()
            let read = try await store.download(listed, to: place.folder.appending("target"), progress: progress)
            #expect(read.sizeBytes == Int64(now.count))
            #expect(progress.figures.bytesDone == Int64(now.count))
            expectSame(bytes(of: place.folder.appending("target")), now)
        }
    }

    // MARK: All or nothing

    @Test(arguments: StoreKind.allCases, [0, 100, 2 * Lab.partBytes + 70_000])
    func aWriteThatFailsLeavesWhatWasThere(kind: StoreKind, written: Int) async throws {
        try await kind.with { place in
            try await place.put("old")
            for name in ["old", "new"] {
                await #expect(throws: Failure.self) {
                    try await place.store.write(place.key(name), options: WriteOptions()) { sink in
                        try noise(written).withUnsafeBytes { try sink.write($0) }
                        throw Failure()
                    }
                }
            }
            #expect(try await place.names() == ["old"])
            #expect(try await place.store.get(place.key("old")) == Array("old".utf8))
        }
    }

    @Test(arguments: StoreKind.allCases, [10, 3 << 20])
    func anErrorOfTheReaderEndsTheRead(kind: StoreKind, size: Int) async throws {
        try await kind.with { place in
            let content = noise(size)
            try await place.store.put(content, to: place.key("k"), options: WriteOptions())
            await #expect(throws: Failure.self) {
                try await place.store.read(place.key("k")) { source in
                    var source = source
                    var buffer: [UInt8] = [0]
                    _ = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
                    throw Failure()
                }
            }
            // Who has seen enough need not read on.
            let first = try await place.store.read(place.key("k")) { source in
                var source = source
                var buffer: [UInt8] = [0, 0, 0]
                let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
                return Array(buffer[..<count])
            }
            #expect(!first.isEmpty && content.starts(with: first))
            await place.store.expect(.failed) { _ = try await $0.get(place.key("k"), limitBytes: size - 1) }
            expectSame(try await place.store.get(place.key("k"), limitBytes: size), content)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func theEndIsTheEndHoweverOftenItIsRead(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.put("k")
            let counts = try await place.store.read(place.key("k")) { source in
                var source = source
                var buffer = [UInt8](repeating: 0, count: 10)
                return try (0..<4).map { _ in try buffer.withUnsafeMutableBytes { try source.read(into: $0) } }
            }
            #expect(counts == [1, 0, 0, 0])
        }
    }

    // MARK: Stopping

    /// The object is there as a whole when the task is cancelled, so that only the read itself can notice.
    @Test(arguments: StoreKind.allCases)
    func theNextReadAfterACancellationThrows(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.store.put(noise(100_000), to: place.key("k"), options: WriteOptions())
            let (begun, cancelled) = (Semaphore(), Semaphore())
            let task = Task {
                try await place.store.read(place.key("k")) { source in
                    var source = source
                    var buffer: [UInt8] = [0]
                    _ = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
                    begun.signal()
                    cancelled.wait()
                    for _ in 0..<1000 { _ = try buffer.withUnsafeMutableBytes { try source.read(into: $0) } }
                }
            }
            await begun.waitAside()
            task.cancel()
            cancelled.signal()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test(arguments: StoreKind.allCases, [10, 2 * Lab.partBytes])
    func theNextWriteAfterACancellationThrows(kind: StoreKind, before: Int) async throws {
        try await kind.with { place in
            let (begun, cancelled) = (Semaphore(), Semaphore())
            let task = Task {
                try await place.store.write(place.key("k"), options: WriteOptions()) { sink in
                    try noise(before).withUnsafeBytes { try sink.write($0) }
                    begun.signal()
                    cancelled.wait()
                    try [1].withUnsafeBytes { try sink.write($0) }
                }
            }
            await begun.waitAside()
            task.cancel()
            cancelled.signal()
            await #expect(throws: CancellationError.self) { try await task.value }
            let names = try await place.names()
            #expect(names.isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aTaskThatIsCancelledAlreadyDoesNothing(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.put("there")
            try write([1], to: place.folder.appending("file"))
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                await #expect(throws: CancellationError.self) {
                    let file = place.folder.appending("file")
                    try await place.store.upload(file, to: place.key("new"), options: WriteOptions())
                }
                await #expect(throws: CancellationError.self) {
                    try await place.store.put([1], to: place.key("new"), options: WriteOptions())
                }
                await #expect(throws: CancellationError.self) {
                    try await place.store.download(place.key("there"), to: place.folder.appending("target"))
                }
            }
            await task.value
            #expect(try await place.names() == ["there"])
            #expect(FileStatus(of: place.folder.appending("target")) == nil)
        }
    }
}

extension Semaphore {
    /// Waits on a thread of its own: Swift's few must not block.
    func waitAside() async {
        await withCheckedContinuation { continuation in
            startThread {
                self.wait()
                continuation.resume()
            }
        }
    }
}
