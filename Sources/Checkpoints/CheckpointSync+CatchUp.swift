import Logging
import ObjectStorage
import RunnerCore
import Synchronization

extension CheckpointSync {
    // MARK: Plain names

    /// Gives what the newest set has its plain names, and removes what no set needs any more.
    ///
    /// - Returns: Whether there was a set since the last time.
    @discardableResult
    package func catchUp() async -> Bool {
        let isBehind = state.withLock { state in
            defer { state.isBehind = false }
            return state.isBehind
        }
        guard isBehind else { return false }
        await publish()
        if hosts == nil { await collectGarbage() } else { await removeUnneededParts() }
        return true
    }

    /// Copies what is stored to the plain names that do not have it yet, and removes those that are to go.
    ///
    /// What fails is tried again with the next generation and at the end.
    func publish() async {
        let (files, names) = state.withLock { state in
            let files = state.unpublished.keys.compactMap { key in
                state.tracker.stored[key].map { (key: key, entry: $0, elsewhere: state.elsewhere[key]) }
            }
            guard hosts != nil else { return (files, Array(state.toRemove)) }
            // A plain name gets only what a set of all hosts has.
            let isAllAgreed = state.hosts.part <= state.hosts.newestAgreed
            return (
                files.filter { state.hosts.mayShow($0.key, since: $0.entry.since) },
                isAllAgreed ? Array(state.toRemove) : []
            )
        }
        await forEachKept(files) { [self] key, entry, elsewhere in
            do {
                let content = elsewhere ?? remote.blob(entry.digest, sizeBytes: entry.sizeBytes)
                try await remote.copy(content, to: remote.layout.plain(key))
                state.withLock { $0.unpublished[key] = nil }
            } catch let error as ObjectStoreError {
                state.withLock { $0.unpublished[key] = error.description }
                // The others would each wait for a store that is not there.
                if error.code == .unavailable { throw error }
            }
        }
        await forEachKept(names) { [self] key in
            do {
                try await remote.store.delete(remote.layout.plain(key))
                state.withLock { state in
                    state.toRemove.remove(key)
                    // Parts say what was removed since the restore, all of it each time.
                    if hosts == nil { state.gone.remove(key) }
                }
            } catch {
                logger.debug("not removed", metadata: ["checkpoint.key": "\(key)", "reason": "\(error)"])
            }
        }
    }

    // MARK: Garbage

    /// Removes manifests and contents that none of the last two generations needs.
    private func collectGarbage() async {
        let keys = state.withLock { state -> [ObjectKey] in
            // Another run's manifests may name what ours do not.
            guard !state.isRivalled else { return [] }
            let manifests = Array(state.manifests.dropFirst(2))
            state.manifests.removeLast(manifests.count)
            var unneeded = state.looseBefore
            state.looseBefore = state.loose.subtracting(state.looseBefore)
            state.loose = []
            if !unneeded.isEmpty || !state.garbage.isEmpty || !state.looseBefore.isEmpty {
                for entry in state.tracker.stored.values {
                    unneeded.remove(entry.digest)
                    state.garbage.remove(entry.digest)
                    state.looseBefore.remove(entry.digest)
                }
                unneeded.subtract(state.garbage)
            }
            state.blobs.subtract(unneeded)
            defer { state.strangers = [] }
            return manifests.map(remote.layout.manifest) + unneeded.map(remote.layout.blob) + state.strangers
        }
        await remove(keys)
    }

    /// Removes objects that nothing needs any more.
    ///
    /// - Parameter keys: Which.
    func remove(_ keys: [ObjectKey]) async {
        await forEachKept(keys) { [self] key in
            do {
                try await remote.store.delete(key)
            } catch {
                // It costs storage until the next run finds it.
                logger.debug("not removed", metadata: ["checkpoint.key": "\(key)", "reason": "\(error)"])
            }
        }
    }

    /// Runs what keeps its errors for each of some elements, several at once.
    private func forEachKept<Element: Sendable>(
        _ elements: [Element],
        _ body: @escaping @Sendable (Element) async throws -> Void
    ) async {
        // A body keeps its error, and throws only to end the others.
        try? await forEachConcurrently(elements, limit: transfersAtOnce) { try await body($0) }
    }
}
