import Logging
import ObjectStorage
import RunnerCore
import Synchronization

/// What became of a batch.
struct BatchOutcome: Sendable {
    /// Files whose content had to be sent.
    var sentFiles = 0
    /// Their bytes.
    var sentBytes: Int64 = 0
    /// Files that changed while they were stored: there is no generation then.
    var changed: [ObjectKey] = []
    /// The generation; nil when everything was as it is stored.
    var generation: Int?
}

extension CheckpointSync {
    /// Stores a batch, and the generation that it makes; what cannot be read keeps its last version.
    ///
    /// ``catchUp()`` then gives the files their plain names.
    ///
    /// - Parameters:
    ///   - batch: What to store.
    ///   - takesRest: Whether files that changed meanwhile are left out, and not the whole batch.
    ///   - progress: Is told what the store took.
    /// - Returns: What became of it.
    /// - Throws: `ObjectStoreError` of the store; `CancellationError`. What was sent need not be sent again.
    func storeBatch(
        _ batch: CheckpointBatch,
        takesRest: Bool = false,
        _ progress: TransferProgress? = nil
    ) async throws -> BatchOutcome {
        try await takeLease()
        let number = state.withLock { state in
            max(state.manifests.map(\.number).max() ?? 0, state.newest?.number ?? 0, state.hosts.inSet) + 1
        }
        var (outcome, entries, problems) = try await storeFiles(batch, generation: number, progress)
        guard outcome.changed.isEmpty || takesRest else { return outcome }
        state.withLock { $0.problems = problems }
        // Names only: of a million files every dictionary of entries has 200 MB.
        let changes = state.withLock { state in
            entries.compactMap { state.tracker.stored[$0.key]?.digest == $0.value.digest ? nil : $0.key }
        }
        guard !changes.isEmpty || !batch.removed.isEmpty else {
            // Touched, and nothing else.
            state.withLock { state in
                for (key, entry) in entries { state.tracker.commit(key, entry) }
                state.hashed = [:]
            }
            return outcome
        }
        // A host's part lists only what the host changed.
        if hosts == nil, state.withLock({ !$0.elsewhere.isEmpty }) {
            try await backfill(except: Set(changes).union(batch.removed))
        }
        let isPartial = !batch.unfinished.isEmpty || !problems.isEmpty || !outcome.changed.isEmpty
        try await putManifest(entries, removed: batch.removed, number: number, isPartial: isPartial)
        outcome.generation = number
        state.withLock { state in
            for key in changes {
                state.unpublished[key] = "not copied to its plain name yet"
                state.toRemove.remove(key)
            }
            for key in batch.removed {
                state.unpublished[key] = nil
                if settings.mirrorsDeletions { state.toRemove.insert(key) }
            }
        }
        return outcome
    }

    // MARK: Contents

    private func storeFiles(
        _ batch: CheckpointBatch,
        generation: Int,
        _ progress: TransferProgress?
    ) async throws -> (BatchOutcome, [ObjectKey: ChangeTracker.Stored], [ObjectKey: String]) {
        let opened = try await BlockingPool.shared.run { [self] _ in Mutex(open(batch.files)).withLock { $0 } }
        let handles = Mutex(opened)
        let result = Mutex((BatchOutcome(), [ObjectKey: ChangeTracker.Stored](), [ObjectKey: String]()))
        for file in batch.files { progress?.found(bytes: file.stamp.sizeBytes) }
        progress?.listingEnded()
        let work = batch.files.map { ($0, false) } + batch.snapshots.map { ($0, true) }
        try await forEachLargestFirst(
            workers: transfersAtOnce,
            sizeBytes: { (item: (TrackedFile, Bool)) in item.0.stamp.sizeBytes },
            find: { add in for item in work { try await add(item) } },
            move: { [self] file, isSnapshot in
                // Closed as soon as it is stored.
                let handle = handles.withLock { $0.removeValue(forKey: file.key) }
                let outcome =
                    isSnapshot
                    ? try await storeSnapshot(file, generation: generation)
                    : try await store(file, handle, generation: generation, progress)
                result.withLock { result in
                    switch outcome {
                    case .stored(let entry, let bytes):
                        result.1[file.key] = entry
                        if bytes > 0 { result.0.sentFiles += 1 }
                        result.0.sentBytes += bytes
                    case .changed: result.0.changed.append(file.key)
                    case .unreadable(let reason): result.2[file.key] = reason
                    }
                }
            }
        )
        return result.withLock { $0 }
    }

