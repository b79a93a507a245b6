import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The state of one shutdown: first request, grace, kill.
final class ScriptShutdown: Sendable {
    private struct State {
        var initiator: SupervisedEnd.Initiator?
        var begun: ContinuousClock.Instant?
        var killed = false
        var requests = StopRequests()
        /// How long the script has, once that is known.
        var grace: Duration?
        /// The script's own end has come; what it left behind is being ended.
        var ended: ContinuousClock.Instant?
        var swept = SweepResult()
    }

    private let child: ChildProcess
    private let supervisor: ScriptSupervisor
    private let announce: AsyncStream<SupervisedEnd.Initiator>.Continuation
    private let report: @Sendable (SupervisionEvent) -> Void
    private let state = Mutex(State())
    /// Ends the stragglers' grace.
    private let hurry = CancellationFlag()

    /// Makes the shutdown of a running script, which nobody has asked for yet.
    ///
    /// - Parameters:
    ///   - child: The script.
    ///   - supervisor: The rules.
    ///   - announce: Gets who began the shutdown, once.
    ///   - report: Gets what happens.
    init(
        child: ChildProcess,
        supervisor: ScriptSupervisor,
        announce: AsyncStream<SupervisedEnd.Initiator>.Continuation,
        report: @escaping @Sendable (SupervisionEvent) -> Void
    ) {
        self.child = child
        self.supervisor = supervisor
        self.announce = announce
        self.report = report
    }

    /// Acts on a signal to the runner, on the signal thread.
    func handle(_ signal: ReceivedSignal) {
        if signal.isStopRequest {
            let level = state.withLock { $0.requests.receive(signal.number) }
            begin(.stopRequest(signal))
            if level > 1 { kill(afterGrace: false) }
        } else if let announced = supervisor.announces(signal) {
            begin(announced, passing: signal.number)
        } else {
            child.signalGroup(signal.number)
            report(.forwarded(signal))
        }
    }

    /// Begins the shutdown; only the first reason counts.
    ///
    /// - Parameters:
    ///   - initiator: Who ends the script.
    ///   - announcement: The signal that said so, when it was no stop request: the script may wait for just that one.
    func begin(_ initiator: SupervisedEnd.Initiator, passing announcement: Int32? = nil) {
        // How the script ended is settled; only the sweep can still be shortened.
        if state.withLock({ $0.ended != nil }) { return hurry.cancel() }
        let isFirst = state.withLock { state in
            guard state.initiator == nil else { return false }
            state.initiator = initiator
            state.begun = .now
            return true
        }
        guard isFirst else { return }
        supervisor.beforeStop(initiator)
        let number = supervisor.stopSignal == .asReceived ? announcement : nil
        if let number = number ?? supervisor.stopSignal.number(for: initiator) { child.signalGroup(number) }
        report(.told(initiator))
        announce.yield(initiator)
    }

    /// Waits for the end of the grace and kills what is left; cancelled when the script has ended.
    func endGrace(_ initiator: SupervisedEnd.Initiator) async {
        guard let begun = state.withLock({ $0.begun }) else { return }
        let grace = await supervisor.grace(initiator)
        state.withLock { $0.grace = grace }
        report(.stopping(initiator, grace: grace))
        guard (try? await Task.sleep(until: begun + grace, clock: .continuous)) != nil else { return }
        kill(afterGrace: true)
    }

    /// What came of it.
    func end(_ exit: ProcessExit) -> SupervisedEnd {
        state.withLock { state in
            SupervisedEnd(
                exit: exit,
                initiator: state.initiator ?? .script,
                wasKilled: state.killed,
                graceUsed: state.begun.map { (state.ended ?? .now) - $0 },
                swept: state.swept,
                endedAt: state.ended
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
            let remaining = (state.grace ?? StragglerSweep.grace) - (.now - begun)
            return StragglerSweep.Terms(
                grace: state.killed ? .zero : remaining,
                groupWasTold: supervisor.stopSignal != .none,
                hurry: hurry
            )
        }
    }

    /// Takes note of what was ended after the script.
    func note(_ swept: SweepResult) {
        state.withLock { $0.swept = swept }
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
