import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// How the supervised script came to its end.
package struct SupervisedEnd: Sendable {
    /// Who brought the end about.
    package enum Initiator: Hashable, Sendable {
        /// The script itself, or somebody else's signal to it.
        case script
        /// A stop request that reached the runner.
        case stopRequest(ReceivedSignal)
        /// The time limit.
        case timeLimit
    }

    /// How the process ended.
    package let exit: ProcessExit
    /// Who brought it about.
    package let initiator: Initiator
    /// true when the grace was over and SIGKILL had to be sent.
    package let wasKilled: Bool
    /// How long the script had after it was told to end.
    package let graceUsed: Duration?
    /// What it left behind and the supervisor ended.
    package var swept = SweepResult()
}

/// What the supervisor tells while the script runs.
package enum SupervisionEvent: Sendable {
    /// The script was told to end and has this long.
    case stopping(SupervisedEnd.Initiator, grace: Duration)
    /// Any other signal was passed on.
    case forwarded(ReceivedSignal)
    /// The grace is over, or a second stop request ended it: the group was killed.
    case killed(afterGrace: Bool)
}

/// Runs the script to its end: passes signals on, keeps the time limit, and ends what does not end by itself.
package struct ScriptSupervisor: Sendable {
    /// How long the script has between the request to end and SIGKILL.
    package var grace: Duration
    /// The time limit; nil for none.
    package var timeLimit: Duration?
    /// What a stop request and the time limit send to the script; nil passes on the signal that came.
    package var stopSignal: Int32?

    /// Makes a supervisor.
    package init(grace: Duration, timeLimit: Duration?, stopSignal: Int32? = nil) {
        self.grace = grace
        self.timeLimit = timeLimit
        self.stopSignal = stopSignal
    }

    /// Waits for the script's end.
    ///
    /// - Parameters:
    ///   - child: The running script.
    ///   - signals: The runner's signals.
    ///   - report: Gets what happens, on any thread; must not block.
    /// - Returns: How it ended, with nothing of its group left alive.
    package func supervise(
        _ child: ChildProcess,
        signals: JobSignals,
        report: @escaping @Sendable (SupervisionEvent) -> Void
    ) async -> SupervisedEnd {
        let (timers, arm) = AsyncStream.makeStream(of: Timer.self)
        let shutdown = Shutdown(child: child, supervisor: self, arm: arm, report: report)
        if let timeLimit { arm.yield(Timer(after: timeLimit) { shutdown.begin(.timeLimit) }) }
        let handler: JobSignals.Handler = { shutdown.handle($0) }
        let exit = await signals.withHandler(handler) {
            await withTaskGroup(of: ProcessExit?.self) { group in
                group.addTask {
                    let (exit, swept) = await child.waitAndSweep { shutdown.sweepTerms() }
                    shutdown.note(swept)
                    return exit
                }
                group.addTask { await runTimers(timers) }
                group.addTask {
                    await releaseMemoryOnceQuiet()
                    return nil
                }
                while let finished = await group.next() {
                    guard let exit = finished else { continue }
                    arm.finish()
                    group.cancelAll()
                    return exit
                }
                return ProcessExit(
                    cause: .exited(code: ExitCode.internalFault.rawValue),
                    usage: ProcessExit.Usage(userSeconds: 0, systemSeconds: 0, peakMemoryBytes: 0)
                )
            }
        }
        return shutdown.end(exit)
    }
}

/// Something to do after a time.
private struct Timer: Sendable {
    let after: Duration
    let action: @Sendable () -> Void

    init(after: Duration, action: @escaping @Sendable () -> Void) {
        self.after = after
        self.action = action
    }
}

/// Runs each timer of the stream until the task is cancelled.
private func runTimers(_ timers: AsyncStream<Timer>) async -> ProcessExit? {
    await withDiscardingTaskGroup { group in
        for await timer in timers {
            group.addTask {
                guard (try? await Task.sleep(for: timer.after, clock: .continuous)) != nil else { return }
                timer.action()
            }
        }
        group.cancelAll()
    }
    return nil
}