    /// Gives contents that are only at plain names - a prefix that the service wrote - or only where another host stored
    /// them names of their own, before the first generation lists them: the next version overwrites the plain name.
    private func backfill(except skipped: Set<ObjectKey>) async throws {
        let elsewhere = state.withLock { state in
            state.elsewhere.filter { !skipped.contains($0.key) && state.tracker.stored[$0.key] != nil }
        }
        try await forEachConcurrently(elsewhere, limit: transfersAtOnce) { [self] key, object in
            guard let entry = state.withLock({ $0.tracker.stored[key] }) else { return }
            if !state.withLock({ $0.blobs.contains(entry.digest) }) {
                try await copyOrSend(object, key, entry)
            }
            state.withLock { state in
                state.blobs.insert(entry.digest)
                state.elsewhere[key] = nil
            }
        }
    }

    private func copyOrSend(_ object: ObjectSummary, _ key: ObjectKey, _ entry: ChangeTracker.Stored) async throws {
        do {
            try await remote.copy(object, to: remote.layout.blob(entry.digest))
        } catch let error as ObjectStoreError where error.code != .unavailable {
            // Somebody wrote to the plain name meanwhile; the file that was restored is still here.
            state.withLock { $0.elsewhere[key] = nil }
            let outcome = try await store(TrackedFile(key: key, stamp: entry.stamp), nil, generation: entry.since, nil)
            guard case .stored(let again, _) = outcome, again.digest == entry.digest else { throw error }
        }
    }

    // MARK: The manifest

    private func putManifest(
        _ entries: [ObjectKey: ChangeTracker.Stored],
        removed: [ObjectKey],
        number: Int,
        isPartial: Bool
    ) async throws {
        let takenAt = ContinuousClock.now
        let (generation, gone) = state.withLock { state -> (Generation, Set<ObjectKey>) in
            let stored = state.tracker.stored
            let removed = Set(removed)
            // A host's part has what the host changed: the others have the rest, too.
            let base = hosts == nil ? -1 : state.hosts.base
            let host = remote.layout.host
            var files: [Generation.File] = []
            files.reserveCapacity(hosts == nil ? max(entries.count, stored.count) : entries.count)
            for (key, entry) in entries where entry.since > base { files.append(Generation.File(key, entry, host)) }
            for (key, entry) in stored where entries[key] == nil && !removed.contains(key) && entry.since > base {
                files.append(Generation.File(key, entry, host))
            }
            files.sort { $0.key < $1.key }
            let gone = state.gone.union(removed).union(state.leftOut)
                .filter { entries[$0] == nil && (stored[$0] == nil || removed.contains($0)) }
            var generation = Generation(
                number: number,
                run: remote.run,
                time: .now(),
                isPartial: isPartial,
                files: files,
                gone: gone.sorted()
            )
            if hosts == nil { generation.parts = state.hosts.making.seen }
            return (generation, gone)
        }
        try await remote.put(generation, of: remote.layout.host)
        state.withLock { state in
            let replaced = (Array(entries.keys) + removed).compactMap { state.tracker.stored[$0]?.digest }
            for key in removed { state.tracker.forget(key) }
            for (key, entry) in entries {
                state.tracker.commit(key, entry)
                if hosts == nil || entry.since > state.hosts.base { state.elsewhere[key] = nil }
            }
            state.gone = gone
            state.hashed = [:]
            guard hosts == nil else { return notePart(number, replacing: replaced, in: &state) }
            state.isBehind = true
            state.looseBefore.formUnion(state.garbage)
            state.garbage = Set(replaced)
            let name = CheckpointLayout.ManifestName(number: number, run: remote.run)
            // The one before is kept, all others go.
            state.manifests = (state.newest.map { [$0] } ?? []) + [name] + state.manifests.filter { $0 != state.newest }
            state.newest = name
            state.takenAt = takenAt
            state.bytes = generation.files.map(\.sizeBytes).saturatingSum()
        }
        logger.debug("generation stored", metadata: ["checkpoint.generation": "\(number)"])
    }
}

extension Generation.File {
    /// The entry of a file that a host stored.
    init(_ key: ObjectKey, _ entry: ChangeTracker.Stored, _ host: String?) {
        self.init(
            key: key,
            sizeBytes: entry.sizeBytes,
            digest: entry.digest,
            modifiedNanoseconds: entry.stamp.modifiedNanoseconds,
            since: entry.since,
            isSnapshot: entry.isSnapshot,
            host: host
        )
    }
}
