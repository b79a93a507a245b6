import EntryPoint
import ProcessSupervision
import RunnerCore
import SystemEvidence

/// The rules that say why a script failed which nobody stopped.
///
/// Pure; they decide by what the kernel and Python tell, never by the exit code alone.
/// In order: a signal (`EndRules+Signals`), Python's exception (`EndRules+Exceptions`), an exit without a word. Memory
/// (`EndRules+Memory`) has a say in all three.
struct EndRules: Sendable {
    /// How the process ended.
    let exit: ProcessExit
    /// What the launcher said; nil when no Python ran.
    let report: LaunchReport?
    /// What else is known.
    let evidence: EndEvidence
    /// What could not be installed under `--requirements warn`.
    let failedRequirements: [String]

    /// Why the script failed.
    ///
    /// - Returns: nil when it succeeded.
    func failure() -> JobFailure? {
        switch exit.cause {
        case .exited(code: 0): nil
        case .exited(let code): report?.failure.map { exception($0, code) } ?? silentExit(code)
        case .signalled(let number, let coreDumped): signalled(number, coreDumped: coreDumped)
        }
    }

    /// An exit without a word: os._exit, or a program that is not Python.
    private func silentExit(_ code: Int32) -> JobFailure {
        if let report, !report.started {
            return JobFailure(
                .exitWithCode,
                code: code,
                "Python ended with exit code \(code) before the script began.",
                details: ["The end of the log says why."] + sideEvidence
            )
        }
        if let memory = killedDescendant() {
            return JobFailure(
                .outOfMemory,
                code: code,
                memory.sentence,
                details: ["The script then ended itself with exit code \(code)."]
            ).scoped(memory.scope)
        }
        return JobFailure(
            .exitWithCode,
            code: code,
            "The script ended itself with exit code \(code).",
            details: [meaning(of: code)].compactMap { $0 } + sideEvidence + context
        )
    }

    /// What a shell means by some codes; no proof, so only a detail.
    private func meaning(of code: Int32) -> String? {
        switch code {
        case 126: "A shell ends with 126 when it may not execute a command."
        case 127: "A shell ends with 127 when it does not find a command."
        case 129...159:
            "A shell ends with \(code) when \(signalName(code - 128)) ended its last command."
        default: nil
        }
    }

    // MARK: What stands beside a reason

    /// What happened besides and may be the cause, without proof: a full disk, a crashed child, the limit of processes.
    var sideEvidence: [String] {
        var lines = evidence.fullDisks.map { "The disk is full now: \(spaceWords($0))." }
        if let crash = report?.crash {
            let place = crash.place(in: evidence.scriptFolder).map { " in \($0)" } ?? ""
            lines.append("A Python process of the script crashed: \(crash.reason.escaped(limit: 80))\(place).")
        }
        if let hits = evidence.system.processLimitHits, hits > 0 {
            let limit = evidence.system.after.processLimit.map { " of \($0)" } ?? ""
            lines.append("The cgroup's limit\(limit) processes and threads was hit \(counted(Int(hits), "time")).")
        }
        return lines
    }

    /// How long it ran and how far it came; empty when that is not known.
    var context: [String] {
        guard let elapsed = evidence.elapsed else { return [] }
        return ["Ended after \(humanDuration(elapsed))\(evidence.progress)."]
    }
}
