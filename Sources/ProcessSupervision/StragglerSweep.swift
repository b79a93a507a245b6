package import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What the script left behind and the runner ended.
package struct SweptProcess: Hashable, Sendable {
    /// The first 15 bytes of its program's name.
    package let name: String
    /// Its number.
    package let processID: Int32

    /// Makes one.
    package init(name: String, processID: Int32) {
        self.name = name
        self.processID = processID
    }
}

/// What came of a sweep.
package struct SweepResult: Hashable, Sendable {
    /// What was ended, in the order in which it was found.
    package var ended: [SweptProcess] = []
    /// What could not be ended: it waits in the kernel, or starts successors faster than they can be found.
    package var survivors: [SweptProcess] = []

    /// Makes a result.
    package init(ended: [SweptProcess] = [], survivors: [SweptProcess] = []) {
        self.ended = ended
        self.survivors = survivors
    }

    /// The log's line: `ended 2 processes that the script left behind: sleep (41), worker (44)`; nil for none.
    package var summary: String? {
        ended.isEmpty ? nil : "ended \(Self.list(ended)) that the script left behind: " + Self.names(ended)
    }

    /// The log's line about what is still there; nil for none.
    package var warning: String? {
        survivors.isEmpty ? nil : "could not end \(Self.list(survivors)) of the script: " + Self.names(survivors)
    }

    private static func list(_ processes: [SweptProcess]) -> String {
        processes.count == 1 ? "1 process" : "\(processes.count) processes"
    }

    private static func names(_ processes: [SweptProcess], limit: Int = 8) -> String {
        let shown = processes.prefix(limit).map { "\($0.name.escaped()) (\($0.processID))" }.joined(separator: ", ")
        return processes.count > limit ? shown + " and \(processes.count - limit) more" : shown
    }
}

