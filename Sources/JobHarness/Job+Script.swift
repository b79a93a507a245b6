import BraketAPI
import BraketEnvironment
import Checkpoints
import EntryPoint
import Logging
import ObjectStorage
import OutputLog
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
            child = try spawnScript(script.launch.specification)
        } catch {
            return JobFailure(
                .notExecutable,
                error.code == .notExecutable ? .scriptArchive : .internalFault,
                "The entry point could not be started.",
                details: ["\(error)"]
            )
        }
        BlockingPool.shared.submit { [reserve, folder = paths.output] in reserve.take(in: folder) }
        let evidenceWatch = await EvidenceWatch.begin()
        record.event(.running, "process \(child.processID): \(script.launch.shownCommand)")
        let watch = JobWatch(self, child, launcher: script.launch.launcher, relay: output.relay)
        let end = await whileShippingLog { await supervise(child, evidenceWatch, watch) }
        cluster?.noteEnd(at: end.endedAt)
        await drainOutput()
        printLine(.codeFinished)
        if let line = end.swept.summary { logger.notice("\(line)") }
        if let line = end.swept.warning { logger.warning("\(line)") }
        let usage = watch.finish(end)
        let report = script.launch.launcher?.readReport()
        var evidence = await evidenceWatch.end(processID: child.processID, script.launch, report, configuration)
        evidence.lastLine = output.relay?.lastLine
        evidence.lastSafeCheckpoint = checkpoints.map { $0.safePoint.generation }.flatMap { $0 > 0 ? "\($0)" : nil }
        let verdict = ScriptVerdict(
            end: end,
            report: report,
            timeLimitSeconds: configuration.maxRuntimeSeconds,
            failedRequirements: script.failedRequirements,
            evidence: evidence
        )
        if verdict.failure == nil, evidence.memoryKills > 0 {
            logger.warning(
                "the script succeeded, though the kernel killed \(counted(evidence.memoryKills, "process", plural: "processes")) of it for want of memory"
            )
        }
        note(end, verdict, since: phaseStart)
        return verdict.failure?.adding([usage].compactMap { $0.map { "The script used: \($0)." } })
    }

    private func supervise(
        _ child: ChildProcess,
        _ evidenceWatch: EvidenceWatch,
        _ watch: JobWatch
    ) async -> SupervisedEnd {
        var supervisor = makeSupervisor()
        supervisor.triggers.append { await watch.stop() }
        if let cluster { supervisor.triggers.append(clusterTrigger(cluster)) }
        watch.start()
        return await supervisor.supervise(child, signals: signals) { [self] event in
            switch event {
            case .told(let initiator):
                logger.notice("\(initiator.summary): the script was told to end")
                tellOthers(initiator)
                record.set("stop", ["by": .string(initiator.summary)])
            // Said where the time is shared, with how.
            case .stopping: break
            case .forwarded(let signal):
                evidenceWatch.passedOn(signal)
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
        case .preemption(let notice): notice
        case .stall(let seconds): "stalled for \(seconds) s"
        case .cluster(let notice): notice
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
