import Logging
import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension CheckpointSync {
    /// What was fetched of a file.
    private struct Staged: Sendable {
        let file: RestoredFile
        /// Where it waits; nil when the file in the folder stays.
        let staged: FilePath?
        let digest: ContentDigest
        /// The state of the file in the folder with that content; nil for a staged one.
        let stamp: FileStamp?
    }

    private var stagingPrefix: String { "\(ownFilePrefix)-restore-" }

    /// Removes what a killed run was fetching.
    func removeStaging() throws(ObjectStoreError) {
        for name in try directoryEntryNames(folder) where name.starts(with: stagingPrefix.utf8) {
            try removeTree(folder.appending(bytes: name))
        }
    }

    /// Fetches a set beside the folder's files, checks it, and only then gives it its names.
    ///
    /// - Parameters:
    ///   - generation: The set; nil for a prefix without any.
    ///   - listing: What the store has.
    ///   - progress: Is told how far it is.
    /// - Returns: What came and what stayed.
    /// - Throws: `ObjectStoreError`; the folder is then as it was.
    func bring(
        _ generation: Generation?,
        _ listing: CheckpointStore.Listing,
        _ progress: TransferProgress?
    ) async throws -> RestoreReport {
        let files = try files(of: generation, listing)
        let staging = folder.appending("\(stagingPrefix)\(getpid())")
        let report = Mutex(RestoreReport())
        let fetched = Mutex<[Staged]>([])
        for file in files { progress?.found(bytes: file.sizeBytes) }
        progress?.listingEnded()
        do {
            try await forEachLargestFirst(
                workers: transfersAtOnce,
                sizeBytes: { (item: (Int, RestoredFile)) in item.1.sizeBytes },
                find: { add in for item in files.enumerated() { try await add((item.offset, item.element)) } },
                move: { [self] number, file in
                    let result = try await fetch(file, to: staging.appending("\(number)"), listing, progress)
                    progress?.objectDone()
                    if let result { fetched.withLock { $0.append(result) } }
                    guard result?.staged != nil else { return report.withLock { $0.kept += 1 } }
                    report.withLock { report in
                        report.restored += 1
                        report.restoredBytes += file.sizeBytes
                    }
                }
            )
            try await BlockingPool.shared.run { [self] _ in
                let aside = try place(fetched.withLock { $0 })
                if state.withLock({ $0.movesExtrasAside }) { try moveExtras(notIn: files, to: aside) }
                try removeTree(staging)
                try noteClaim()
            }
        } catch {
            try? await BlockingPool.shared.run { _ in try removeTree(staging) }  // The next start removes it.
            throw error
        }
        return report.withLock { $0 }
    }

    /// Fetches a file, unless what is in the folder stays.
    ///
    /// - Returns: What is then known of the content; nil when another content stays.
    private func fetch(
        _ file: RestoredFile,
        to staged: FilePath,
        _ listing: CheckpointStore.Listing,
        _ progress: TransferProgress?
    ) async throws -> Staged? {
        let target = folder.pushing(file.name)
        let local = try await BlockingPool.shared.run { _ in FileStatus(of: target, followingLinks: false) }
        if let local {
            if let entry = file.entry, local.isRegularFile, local.sizeBytes == file.sizeBytes {
                let (stamp, digest) = try await BlockingPool.shared.run { cancellation in
                    let opened = try OpenedFile(target)
                    opened.waitOutTick()
                    return (opened.stamp, try opened.digest(cancellation))
                }
                if digest == entry.digest { return Staged(file: file, staged: nil, digest: digest, stamp: stamp) }
            }
            let stays =
                switch settings.resume {
                case .local: true
                case .newest: isNewer(local, than: file)
                case .remote: false
                }
            guard !stays else {
                keepStored(file, local)
                return nil
            }
        }
        let digest = try await fetch(file, to: staged, hasBlob: listing, progress)
        return Staged(file: file, staged: staged, digest: digest, stamp: nil)
    }

    /// Remembers the stored version of a file that stays: it counts until the other one is stored.
    private func keepStored(_ file: RestoredFile, _ local: FileStatus) {
        guard let entry = file.entry else {
            // The only copy of what is stored.
            state.withLock { _ = $0.hosts.plainOnly.insert(file.key) }
            return
        }
        let stored = ChangeTracker.Stored(
            stamp: FileStamp(replacedBy: local, modifiedNanoseconds: entry.modifiedNanoseconds),
            digest: entry.digest,
            sizeBytes: entry.sizeBytes,
            since: entry.since,
            isSnapshot: entry.isSnapshot
        )
        state.withLock { state in
            state.tracker.restore(file.key, stored)
            if entry.host != remote.layout.host { state.elsewhere[file.key] = remote.content(of: entry) }
        }
    }

    private func isNewer(_ local: FileStatus, than file: RestoredFile) -> Bool {
        // The store's own times have milliseconds or whole seconds.
        file.entry == nil
            ? local.modified.milliseconds >= file.modifiedNanoseconds / 1_000_000
            : local.modifiedNanoseconds >= file.modifiedNanoseconds
    }

    /// Fetches by the name of the content, else by the plain name; either is checked.
    private func fetch(
        _ file: RestoredFile,
        to staged: FilePath,
        hasBlob listing: CheckpointStore.Listing,
        _ progress: TransferProgress?
    ) async throws -> ContentDigest {
        guard let entry = file.entry else {
            guard let plain = file.plain else { throw ObjectStoreError(.notFound, "\(file.key) is nowhere") }
            return try await download(plain, to: staged, progress)
        }
        var sources: [ObjectSummary] = []
        if listing.hasContent(of: entry) { sources.append(remote.content(of: entry)) }
        if let plain = file.plain, plain.sizeBytes == entry.sizeBytes { sources.append(plain) }
        var reason = "its content is not there"
        for source in sources {
            do {
                if try await download(source, to: staged, progress) == entry.digest { return entry.digest }
                reason = "\(remote.store.address(of: source.key).escaped()) is not what was stored"
            } catch let error as ObjectStoreError where error.code == .damaged || error.code == .notFound {
                reason = error.description
            }
            removeLink(staged)
        }
        throw ObjectStoreError(.damaged, "\(file.key.description.escaped()): \(reason)")
    }

    private func download(
        _ object: ObjectSummary,
        to file: FilePath,
        _ progress: TransferProgress?
    ) async throws -> ContentDigest {
        _ = try await remote.store.download(object, to: file, progress: progress)
        return try await BlockingPool.shared.run { cancellation in
            // Else a machine that loses its power may have the name with nothing in it, newer than what is stored.
            try syncFile(file)
            return try withOpenFile(file, address: file.string) { descriptor in
                try ContentDigest(of: descriptor, name: file.string, cancellation: cancellation)
            }
        }
    }

    // MARK: Placing

    /// Gives all files their names; blocks.
    ///
    /// - Returns: Where files that were there are now; nil when none was moved.
    private func place(_ files: [Staged]) throws -> FilePath? {
        var aside: FilePath?
        for item in files {
            let target = folder.pushing(item.file.name)
            var stamp = item.stamp
            if let staged = item.staged {
                try makeDirectories(target.removingLastComponent())
                if settings.resume == .remote, FileStatus(of: target, followingLinks: false) != nil {
                    let folder = aside ?? asideFolder()
                    aside = folder
                    let kept = folder.pushing(item.file.name)
                    try makeDirectories(kept.removingLastComponent())
                    try moveTree(target, to: kept)
                }
                setModified(staged, item.file.modifiedNanoseconds)
                guard moveFile(staged, to: target) else {
                    throw ObjectStoreError(writing: target.string, Errno(rawValue: errno))
                }
                stamp = FileStatus(of: target, followingLinks: false).map(FileStamp.init)
            }
            guard let stamp else { continue }
            adopt(item.file, stamp, item.digest)
        }
        if let aside {
            logger.notice("files that differ from the stored ones were moved", metadata: ["path": "\(aside)"])
        }
        return aside
    }

    /// Moves aside what is in the folder and not in the set; blocks.
    private func moveExtras(notIn files: [RestoredFile], to aside: FilePath?) throws {
        let names = Set(files.map { ObjectKey(bytes: $0.name.bytes) })
        var extras: [ObjectKey] = []
        _ = TreeScan(below: folder) { key, _ in if !names.contains(key) { extras.append(key) } }
        guard !extras.isEmpty else { return }
        let aside = aside ?? asideFolder()
        for key in extras {
            let kept = aside.pushing(FilePath(bytes: key.bytes))
            try makeDirectories(kept.removingLastComponent())
            try moveTree(path(of: key), to: kept)
        }
        logger.notice(
            "files that are not in the set of all hosts were moved",
            metadata: ["path": "\(aside)", "files": "\(extras.count)"]
        )
    }

    private func adopt(_ file: RestoredFile, _ stamp: FileStamp, _ digest: ContentDigest) {
        // A key such as `a//b` is the file `a/b`, which is another object's key.
        let key = ObjectKey(bytes: file.name.bytes)
        state.withLock { state in
            let entry = ChangeTracker.Stored(
                stamp: stamp,
                digest: digest,
                since: file.entry?.since ?? 0,
                isSnapshot: file.entry?.isSnapshot ?? false
            )
            state.tracker.restore(key, entry)
            if let entry = file.entry {
                if entry.host != remote.layout.host { state.elsewhere[key] = remote.content(of: entry) }
            } else {
                state.elsewhere[key] = file.plain
            }
            logger.debug("restored", metadata: ["checkpoint.key": "\(key)"])
        }
    }
}

private func setModified(_ file: FilePath, _ nanoseconds: Int64) {
    let seconds = nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
    let value = timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds - seconds * 1_000_000_000))
    // A file system without times costs a comparison at the next start, no data.
    _ = file.withPlatformString { utimensat(AT_FDCWD, $0, [value, value], AT_SYMLINK_NOFOLLOW) }
}
