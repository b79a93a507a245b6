import Logging
import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

/// What became of a file that was to be stored.
enum FileOutcome: Sendable {
    /// Its content is in the store; so many bytes were sent for it.
    case stored(ChangeTracker.Stored, sentBytes: Int64)
    /// It is not any more what it was when it was looked at.
    case changed
    /// It cannot be read.
    case unreadable(String)
}

extension CheckpointSync {
    /// Opens the files of a batch, so that what replaces them meanwhile does not matter; blocks.
    ///
    /// - Parameter files: As many as descriptors may be spent on are opened.
    /// - Returns: The opened ones by their keys.
    func open(_ files: [TrackedFile]) -> [ObjectKey: OpenedFile] {
        var opened: [ObjectKey: OpenedFile] = [:]
        for file in files.prefix(256) {
            // One that cannot be opened is met again, and named, when it is its turn.
            opened[file.key] = try? OpenedFile(path(of: file.key), below: folder)
        }
        return opened
    }

    /// Stores a finished file's content, unless the store has it.
    ///
    /// - Parameters:
    ///   - file: The file as it was looked at.
    ///   - opened: The file, where it is open already.
    ///   - generation: The number that a new content gets.
    ///   - progress: Is told what the store took.
    /// - Returns: What became of it.
    /// - Throws: `ObjectStoreError` of the store; `CancellationError`.
    func store(
        _ file: TrackedFile,
        _ opened: OpenedFile?,
        generation: Int,
        _ progress: TransferProgress?
    ) async throws -> FileOutcome {
        let source: OpenedFile
        let digest: ContentDigest
        do {
            let hashed = try await hash(file, opened)
            guard let hashed else { return .changed }
            (source, digest) = hashed
        } catch let error as ObjectStoreError {
            return error.code == .notFound ? .changed : .unreadable("\(error)")
        }
        let known = state.withLock { state -> Int? in
            let before = state.tracker.stored[file.key]
            return before?.digest == digest ? before?.since : nil
        }
        var sent: Int64 = 0
        if known == nil || !isElsewhere(file.key) {
            guard let bytes = try await sendOnce(source, digest, progress) else {
                forgetHash(file.key)
                return .changed
            }
            sent = bytes
        }
        progress?.objectDone()
        return .stored(
            ChangeTracker.Stored(stamp: file.stamp, digest: digest, since: known ?? generation),
            sentBytes: sent
        )
    }

    /// Sends a file under the name of its content, unless the store has that.
    ///
    /// - Returns: How many bytes were sent; nil when the file changed meanwhile.
    private func sendOnce(
        _ source: OpenedFile,
        _ digest: ContentDigest,
        _ progress: TransferProgress?
    ) async throws -> Int64? {
        try await contentTurns.withTurn(of: digest) {
            guard !state.withLock({ $0.blobs.contains(digest) }) else { return 0 }
            guard try await send(source, digest, progress) else {
                // Its name would say what it is not. One that stays is in no manifest.
                try? await remote.store.delete(remote.layout.blob(digest))
                return nil
            }
            addBlob(digest)
            logger.debug("stored", metadata: ["checkpoint.path": "\(source.path)"])
            return source.stamp.sizeBytes
        }
    }

    private func addBlob(_ digest: ContentDigest) {
        state.withLock { state in
            state.blobs.insert(digest)
            state.loose.insert(digest)
        }
    }

    /// Sends a file under the name of its content; false when it changed meanwhile.
    private func send(
        _ source: OpenedFile,
        _ digest: ContentDigest,
        _ progress: TransferProgress?
    ) async throws -> Bool {
        do {
            let sent = try await remote.store.upload(
                source.ownPath,
                to: remote.layout.blob(digest),
                options: remote.options,
                progress: progress
            )
            return try await BlockingPool.shared.run { _ in source.isUnchanged && sent == source.stamp.sizeBytes }
        } catch let error as ObjectStoreError {
            // A file that has become shorter ends the reading with an error that is none of the store's.
            guard try await BlockingPool.shared.run({ _ in source.isUnchanged }) else { return false }
            throw error
        }
    }

    private func isElsewhere(_ key: ObjectKey) -> Bool { state.withLock { $0.elsewhere[key] != nil } }

    private func forgetHash(_ key: ObjectKey) { state.withLock { $0.hashed[key] = nil } }

