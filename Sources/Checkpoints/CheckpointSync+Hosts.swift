import Logging
import ObjectStorage
import RunnerCore
import Synchronization

/// What this host knows of the sets that all hosts of a job make together.
struct HostsState: Sendable {
    /// Contents that a part does not need any more.
    struct Replaced: Sendable {
        /// The part.
        let number: Int
        /// The contents.
        let digests: Set<ContentDigest>
    }

    /// The set that was restored; 0 for none.
    var base = 0
    /// The newest part of this host.
    var part: CheckpointLayout.ManifestName?
    /// The part of this host that the newest set has.
    var inSet = 0
    /// The one that the set before has: what is older goes.
    var inSetBefore = 0
    /// What later parts replaced.
    var replaced: [Replaced] = []
    /// Whether there will be no further set.
    var isOver = false
    /// Why what is stored after the last set is in none; nil when nothing is.
    var unagreed: String?
    /// On the leader: the set that all restored, and the newest one.
    var baseSet: Generation?
    /// On the leader: the newest set that it made.
    var lastSet: Generation?
}

extension CheckpointSync {
    /// Up to where this host's part is stored.
    package var part: HostPart {
        state.withLock { state in
            var part = HostPart()
            part.base = state.hosts.base
            part.number = state.hosts.part?.number ?? 0
            part.run = remote.run
            part.isSettled = state.isRestored && state.tracker.isSettled && state.problems.isEmpty
            return part
        }
    }

    /// On the leader: makes the set of these parts.
    ///
    /// - Parameters:
    ///   - parts: The parts of all hosts, by rank.
    ///   - isPartial: Whether one of them is not settled.
    /// - Returns: The number of the set, and names that hosts have different contents of.
    /// - Throws: `ObjectStoreError`; `CancellationError`. There is no new set then.
    package func makeSet(_ parts: [HostPart], isPartial: Bool) async throws -> (number: Int, clashes: [String]) {
        guard let hosts else { return (0, []) }
        var read: [(host: String, part: Generation)] = []
        for (host, part) in zip(hosts.all, parts) where part.number > 0 {
            let name = CheckpointLayout.ManifestName(number: part.number, run: part.run)
            read.append((host, try await remote.generation(name, of: host)))
        }
        let (base, last, sets) = state.withLock { ($0.hosts.baseSet, $0.hosts.lastSet, $0.sets) }
        var (set, clashes) = Generation.merging(
            base,
            with: read,
            after: last,
            number: (sets.map(\.number).max() ?? 0) + 1,
            run: remote.run,
            time: .now()
        )
        set.isPartial = set.isPartial || isPartial
        try await remote.put(set)
        let name = CheckpointLayout.ManifestName(number: set.number, run: set.run)
        let old = state.withLock { state -> [CheckpointLayout.ManifestName] in
            let old = state.isRivalled ? [] : state.sets.filter { $0 != state.newest }
            state.sets = (state.newest.map { [$0] } ?? []) + [name]
            state.hosts.lastSet = set
            return old
        }
        await remove(old.map(remote.layout.manifest))
        logger.debug("set of all hosts stored", metadata: ["checkpoint.generation": "\(set.number)"])
        return (set.number, clashes.map { $0.description.escaped() })
    }

    /// Takes note of a set of all hosts; ``catchUp()`` does what follows.
    ///
    /// - Parameters:
    ///   - number: Its number.
    ///   - run: The run that made it.
    ///   - part: The part of this host that it has.
    package func noteSet(number: Int, run: String, part: Int) {
        state.withLock { state in
            guard number > state.newest?.number ?? 0 else { return }
            state.newest = CheckpointLayout.ManifestName(number: number, run: run)
            state.takenAt = .now
            state.bytes = state.tracker.stored.values.map(\.sizeBytes).saturatingSum()
            state.hosts.inSetBefore = state.hosts.inSet
            state.hosts.inSet = part
            state.isBehind = true
        }
    }

    /// Takes note that there will be no further set.
    ///
    /// - Parameter reason: Why what is stored after the last one is in none; nil when nothing is.
    package func noteNoFurtherSet(because reason: String?) {
        state.withLock { state in
            guard !state.hosts.isOver else { return }
            state.hosts.isOver = true
            state.hosts.unagreed = reason
        }
    }

    // MARK: The start

