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
    init(end: SupervisedEnd, report: LaunchReport?, timeLimitSeconds: Int?, failedRequirements: [String] = []) {
        traceback = report?.failure?.traceback
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
        case .script:
            failure = Self.failure(of: end.exit, report, failedRequirements)
        }
    }

    private static func failure(
        of exit: ProcessExit,
        _ report: LaunchReport?,
        _ failedRequirements: [String]
    ) -> JobFailure? {
        switch exit.cause {
        case .exited(code: 0):
            return nil
        case .exited(let code):
            guard let reported = report?.failure else { return silentExit(code, report) }
            return failure(reported, code, failedRequirements)
        case .signalled(let number, let coreDumped):
            let core = coreDumped ? "; a core was written" : ""
            return JobFailure(
                .signalled,
                code: exit.shellCode,
                "The script was ended by \(signalName(number)) (signal \(number))\(core).",
                details: ["Its largest process held \(humanBytes(exit.usage.peakMemoryBytes)) at the most."]
            )
        }
    }

    /// An exit without a word: os._exit, or a program that is not Python.
    private static func silentExit(_ code: Int32, _ report: LaunchReport?) -> JobFailure {
        if let report, !report.started {
            return JobFailure(
                .exitWithCode,
                code: code,
                "Python ended with exit code \(code) before the script began.",
                details: ["The end of the log says why."]
            )
        }
        return JobFailure(.exitWithCode, code: code, "The script ended itself with exit code \(code).")
    }

    private static func failure(
        _ reported: LaunchReport.Failure,
        _ code: Int32,
        _ failedRequirements: [String]
    ) -> JobFailure {
        var details = [reported.place.map { "at \($0)" }, reported.hint].compactMap { $0 }
        if ["ModuleNotFoundError", "ImportError"].contains(reported.type) {
            details += failedRequirements.map { "An install failed before: \($0)" }
        }
        switch reported.kind {
        // The job is wrong, not the script: no function of it ran.
        case .missingEntry: return JobFailure(.entryPointMissing, .scriptArchive, reported.line, details: details)
        case .importError: return JobFailure(.importError, code: code, reported.line, details: details)
        case .binding: return JobFailure(.bindingError, code: code, reported.line, details: details)
        case .exception: return JobFailure(.userException, code: code, reported.line, details: details)
        case .exit where Int(reported.message) != nil:
            return JobFailure(
                .exitWithCode,
                code: code,
                "The script ended itself with exit code \(code).",
                details: details
            )
        case .exit: return JobFailure(.exitWithText, code: code, reported.line, details: details)
        }
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
