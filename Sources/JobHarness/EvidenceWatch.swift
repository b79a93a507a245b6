import BraketEnvironment
import EntryPoint
import ObjectStorage
import ProcessSupervision
import RunnerCore
import Synchronization
import SystemEvidence
import SystemPackage

/// Gathers the evidence of a script's end: the counters when it starts, everything else when it is over.
///
/// Nothing runs in between.
final class EvidenceWatch: Sendable {
    private let before: SystemReading
    private let log: KernelLog
    private let started: ContinuousClock.Instant
    private let forwarded = Mutex<[ReceivedSignal]>([])

    private init(before: SystemReading, log: KernelLog, started: ContinuousClock.Instant) {
        self.before = before
        self.log = log
        self.started = started
    }

    /// Takes the first reading; to be called when the script has been started, so that it does not wait for it.
    static func begin() async -> EvidenceWatch {
        let started = ContinuousClock.now
        let watch = try? await BlockingPool.shared.run { _ in
            EvidenceWatch(before: .current(), log: KernelLog(), started: started)
        }
        // The work throws nothing; without a reading the verdict has fewer numbers.
        return watch ?? EvidenceWatch(before: SystemReading(), log: KernelLog(), started: started)
    }

    /// Remembers a signal that was passed on to the script.
    func passedOn(_ signal: ReceivedSignal) {
        forwarded.withLock { forwarded in
            forwarded.append(signal)
            // A script that is steered by signals gets thousands of them.
            if forwarded.count > 40 { forwarded.removeFirst(20) }
        }
    }

    /// Takes the last reading.
    ///
    /// - Parameters:
    ///   - processID: The script's process, which has ended.
    ///   - launch: How it was started.
    ///   - report: What the launcher said.
    ///   - configuration: The job, for its folders.
    /// - Returns: What was found.
    func end(
        processID: Int32,
        _ launch: ScriptLaunch,
        _ report: LaunchReport?,
        _ configuration: JobConfiguration
    ) async -> EndEvidence {
        var evidence = EndEvidence()
        evidence.elapsed = ContinuousClock.now - started
        evidence.processID = processID
        evidence.program = launch.specification.executable.lastComponent?.string ?? "the script"
        evidence.workingFolder = configuration.paths.extracted.string
        evidence.scriptFolder = configuration.paths.extracted.string
        evidence.forwarded = forwarded.withLock { $0 }
        let folders = Self.folders(launch, report, configuration)
        let known = evidence
        let filled = try? await BlockingPool.shared.run { _ in self.read(into: known, folders, report) }
        return filled ?? evidence  // The work throws nothing.
    }

    private func read(into known: EndEvidence, _ folders: [String], _ report: LaunchReport?) -> EndEvidence {
        var evidence = known
        evidence.system = SystemChange(before: before, after: .current())
        evidence.kernelEvents = log.newEvents()
        evidence.kernelCountsAsWeDo = KernelLog.countsAsWeDo
        evidence.limits = .current()
        evidence.corePattern = .current()
        evidence.disks = folders.compactMap { DiskSpace.of($0) }
        evidence.crashSource = report?.crash?.place(in: known.scriptFolder).flatMap { Self.source(of: $0) }
        return evidence
    }

    /// The folders that a script writes to; the place that its exception names comes first.
    private static func folders(
        _ launch: ScriptLaunch,
        _ report: LaunchReport?,
        _ configuration: JobConfiguration
    ) -> [String] {
        let paths = configuration.paths
        let temporary = launch.specification.environment.last { $0.name == "TMPDIR" }?.value ?? "/tmp"
        var folders = [paths.model.string, configuration.checkpointDirectory.string, paths.extracted.string, temporary]
        if let file = report?.failure?.causes.file {
            // The file itself may not have come to be.
            folders.insert(paths.extracted.pushing(FilePath(file)).removingLastComponent().string, at: 0)
        }
        var seen: Set<String> = []
        return folders.filter { seen.insert($0).inserted }
    }

    private static func source(of frame: PythonFrame) -> String? {
        // A file that is gone or is none has no line to show.
        guard let text = try? readSmallFile(FilePath(frame.file)) else { return nil }
        let line = text.split(separator: "\n", maxSplits: frame.line, omittingEmptySubsequences: false)
        return frame.line >= 1 && line.count >= frame.line ? String(line[frame.line - 1]).trimmed() : nil
    }
}