    /// Takes out of a listing what hosts have under plain names and in no set of all: it would be mixed with the set.
    ///
    /// A job that ends because of a host that was lost leaves such files; nothing of them is removed.
    ///
    /// - Parameters:
    ///   - generation: The set that is restored.
    ///   - listing: What the store has.
    /// - Returns: What a person should know, a sentence each.
    /// - Throws: `ObjectStoreError`; a part that is not whole has published nothing.
    func leaveOutUnagreed(
        _ generation: Generation?,
        _ listing: inout CheckpointStore.Listing
    ) async throws -> [String] {
        var notes: [String] = []
        var listed: [ObjectKey: ContentDigest]?
        for (host, parts) in listing.parts.sorted(by: { $0.key < $1.key }) {
            guard let newest = parts.max(), newest.number > generation?.parts[host] ?? 0 else { continue }
            let part: Generation
            do {
                part = try await remote.generation(newest, of: host)
            } catch let error as ObjectStoreError where error.code == .damaged || error.code == .notFound {
                continue
            }
            let known = listed ?? Dictionary(generation?.files.map { ($0.key, $0.digest) } ?? []) { first, _ in first }
            listed = known
            let newer = part.files.filter { known[$0.key] != $0.digest }
            let other = Set(newer.map { remote.layout.plain($0.key) })
            let present = listing.plain.filter { other.contains($0.key) }
            guard !present.isEmpty else { continue }
            listing.plain.removeAll { other.contains($0.key) }
            notes.append(
                "\(host) stored newer versions of \(counted(present.count, "file")) that no set of all hosts has, and that are "
                    + "not restored: " + named(present.map { remote.store.address(of: $0.key).escaped() })
            )
        }
        return notes
    }

    /// Remembers what the store has of several hosts.
    ///
    /// - Parameters:
    ///   - generation: The set that was restored.
    ///   - listing: What the store has.
    ///   - state: What is known.
    func adoptSets(_ generation: Generation?, _ listing: CheckpointStore.Listing, in state: inout State) {
        state.hosts.base = generation?.number ?? 0
        state.sets = listing.manifests.map(\.name)
        // Its own folder is each host's; all others are the leader's, or those of a job of one host.
        guard hosts?.isLeader ?? true else { return }
        if hosts != nil { state.hosts.baseSet = generation }
        let present: Set<String?> = hosts.map { Set($0.all) } ?? [nil]
        let files = Dictionary(grouping: generation?.files ?? [], by: \.host)
        let needed = files.mapValues { Set($0.map(\.digest)) }
        for (host, digests) in listing.blobs where !present.contains(host) {
            let unneeded = digests.subtracting(needed[host] ?? [])
            state.strangers += unneeded.map { remote.layout.blob($0, host: host) }
        }
    }

    // MARK: A part

    /// Takes note of a part that is stored.
    ///
    /// - Parameters:
    ///   - number: Its number.
    ///   - replaced: What it does not need any more.
    ///   - state: What is known.
    func notePart(_ number: Int, replacing replaced: [ContentDigest], in state: inout State) {
        let name = CheckpointLayout.ManifestName(number: number, run: remote.run)
        state.hosts.part = name
        state.manifests.append(name)
        state.hosts.replaced.append(HostsState.Replaced(number: number, digests: Set(replaced)))
    }

    /// Removes parts, and contents of this host, that neither of the last two sets has.
    func removeUnneededParts() async {
        let keys = state.withLock { state -> [ObjectKey] in
            guard !state.isRivalled else { return [] }
            let oldest = state.hosts.inSetBefore
            let parts = state.manifests.filter { $0.number < oldest }
            state.manifests.removeAll { $0.number < oldest }
            var unneeded = state.looseBefore
            for old in state.hosts.replaced where old.number <= oldest { unneeded.formUnion(old.digests) }
            state.hosts.replaced.removeAll { $0.number <= oldest }
            state.looseBefore = state.loose
            state.loose = []
            for entry in state.tracker.stored.values { unneeded.remove(entry.digest) }
            for kept in state.hosts.replaced { unneeded.subtract(kept.digests) }
            state.blobs.subtract(unneeded)
            defer { state.strangers = [] }
            let names = parts.map { remote.layout.manifest($0, of: remote.layout.host) }
            return names + unneeded.map(remote.layout.blob) + state.strangers
        }
        await remove(keys)
    }
}

extension HostsState {
    /// The newest part that a set has; what was restored counts as one.
    var newestAgreed: Int { max(base, inSet) }

    /// The newest part whose contents plain names may show: that of a set, and at the end each: a person may want it.
    var newestShown: Int { isOver ? .max : newestAgreed }
}
