package import RunnerCore

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
        /// The machine is about to be taken away; the notice in words.
        case preemption(notice: String)
        /// The script did nothing for so many seconds.
        case stall(seconds: Int)
        /// Another host of the job; why, in words.
        case cluster(notice: String)
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
    /// When the script itself had ended; nil when that was not seen.
    package var endedAt: ContinuousClock.Instant?
}

extension SupervisedEnd {
    /// Makes the end of a process that somebody else has seen, and that ended by itself.
    package init(of exit: ProcessExit) {
        self.init(exit: exit, initiator: .script, wasKilled: false, graceUsed: nil)
    }
}

/// What the supervisor tells while the script runs.
package enum SupervisionEvent: Sendable {
    /// The script was told to end.
    case told(SupervisedEnd.Initiator)
    /// It has this long.
    case stopping(SupervisedEnd.Initiator, grace: Duration)
    /// Any other signal was passed on.
    case forwarded(ReceivedSignal)
    /// The grace is over, or a second stop request ended it: the group was killed.
    case killed(afterGrace: Bool)
}

extension StopSignal {
    /// The signal to send.
    ///
    /// - Parameter initiator: Who ends the script.
    /// - Returns: nil for none.
    package func number(for initiator: SupervisedEnd.Initiator) -> Int32? {
        switch (self, initiator) {
        case (.none, _): nil
        case (.number(let number), _): number
        case (.asReceived, .stopRequest(let signal)): signal.number
        case (.asReceived, _): SIGTERM
        }
    }
}

/// Runs the script to its end: passes signals on, keeps the time limit, and ends what does not end by itself.
package struct ScriptSupervisor: Sendable {
    /// Waits until the script is to be ended for a reason of its own: a time limit, a notice of the platform.
    ///
    /// Returns the reason, or nil when there will be none; is cancelled when the script has ended.
    package typealias Trigger = @Sendable () async -> SupervisedEnd.Initiator?

    /// What tells the script to end.
    package var stopSignal = StopSignal.asReceived
    /// What else ends the script.
    package var triggers: [Trigger] = []
    /// Which signals that are no stop requests announce an end nevertheless, and how it is called.
    package var announces: @Sendable (ReceivedSignal) -> SupervisedEnd.Initiator? = { _ in nil }
    /// Is done before the script is told, so that its handler finds it done; must not block for long.
    package var beforeStop: @Sendable (SupervisedEnd.Initiator) -> Void = { _ in }
    /// How long the script has between the request to end and SIGKILL; asked once, after the script was told.
    package var grace: @Sendable (SupervisedEnd.Initiator) async -> Duration

    /// Makes a supervisor.
    ///
    /// - Parameter grace: How long the script has between the request to end and SIGKILL; asked once.
    package init(grace: @escaping @Sendable (SupervisedEnd.Initiator) async -> Duration) {
        self.grace = grace
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
        let (begun, announce) = AsyncStream.makeStream(of: SupervisedEnd.Initiator.self)
        let shutdown = ScriptShutdown(child: child, supervisor: self, announce: announce, report: report)
        let handler: JobSignals.Handler = { shutdown.handle($0) }
        let exit = await signals.withHandler(handler) {
            await withTaskGroup(of: ProcessExit?.self) { group in
                group.addTask {
                    let (exit, swept) = await child.waitAndSweep { shutdown.sweepTerms() }
                    shutdown.note(swept)
                    return exit
                }
                group.addTask {
                    for await initiator in begun { await shutdown.endGrace(initiator) }
                    return nil
                }
                for trigger in triggers {
                    group.addTask {
                        if let initiator = await trigger() { shutdown.begin(initiator) }
                        return nil
                    }
                }
                group.addTask {
                    await releaseMemoryOnceQuiet()
                    return nil
                }
                while let finished = await group.next() {
                    guard let exit = finished else { continue }
                    announce.finish()
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