/// The state of one shutdown: first request, grace, kill.
private final class Shutdown: Sendable {
    private struct State {
        var initiator: SupervisedEnd.Initiator?
        var begun: ContinuousClock.Instant?
        var killed = false
        /// The stop signals that came, each once.
        var requests: Set<Int32> = []
        /// The script's own end has come; what it left behind is being ended.
        var ended: ContinuousClock.Instant?
        var swept = SweepResult()
    }

    private let child: ChildProcess
    private let supervisor: ScriptSupervisor
    private let arm: AsyncStream<Timer>.Continuation
    private let report: @Sendable (SupervisionEvent) -> Void
    private let state = Mutex(State())
    /// Ends the stragglers' grace.
    private let hurry = CancellationFlag()

    init(
        child: ChildProcess,
        supervisor: ScriptSupervisor,
        arm: AsyncStream<Timer>.Continuation,
        report: @escaping @Sendable (SupervisionEvent) -> Void
    ) {
        self.child = child
        self.supervisor = supervisor
        self.arm = arm
        self.report = report
    }

    /// Acts on a signal to the runner, on the signal thread.
    func handle(_ signal: ReceivedSignal) {
        if signal.isStopRequest {
            begin(.stopRequest(signal))
        } else {
            child.signalGroup(signal.number)
            report(.forwarded(signal))
        }
    }

    /// Begins the shutdown; a second stop request of the same kind ends the grace at once.
    ///
    /// TERM and HUP come together when a terminal or a service manager ends: that is one request, not two, and a
    /// HUP passed on would end a script that is busy with its TERM.
    func begin(_ initiator: SupervisedEnd.Initiator) {
        // How the script ended is settled; only the sweep can still be shortened.
        if state.withLock({ $0.ended != nil }) { return hurry.cancel() }
        let (isFirst, isRepeated) = state.withLock { state in
            var isRepeated = false
            if case .stopRequest(let signal) = initiator { isRepeated = !state.requests.insert(signal.number).inserted }
            guard state.initiator == nil else { return (false, isRepeated) }
            state.initiator = initiator
            state.begun = .now
            return (true, isRepeated)
        }
        guard isFirst else {
            guard case .stopRequest(let signal) = initiator else { return }
            if isRepeated || signal.number == SIGINT { kill(afterGrace: false) }
            return
        }
        child.signalGroup(signal(for: initiator))
        report(.stopping(initiator, grace: supervisor.grace))
        arm.yield(Timer(after: supervisor.grace) { self.kill(afterGrace: true) })
    }

    func end(_ exit: ProcessExit) -> SupervisedEnd {
        state.withLock { state in
            SupervisedEnd(
                exit: exit,
                initiator: state.initiator ?? .script,
                wasKilled: state.killed,
                graceUsed: state.begun.map { (state.ended ?? .now) - $0 },
                swept: state.swept
            )
        }
    }

    /// The script itself has ended: what it left behind has what remains of the stop's grace, or some seconds.
    func sweepTerms() -> StragglerSweep.Terms {
        state.withLock { state in
            state.ended = .now
            guard let begun = state.begun else {
                return StragglerSweep.Terms(grace: StragglerSweep.grace, hurry: hurry)
            }
            let remaining = state.killed ? .zero : supervisor.grace - (.now - begun)
            return StragglerSweep.Terms(grace: remaining, groupWasTold: true, hurry: hurry)
        }
    }

    func note(_ swept: SweepResult) {
        state.withLock { $0.swept = swept }
    }

    private func signal(for initiator: SupervisedEnd.Initiator) -> Int32 {
        if let stopSignal = supervisor.stopSignal { return stopSignal }
        if case .stopRequest(let signal) = initiator { return signal.number }
        return SIGTERM
    }

    private func kill(afterGrace: Bool) {
        let isFirst = state.withLock { state in
            defer { state.killed = true }
            return !state.killed
        }
        hurry.cancel()
        guard isFirst else { return }
        child.signalGroup(SIGKILL)
        report(.killed(afterGrace: afterGrace))
    }
}
