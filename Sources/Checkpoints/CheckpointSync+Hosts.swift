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
    /// The newest part of this host; 0 for none.
    var part = 0
    /// Since when a part is in no set.
    var waitsSince: ContinuousClock.Instant?
    /// The part of this host that the newest set has.
    var inSet = 0
    /// The one that the set before has: what is older goes.
    var inSetBefore = 0
    /// What later parts replaced.
    var replaced: [Replaced] = []
    /// Files that were restored from their plain names, and are nowhere else.
    var plainOnly: Set<ObjectKey> = []
    /// Whether there will be no further set.
    var isOver = false
    /// Why what is stored after the last set is in none; nil when nothing is.
    var unagreed: String?
    /// On the leader: what making a set needs.
    var making = SetMaking()

    /// The newest part that a set has; what was restored counts as one.
    var newestAgreed: Int { max(base, inSet) }

    /// Whether a plain name may show a content: when a set has it, and at the end in any case, because a person may
    /// want it - but not over the only copy of what no set has.
    func mayShow(_ key: ObjectKey, since part: Int) -> Bool {
        part <= newestAgreed || (isOver && !plainOnly.contains(key))
    }
}

extension CheckpointSync {
    /// Up to where this host's part is stored.
    package var part: HostPart {
        state.withLock { state in
            var part = HostPart()
            part.base = state.hosts.base
            part.number = state.hosts.part
            part.run = remote.run
            part.isSettled = state.isRestored && state.tracker.isSettled && state.problems.isEmpty
            return part
        }
    }

    /// Takes note of a part that is stored.
    ///
    /// - Parameters:
    ///   - number: Its number.
    ///   - replaced: What it does not need any more.
    ///   - state: What is known.
    func notePart(_ number: Int, replacing replaced: [ContentDigest], in state: inout State) {
        state.hosts.part = number
        state.hosts.waitsSince = state.hosts.waitsSince ?? .now
        state.manifests.append(CheckpointLayout.ManifestName(number: number, run: remote.run))
        state.hosts.replaced.append(HostsState.Replaced(number: number, digests: Set(replaced)))
    }

    // MARK: What the leader says

    /// Takes note of a set of all hosts; ``catchUp()`` does what follows.
    ///
    /// - Parameter set: The set.
    package func noteSet(_ set: HostSet) {
        guard let hosts else { return }
        state.withLock { state in
            guard set.number > state.newest?.number ?? 0 else { return }
            state.newest = CheckpointLayout.ManifestName(number: set.number, run: set.run)
            state.takenAt = .now
            state.bytes = set.bytes
            state.isRivalled = state.isRivalled || set.isRivalled
            let part = set.parts[hosts.current] ?? 0
            state.hosts.inSetBefore = state.hosts.inSet
            state.hosts.inSet = part
            state.hosts.waitsSince = state.hosts.part > part ? .now : nil
            state.isBehind = true
            // Another host has written what this one removed.
            if !set.again.isEmpty {
                let again = Set(set.again)
                state.toRemove = state.toRemove.filter { !again.contains($0.description) }
            }
            // The plain name is for the content that the set has.
            let lost = set.clashes.filter { $0.value != hosts.current }
            guard !lost.isEmpty else { return }
            for key in state.unpublished.keys where lost[key.description] != nil { state.unpublished[key] = nil }
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

    // MARK: Garbage

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
