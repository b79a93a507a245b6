import Logging
import ObjectStorage
import RunnerCore
import Synchronization

/// What the leader of a job keeps to make sets of all hosts.
struct SetMaking: Sendable {
    /// The set that all restored; nil for none.
    var base: Generation?
    /// The newest set that it made.
    var last: Generation?
    /// The newest part of each host that there was at the restore.
    var seen: [String: Int] = [:]
    /// The parts that were read last, by host.
    var parts: [String: Generation] = [:]
    /// The sets of the store.
    var sets: [CheckpointLayout.ManifestName] = []
}

extension CheckpointSync {
    /// On the leader: makes the set of these parts.
    ///
    /// - Parameters:
    ///   - parts: The parts of all hosts, by rank.
    ///   - isPartial: Whether one of them is not settled.
    /// - Returns: The set.
    /// - Throws: `ObjectStoreError`; `CancellationError`. There is no new set then.
    package func makeSet(_ parts: [HostPart], isPartial: Bool) async throws -> HostSet {
        let read = try await readParts(parts)
        let making = state.withLock { $0.hosts.making }
        var (set, clashes, again) = Generation.merging(
            making.base,
            with: read,
            after: making.last,
            number: (making.sets.map(\.number).max() ?? 0) + 1,
            run: remote.run,
            time: .now(),
            seen: making.seen
        )
        set.isPartial = set.isPartial || isPartial
        try await remote.put(set)
        let (old, isRivalled) = state.withLock { state -> ([CheckpointLayout.ManifestName], Bool) in
            // The one before is kept: that of this run, else what was restored.
            let before = (making.last ?? making.base).map { CheckpointLayout.ManifestName($0) }
            let old = state.isRivalled ? [] : making.sets.filter { $0 != before }
            state.hosts.making.sets = making.sets.filter { !old.contains($0) } + [CheckpointLayout.ManifestName(set)]
            state.hosts.making.last = set
            state.hosts.making.parts = Dictionary(uniqueKeysWithValues: read)
            return (old, state.isRivalled)
        }
        await remove(old.map(remote.layout.manifest))
        logger.debug("set of all hosts stored", metadata: ["checkpoint.generation": "\(set.number)"])
        return HostSet(set, clashes: clashes, again: again, isRivalled: isRivalled)
    }

    /// Reads the parts that are not read yet.
    private func readParts(_ parts: [HostPart]) async throws -> [(String, Generation)] {
        let known = state.withLock { $0.hosts.making.parts }
        var read: [(String, Generation)] = []
        for (host, part) in zip(hosts?.all ?? [], parts) where part.number > 0 {
            if let same = known[host], same.number == part.number {
                read.append((host, same))
            } else {
                let name = CheckpointLayout.ManifestName(number: part.number, run: part.run)
                read.append((host, try await remote.generation(name, of: host)))
            }
        }
        return read
    }

    // MARK: The start

