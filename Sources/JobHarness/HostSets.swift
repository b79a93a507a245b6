import Checkpoints
import Logging
import MultiInstance
import RunnerCore
import Synchronization

/// Makes one set of checkpoints of what all hosts of a job have stored: the hosts say up to where they are, the leader
/// makes the set, and only then do the files get their plain names (`Checkpoints/README.md`).
final class HostSets: Sendable {
    private let sync: CheckpointSync
    private let session: ClusterSession
    private let hosts: CheckpointHosts
    private let logger: Logger
    private let agreement: Mutex<HostAgreement>
    private let news = Doorbell()
    private let isOver = Latch<Bool>()
    private let hasStarted = Atomic(false)
    private let said = Mutex<(clashes: Set<String>, obstacle: String?)>(([], nil))

    /// Makes this host's side; nil where each host has a place of its own.
    ///
    /// - Parameters:
    ///   - sync: The sync of the checkpoint folder.
    ///   - session: The channel between the hosts.
    ///   - logger: The runner's own log.
    init?(_ sync: CheckpointSync, _ session: ClusterSession, logger: Logger) {
        guard let hosts = sync.hosts else { return nil }
        self.sync = sync
        self.session = session
        self.hosts = hosts
        self.logger = logger
        agreement = Mutex(
            HostAgreement(
                hosts: hosts.all,
                intervalSeconds: Double(sync.settings.interval.components.seconds),
                now: Self.seconds()
            )
        )
    }

    /// On a leader that keeps no checkpoints with the others: says so to those that do, which would wait.
    ///
    /// - Parameter session: The channel between the hosts.
    static func announceNone(_ session: ClusterSession) {
        session.announce(checkpointSet: ["over": "the first host keeps no checkpoints with the others"])
    }

    private static func seconds() -> Double { Double(monotonicNanoseconds()) / 1e9 }

    /// Begins to say and to hear, unless it has; returns at once.
    ///
    /// - Parameter wake: Makes the loop that stores catch up with a new set.
    func start(_ wake: @escaping @Sendable () -> Void) {
        guard !hasStarted.exchange(true, ordering: .relaxed) else { return }
        say(sync.part)
        // All end with the channel, which every job comes to.
        Task { await hear(wake) }
        guard hosts.isLeader else { return }
        Task { [session] in
            for await item in session.checkpointNews { take(item) }
        }
        Task { await makeSets() }
    }

    /// Says up to where this host is.
    func say(_ part: HostPart) { session.stored(checkpoints: part.json) }

    /// Says this host's last part, and waits until it is in a set, or known not to come into one.
    ///
    /// - Parameter part: The part.
    /// - Throws: `CancellationError`.
    func agree(_ part: HostPart) async throws {
        say(part)
        guard await isOver.value() != nil else { throw CancellationError() }
    }

    /// On the leader: which sets the hosts restored, when that is not one; waits a second at most for all to say it.
    func basesThatDiffer() async -> String? {
        guard hosts.isLeader else { return nil }
        // They said it before they were ready; here it may be on its way from one thread to the other.
        for _ in 0..<20 where !agreement.withLock({ $0.isComplete }) { try? await Task.sleep(for: .milliseconds(50)) }
        return agreement.withLock { $0.basesThatDiffer }
    }

    // MARK: What the leader says

    private func hear(_ wake: @Sendable () -> Void) async {
        for await json in session.checkpointSets {
            if let set = HostSet(json) {
                sync.noteSet(set)
                wake()
            } else {
                sync.noteNoFurtherSet(because: json["over"]?.stringValue)
                isOver.set(true)
            }
        }
        let leader = hosts.all.first ?? "the leader"
        sync.noteNoFurtherSet(because: "\(leader), which makes the sets, is not there any more")
        isOver.set(true)
    }

    // MARK: On the leader

    private func take(_ item: CheckpointNews) {
        switch item {
        case .part(let json, let rank):
            guard let part = HostPart(json), hosts.all.indices.contains(rank) else { return }
            let rest = part.isSettled ? "nothing newer" : "something newer"
            logger.debug("checkpoints: \(hosts.all[rank]) has stored part \(part.number), \(rest)")
            agreement.withLock { $0.take(part, from: rank, now: Self.seconds()) }
        case .gone(let rank):
            agreement.withLock { $0.lose(rank, now: Self.seconds()) }
        }
        news.ring()
    }

    private func makeSets() async {
        while !Task.isCancelled {
            switch agreement.withLock({ $0.decision(now: Self.seconds()) }) {
            case .wait:
                sayObstacle()
                _ = await news.wait(atMost: .milliseconds(500))
            case .make(let parts, let isPartial):
                await make(parts, isPartial: isPartial)
            case .over(let reason):
                return session.announce(checkpointSet: reason.map { ["over": .string($0)] } ?? ["isOver": true])
            }
        }
    }

    private func make(_ parts: [HostPart], isPartial: Bool) async {
        do {
            let set = try await sync.makeSet(parts, isPartial: isPartial)
            agreement.withLock { $0.made(parts, now: Self.seconds()) }
            session.announce(checkpointSet: set.json)
            say(clashes: set.clashes)
        } catch {
            let count = agreement.withLock { agreement in
                agreement.failed()
                return agreement.failures
            }
            // Once: the store may be away for hours.
            logger.log(
                level: count == 1 ? .warning : .debug,
                "checkpoints: no set of all hosts could be made: \(error)"
            )
            _ = await news.wait(atMost: min(.seconds(30), .seconds(1 << min(count, 5))))
        }
    }

    /// Says why there is no set when that lasts.
    private func sayObstacle() {
        let obstacle = agreement.withLock { $0.standstill(now: Self.seconds()) }
        let isNews = said.withLock { said in
            defer { said.obstacle = obstacle }
            return said.obstacle != obstacle
        }
        guard isNews, let obstacle else { return }
        logger.warning("CHECKPOINTS ARE NOT SAFE: what the hosts have stored makes no set: \(obstacle)")
    }

    private func say(clashes: [String: String]) {
        let fresh = said.withLock { said in
            defer { said.clashes.formUnion(clashes.keys) }
            return clashes.keys.filter { !said.clashes.contains($0) }.sorted().map { $0.escaped() }
        }
        guard !fresh.isEmpty else { return }
        let advice = "put the host's name into the file's, or give --checkpoint-per-host"
        logger.warning(
            "checkpoints: several hosts write \(named(fresh)) with different contents, sets have the first host's: \(advice)"
        )
    }
}
