package import ObjectStorage

/// A file that is stored as it is.
package struct TrackedFile: Hashable, Sendable {
    /// Its name relative to the folder.
    package let key: ObjectKey
    /// Its state when it was looked at.
    package let stamp: FileStamp
}

/// What is to become one generation.
package struct CheckpointBatch: Hashable, Sendable {
    /// Files that are finished.
    package var files: [TrackedFile] = []
    /// Files that are held open for ever, to be stored as they are at this moment.
    package var snapshots: [TrackedFile] = []
    /// Stored files that are gone.
    package var removed: [ObjectKey] = []
    /// Files that are being written: their last finished version stays.
    package var unfinished: [ObjectKey] = []

    /// Whether there is nothing to store.
    package var isEmpty: Bool { files.isEmpty && snapshots.isEmpty && removed.isEmpty }
}

/// Which files differ from what is stored, since when, and when that may become a generation: rules without a disk.
///
/// A look is `begin`, `see` for each file, `end`; then `plan` says what to do.
package struct ChangeTracker: Sendable {
    /// A file as the newest generation has it.
    package struct Stored: Hashable, Sendable {
        /// Its state on the disk at that time.
        package var stamp: FileStamp
        /// Its content.
        package let digest: ContentDigest
        /// The content's size.
        package let sizeBytes: Int64
        /// The first generation with this content; 0 for what was found at a plain name.
        package let since: Int
        /// Whether it was being written when it was stored.
        package let isSnapshot: Bool
        /// The look that saw it last.
        fileprivate var look: UInt32 = 0

        /// Makes the entry of a stored file.
        ///
        /// - Parameters:
        ///   - stamp: Its state on the disk.
        ///   - digest: Its content.
        ///   - sizeBytes: The content's size; nil is that of the stamp.
        ///   - since: The first generation with this content.
        ///   - isSnapshot: Whether it was being written.
        package init(
            stamp: FileStamp,
            digest: ContentDigest,
            sizeBytes: Int64? = nil,
            since: Int,
            isSnapshot: Bool = false
        ) {
            self.stamp = stamp
            self.sizeBytes = sizeBytes ?? stamp.sizeBytes
            self.digest = digest
            self.since = since
            self.isSnapshot = isSnapshot
        }

        /// Takes note that a look saw the file; whether it is as it is stored.
        fileprivate mutating func isSeen(as stamp: FileStamp, in look: UInt32) -> Bool {
            self.look = look
            return self.stamp == stamp
        }
    }

    /// A file that differs from what is stored.
    private struct Sighting: Sendable {
        var stamp: FileStamp
        /// When this state was seen first.
        var unchangedSince: ContinuousClock.Instant
        /// When the file was first seen to differ.
        let dirtySince: ContinuousClock.Instant
        var look: UInt32
    }

    /// What to do next.
    package enum Plan: Hashable, Sendable {
        /// Nothing differs from what is stored, or nothing that could be stored now.
        case rest
        /// Something may be finished soon.
        case lookAgain(after: Duration)
        /// Store this.
        case store(CheckpointBatch)
    }

    /// What is not stored yet.
    package struct Lag: Hashable, Sendable {
        /// How many files.
        package var files = 0
        /// Their bytes.
        package var bytes: Int64 = 0
        /// Since when the first of them waits.
        package var since: ContinuousClock.Instant?

        /// Makes the lag of a folder that is stored as it is.
        package init() {}
    }

    private let settings: CheckpointSettings
    /// What the newest generation has.
    package private(set) var stored: [ObjectKey: Stored] = [:]
    private var dirty: [ObjectKey: Sighting] = [:]
    private var missing: [ObjectKey: ContinuousClock.Instant] = [:]
    private var heldOpen: Set<ObjectKey> = []
    private var look: UInt32 = 0
    private var seenStored = 0
    /// How many files the last look found.
    package private(set) var fileCount = 0

    /// Makes a tracker of an empty folder.
    package init(_ settings: CheckpointSettings) {
        self.settings = settings
    }

    // MARK: A look

    /// Begins a look at the folder.
    package mutating func begin() {
        look &+= 1
        seenStored = 0
        fileCount = 0
    }

    /// Takes note of a file.
    ///
    /// - Parameters:
    ///   - key: Its name relative to the folder.
    ///   - stamp: Its state.
    ///   - now: The time of the look.
    package mutating func see(_ key: ObjectKey, _ stamp: FileStamp, at now: ContinuousClock.Instant) {
        fileCount += 1
        if let index = stored.index(forKey: key) {
            seenStored += 1
            if !missing.isEmpty { missing[key] = nil }
            // In place: to take the entry out costs as much as all the rest of this.
            guard !stored.values[index].isSeen(as: stamp, in: look) else {
                if !dirty.isEmpty { dirty[key] = nil }
                return
            }
        }
        var sighting = dirty[key] ?? Sighting(stamp: stamp, unchangedSince: now, dirtySince: now, look: look)
        if sighting.stamp != stamp {
            sighting.stamp = stamp
            sighting.unchangedSince = now
        }
        sighting.look = look
        dirty[key] = sighting
    }

    /// Ends a look: what was not seen is gone.
    ///
    /// - Parameters:
    ///   - now: The time of the look.
    ///   - isComplete: false when a folder could not be read: nothing counts as gone then.
    package mutating func end(at now: ContinuousClock.Instant, isComplete: Bool = true) {
        guard isComplete else { return }
        if fileCount - seenStored < dirty.count { dirty = dirty.filter { $0.value.look == look } }
        guard seenStored < stored.count else { return }
        for (key, entry) in stored where entry.look != look && missing[key] == nil { missing[key] = now }
    }

    // MARK: Decisions

    /// What to do after a look.
    ///
    /// - Parameters:
    ///   - now: The time of the look.
    ///   - isOver: Whether the script has ended: nothing is waited for then.
    /// - Returns: A batch of everything that is finished, when nothing is being written or the finished have waited for
    ///   an interval.
    package func plan(at now: ContinuousClock.Instant, isOver: Bool = false) -> Plan {
        var batch = CheckpointBatch()
        batch.removed = missing.keys.sorted()
        var readySince = missing.values.min()
        var isBlocked = false
        for (key, sighting) in dirty {
            let file = TrackedFile(key: key, stamp: sighting.stamp)
            let snapshotAt = sighting.dirtySince + (heldOpen.contains(key) ? settings.interval : settings.heldOpenAfter)
            if isOver || now - sighting.unchangedSince >= settings.quiet {
                batch.files.append(file)
                readySince = min(readySince ?? now, sighting.dirtySince)
            } else if snapshotAt <= now {
                batch.snapshots.append(file)
                readySince = min(readySince ?? now, snapshotAt)
            } else if !heldOpen.contains(key) {
                batch.unfinished.append(key)
                isBlocked = true
            }
        }
        batch.files.sort { $0.key < $1.key }
        batch.snapshots.sort { $0.key < $1.key }
        batch.unfinished.sort()
        guard let readySince else { return isBlocked ? .lookAgain(after: settings.quiet) : .rest }
        if isBlocked, now - readySince < settings.interval { return .lookAgain(after: settings.quiet) }
        return .store(batch)
    }

    /// What is not stored.
    package var lag: Lag {
        var lag = Lag()
        for sighting in dirty.values {
            lag.files += 1
            lag.bytes += sighting.stamp.sizeBytes
            lag.since = min(lag.since ?? sighting.dirtySince, sighting.dirtySince)
        }
        return lag
    }

    /// Whether everything is stored but files that are held open for ever.
    package var isSettled: Bool { missing.isEmpty && dirty.keys.allSatisfy(heldOpen.contains) }

    /// The names of what is not stored, with their sizes.
    package var unsafeFiles: [(key: ObjectKey, sizeBytes: Int64)] {
        dirty.map { (key: $0.key, sizeBytes: $0.value.stamp.sizeBytes) }.sorted { $0.key < $1.key }
    }

    // MARK: What became of it

    /// A file is stored in this state; it may have changed since.
    ///
    /// - Parameters:
    ///   - key: Which file.
    ///   - entry: How it is stored.
    package mutating func commit(_ key: ObjectKey, _ entry: Stored) {
        stored[key] = entry
        missing[key] = nil
        if entry.isSnapshot {
            heldOpen.insert(key)
            // The next snapshot is due an interval after this one.
            dirty[key] = nil
        } else {
            heldOpen.remove(key)
            if dirty[key]?.stamp == entry.stamp { dirty[key] = nil }
        }
    }

    /// A file was restored, or was found to be what is stored.
    package mutating func restore(_ key: ObjectKey, _ entry: Stored) {
        stored[key] = entry
    }

    /// A file is in no generation any more.
    package mutating func forget(_ key: ObjectKey) {
        stored[key] = nil
        missing[key] = nil
    }
}
