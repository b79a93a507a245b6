import Logging
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import JobHarness
@testable import OutputLog

struct LogShipperTests {
    @Test("What comes while the log is stored waits for the next time")
    func outputGoesOn() async throws {
        try await withTemporaryDirectory { folder in
            let log = OutputLogFile(file: folder.appending("stdout-stderr.log"), capBytes: 1 << 20)
            let store = WrittenStore {
                // With a mistake the sending would not end: the script becomes silent then.
                if $0 < 20 { append("line \($0)\n", to: log) }
            }
            append("line 0\n", to: log)
            let shipper = LogShipper(
                log: log,
                place: LogShipper.Place(store: store, prefix: ObjectKey("logs/out-"), options: WriteOptions()),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            for time in 1...3 {
                #expect(await shipper.send() == nil)
                #expect(store.writes == time)
            }
        }
    }
}

/// Adds to a log what a script would have written.
private func append(_ text: String, to log: OutputLogFile) {
    _ = Array(text.utf8).withUnsafeBytes { log.write($0, .standardOutput) }
}

/// A store that can only be written to, forgets what it gets, and tells of each object.
private final class WrittenStore: ObjectStore {
    private struct Forgotten: ByteSink {
        mutating func write(_ bytes: UnsafeRawBufferPointer) {}
    }

    private let count = Mutex(0)
    private let afterWrite: @Sendable (Int) -> Void

    init(_ afterWrite: @escaping @Sendable (Int) -> Void) { self.afterWrite = afterWrite }

    var writes: Int { count.withLock { $0 } }

    func write<R: Sendable>(
        _ key: ObjectKey,
        options: WriteOptions,
        _ body: @escaping @Sendable (inout any ByteSink) throws -> R
    ) async throws -> R {
        var sink: any ByteSink = Forgotten()
        let result = try body(&sink)
        afterWrite(
            count.withLock { count in
                count += 1
                return count
            }
        )
        return result
    }

    func address(of key: ObjectKey) -> String { "written://\(key)" }

    func list(prefix: ObjectKey, _ visit: (ObjectSummary) async throws -> Void) async throws {}

    func isFolder(_ prefix: ObjectKey) async throws -> Bool { throw unsupported }

    func summary(of key: ObjectKey) async throws -> ObjectSummary { throw unsupported }

    func read<R: Sendable>(
        _ key: ObjectKey,
        _ body: @escaping @Sendable (any ByteSource) throws -> R
    ) async throws -> R { throw unsupported }

    func download(_ object: ObjectSummary, to file: FilePath, progress: TransferProgress?) async throws -> ObjectSummary
    {
        throw unsupported
    }

    func upload(
        _ file: FilePath,
        to key: ObjectKey,
        options: WriteOptions,
        progress: TransferProgress?
    ) async throws -> Int64 { throw unsupported }

    func copy(
        _ object: ObjectSummary,
        of source: any ObjectStore,
        to key: ObjectKey,
        options: WriteOptions
    ) async throws -> Bool { throw unsupported }

    func delete(_ key: ObjectKey) async throws { throw unsupported }

    func removeAbandonedUploads(prefix: ObjectKey, begunBefore moment: Timestamp) async throws -> Int { 0 }

    private var unsupported: ObjectStoreError { ObjectStoreError(.failed, "this store is written to only") }
}