/// Ends the stragglers of a script, whatever group or session they are in: SIGTERM, the grace, SIGKILL.
///
/// The script's descendants are the runner's, less the runner's own helpers: as a subreaper it gets every orphan.
package struct StragglerSweep: Sendable {
    /// How long stragglers have between SIGTERM and SIGKILL when the script ended by itself.
    package static let grace: Duration = .seconds(5)
    /// How long SIGKILL is repeated for what starts new processes all the time.
    static let killing: Duration = .seconds(10)

    /// What a sweep is told when the script has ended.
    package struct Terms: Sendable {
        /// How long stragglers have; zero or less is none.
        package let grace: Duration
        /// Whether the script's group was told to end with the script: a second SIGTERM would cut handlers short.
        package let groupWasTold: Bool
        /// Set when there is no more time.
        package let hurry: CancellationFlag

        /// Makes terms.
        package init(grace: Duration, groupWasTold: Bool = false, hurry: CancellationFlag = CancellationFlag()) {
            self.grace = grace
            self.groupWasTold = groupWasTold
            self.hurry = hurry
        }
    }

    /// The script's group, whose first process is reaped already.
    private let group: Int32
    private let left: any StragglerSource
    private let cgroup: ScriptCgroup?

    /// Makes a sweep of what a script left behind.
    ///
    /// - Parameters:
    ///   - group: The script's group.
    ///   - left: Where to look.
    ///   - cgroup: The script's own cgroup; nil when it had none.
    init(group: Int32, left: any StragglerSource, cgroup: ScriptCgroup? = nil) {
        self.group = group
        self.left = left
        self.cgroup = cgroup
    }

    /// Ends what is left.
    ///
    /// Blocks for as long as the stragglers take, at most the grace and ten seconds.
    ///
    /// - Parameter terms: How much time there is.
    /// - Returns: What was ended.
    package func run(_ terms: Terms) -> SweepResult {
        // The usual end of a script.
        if left.isOver() { return SweepResult() }
        var seen = Seen()
        letThemGo(terms)
        tell(terms, &seen)
        end(&seen)
        return SweepResult(ended: seen.order.map(SweptProcess.init), survivors: left.processes().map(SweptProcess.init))
    }

    /// Waits a moment for what ends with the script by itself, as Python's resource tracker does.
    private func letThemGo(_ terms: Terms) {
        let deadline = ContinuousClock.now + min(terms.grace, .milliseconds(100))
        while ContinuousClock.now < deadline, let first = left.processes().first { ProcessHandle(first)?.waitBriefly() }
    }

    /// Sends SIGTERM to each process once and waits until none is left or the grace is over.
    private func tell(_ terms: Terms, _ seen: inout Seen) {
        let deadline = ContinuousClock.now + terms.grace
        while !terms.hurry.isCancelled, ContinuousClock.now < deadline {
            let found = left.processes()
            guard let first = found.first else { return }
            for entry in found where seen.insert(entry) && !(terms.groupWasTold && entry.groupID == group) {
                guard let process = ProcessHandle(entry) else { continue }
                process.send(SIGTERM)
                // One that was stopped would hear of it never.
                process.send(SIGCONT)
            }
            // Whichever it is: when it has ended the others are looked at again.
            ProcessHandle(first)?.waitBriefly()
        }
    }

    /// Sends SIGKILL until nothing is left.
    ///
    /// A process that starts its successor and ends is gone before a signal to its number arrives; a signal to a
    /// group leaves no moment in between.
    private func end(_ seen: inout Seen) {
        let deadline = ContinuousClock.now + Self.killing
        var rounds = 0
        var empty = 0
        // Without a name of them nobody would learn that anything was ended.
        if !left.isOver() { cgroup?.freeze() }
        while !left.isOver(), empty < 2 || left.isAlone, ContinuousClock.now < deadline {
            // Killed one by one they would have new children all the time: first all are made to stand still.
            if rounds > 1 { freeze() }
            let found = left.processes()
            cgroup?.kill()
            let reaped = left.reapedOrphans()
            for group in Set(found.map(\.groupID) + reaped.map(\.groupID) + [group])
            where isOurs(group, found) && kill(-group, SIGKILL) == 0 {
                if let entry = reaped.last(where: { $0.groupID == group }) { seen.insert(entry) }
            }
            for entry in found {
                seen.insert(entry)
                ProcessHandle(entry)?.send(SIGKILL)
            }
            empty = found.isEmpty ? empty + 1 : 0
            rounds += 1
            if let last = found.last { ProcessHandle(last)?.waitBriefly() } else { usleep(2000) }
        }
    }

    /// Tells whether a group is still that of the stragglers.
    ///
    /// Its number is taken as long as one of them is in it. Somebody else's it can be only when a process had that
    /// number since: then there is one of that number that is none of ours.
    private func isOurs(_ group: Int32, _ found: [ProcessEntry]) -> Bool {
        guard group > 1, group != getpgrp() else { return false }
        guard let leader = ProcessEntry.read(group) else { return true }
        if leader.isZombie { return found.contains { $0.groupID == group } }
        return found.contains { $0.processID == group && $0.startTicks == leader.startTicks }
    }

    /// Stops all that is left until no new process is found, or for twenty looks.
    private func freeze() {
        var stopped = Seen()
        for _ in 0..<20 {
            let new = left.processes().filter { stopped.insert($0) }
            if new.isEmpty { return }
            for entry in new { ProcessHandle(entry)?.send(SIGSTOP) }
        }
    }

    /// Processes in the order in which they were found, each once.
    private struct Seen {
        private(set) var order: [ProcessEntry] = []
        private var known: Set<[UInt64]> = []

        @discardableResult
        mutating func insert(_ entry: ProcessEntry) -> Bool {
            let isNew = known.insert([UInt64(entry.processID), entry.startTicks]).inserted
            if isNew { order.append(entry) }
            return isNew
        }
    }
}

extension StragglerSweep {
    /// Ends every descendant that this process has left, when all that it started has ended.
    ///
    /// - Parameter grace: How long they have between SIGTERM and SIGKILL.
    /// - Returns: What was ended; nothing where orphans do not come to this process.
    package static func endAll(grace: Duration) async -> SweepResult {
        guard OrphanReaper.isActive else { return SweepResult() }
        return await withCheckedContinuation { continuation in
            BlockingPool.shared.submit {
                let sweep = StragglerSweep(group: 0, left: OwnDescendants())
                continuation.resume(returning: OrphanReaper.sweeping { sweep.run(Terms(grace: grace)) })
            }
        }
    }
}

extension SweptProcess {
    fileprivate init(_ entry: ProcessEntry) {
        self.init(name: entry.name, processID: entry.processID)
    }
}
