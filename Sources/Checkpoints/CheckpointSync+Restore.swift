import Logging
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

/// What a restore brought.
package struct RestoreReport: Hashable, Sendable {
    /// Files that came from the store.
    package var restored = 0
    /// Their bytes.
    package var restoredBytes: Int64 = 0
    /// Files that were in the folder and stayed: they are the same as the stored ones, or count before them.
    package var kept = 0
    /// The generation that was taken; nil for a prefix without any.
    package var generation: Int?
    /// What a person should know, a sentence each.
    package var notes: [String] = []
}

/// A checkpoint of the store on its way into the folder.
struct RestoredFile: Sendable {
    /// Its name relative to the folder.
    let key: ObjectKey
    /// The same as a path.
    let name: FilePath
    /// Its size.
    let sizeBytes: Int64
    /// When it was written, in nanoseconds since 1970.
    let modifiedNanoseconds: Int64
    /// Its entry in the manifest; nil for an object that no manifest lists.
    let entry: Generation.File?
    /// The object of its plain name; nil when there is none.
    let plain: ObjectSummary?
}

extension CheckpointSync {
    /// The checkpoints that a restore would bring, with the names they get below the folder.
    ///
    /// - Returns: Name and size, in the order of the keys.
    /// - Throws: `ObjectStoreError`, also for a key that would leave the folder.
    package func storedCheckpoints() async throws -> [(name: FilePath, sizeBytes: Int64)] {
        var listing = try await remote.list()
        var generation: Generation?
        for manifest in listing.manifests where generation == nil {
            do {
                generation = try await remote.generation(manifest.name)
            } catch let error as ObjectStoreError where error.code == .damaged || error.code == .notFound {
                logger.debug("not whole", metadata: ["checkpoint.generation": "\(manifest.name.number)"])
            }
        }
        _ = try await leaveOutNewer(than: generation, &listing)
        return try files(of: generation, listing).sorted { $0.key < $1.key }.map { ($0.name, $0.sizeBytes) }
    }

    /// Brings the newest complete set of checkpoints into the folder.
    ///
    /// All files are fetched and checked beside their places first: a set that turns out damaged leaves nothing behind.
    ///
    /// - Parameter progress: Is told how far it is.
    /// - Returns: What came and what stayed.
    /// - Throws: `ObjectStoreError`; the folder is then as it was.
    package func restore(progress: TransferProgress? = nil) async throws -> RestoreReport {
        try await BlockingPool.shared.run { [self] _ in
            let isOurs = try claimFolder()
            // Of several hosts, what only this one has would be mixed with the set of all.
            state.withLock { $0.movesExtrasAside = isOurs && hosts != nil && settings.resume == .remote }
            try removeStaging()
        }
        var listing = try await remote.list()
        var notes: [String] = []
        var failed: Set<ObjectKey> = []
        for manifest in listing.manifests {
            var tried: Generation?
            do {
                let generation = try await remote.generation(manifest.name)
                tried = generation
                let unagreed = try await leaveOutNewer(than: generation, failed: failed, &listing)
                var report = try await bring(generation, listing, progress)
                adopt(generation, listing)
                noteUnpublished(generation, listing, stored: manifest.modified)
                report.generation = generation.number
                report.notes = notes + unagreed + remarks(on: generation, listing, stored: manifest.modified)
                return report
            } catch let error as ObjectStoreError where error.code == .damaged || error.code == .notFound {
                failed.formUnion(tried?.files.map(\.key) ?? [])
                notes.append("generation \(manifest.name.number) cannot be restored: \(error)")
            }
        }
        guard listing.manifests.isEmpty else {
            throw ObjectStoreError(
                .damaged,
                notes.joined(separator: "; ")
                    + "; to restore the objects at their plain names as they are, remove "
                    + remote.store.address(of: remote.layout.base.appending(".braket-runner/"))
            )
        }
        let unagreed = try await leaveOutNewer(than: nil, &listing)
        var report = try await bring(nil, listing, progress)
        adopt(nil, listing)
        report.notes += unagreed
        return report
    }

    // MARK: What belongs to it