    /// The digest of a file, and the file; nil when it is not any more what it was.
    private func hash(
        _ file: TrackedFile,
        _ opened: OpenedFile?
    ) async throws -> (OpenedFile, ContentDigest)? {
        let hashed = state.withLock { $0.hashed[file.key] }
        let path = path(of: file.key)
        let result = try await BlockingPool.shared.run { [folder] cancellation -> (OpenedFile, ContentDigest)? in
            let source = try opened ?? OpenedFile(path, below: folder)
            guard source.stamp == file.stamp else { return nil }
            if let hashed, hashed.stamp == file.stamp, source.isUnchanged { return (source, hashed.digest) }
            source.waitOutTick()
            let digest = try source.digest(cancellation)
            return source.isUnchanged ? (source, digest) : nil
        }
        guard let result else { return nil }
        state.withLock { $0.hashed[file.key] = HashedFile(stamp: file.stamp, digest: result.1) }
        return result
    }

    // MARK: Files that are never finished

    /// Stores a file that is being written, as it is: one reading, hashed while it is sent.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - generation: The number that the content gets.
    /// - Returns: What became of it.
    /// - Throws: `ObjectStoreError` of the store; `CancellationError`.
    func storeSnapshot(_ file: TrackedFile, generation: Int) async throws -> FileOutcome {
        let path = path(of: file.key)
        let source: OpenedFile
        do {
            source = try await BlockingPool.shared.run { [folder] _ in try OpenedFile(path, below: folder) }
        } catch let error as ObjectStoreError {
            return error.code == .notFound ? .changed : .unreadable("\(error)")
        }
        let number = state.withLock { state in
            state.incoming += 1
            return state.incoming
        }
        let incoming = remote.layout.incoming(run: remote.run, number: number)
        let hash = ContentHash()
        try await remote.store.write(incoming, options: remote.options) { sink in
            // No further than it is now: a log may grow faster than it is sent.
            let limited = LimitedSource(FileSource(source.descriptor, name: path.string), source.stamp.sizeBytes)
            var hashing: any ByteSource = HashingSource(limited, hash: hash)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
            defer { buffer.deallocate() }
            while case let count = try hashing.read(into: buffer), count > 0 {
                try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        let text = try await BlockingPool.shared.run { _ in hash.hexadecimal }
        guard let digest = ContentDigest(hexadecimal: text) else { return .changed }
        let object = ObjectSummary(key: incoming, sizeBytes: hash.byteCount, modified: .now())
        try await contentTurns.withTurn(of: digest) {
            try await remote.copy(object, to: remote.layout.blob(digest))
            addBlob(digest)
        }
        try await remote.store.delete(incoming)
        let stored = ChangeTracker.Stored(
            stamp: source.stamp,
            digest: digest,
            sizeBytes: hash.byteCount,
            since: generation,
            isSnapshot: true
        )
        return .stored(stored, sentBytes: hash.byteCount)
    }

    /// Sends files that came by rename(2), which are complete, before it is known what else belongs to their set.
    ///
    /// - Parameter paths: The files.
    /// - Throws: `ObjectStoreError` of the store; `CancellationError`.
    func sendAhead(_ paths: [FilePath]) async throws {
        let files = try await BlockingPool.shared.run { [folder] _ in
            paths.compactMap { path -> TrackedFile? in
                var relative = path
                guard relative.removePrefix(folder), !relative.isEmpty,
                    !relative.components.contains(where: { $0.string.hasPrefix(ownFilePrefix) }),
                    let status = FileStatus(of: path, followingLinks: false), status.isRegularFile
                else { return nil }
                return TrackedFile(key: ObjectKey(bytes: relative.bytes), stamp: FileStamp(status))
            }
        }
        try await forEachConcurrently(files, limit: transfersAtOnce) { [self] file in
            let isStored = state.withLock { $0.tracker.stored[file.key]?.stamp == file.stamp }
            if !isStored { _ = try await store(file, nil, generation: 0, nil) }
        }
    }
}

/// The first bytes of a source.
private struct LimitedSource: ByteSource {
    private var source: any ByteSource
    private var rest: Int64

    init(_ source: any ByteSource, _ limitBytes: Int64) {
        self.source = source
        rest = limitBytes
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard rest > 0 else { return 0 }
        let count = try source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), rest))])
        )
        rest -= Int64(count)
        return count
    }
}
