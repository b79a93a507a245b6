import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

/// A store with keys that no local folder could hold.
final class ListedStore: ObjectStore {
    private let keys: [ObjectKey]
    private let onUpload: @Sendable (FilePath) throws -> Void
    /// The files that downloads went to.
    let targets = Mutex<[FilePath]>([])
    /// The keys of uploads.
    let uploads = Mutex<[ObjectKey]>([])
    /// The keys of deletions.
    let deletions = Mutex<[ObjectKey]>([])

    /// Makes a store that lists these keys, and calls a function with each file that is stored.
    init(keys: [ObjectKey], onUpload: @escaping @Sendable (FilePath) throws -> Void = { _ in }) {
        self.keys = keys
        self.onUpload = onUpload
    }

    /// Makes a store that lists these keys.
    convenience init(keys: [String]) {
        self.init(keys: keys.map(ObjectKey.init))
    }

    /// As `ObjectStore` says.
    func address(of key: ObjectKey) -> String { "s3://bucket/\(key)" }

    /// As `ObjectStore` says.
    func summary(of key: ObjectKey) async throws -> ObjectSummary {
        ObjectSummary(key: key, sizeBytes: 1, modified: Timestamp(milliseconds: 0))
    }

    /// As `ObjectStore` says.
    func list(prefix: ObjectKey, _ visit: (ObjectSummary) async throws -> Void) async throws {
        for key in keys where key.hasPrefix(prefix) { try await visit(try await summary(of: key)) }
    }

    /// As `ObjectStore` says.
    func isFolder(_ prefix: ObjectKey) async throws -> Bool { false }

    /// As `ObjectStore` says.
    func removeAbandonedUploads(prefix: ObjectKey, begunBefore moment: Timestamp) async throws -> Int { 0 }

    /// As `ObjectStore` says.
    func read<R: Sendable>(
        _ key: ObjectKey,
        _ body: @escaping @Sendable (any ByteSource) throws -> R
    ) async throws -> R {
        throw ObjectStoreError(.notFound, "\(key) is not there")
    }

    /// As `ObjectStore` says.
    func download(
        _ object: ObjectSummary,
        to file: FilePath,
        progress: TransferProgress?
    ) async throws -> ObjectSummary {
        targets.withLock { $0.append(file) }
        try replaceFile(file, with: [1])
        return object
    }

    /// As `ObjectStore` says.
    func upload(
        _ file: FilePath,
        to key: ObjectKey,
        options: WriteOptions,
        progress: TransferProgress?
    ) async throws -> Int64 {
        uploads.withLock { $0.append(key) }
        try onUpload(file)
        return 1
    }

    /// As `ObjectStore` says.
    func write<R: Sendable>(
        _ key: ObjectKey,
        options: WriteOptions,
        _ body: @escaping @Sendable (inout any ByteSink) throws -> R
    ) async throws -> R {
        var sink: any ByteSink = BytesSink()
        return try body(&sink)
    }

    /// As `ObjectStore` says.
    func copy(
        _ object: ObjectSummary,
        of source: any ObjectStore,
        to key: ObjectKey,
        options: WriteOptions
    ) async throws -> Bool { true }

    /// As `ObjectStore` says.
    func delete(_ key: ObjectKey) async throws { deletions.withLock { $0.append(key) } }
}