    /// What a restore brings: the files of a set, and objects that no manifest knows.
    func files(
        of generation: Generation?,
        _ listing: CheckpointStore.Listing
    ) throws(ObjectStoreError) -> [RestoredFile] {
        let base = remote.layout.base.bytes.count
        var plain: [ObjectKey: ObjectSummary] = [:]
        for object in listing.plain { plain[object.key.droppingFirst(base)] = object }
        var files: [RestoredFile] = []
        for entry in generation?.files ?? [] {
            files.append(
                RestoredFile(
                    key: entry.key,
                    name: try name(of: entry.key),
                    sizeBytes: entry.sizeBytes,
                    modifiedNanoseconds: entry.modifiedNanoseconds,
                    entry: entry,
                    plain: plain.removeValue(forKey: entry.key)
                )
            )
        }
        for key in generation?.gone ?? [] { plain[key] = nil }
        for (key, object) in plain {
            files.append(
                RestoredFile(
                    key: key,
                    name: try name(of: key),
                    sizeBytes: object.sizeBytes,
                    modifiedNanoseconds: object.modified.milliseconds * 1_000_000,
                    entry: nil,
                    plain: object
                )
            )
        }
        return files
    }

    private func name(of key: ObjectKey) throws(ObjectStoreError) -> FilePath {
        if let name = key.relativePath() { return name }
        throw ObjectStoreError(
            .invalidKey,
            "the checkpoint \(remote.store.address(of: remote.layout.plain(key)).escaped()) cannot be restored: its name "
                + "would leave the checkpoint folder"
        )
    }

    private func remarks(
        on generation: Generation,
        _ listing: CheckpointStore.Listing,
        stored: Timestamp
    ) -> [String] {
        var remarks: [String] = []
        if generation.isPartial {
            remarks.append("generation \(generation.number) is partial: a file was being written when it was stored")
        }
        let snapshots = generation.files.filter(\.isSnapshot)
        if !snapshots.isEmpty {
            remarks.append(
                "stored while they were being written: "
                    + named(snapshots.map { $0.key.description.escaped() })
            )
        }
        let sizes = Dictionary(generation.files.map { ($0.key, $0.sizeBytes) }) { first, _ in first }
        let base = remote.layout.base.bytes.count
        let foreign = listing.plain.filter { object in
            object.modified > stored && sizes[object.key.droppingFirst(base)].map { $0 != object.sizeBytes } ?? false
        }
        if !foreign.isEmpty {
            remarks.append(
                "written by somebody else after generation \(generation.number), whose version was restored: "
                    + named(foreign.map { remote.store.address(of: $0.key).escaped() })
            )
        }
        return remarks
    }

    /// Finds plain names that a run did not come to copy before it was killed.
    ///
    /// One of the same size is taken for copied unless its content is new in this generation and the object older.
    /// One that another host of this job stored is that host's to copy.
    private func noteUnpublished(_ generation: Generation, _ listing: CheckpointStore.Listing, stored: Timestamp) {
        let base = remote.layout.base.bytes.count
        var plain: [ObjectKey: ObjectSummary] = [:]
        for object in listing.plain { plain[object.key.droppingFirst(base)] = object }
        for file in generation.files where isOwn(file.host) {
            let object = plain[file.key]
            let isOlder = object.map { $0.modified < stored } ?? true
            let isOther = object?.sizeBytes != file.sizeBytes || file.since == generation.number
            guard isOlder, isOther else { continue }
            state.withLock { $0.unpublished[file.key] = "not copied to its plain name yet" }
        }
    }

    /// Remembers what the store has.
    private func adopt(_ generation: Generation?, _ listing: CheckpointStore.Listing) {
        state.withLock { state in
            let own = remote.layout.host
            let stored = listing.blobs[own] ?? []
            let needed = Set(generation?.files.lazy.filter { $0.host == own }.map(\.digest) ?? [])
            // A content that no manifest lists may be that of a file that changed while it was sent.
            state.blobs = stored.intersection(needed)
            state.looseBefore = stored.subtracting(needed)
            state.manifests = own.map { listing.parts[$0]?.map(\.name) ?? [] } ?? listing.manifests.map(\.name)
            adoptSets(generation, listing, in: &state)
            state.gone = Set(generation?.gone ?? [])
            if let generation {
                state.newest = CheckpointLayout.ManifestName(number: generation.number, run: generation.run)
                state.bytes = generation.files.map(\.sizeBytes).saturatingSum()
                let age = max(0, Timestamp.now().milliseconds - generation.time.milliseconds)
                state.takenAt = ContinuousClock.now - .milliseconds(age)
            }
            state.isRestored = true
        }
    }
}

/// Some names in a sentence: the first five, and how many more.
package func named(_ names: [String]) -> String {
    let shown = names.prefix(5).joined(separator: ", ")
    return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
}
