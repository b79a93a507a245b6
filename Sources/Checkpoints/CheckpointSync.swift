package import Logging
package import ObjectStorage
import RunnerCore
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Makes the names of incomplete files differ: eight restores run at once.
private let restoreCounter = Atomic<UInt64>(0)

/// What a restore brought.
package struct RestoreReport: Hashable, Sendable {
    /// Files that came from the store.
    package var restored = 0
    /// Their bytes.
    package var restoredBytes: Int64 = 0
    /// Files that were in the folder and stayed: they are the same as the stored ones, or newer.
    package var kept = 0
}

/// What a flush stored.
package struct FlushReport: Hashable, Sendable {
    /// Files below the folder.
    package var files = 0
    /// Files that had changed and were stored.
    package var stored = 0
    /// Their bytes.
    package var storedBytes: Int64 = 0
    /// Files that could not be stored, each with the reason.
    package var unsafe: [String] = []
    /// Links and other things that are no checkpoints.
    package var skipped: [String] = []
}

/// Keeps a checkpoint folder and its place in a store the same: in at the start, out at the end.
///
/// Objects stay at their plain names, `<checkpoint URI>/<relative path>`, as the service and the SDK write them
/// (contract §5.5).
package struct CheckpointSync: Sendable {
    /// A file as the store has it.
    private struct Stored: Hashable, Sendable {
        let sizeBytes: Int64
        let modifiedNanoseconds: Int64

        init(_ status: FileStatus) {
            sizeBytes = status.sizeBytes
            modifiedNanoseconds = status.modifiedNanoseconds
        }
    }

    private final class Ledger: Sendable {
        let stored = Mutex<[ObjectKey: Stored]>([:])
        /// Whether the folder belongs to this run: before its restore it may hold what another run left.
        let isRestored = Mutex(false)
    }

    private let folder: FilePath
    private let store: any ObjectStore
    private let prefix: ObjectKey
    private let options: WriteOptions
    private let claimFile: FilePath?
    private let transfersAtOnce: Int
    private let logger: Logger
    private let ledger = Ledger()

    /// Makes the sync of one folder.
    ///
    /// - Parameters:
    ///   - folder: The checkpoint folder, `AMZN_BRAKET_CHECKPOINT_DIR`.
    ///   - store: Where the checkpoints are kept.
    ///   - prefix: The key of the checkpoint URI.
    ///   - options: How objects are stored.
    ///   - claimFile: Where a root remembers which folder held the checkpoints of which place; nil for a look only.
    ///   - transfersAtOnce: How many files are restored or stored at once.
    ///   - logger: Gets one line a file at debug level.
    package init(
        folder: FilePath,
        store: any ObjectStore,
        prefix: ObjectKey,
        options: WriteOptions,
        claimFile: FilePath? = nil,
        transfersAtOnce: Int = 8,
        logger: Logger
    ) {
        self.folder = folder
        self.store = store
        self.prefix = prefix
        self.options = options
        self.claimFile = claimFile
        self.transfersAtOnce = transfersAtOnce
        self.logger = logger
    }

    /// The objects that a restore would bring, with the names they get below the folder.
    ///
    /// - Returns: Object and relative name, in the order of the keys.
    /// - Throws: `ObjectStoreError`, also for a key that would leave the folder.
    package func storedCheckpoints() async throws -> [(object: ObjectSummary, name: FilePath)] {
        var found: [(object: ObjectSummary, name: FilePath)] = []
        try await forEachStoredCheckpoint { found.append(($0.object, $0.name)) }
        return found
    }

    private func forEachStoredCheckpoint(_ visit: (StoredCheckpoint) async throws -> Void) async throws {
        let below = prefix.bytes.isEmpty ? prefix : prefix.child(ObjectKey(""))
        try await store.list(prefix: below) { object in
            guard !object.key.isFolderMarker else { return }
            guard let name = object.key.droppingFirst(below.bytes.count).relativePath() else {
                throw ObjectStoreError(
                    .invalidKey,
                    "the checkpoint \(store.address(of: object.key).escaped()) cannot be restored: its name would "
                        + "leave the checkpoint folder"
                )
            }
            try await visit(StoredCheckpoint(object: object, name: name))
        }
    }

    /// Copies all stored checkpoints into the folder.
    ///
    /// A file that is already there stays when it is newer than the stored one: it was written by a run that was
    /// killed before it could store it.
    ///
    /// - Parameter progress: Is told how far it is.
    /// - Returns: What came and what stayed.
    /// - Throws: `ObjectStoreError`; what was restored before stays.
    package func restore(progress: TransferProgress? = nil) async throws -> RestoreReport {
        try await BlockingPool.shared.run { [self] _ in try claimFolder() }
        let report = Mutex(RestoreReport())
        try await forEachLargestFirst(
            workers: transfersAtOnce,
            sizeBytes: { (checkpoint: StoredCheckpoint) in checkpoint.object.sizeBytes },
            find: { add in
                try await forEachStoredCheckpoint { checkpoint in
                    progress?.found(bytes: checkpoint.object.sizeBytes)
                    try await add(checkpoint)
                }
                progress?.listingEnded()
            },
            move: { checkpoint in
                let target = folder.pushing(checkpoint.name)
                let object = checkpoint.object
                if let local = FileStatus(of: target, followingLinks: false), local.modified >= object.modified {
                    report.withLock { $0.kept += 1 }
                    return
                }
                try await replace(target, with: object, progress)
                progress?.objectDone()
                report.withLock { report in
                    report.restored += 1
                    report.restoredBytes += object.sizeBytes
                }
            }
        )
        ledger.isRestored.withLock { $0 = true }
        return report.withLock { $0 }
    }

    /// Makes sure that the folder holds checkpoints of this place only.
    ///
    /// In one root, job A's `c.json` would otherwise be taken for job B's, and stored over it. A folder whose last run
    /// had another place is moved beside itself; one without a run before was filled by hand, or by an image.
    private func claimFolder() throws {
        try makeDirectories(folder)
        guard let claimFile else { return }
        let claim = "\(folder)\n\(store.address(of: prefix))"
        let earlier = try? withOpenFile(claimFile, address: claimFile.string) { descriptor in
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = try bytes.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
        if let earlier, earlier.hasPrefix("\(folder)\n"), !earlier.hasSameBytes(as: claim),
            !(try directoryEntryNames(folder).isEmpty)
        {
            let aside = unusedSibling()
            try moveTree(folder, to: aside)
            try makeDirectories(folder)
            logger.notice("checkpoints of another place were moved", metadata: ["path": "\(aside)"])
        }
        try replaceFile(claimFile, with: Array(claim.utf8))
    }

    private func unusedSibling() -> FilePath {
        let name = folder.lastComponent?.string ?? "checkpoints"
        var number = 1
        func sibling() -> FilePath { folder.removingLastComponent().appending("\(name).previous-\(number)") }
        while FileStatus(of: sibling(), followingLinks: false) != nil { number += 1 }
        return sibling()
    }

    /// Stores every file that changed since it was restored or stored last.
    ///
    /// One file that fails does not keep the others from being stored.
    ///
    /// - Parameter progress: Is told how far it is.
    /// - Returns: What was stored, and what is not safe and why; nothing when the folder was never restored, because
    ///   what it holds then is older than what is stored.
    /// - Throws: `CancellationError`.
    package func flush(progress: TransferProgress? = nil) async throws -> FlushReport {
        guard ledger.isRestored.withLock({ $0 }) else { return FlushReport() }
        let tree = try await BlockingPool.shared.run { [folder] _ in FileTree(below: folder) }
        let report = Mutex(FlushReport())
        report.withLock { report in
            report.files = tree.files.count + tree.unreadable.count
            report.unsafe = tree.unreadable
            report.skipped = tree.skipped
        }
        let changed = tree.files.filter { file in
            ledger.stored.withLock { $0[file.key] } != Stored(file.status)
        }
        try await forEachLargestFirst(
            workers: transfersAtOnce,
            sizeBytes: { (file: TreeFile) in file.status.sizeBytes },
            find: { add in
                for file in changed { progress?.found(bytes: file.status.sizeBytes) }
                progress?.listingEnded()
                for file in changed { try await add(file) }
            },
            move: { file in
                do {
                    let bytes = try await storeUnchanged(file, progress)
                    progress?.objectDone()
                    report.withLock { report in
                        report.stored += 1
                        report.storedBytes += bytes
                    }
                } catch let error as ObjectStoreError {
                    report.withLock { $0.unsafe.append("\(file.key.description.escaped()): \(error)") }
                }
            }
        )
        return report.withLock { $0 }
    }

    /// Downloads beside the target and renames, so that the script never opens half a checkpoint, and remembers what
    /// is stored, so that the flush does not send it back.
    private func replace(
        _ target: FilePath,
        with object: ObjectSummary,
        _ progress: TransferProgress?
    ) async throws {
        let number = restoreCounter.wrappingAdd(1, ordering: .relaxed).newValue
        let partial = target.removingLastComponent().appending("\(ownFilePrefix)restore-\(getpid())-\(number)")
        removeLink(partial)
        _ = try await store.download(object, to: partial, progress: progress)
        // Else a machine that loses its power may have the name with nothing in it, and the next flush would store that.
        try await BlockingPool.shared.run { _ in try syncFile(partial) }
        setModified(partial, object.modified)
        guard moveFile(partial, to: target) else {
            let error = Errno(rawValue: errno)
            removeLink(partial)
            throw ObjectStoreError(writing: target.string, error)
        }
        guard let status = FileStatus(of: target) else { return }
        let key = object.key.droppingFirst(prefix.bytes.isEmpty ? 0 : prefix.child(ObjectKey("")).bytes.count)
        ledger.stored.withLock { $0[key] = Stored(status) }
        logger.debug("restored", metadata: ["checkpoint.key": "\(key)"])
    }

    /// Stores a file, again when it changed while it was read: the script may still be writing after a kill.
    private func storeUnchanged(_ file: TreeFile, _ progress: TransferProgress?) async throws -> Int64 {
        var before = file.status
        for attempt in 1...3 {
            let key = prefix.child(file.key)
            let bytes = try await store.upload(file.path, to: key, options: options, progress: progress)
            guard let after = FileStatus(of: file.path, followingLinks: false) else { return bytes }
            if Stored(after) == Stored(before) {
                ledger.stored.withLock { $0[file.key] = Stored(after) }
                logger.debug("stored", metadata: ["checkpoint.key": "\(file.key)"])
                return bytes
            }
            logger.debug("changed while being stored", metadata: ["retry.attempt": "\(attempt)"])
            before = after
        }
        throw ObjectStoreError(.failed, "the file kept changing while it was being stored")
    }
}

/// An object and the name it gets below the folder.
private struct StoredCheckpoint: Sendable {
    let object: ObjectSummary
    let name: FilePath
}

private func setModified(_ file: FilePath, _ time: Timestamp) {
    let seconds = time.milliseconds / 1000
    let value = timespec(tv_sec: Int(seconds), tv_nsec: Int(time.milliseconds - seconds * 1000) * 1_000_000)
    // A file system without times costs one upload at the end, no data.
    _ = file.withPlatformString { utimensat(AT_FDCWD, $0, [value, value], AT_SYMLINK_NOFOLLOW) }
}
