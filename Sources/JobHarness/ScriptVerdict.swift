import EntryPoint
import ProcessSupervision
import RunnerCore
import ScriptWatch

/// Why the script ended, in words and as an exit code: the one mapping from a script's end to the job's.
struct ScriptVerdict: Sendable {
    /// Why the job failed; nil when the script succeeded.
    let failure: JobFailure?
    /// The traceback of the user's exception, for the record.
    let traceback: String?

    /// Judges an end.
    ///
    /// - Parameters:
    ///   - end: How the process ended and who brought it about.
    ///   - report: What the launcher said; nil when no Python ran.
    ///   - timeLimitSeconds: The limit, for the words.
    ///   - failedRequirements: What could not be installed under `--requirements warn`.
    ///   - evidence: What else is known.
    init(
        end: SupervisedEnd,
        report: LaunchReport?,
        timeLimitSeconds: Int?,
        failedRequirements: [String] = [],
        evidence: EndEvidence = EndEvidence()
    ) {
        traceback = report?.failure?.traceback
        let failure: JobFailure?
        switch end.initiator {
        case .stopRequest(let signal):
            failure = JobFailure(
                .stopped,
                .stopped,
                "Stopped on request (\(signal.summary)): \(Self.howItEnded(end))."
            )
        case .timeLimit:
            failure = JobFailure(
                .timeLimit,
                .timeLimit,
                "Time limit of \(timeLimitSeconds ?? 0) s reached: \(Self.howItEnded(end))."
            )
        case .preemption(let notice):
            failure = JobFailure(.preempted, .stopped, "Preempted: \(notice): \(Self.howItEnded(end)).")
        case .stall(let seconds):
            failure = JobFailure(
                .stalled,
                .timeLimit,
                "Stalled: no output, CPU, I/O or file change for \(groupedDigits(seconds)) s; \(Self.howItEnded(end))."
            )
        case .cluster(let notice):
            failure = JobFailure(.clusterStopped, .hostLost, "Stopped because \(notice): \(Self.howItEnded(end)).")
        case .script:
            let rules = EndRules(
                exit: end.exit,
                report: report,
                evidence: evidence,
                failedRequirements: failedRequirements
            )
            failure = rules.failure()
        }
        self.failure = failure?.adding(end: end.exit, report: report?.failure, evidence: evidence)
    }

    private static func howItEnded(_ end: SupervisedEnd) -> String {
        let used = end.graceUsed.map { duration in
            let (seconds, attoseconds) = duration.components
            return " after \(seconds).\(attoseconds / 100_000_000_000_000_000) s"
        }
        let how =
            switch end.exit.cause {
            case .exited(let code): "the script ended itself with exit code \(code)"
            case .signalled(let number, _): "the script was ended by \(signalName(number))"
            }
        return how + (used ?? "")
    }
}