    /// Takes out of a listing what is newer than the set under plain names: it would be mixed with it.
    ///
    /// A job that ends because of a host that was lost leaves such files.
    ///
    /// - Parameters:
    ///   - generation: The set that is restored.
    ///   - failed: Names of newer sets that turned out damaged; plain names may show those.
    ///   - listing: What the store has.
    /// - Returns: What a person should know, a sentence each.
    /// - Throws: `ObjectStoreError`.
    func leaveOutNewer(
        than generation: Generation?,
        failed: Set<ObjectKey> = [],
        _ listing: inout CheckpointStore.Listing
    ) async throws -> [String] {
        func isNewer(_ part: CheckpointLayout.ManifestName, of host: String) -> Bool {
            part.number > generation?.parts[host] ?? 0
        }
        // Of one host there is nothing to look for, and a million files would make a large table.
        guard
            !failed.isEmpty
                || listing.parts.contains(where: { host, parts in parts.contains { isNewer($0.name, of: host) } })
        else { return [] }
        var notes: [String] = []
        let known = Dictionary(generation?.files.map { ($0.key, $0.digest) } ?? []) { first, _ in first }
        var leftOut = failed.filter { known[$0] == nil }
        for (host, parts) in listing.parts.sorted(by: { $0.key < $1.key }) {
            var newer: Set<ObjectKey> = []
            for part in parts where isNewer(part.name, of: host) {
                guard let manifest = try await wholePart(part.name, of: host) else { continue }
                let names = Set(manifest.files.lazy.filter { known[$0.key] != $0.digest }.map(\.key))
                // What is older than the part was there before it: only a set, or the end of a job, copies to plain names.
                for object in listing.plain where object.modified >= part.modified {
                    let key = object.key.droppingFirst(remote.layout.base.bytes.count)
                    if names.contains(key) { newer.insert(key) }
                }
            }
            guard !newer.isEmpty else { continue }
            leftOut.formUnion(newer)
            notes.append(
                "\(host) stored newer versions of \(counted(newer.count, "file")) that no set of all hosts has, and that are "
                    + "not restored: "
                    + named(newer.sorted().map { remote.store.address(of: remote.layout.plain($0)).escaped() })
            )
        }
        let names = Set(leftOut.map(remote.layout.plain))
        if !names.isEmpty { listing.plain.removeAll { names.contains($0.key) } }
        // The next set would not know them, and the restore after it take them for somebody's.
        state.withLock { $0.leftOut = $0.leftOut.union(leftOut).filter { known[$0] == nil } }
        return notes
    }

    /// A part; nil when it is not whole, and so has published nothing.
    private func wholePart(_ name: CheckpointLayout.ManifestName, of host: String) async throws -> Generation? {
        do {
            return try await remote.generation(name, of: host)
        } catch let error as ObjectStoreError where error.code == .damaged || error.code == .notFound {
            return nil
        }
    }

    /// Remembers what the store has of several hosts.
    ///
    /// - Parameters:
    ///   - generation: The set that was restored.
    ///   - listing: What the store has.
    ///   - state: What is known.
    func adoptSets(_ generation: Generation?, _ listing: CheckpointStore.Listing, in state: inout State) {
        state.hosts.base = generation?.number ?? 0
        // The parts of this run count on from there, also when other runs removed the manifests.
        state.hosts.inSet = hosts.flatMap { generation?.parts[$0.current] } ?? 0
        if hosts != nil {
            let plain = state.elsewhere.filter { $0.value.key == remote.layout.plain($0.key) }
            state.hosts.plainOnly.formUnion(plain.keys)
        }
        // What it holds of others is the leader's to see to, or that of a job of one host.
        guard remote.layout.isFirst else { return }
        if hosts != nil { state.hosts.making.base = generation }
        state.hosts.making.sets = listing.manifests.map(\.name)
        state.hosts.making.seen = listing.parts.compactMapValues { $0.map(\.name.number).max() }
        for (host, digests) in listing.blobs where !isPresent(host) {
            let needed = Set((generation?.files ?? []).lazy.filter { $0.host == host }.map(\.digest))
            let unneeded = digests.subtracting(needed)
            state.strangers += unneeded.map { remote.layout.blob($0, host: host) }
        }
        for (host, parts) in listing.parts where !isPresent(host) {
            state.strangers += parts.map { remote.layout.manifest($0.name, of: host) }
        }
    }

    /// Whether this host sees to what a host stored: its own, and on the first one what absent hosts did.
    func isOwn(_ host: String?) -> Bool {
        host == remote.layout.host || (remote.layout.isFirst && !isPresent(host))
    }

    private func isPresent(_ host: String?) -> Bool {
        guard let hosts else { return host == nil }
        return host.map(hosts.all.contains) ?? false
    }
}

extension CheckpointLayout.ManifestName {
    /// The name of a set's manifest.
    init(_ generation: Generation) { self.init(number: generation.number, run: generation.run) }
}
