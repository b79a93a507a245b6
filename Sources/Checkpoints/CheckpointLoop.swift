import Logging
import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

/// What the continuous storing of checkpoints has to say.
package enum CheckpointEvent: Sendable {
    /// The safe point moved, or cannot move any more.
    case moved(SafePoint)
    /// It is time for a word in between.
    case heartbeat(SafePoint)
    /// Something has not been safe for longer than it may; the store's own error stands in it.
    case lagging(SafePoint)
    /// Something a person should know.
    case warning(String)
    /// Of several hosts: this one's part is another than at the look before.
    case part(HostPart)
}

/// Stores checkpoints while the script runs.
package final class CheckpointLoop: Sendable {
    /// Words in between are this far apart, and the lease is renewed as often.
    private static let heartbeat = Duration.seconds(60)
    private static let longestBackoff = Duration.seconds(30)

    /// How the last rounds went.
    private enum Condition { case idle, behind, failing }

    private let sync: CheckpointSync
    private let doorbell = Doorbell()
    private let isEnding = Atomic(false)
    private let renamed = Mutex<[FilePath]>([])
    private let saidPart = Mutex<HostPart?>(nil)
    /// Of several hosts: before when no further part is stored.
    private let nextPart = Mutex(ContinuousClock.now)
    /// For how long what happens after a look waits for the next one: ten times as long as a look takes.
    let rest = Mutex(Duration.zero)
    private let report: @Sendable (CheckpointEvent) -> Void

    /// Makes a loop that does not run yet.
    ///
    /// - Parameters:
    ///   - sync: The folder, restored.
    ///   - report: Is told what happens, from any thread.
    package init(_ sync: CheckpointSync, report: @escaping @Sendable (CheckpointEvent) -> Void) {
        self.sync = sync
        self.report = report
    }

    /// Ends the loop after what it is at.
    package func end() {
        isEnding.store(true, ordering: .relaxed)
        doorbell.ring()
    }

    /// Looks at once: a set of all hosts was made.
    package func wake() {
        doorbell.ring()
    }

    /// Watches and stores until `end` is called or the task is cancelled; errors of the store are waited out.
    package func run() async {
        let watch = DirectoryWatch { [weak self] paths in
            guard let self else { return }
            if !paths.isEmpty { renamed.withLock { $0 += paths.prefix(256) } }
            doorbell.ring()
        }
        defer { watch?.stop() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await beat() }
            await loop(watch)
            group.cancelAll()
        }
    }

    private var goesOn: Bool { !isEnding.load(ordering: .relaxed) && !Task.isCancelled }

    // MARK: Rounds

    private func loop(_ watch: DirectoryWatch?) async {
        var failures = 0
        var condition = Condition.idle
        var saidUnwatched = false
        var wait = Duration.zero
        var lookedAt = ContinuousClock.now
        while goesOn {
            let isRung = wait == .zero ? false : await doorbell.wait(atMost: wait)
            guard goesOn else { break }
            // What happens soon after a look is looked at together.
            let left = rest.withLock { $0 } - (ContinuousClock.now - lookedAt)
            if isRung, left > .zero {
                await sleep(left)
                guard goesOn else { break }
            }
            do {
                let took: Duration
                (wait, took) = try await round(watch)
                lookedAt = .now
                sync.state.withLock { $0.storeProblem = nil }
                rest.withLock { $0 = min(max(.seconds(1), took * 10), sync.settings.interval) }
                if failures > 0 || condition != .idle { condition = settle(condition) }
                failures = 0
            } catch is CancellationError {
                break
            } catch {
                failures += 1
                sync.state.withLock { $0.storeProblem = "\(error)" }
                if condition != .failing { report(.moved(sync.safePoint)) }
                condition = .failing
                wait = min(Self.longestBackoff, .seconds(1 << min(failures, 5)))
                rest.withLock { $0 = wait }
                lookedAt = .now
            }
            if !saidUnwatched, watch == nil || watch?.failure != nil {
                saidUnwatched = true
                let reason = watch?.failure.map { ": \($0)" } ?? ""
                let seconds = sync.settings.interval.components.seconds
                report(.warning("not every checkpoint folder can be watched\(reason); looking every \(seconds) s"))
            }
        }
    }

    private func settle(_ condition: Condition) -> Condition {
        let point = sync.safePoint
        if condition == .failing { report(.moved(point)) }
        return .idle
    }

    /// Sleeps, but not beyond the end.
    private func sleep(_ duration: Duration) async {
        let end = ContinuousClock.now + duration
        while goesOn, case let rest = end - .now, rest > .zero { _ = await doorbell.wait(atMost: rest) }
    }

    /// One look, and what follows from it.
    ///
    /// - Returns: After how long the next one is due if nothing happens, and how long the look took: what was stored
    ///   meanwhile must not make the next set wait.
    private func round(_ watch: DirectoryWatch?) async throws -> (wait: Duration, look: Duration) {
        if await sync.catchUp() { report(.moved(sync.safePoint)) }
        let ahead = renamed.withLock { paths in
            defer { paths = [] }
            return paths
        }
        if !ahead.isEmpty { try await sync.sendAhead(ahead) }
        let begun = ContinuousClock.now
        try await sync.look(watch)
        let took = ContinuousClock.now - begun
        sayPart()
        return (try await act(), took)
    }

    /// Does what the look calls for.
    private func act() async throws -> Duration {
        let interval = sync.settings.interval
        switch sync.state.withLock({ $0.tracker.plan(at: .now) }) {
        case .rest:
            if sync.state.withLock({ !$0.unpublished.isEmpty }) { await sync.publish() }
            return interval
        case .lookAgain(let after):
            return min(max(after, .milliseconds(100)), interval)
        case .store(let batch):
            let begun = ContinuousClock.now
            let early = nextPart.withLock { $0 } - begun
            guard early <= .zero else { return min(early, interval) }
            // A file that is written anew faster than the others are sent must not keep them unsafe for ever.
            let isLate = sync.state.withLock { $0.tracker.lag.since }.map { begun - $0 > interval * 2 } ?? false
            let outcome = try await sync.storeBatch(batch, takesRest: isLate)
            guard outcome.changed.isEmpty else { return min(sync.settings.quiet + .milliseconds(100), interval) }
            guard outcome.generation != nil else { return interval }
            // Of one host the set is safe now, and its plain names follow.
            if sync.hosts == nil { report(.moved(sync.safePoint)) }
            await sync.catchUp()
            // Each generation costs some requests.
            let pause = min(max(sync.settings.generationSpacing, (.now - begun) * 10), interval)
            if sync.hosts == nil {
                await sleep(pause)
            } else {
                // Whether there is something newer must be known all the time: else it is left out of a set.
                sayPart(afterLook: false)
                nextPart.withLock { $0 = .now + pause }
            }
            // Whatever rang meanwhile.
            return .milliseconds(1)
        }
    }

    /// Of several hosts: says up to where this one is, when that is news.
    ///
    /// - Parameter isFresh: Whether a look has just been taken: what was written while a part was sent is not seen yet.
    private func sayPart(afterLook isFresh: Bool = true) {
        guard sync.hosts != nil else { return }
        var part = sync.part
        if !isFresh { part.isSettled = false }
        let isNews = saidPart.withLock { said in
            defer { said = part }
            return said != part
        }
        if isNews { report(.part(part)) }
    }

    // MARK: Words in between

    private func beat() async {
        let period = max(.seconds(1), min(Self.heartbeat, sync.settings.lagWarning))
        var lastGeneration = 0
        var lastBeat = ContinuousClock.now
        var lastWarning: ContinuousClock.Instant?
        await renewLease()
        // Ends early when cancelled, which ends the loop.
        while (try? await Task.sleep(for: period)) != nil {
            let now = ContinuousClock.now
            let point = sync.safePoint
            if point.lag >= sync.settings.lagWarning, lastWarning.map({ now - $0 >= Self.heartbeat }) ?? true {
                lastWarning = now
                report(.lagging(point))
            }
            guard now - lastBeat >= Self.heartbeat else { continue }
            lastBeat = now
            await renewLease()
            if point.generation != lastGeneration || point.lagBytes > 0 { report(.heartbeat(point)) }
            lastGeneration = point.generation
        }
    }

    private func renewLease() async {
        do {
            try await sync.takeLease(renews: true)
            guard let rival = sync.takeRival() else { return }
            report(
                .warning(
                    "another run stores checkpoints at the same place (run \(rival.run) on \(rival.host.escaped()), process "
                        + "\(rival.processID)): the sets of both are kept whole, but only the newest is restored; give each "
                        + "run a checkpoint URI of its own, or --checkpoint-per-host"
                )
            )
        } catch {
            sync.logger.debug("the lease is not renewed", metadata: ["reason": "\(error)"])
        }
    }
}
