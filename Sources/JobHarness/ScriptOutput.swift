import BraketEnvironment
import Logging
import ObjectStorage
import OutputLog
import ProcessSupervision
import RunnerCore
import Synchronization
import SystemEvidence
import SystemPackage

/// The script's output in one job: who hands it on, and who copies its log into the store.
final class ScriptOutput: Sendable {
    private struct State {
        var relay: OutputRelay?
        var shipper: LogShipper?
    }

    private let state = Mutex(State())

    /// Makes the output of a script that was not started.
    init() {}

    /// The relay; nil before the script's start, and when its outputs are inherited.
    var relay: OutputRelay? { state.withLock { $0.relay } }

    /// Who copies the log; nil when nobody does.
    var shipper: LogShipper? { state.withLock { $0.shipper } }

    /// Sets what the script was started with.
    func set(_ relay: OutputRelay, _ shipper: LogShipper?) {
        state.withLock { $0 = State(relay: relay, shipper: shipper) }
    }
}

extension Job {
    /// Starts the script with its outputs led through a relay.
    ///
    /// - Parameter specification: The script.
    /// - Returns: The running script.
    /// - Throws: `SupervisionError` when it cannot be started.
    func spawnScript(_ specification: ProcessSpecification) throws(SupervisionError) -> ChildProcess {
        var specification = specification
        let relay = makeRelay()
        if let relay { specification.descriptors += relay.descriptors.map { .init(ours: $0.ours, theirs: $0.theirs) } }
        defer { relay?.scriptHasEnds() }
        specification.cgroup = ScriptCgroup.make(below: ControlGroup.unifiedFolder(root: FileRoot()))
        let child = try ChildProcess.spawn(specification)
        if let relay { output.set(relay, relay.log.flatMap(makeShipper)) }
        return child
    }

    /// Copies the log into the store, every few seconds, as long as something runs.
    ///
    /// - Parameter body: What runs.
    /// - Returns: What it returns.
    func whileShippingLog<R: Sendable>(_ body: () async -> R) async -> R {
        guard let shipper = output.shipper else { return await body() }
        // Leaving the scope cancels it and waits for its end.
        async let _: Void = shipper.run()
        return await body()
    }

    /// Hands on what is left of the output; to be called when the script's group has ended.
    func drainOutput() async {
        await output.relay?.finish()
    }

    /// Sends the rest of the log to the store.
    ///
    /// A log that cannot be stored is no lost result: it is said and stands in the record, and the job's end stays what
    /// it is.
    ///
    /// - Returns: Why it is not stored; nil when it is, or has no place there.
    func storeLog() async -> String? {
        await output.shipper?.send()
    }

    /// Ends the log on this machine and puts its figures into the record.
    ///
    /// - Parameter notStored: Why the store does not have all of it.
    func endLog(notStored: String?) async {
        guard let relay = output.relay else { return }
        var figures: JSONObject = ["bytes": .number(JSONNumber(relay.bytesWritten))]
        for stream in OutputStream.allCases {
            let bytes = relay.bytesWritten(to: stream)
            if bytes > 0 { figures[stream.recordName] = .number(JSONNumber(bytes)) }
        }
        if let log = relay.log {
            figures["log"] = .string(log.file.string)
            if let notStored, output.shipper != nil {
                logger.warning("log not stored", metadata: ["reason": "\(notStored)", "path": "\(log.file)"])
                figures["notStored"] = .string("log not stored: \(notStored)")
            }
            await noteObjects(&figures)
            let problem = await joined(log)
            if let problem = log.problem ?? problem { figures["logProblem"] = .string(problem) }
            figures["leftOut"] = .number(JSONNumber(log.leftOutBytes))
        }
        record.set("output", .object(figures))
    }

    private func noteObjects(_ figures: inout JSONObject) async {
        guard let shipper = output.shipper, let objects = await shipper.objects else { return }
        figures["objects"] = .number(JSONNumber(objects.count))
        figures["firstObject"] = .string(shipper.address(objects.lowerBound))
        figures["lastObject"] = .string(shipper.address(objects.upperBound))
    }

    /// Blocking work: a long tail is copied.
    private func joined(_ log: OutputLogFile) async -> String? {
        await withCheckedContinuation { continuation in
            BlockingPool.shared.submit { continuation.resume(returning: log.finish()) }
        }
    }

    // MARK: Making

    private func makeRelay() -> OutputRelay? {
        let settings = configuration.settings.log
        let plan = RelayPlan(includesTerminals: settings.isAskedFor)
        guard !plan.streams.isEmpty else { return nil }
        do throws(Errno) {
            let log = settings.file(default: paths.outputLog).map {
                OutputLogFile(file: $0, capBytes: settings.capBytes)
            }
            return try OutputRelay(plan, log: log) { [logger] in logger.warning("\($0.summary)") }
        } catch {
            logger.warning("the script's output is not logged", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func makeShipper(_ log: OutputLogFile) -> LogShipper? {
        guard configuration.storage.movesData, let output = configuration.outputPath else { return nil }
        let prefix = output + "/output/logs/\(ConfigurationFiles(paths: paths).hostName)/stdout-stderr-"
        // An address that no store takes was refused with the configuration.
        guard let location = try? DataLocation(prefix, relativeTo: paths.root),
            let (store, key) = try? stores.resolve(location)
        else { return nil }
        let place = LogShipper.Place(store: store, prefix: key, options: configuration.writeOptions)
        return LogShipper(log: log, place: place, logger: logger)
    }
}

extension RelayEvent {
    /// What happened, as a line for the runner's log.
    fileprivate var summary: String {
        switch self {
        case .readerGone(let stream):
            "nobody reads \(stream.text) any more; the script goes on, and what it writes there is in the log alone"
        case .logStopped(let reason):
            "the log of the script's output stops here: \(reason); the script goes on"
        case .heldOpen:
            "a process outside the script's group still holds its output; what it writes from now on is lost"
        }
    }
}

extension OutputStream {
    fileprivate var text: String {
        switch self {
        case .standardOutput: "standard output"
        case .standardError: "standard error"
        case .both: "standard output and error"
        }
    }

    fileprivate var recordName: String {
        switch self {
        case .standardOutput: "standardOutputBytes"
        case .standardError: "standardErrorBytes"
        case .both: "sharedBytes"
        }
    }
}
