import BraketAPI
import BraketEnvironment
import EntryPoint
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

extension Job {
    /// Starts the script, waits for its end and says why it failed.
    ///
    /// - Parameter script: The prepared script.
    /// - Returns: nil when it succeeded.
    func runScript(_ script: PreparedScript) async -> JobFailure? {
        let phaseStart = ContinuousClock.now
        defer { script.launch.launcher?.close() }
        // The script starts only now; a stop that came between two phases must not be lost.
        if let request = signals.stopRequest {
            return JobFailure(.stopped, .stopped, "Stopped on request (\(request.summary)) before the script began.")
        }
        if let trainingEnvironment = script.trainingEnvironment {
            printLine("Training Env:\n\n\(trainingEnvironment)\n")
        }
        printLine(.invoking)
        printLine("")
        printLine(script.launch.shownCommand)
        printLine("")
        printLine(.runningCode)
        record.noteScriptStart()
        let child: ChildProcess
        do throws(SupervisionError) {
            child = try ChildProcess.spawn(script.launch.specification)
        } catch {
            return JobFailure(
                .notExecutable,
                error.code == .notExecutable ? .scriptArchive : .internalFault,
                "The entry point could not be started.",
                details: ["\(error)"]
            )
        }
        record.event(.running, "process \(child.processID): \(script.launch.shownCommand)")
        let end = await supervise(child)
        printLine(.codeFinished)
        let verdict = ScriptVerdict(
            end: end,
            report: script.launch.launcher?.readReport(),
            timeLimitSeconds: configuration.maxRuntimeSeconds,
            failedRequirements: script.failedRequirements
        )
        note(end, verdict, since: phaseStart)
        return verdict.failure
    }

    private func supervise(_ child: ChildProcess) async -> SupervisedEnd {
        let limit = configuration.maxRuntimeSeconds.map { start + .seconds($0) - .now }
        let supervisor = ScriptSupervisor(
            grace: Self.scriptGrace(ofSeconds: configuration.settings.graceSeconds),
            timeLimit: limit.map { max($0, .zero) }
        )
        return await supervisor.supervise(child, signals: signals) { [logger] event in
            switch event {
            case .stopping(let initiator, let grace):
                let seconds = grace.components.seconds
                logger.notice("\(initiator.summary): the script was told to end and has \(seconds) s")
            case .forwarded(let signal):
                logger.info("passed on \(signal.summary)")
            case .killed(let afterGrace):
                logger.warning(
                    afterGrace
                        ? "the script did not end in time and was killed"
                        : "a second stop request: the script was killed"
                )
            }
        }
    }

    /// The part of a stop's budget that is the script's: a quarter, at most 30 s, is kept for what must be stored.
    ///
    /// - Parameter seconds: The whole budget; the platform's is 120 s between SIGTERM and SIGKILL (contract §7.1).
    /// - Returns: How long the script has.
    static func scriptGrace(ofSeconds seconds: Int) -> Duration {
        .seconds(seconds) - min(.seconds(30), .milliseconds(seconds * 250))
    }

    private func note(_ end: SupervisedEnd, _ verdict: ScriptVerdict, since phaseStart: ContinuousClock.Instant) {
        let usage = end.exit.usage
        record.set(
            "script",
            [
                "exitCode": .number(JSONNumber(Int(end.exit.shellCode))),
                "peakMemoryBytes": .number(JSONNumber(usage.peakMemoryBytes)),
                "cpuSeconds": [
                    "user": .number(JSONNumber(usage.userSeconds)), "system": .number(JSONNumber(usage.systemSeconds)),
                ],
            ]
        )
        if let traceback = verdict.traceback { record.set("traceback", .string(traceback)) }
        record.finished(.run, since: phaseStart)
        logger.info(
            "script ended",
            metadata: [
                "exit.code": "\(end.exit.shellCode)", "memory.peak": "\(humanBytes(usage.peakMemoryBytes))",
                "cpu.seconds": "\(JSONNumber((usage.userSeconds + usage.systemSeconds).rounded(toPlaces: 2)).text)",
            ]
        )
    }
}

extension SupervisedEnd.Initiator {
    /// Who ended the script, as the beginning of a sentence.
    var summary: String {
        switch self {
        case .script: "the script ended"
        case .stopRequest(let signal): "stop request (\(signal.summary))"
        case .timeLimit: "time limit"
        }
    }
}

extension Double {
    /// The number rounded to a number of decimals.
    func rounded(toPlaces places: Int) -> Double {
        let factor = (0..<places).reduce(1.0) { result, _ in result * 10 }
        return (self * factor).rounded() / factor
    }
}
