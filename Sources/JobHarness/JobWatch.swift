import BraketEnvironment
import EntryPoint
import Logging
import OutputLog
import ProcessSupervision
import RunnerCore
import ScriptWatch
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The watch over a job's script: puts what it notices into log and record, and ends a stalled script when asked to.
final class JobWatch: Sendable {
    /// How many stalls the record keeps, the last ones.
    private static let maximumStalls = 5
    /// How many lines of Python's stacks go to the log; the record has more.
    private static let maximumLoggedLines = 60

    private let record: RecordKeeper
    private let logger: Logger
    private let subject: ScriptWatcher.Subject
    private let watcher = Mutex<ScriptWatcher?>(nil)
    private let stalls = Mutex<[JSONValue]>([])
    private let stops = AsyncStream.makeStream(of: SupervisedEnd.Initiator.self)

    /// Prepares the watch; nothing is looked at yet.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - child: The running script.
    ///   - launcher: What runs it, when Python does.
    ///   - relay: What hands its output on, when we do.
    init(_ job: Job, _ child: ChildProcess, launcher: PythonLauncher?, relay: OutputRelay?) {
        record = job.record
        logger = job.logger
        let configuration = job.configuration
        var subject = ScriptWatcher.Subject(scriptID: child.processID, stall: configuration.settings.stall)
        let paths = configuration.paths
        subject.disks = [paths.model, configuration.checkpointDirectory].map(\.string)
        let folders = [paths.model, paths.outputData, configuration.checkpointDirectory, paths.extracted, paths.code]
        // One below another is walked with it.
        subject.workFolders = folders.filter { folder in
            !folders.contains { $0 != folder && folder.starts(with: $0) }
        }.map(\.string)
        subject.path = getenv("PATH").map { String(cString: $0) }
        subject.stacks = launcher.map { Self.stacks(of: $0, child.processID) }
        if let relay { subject.outputBytes = { relay.bytesWritten } }
        self.subject = subject
    }

    /// Begins to watch.
    func start() {
        let watcher = ScriptWatcher(subject) { [self] event in
            switch event {
            case .stalled(let stall):
                note(stall)
                if stall.action == .stop { stops.continuation.yield(.stall(seconds: stall.seconds)) }
            case .resumed(let seconds):
                logger.notice("the script goes on after \(groupedDigits(seconds)) s in which it did nothing")
            case .usage(let usage):
                record.set("usage", usage.json)
            }
        }
        self.watcher.withLock { $0 = watcher }
        watcher.run()
    }

    /// Waits until a stall is to end the script.
    ///
    /// - Returns: The stall; nil when the task was cancelled, because the script has ended.
    func stop() async -> SupervisedEnd.Initiator? {
        for await stall in stops.stream { return stall }
        return nil
    }

    /// Ends the watch and notes what the script used.
    ///
    /// - Parameter end: How the script ended.
    /// - Returns: The peaks in one line, for the verdict: `peak 3.1 of 30 GiB, 1.2 of 16 cores`.
    @discardableResult
    func finish(_ end: SupervisedEnd) -> String? {
        guard let usage = watcher.withLock({ $0 })?.finish(end.exit.usage) else { return nil }
        record.set("usage", usage.json)
        logger.info("the script used: \(usage.line)")
        return usage.line
    }

    private func note(_ stall: Stall) {
        logger.warning("stalled: \(stall.summary)")
        let lines = (stall.pythonStacks ?? "").split(separator: "\n")
        for line in lines.prefix(Self.maximumLoggedLines) { logger.warning("python: \(line)") }
        if lines.count > Self.maximumLoggedLines {
            logger.warning("python: \(lines.count - Self.maximumLoggedLines) more lines are in the record")
        }
        let all = stalls.withLock { stalls in
            stalls.append(stall.json)
            if stalls.count > Self.maximumStalls { stalls.removeFirst() }
            return stalls
        }
        record.set("stalls", .array(all))
    }

    private static func stacks(of launcher: PythonLauncher, _ processID: Int32) -> ScriptWatcher.StackSource {
        let request = OffsetBox()
        return ScriptWatcher.StackSource(
            request: {
                let offset = launcher.requestStacks(of: processID)
                request.offset.withLock { $0 = offset }
                return offset != nil
            },
            read: {
                let offset = request.offset.withLock { $0 }
                return offset.flatMap { launcher.stacks(from: $0, limitBytes: 64 * 1024) }
            }
        )
    }
}

/// Where the report ended when the stacks were asked for.
private final class OffsetBox: Sendable {
    let offset = Mutex<Int64?>(nil)
}
