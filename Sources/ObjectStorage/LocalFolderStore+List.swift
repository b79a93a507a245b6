import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension LocalFolderStore {
    package func list(prefix: ObjectKey, _ visit: (ObjectSummary) async throws -> Void) async throws {
        var walk = try FolderWalk(store: self, prefix: prefix)
        // A batch a hop: a hop for each file would cost more than looking at the file.
        while true {
            let (next, batch) = try await BlockingPool.shared.run { [walk] cancellation in
                try cancellation.check()
                var walk = walk
                let batch = try walk.nextBatch()
                return (walk, batch)
            }
            guard !batch.isEmpty else { return }
            walk = next
            for summary in batch { try await visit(summary) }
        }
    }

    package func isFolder(_ prefix: ObjectKey) async throws -> Bool {
        let inside = prefix.appending("/")
        var all = 0
        var outside = 0
        try await list(prefix: prefix) { object in
            all += 1
            if !object.key.hasPrefix(inside) { outside += 1 }
        }
        return all > 0 && outside == 0
    }
}

/// A walk over the files below a folder in the order of their keys.
///
/// Links to files and folders are followed, as a person who links a data set into an input folder expects; a folder
/// that is its own ancestor is not entered again.
private struct FolderWalk: Sendable {
    private struct Entry: Sendable {
        let name: [UInt8]
        let status: FileStatus

        /// S3 sorts whole keys, so the folder `a` stands where `a/` does: behind `a.txt`, before `a0`.
        var sortKey: [UInt8] { status.isDirectory ? name + [.slash] : name }
    }

    private struct Level: Sendable {
        let folder: FilePath
        let keyPrefix: [UInt8]
        let identity: FileStatus.Identity?
        var entries: [Entry]
        var next = 0
    }

    private static let batchSize = 512
    private let prefix: ObjectKey
    private var levels: [Level] = []
    private var pendingStart: (folder: FilePath, keyPrefix: [UInt8])?

    init(store: LocalFolderStore, prefix: ObjectKey) throws(ObjectStoreError) {
        self.prefix = prefix
        let directoryEnd = prefix.bytes.lastIndex(of: .slash).map { $0 + 1 } ?? 0
        let keyPrefix = Array(prefix.bytes[..<directoryEnd])
        let start = directoryEnd == 0 ? store.folder : try store.path(of: ObjectKey(bytes: keyPrefix))
        pendingStart = (start, keyPrefix)
    }

    /// The next files, at most 512; empty at the end.
    mutating func nextBatch() throws -> [ObjectSummary] {
        if let start = pendingStart {
            pendingStart = nil
            try enter(start.folder, keyPrefix: start.keyPrefix)
        }
        var batch: [ObjectSummary] = []
        while let level = levels.last, batch.count < Self.batchSize {
            guard level.next < level.entries.count else {
                levels.removeLast()
                continue
            }
            levels[levels.count - 1].next += 1
            let entry = level.entries[level.next]
            let key = level.keyPrefix + entry.name
            if entry.status.isDirectory {
                try enter(level.folder.appending(bytes: entry.name), keyPrefix: key + [.slash])
            } else {
                batch.append(entry.status.summary(ObjectKey(bytes: key)))
            }
        }
        return batch
    }

    private mutating func enter(_ folder: FilePath, keyPrefix: [UInt8]) throws {
        let identity = FileStatus(of: folder)?.identity
        guard !levels.contains(where: { $0.identity == identity && identity != nil }) else { return }
        let entries = try directoryEntryNames(folder).compactMap { name -> Entry? in
            guard !name.starts(with: LocalFolderStore.partialPrefix.utf8) else { return nil }
            let key = keyPrefix + name
            // Below the prefix everything belongs; above it only what leads there.
            guard key.starts(with: prefix.bytes) || prefix.bytes.starts(with: key + [.slash]) else { return nil }
            guard let status = FileStatus(of: folder.appending(bytes: name)),
                status.isDirectory || status.isRegularFile
            else { return nil }
            return Entry(name: name, status: status)
        }
        let sorted = entries.sorted { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
        levels.append(Level(folder: folder, keyPrefix: keyPrefix, identity: identity, entries: sorted))
    }
}
