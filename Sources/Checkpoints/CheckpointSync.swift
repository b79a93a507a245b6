package import Logging
package import ObjectStorage
import RunnerCore
import Synchronization
package import SystemPackage

/// Keeps a checkpoint folder and its place in a store the same: in at the start, out while the script runs and at the end.
///
/// The design is in this folder's README. Objects stay at their plain names, `<checkpoint URI>/<relative path>`, as the service and
/// the SDK write them (contract §5.5).
package final class CheckpointSync: Sendable {
    /// What is known of the folder and of the store.
    struct State: Sendable {
        /// What differs from what is stored.
        var tracker: ChangeTracker
        /// Whether the folder belongs to this run: before its restore it may hold what another run left.
        var isRestored = false
        /// What the last look found that is no checkpoint.
        var skipped: [String] = []
        /// Folders that the last look could not read.
        var unreadable: [String] = []
        /// Digests that were computed and not yet committed: a retry reads nothing again.
        var hashed: [ObjectKey: HashedFile] = [:]
        /// Contents that are in the store for certain.
        var blobs: Set<ContentDigest> = []
        /// Contents that were stored and are in no generation yet.
        var loose: Set<ContentDigest> = []
        /// Contents to be removed with the next generation, unless that needs them.
        var looseBefore: Set<ContentDigest> = []
        /// Contents that only the generation before the newest has.
        var garbage: Set<ContentDigest> = []
        /// Checkpoints whose content is under a name that this run does not keep: a plain one, or another host's.
        var elsewhere: [ObjectKey: ObjectSummary] = [:]
        /// Manifests that this run writes, those that are kept first; of one of several hosts its parts.
        var manifests: [CheckpointLayout.ManifestName] = []
        /// The newest set that is whole.
        var newest: CheckpointLayout.ManifestName?
        /// Whether there is a set that plain names and garbage are not up to yet.
        var isBehind = false
        /// Of several hosts: what is known of the sets of all.
        var hosts = HostsState()
        /// What hosts that this job does not have stored, and no set needs.
        var strangers: [ObjectKey] = []
        /// Whether a restore moves aside what is in the folder and not in the set.
        var movesExtrasAside = false
        /// Of several hosts: objects that are left out of a restore and are in no set, as if they were removed.
        var leftOut: Set<ObjectKey> = []
        /// Names that are in the store and whose files the script removed.
        var gone: Set<ObjectKey> = []
        /// Stored files whose plain names do not have their content yet, with the reason.
        var unpublished: [ObjectKey: String] = [:]
        /// Plain names to be removed.
        var toRemove: Set<ObjectKey> = []
        /// Files that cannot be read, each with the reason.
        var problems: [ObjectKey: String] = [:]
        /// Why the store did not take something the last time.
        var storeProblem: String?
        /// When the newest generation was taken.
        var takenAt: ContinuousClock.Instant?
        /// Its bytes.
        var bytes: Int64 = 0
        /// Whether the lease was looked at.
        var hasLease = false
        /// Whether another run stores at the same place.
        var isRivalled = false
        /// That run, until somebody was told.
        var rival: Lease?
        /// Makes names of contents that are not hashed yet differ.
        var incoming = 0
    }

    /// A file whose content was hashed.
    struct HashedFile: Sendable {
        /// Its state then.
        let stamp: FileStamp
        /// Its content.
        let digest: ContentDigest
    }

    /// The checkpoint folder.
    let folder: FilePath
    /// Where the checkpoints are kept.
    let remote: CheckpointStore
    /// How.
    package let settings: CheckpointSettings
    /// The hosts that store at this place; nil for a job of one host, or one with a place for each.
    package let hosts: CheckpointHosts?
    /// Where a root remembers which folder held the checkpoints of which place.
    let claimFile: FilePath?
    /// How many files are moved at once.
    let transfersAtOnce: Int
    /// Gets one line a file at debug level.
    let logger: Logger
    /// Who stores which content.
    let contentTurns = ContentTurns()
    /// What is known.
    let state: Mutex<State>

    /// Makes the sync of one folder.
    ///
    /// - Parameters:
    ///   - folder: The checkpoint folder, `AMZN_BRAKET_CHECKPOINT_DIR`.
    ///   - store: Where the checkpoints are kept.
    ///   - prefix: The key of the checkpoint URI.
    ///   - options: How objects are stored.
    ///   - settings: When, and what a restore does with what is there.
    ///   - hosts: The hosts that store at this place; nil for one.
    ///   - claimFile: Where a root remembers which folder held the checkpoints of which place; nil for a look only.
    ///   - transfersAtOnce: How many files are restored or stored at once.
    ///   - run: The name of this run in manifests and in the lease; letters and digits.
    ///   - logger: Gets one line a file at debug level.
    package init(
        folder: FilePath,
        store: any ObjectStore,
        prefix: ObjectKey,
        options: WriteOptions,
        settings: CheckpointSettings = CheckpointSettings(),
        hosts: CheckpointHosts? = nil,
        claimFile: FilePath? = nil,
        transfersAtOnce: Int = 8,
        run: String = String(UInt64.random(in: 1 << 60...UInt64.max), radix: 36),
        logger: Logger
    ) {
        self.folder = folder
        let layout = CheckpointLayout(prefix: prefix, host: hosts?.current, isFirst: hosts?.isLeader ?? true)
        remote = CheckpointStore(store: store, layout: layout, options: options, run: run)
        self.settings = settings
        self.hosts = hosts
        self.claimFile = claimFile
        self.transfersAtOnce = transfersAtOnce
        self.logger = logger
        state = Mutex(State(tracker: ChangeTracker(settings)))
    }

    /// The name of this run in manifests.
    package var run: String { remote.run }

    /// Up to where the checkpoints are safe, by the last look.
    package var safePoint: SafePoint {
        state.withLock { state in
            let now = ContinuousClock.now
            let lag = state.tracker.lag
            var point = SafePoint()
            point.generation = state.newest?.number ?? 0
            point.files = state.tracker.fileCount
            point.safeFiles = max(0, state.tracker.fileCount - lag.files)
            point.bytes = state.bytes
            point.age = state.takenAt.map { now - $0 }
            point.lagBytes = lag.bytes
            point.lag = lag.since.map { now - $0 } ?? .zero
            // Of several hosts plain names wait for the others.
            point.problem = state.storeProblem ?? (hosts == nil ? state.unpublished.first?.value : nil)
            if hosts != nil { countWaiting(&point, state) }
            return point
        }
    }

    /// Of several hosts: what is stored, and in no set of all yet, cannot be restored.
    private func countWaiting(_ point: inout SafePoint, _ state: State) {
        point.waitingFiles = state.tracker.stored.values.filter { $0.since > state.hosts.newestAgreed }.count
        point.safeFiles = max(0, point.safeFiles - point.waitingFiles)
        guard let since = state.hosts.waitsSince, case let lag = .now - since, lag > point.lag else { return }
        point.lag = lag
        guard lag >= settings.lagWarning else { return }
        point.problem = point.problem ?? "it is stored, but in no set: other hosts have not stored their parts"
    }

    /// Looks at the folder.
    ///
    /// - Parameter watch: Gets each folder before it is read.
    /// - Throws: `CancellationError`.
    func look(_ watch: DirectoryWatch? = nil) async throws {
        try await BlockingPool.shared.run { [self] _ in
            state.withLock { state in
                let now = ContinuousClock.now
                state.tracker.begin()
                let scan = TreeScan(below: folder, entering: { watch?.add($0) }) { key, stamp in
                    state.tracker.see(key, stamp, at: now)
                }
                state.tracker.end(at: now, isComplete: scan.unreadable.isEmpty)
                state.skipped = scan.skipped
                state.unreadable = scan.unreadable
            }
        }
    }

    /// The file of a key.
    func path(of key: ObjectKey) -> FilePath { folder.pushing(FilePath(bytes: key.bytes)) }
}
