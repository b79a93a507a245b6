import BraketEnvironment
import Checkpoints
import Logging
import MultiInstance
import ObjectStorage
import RunnerCore
import Synchronization

/// Stores a job's checkpoints from their restore to the job's end, and says up to where they are safe: in the log, in the
/// record as `runner.safe`, and in the reason of a failure.
final class CheckpointKeeper: Sendable {
    private let sync: CheckpointSync
    private let record: RecordKeeper
    private let logger: Logger
    /// What was said last of why nothing can be stored; nil before the first word.
    private let saidProblem = Mutex<String??>(nil)
    private let running = Mutex<(loop: CheckpointLoop, task: Task<Void, Never>)?>(nil)
    /// The sets of all hosts; nil in a job of one host, or one with a place for each.
    private let sets: HostSets?

    /// Makes the keeper of a job.
    ///
    /// - Parameters:
    ///   - sync: The sync of the checkpoint folder.
    ///   - record: Gets `runner.safe`.
    ///   - session: The channel of a job of several hosts; nil for one.
    ///   - logger: The runner's own log.
    init(sync: CheckpointSync, record: RecordKeeper, session: ClusterSession?, logger: Logger) {
        self.sync = sync
        sets = session.flatMap { HostSets(sync, $0, logger: logger) }
        self.record = record
        self.logger = logger
    }

    /// Restores the checkpoints.
    ///
    /// - Returns: What came and what stayed.
    /// - Throws: `ObjectStoreError`; `CancellationError`.
    func restore() async throws -> RestoreReport {
        let progress = TransferProgress()
        let report = try await reporting(progress, of: "checkpoints", logger) { [sync] in
            try await sync.restore(progress: progress)
        }
        for note in report.notes { logger.warning("checkpoints: \(note)") }
        return report
    }

    /// Begins to store while the script runs; returns at once.
    func start() {
        let loop = CheckpointLoop(sync) { [self] event in take(event) }
        // It ends with `flush`, which every job comes to: the script's run is no scope that could hold it.
        let task = Task { await loop.run() }
        running.withLock { $0 = (loop, task) }
        sets?.start { loop.wake() }
    }

    /// Ends the storing of the script's time and stores what is left.
    ///
    /// - Returns: What was stored, and what is not safe.
    /// - Throws: `CancellationError`.
    func flush() async throws -> FlushReport {
        if let (loop, task) = running.withLock({ $0 }) {
            loop.end()
            await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
        }
        // A job that fails before the restore has not begun to.
        sets?.start {}
        let progress = TransferProgress()
        let report = try await reporting(progress, of: "checkpoints", logger) { [sync] in
            try await sync.flush(progress: progress, agree: sets?.agree)
        }
        note(report)
        return report
    }

    /// Says what is not safe because storing was cut short.
    ///
    /// - Parameter reason: What cut it short.
    /// - Returns: What is not safe, a line each.
    func cutShort(because reason: String) -> [String] {
        let report = sync.cutShort(because: reason)
        note(report)
        return report.unsafe
    }

    /// The last word, in the log and in the record.
    private func note(_ report: FlushReport) {
        guard let verdict = report.verdict else { return }
        if report.isSafe {
            logger.info("checkpoints: \(verdict)")
        } else {
            logger.error("checkpoints: \(verdict)")
        }
        var safe = report.safePoint.json
        safe["verdict"] = .string(verdict)
        record.set("safe", .object(safe))
    }

    /// Makes sure that all hosts begin with the same set.
    ///
    /// - Throws: `JobFailure` on the leader when they do not.
    func checkBases() async throws(JobFailure) {
        guard let bases = await sets?.basesThatDiffer() else { return }
        throw JobFailure(
            .checkpointsUnreadable,
            .inputs,
            "The hosts restored different sets of checkpoints.",
            details: [
                "\(bases): the others' newest set cannot be restored there; --resume remote on all hosts shows why"
            ]
        )
    }

    /// Whether this host takes part in sets of all hosts.
    var isShared: Bool { sets != nil }

    /// Up to where the checkpoints are safe.
    var safePoint: SafePoint { sync.safePoint }

    /// The safe point for a failure's reason; nil when there are no checkpoints.
    var safeSummary: String? {
        let point = safePoint
        guard point.files > 0 || point.generation > 0 else { return nil }
        return "checkpoints: \(point.summary)"
    }

    private func take(_ event: CheckpointEvent) {
        switch event {
        case .moved(let point):
            record.set("safe", .object(point.json))
            say(point)
        case .heartbeat(let point):
            record.set("safe", .object(point.json))
            logger.info("checkpoints: \(point.summary)", metadata: ["checkpoint.generation": "\(point.generation)"])
        case .lagging(let point):
            record.set("safe", .object(point.json))
            let reason = point.problem ?? "the files keep changing, or the store is slow"
            logger.warning(
                "CHECKPOINTS ARE NOT SAFE: \(point.summary), the oldest for \(point.lag.components.seconds) s: \(reason)"
            )
        case .warning(let text):
            logger.warning("checkpoints: \(text)")
        case .part(let part):
            sets?.say(part)
        }
    }
}

extension CheckpointKeeper {
    /// Says the safe point where it is news: the first set, and when storing begins or ceases to fail.
    ///
    /// A script that writes every three seconds would else have twenty lines a minute.
    private func say(_ point: SafePoint) {
        let isNews = saidProblem.withLock { said in
            defer { said = .some(point.problem) }
            return said.map { ($0 == nil) != (point.problem == nil) } ?? true
        }
        if isNews, let problem = point.problem {
            logger.warning("checkpoints: \(point.summary); \(problem)")
        } else {
            logger.log(
                level: isNews ? .info : .debug,
                "checkpoints: \(point.summary)",
                metadata: ["checkpoint.generation": "\(point.generation)"]
            )
        }
    }
}

extension CheckpointSettings {
    /// The settings of a job.
    ///
    /// - Parameters:
    ///   - policy: What was given.
    ///   - isShared: Whether several hosts keep sets together: what one has of its own would be mixed with the set.
    init(_ policy: CheckpointPolicy, isShared: Bool) {
        self.init()
        interval = .seconds(policy.intervalSeconds)
        quiet = .seconds(policy.quietSeconds)
        lagWarning = .seconds(policy.lagWarningSeconds)
        mirrorsDeletions = policy.mirrorsDeletions
        resume =
            switch policy.resume ?? (isShared ? .remote : .newest) {
            case .newest: .newest
            case .local: .local
            case .remote: .remote
            }
    }
}
