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
    /// Makes sure that the folder holds checkpoints of this place only.
    ///
    /// In one root, job A's `c.json` would otherwise be taken for job B's, and stored over it. A folder whose last run
    /// had another place is moved beside itself; one without a run before was filled by hand, or by an image.
    ///
    /// Blocks.
    ///
    /// - Returns: Whether what is in the folder is from an earlier run with this place.
    /// - Throws: `ObjectStoreError`.
    func claimFolder() throws -> Bool {
        try makeDirectories(folder)
        guard let claimFile else { return false }
        let earlier = try? withOpenFile(claimFile, address: claimFile.string) { descriptor in
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = try bytes.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
        if earlier?.hasSameBytes(as: claim) == true { return true }
        if let earlier, earlier.hasPrefix("\(folder)\n"),
            !(try directoryEntryNames(folder).isEmpty)
        {
            let aside = unusedSibling("previous")
            try moveTree(folder, to: aside)
            try makeDirectories(folder)
            logger.notice("checkpoints of another place were moved", metadata: ["path": "\(aside)"])
        }
        return false
    }

    /// Remembers that the folder has what this place had, and what a run of ours adds; blocks.
    ///
    /// - Throws: `ObjectStoreError`.
    func noteClaim() throws {
        guard let claimFile else { return }
        try replaceFile(claimFile, with: Array(claim.utf8))
    }

    private var claim: String { "\(folder)\n\(remote.store.address(of: remote.layout.base))" }

    /// A name beside the folder that is not taken: `checkpoints.previous-1`.
    ///
    /// - Parameter word: What it is.
    /// - Returns: The path.
    func unusedSibling(_ word: String) -> FilePath {
        let name = folder.lastComponent?.string ?? "checkpoints"
        var number = 1
        func sibling() -> FilePath { folder.removingLastComponent().appending("\(name).\(word)-\(number)") }
        while FileStatus(of: sibling(), followingLinks: false) != nil { number += 1 }
        return sibling()
    }

    /// Where a restore moves files that are there: beside the folder, and inside where that is a file system of its own.
    func asideFolder() -> FilePath {
        let beside = unusedSibling("before-restore")
        let parent = FileStatus(of: folder.removingLastComponent())?.identity.device
        guard let parent, FileStatus(of: folder)?.identity.device != parent else { return beside }
        return folder.appending("\(ownFilePrefix)-\(beside.lastComponent?.string ?? "before-restore")")
    }

    // MARK: The lease

    /// Says in the store that this run stores there, and finds out whether another one does; at most one request to
    /// read and one to write.
    ///
    /// - Parameter renews: Whether to do so although it was done before.
    /// - Throws: `ObjectStoreError`; `CancellationError`.
    func takeLease(renews: Bool = false) async throws {
        guard renews || !state.withLock({ $0.hasLease }) else { return }
        let own = Lease(run: remote.run, host: hostName(), processID: Int(getpid()), renewed: .now())
        let found = try await remote.lease()
        let rival = found.flatMap { lease in
            lease.mayRival(own) { kill(pid_t(truncatingIfNeeded: $0), 0) == 0 || errno == EPERM } ? lease : nil
        }
        try await remote.put(own)
        state.withLock { state in
            state.hasLease = true
            guard let rival, !state.isRivalled else { return }
            state.isRivalled = true
            state.rival = rival
        }
    }

    /// The other run that stores at the same place, once.
    func takeRival() -> Lease? {
        state.withLock { state in
            defer { state.rival = nil }
            return state.rival
        }
    }

    /// Takes the lease back at the end, unless another run has it.
    func dropLease() async {
        guard state.withLock({ $0.hasLease }) else { return }
        // One that stays makes the next run look whether this process is still there.
        guard let found = try? await remote.lease(), found.run == remote.run else { return }
        try? await remote.store.delete(remote.layout.lease)
    }
}

/// The name of this machine, or of its container.
private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
