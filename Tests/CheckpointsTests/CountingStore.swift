import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

/// A local folder as a store that counts what is asked of it, and from some request on is dead.
final class CountingStore: ObjectStore {
    /// What was asked.
    struct Counts: Hashable, Sendable {
        /// Files sent.
        var uploads = 0
        /// Manifests and leases written.
        var writes = 0
        /// Copies inside the store.
        var copies = 0
        /// Removals.
        var deletions = 0

        /// All requests that change something.
        var changes: Int { uploads + writes + copies + deletions }
    }

    /// What was asked so far.
    let counts = Mutex(Counts())
    private let base: LocalFolderStore
    /// Whether it still takes changes.
    var isAlive: Bool { counts.withLock { $0.changes < changesUntilDeath } }
    private let changesUntilDeath: Int
    private let isUnavailable: @Sendable () -> Bool
    private let onUpload: @Sendable (FilePath) throws -> Void

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - folder: The folder that stands for the bucket.
    ///   - changesUntilDeath: How many requests that change something succeed.
    ///   - isUnavailable: Whether the store does not answer at this moment.
    ///   - onUpload: Is called with each file before it is read.
    init(
        _ folder: FilePath,
        changesUntilDeath: Int = .max,
        isUnavailable: @escaping @Sendable () -> Bool = { false },
        onUpload: @escaping @Sendable (FilePath) throws -> Void = { _ in }
    ) {
        base = LocalFolderStore(folder: folder)
        self.changesUntilDeath = changesUntilDeath
        self.isUnavailable = isUnavailable
        self.onUpload = onUpload
    }

    private func count(_ change: (inout Counts) -> Void) throws {
        try counts.withLock { counts in
            guard counts.changes < changesUntilDeath, !isUnavailable() else {
                throw ObjectStoreError(.unavailable, "the store is gone")
            }
            change(&counts)
        }
    }

    /// Stores without waiting for the disk, which ten thousand edits would do for minutes.
    private func replicate(_ file: FilePath, as key: ObjectKey) async throws -> Int64 {
        let target = try base.file(of: key)
        return try await BlockingPool.shared.run { cancellation in
            try withOpenFile(file, address: file.string) { source in
                try replaceFile(target) { try copyBytes(from: source, to: $0, cancellation: cancellation) }
            }
        }
    }

    /// As `ObjectStore` says.
    func address(of key: ObjectKey) -> String { base.address(of: key) }

    /// As `ObjectStore` says.
    func summary(of key: ObjectKey) async throws -> ObjectSummary { try await base.summary(of: key) }

    /// As `ObjectStore` says.
    func list(prefix: ObjectKey, _ visit: (ObjectSummary) async throws -> Void) async throws {
        try await base.list(prefix: prefix, visit)
    }

    /// As `ObjectStore` says.
    func isFolder(_ prefix: ObjectKey) async throws -> Bool { try await base.isFolder(prefix) }

    /// As `ObjectStore` says.
    func removeAbandonedUploads(prefix: ObjectKey, begunBefore moment: Timestamp) async throws -> Int { 0 }

    /// As `ObjectStore` says.
    func read<R: Sendable>(
        _ key: ObjectKey,
        _ body: @escaping @Sendable (any ByteSource) throws -> R
    ) async throws -> R {
        if isUnavailable() { throw ObjectStoreError(.unavailable, "the store is gone") }
        return try await base.read(key, body)
    }

    /// As `ObjectStore` says.
    func download(
        _ object: ObjectSummary,
        to file: FilePath,
        progress: TransferProgress?
    ) async throws -> ObjectSummary {
        try await base.download(object, to: file, progress: progress)
    }

    /// As `ObjectStore` says.
    func upload(
        _ file: FilePath,
        to key: ObjectKey,
        options: WriteOptions,
        progress: TransferProgress?
    ) async throws -> Int64 {
        try count { $0.uploads += 1 }
        try onUpload(file)
        return try await replicate(file, as: key)
    }

    /// As `ObjectStore` says.
    func write<R: Sendable>(
        _ key: ObjectKey,
        options: WriteOptions,
        _ body: @escaping @Sendable (inout any ByteSink) throws -> R
    ) async throws -> R {
        try count { $0.writes += 1 }
        return try await base.write(key, options: options, body)
    }

    /// As `ObjectStore` says.
    func copy(
        _ object: ObjectSummary,
        of source: any ObjectStore,
        to key: ObjectKey,
        options: WriteOptions
    ) async throws -> Bool {
        try count { $0.copies += 1 }
        _ = try await replicate(try base.file(of: object.key), as: key)
        return true
    }

    /// As `ObjectStore` says.
    func delete(_ key: ObjectKey) async throws {
        try count { $0.deletions += 1 }
        try await base.delete(key)
    }
}
