import BraketEnvironment
import Checkpoints
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

extension Job {
    /// The supervisor of this job's script: what ends it, and how long it then has.
    func makeSupervisor() -> ScriptSupervisor {
        var supervisor = ScriptSupervisor { await shareBudget($0) }
        supervisor.stopSignal = configuration.settings.stopSignal
        supervisor.announces = { [notices] in notices.announcement(by: $0) }
        supervisor.beforeStop = { [stopFile] in stopFile.appear($0.summary) }
        supervisor.triggers = [{ [notices] in await notices.spotNotice() }]
        if let limit = configuration.maxRuntimeSeconds {
            let deadline = start + .seconds(limit) - TimeLimitPlan(limit: .seconds(limit), grace: grace).lead
            supervisor.triggers.append {
                // Cancelled when the script has ended.
                (try? await Task.sleep(until: deadline, clock: .continuous)) == nil ? nil : .timeLimit
            }
        }
        return supervisor
    }

    /// The whole time that a stop may take when nobody says less.
    private var grace: Duration { .seconds(configuration.settings.graceSeconds) }

    /// Shares the time that is left between the script and storing.
    ///
    /// - Parameter initiator: Who ends the script.
    /// - Returns: The script's part.
    private func shareBudget(_ initiator: SupervisedEnd.Initiator) async -> Duration {
        var total = min(grace, notices.timeLeft(for: initiator) ?? grace)
        if initiator == .timeLimit, let limit = configuration.maxRuntimeSeconds {
            total = TimeLimitPlan(limit: .seconds(limit), grace: grace).lead
        }
        if case .cluster = initiator { total = min(grace, clusterGrace()) }
        let budget = StopBudget(
            total: total,
            unsafeBytes: await unsafeBytes(),
            bytesPerSecond: throughput.bytesPerSecond
        )
        logger.notice("\(budget.summary)")
        record.set(
            "stop",
            [
                "by": .string(initiator.summary), "seconds": .number(JSONNumber(budget.total.inSeconds)),
                "scriptSeconds": .number(JSONNumber(budget.script.inSeconds)),
                "unsafeBytes": .number(JSONNumber(budget.unsafeBytes)),
            ]
        )
        return budget.script
    }

    /// What the script wrote and the store does not have yet; nothing where the platform stores it.
    private func unsafeBytes() async -> Int64 {
        guard configuration.storage.movesData else { return 0 }
        let folders = configuration.outputPath == nil ? [] : [paths.model, paths.outputData]
        let checkpointLag = checkpoints?.safePoint.lagBytes ?? 0
        // Nothing in it throws.
        return
            (try? await BlockingPool.shared.run { _ in
                (folders.map { folderBytes($0) } + [checkpointLag]).saturatingSum()
            }) ?? 0
    }
}

/// The bytes of the files below a folder, as they are just now; links are not followed.
///
/// Blocks. Of a tree with very many files the first hundred thousand are enough for a plan.
///
/// - Parameter folder: A folder, there or not.
/// - Returns: The sum.
func folderBytes(_ folder: FilePath) -> Int64 {
    var pending = [folder]
    var sum: Int64 = 0
    var rest = 100_000
    while let next = pending.popLast(), rest > 0 {
        // A folder that vanished or is closed to us counts nothing.
        for name in (try? directoryEntryNames(next)) ?? [] {
            let path = next.appending(String(decoding: name, as: UTF8.self))
            guard let status = FileStatus(of: path, followingLinks: false) else { continue }
            rest -= 1
            if status.isDirectory { pending.append(path) }
            if status.kind == .regularFile { sum = [sum, status.sizeBytes].saturatingSum() }
        }
    }
    return sum
}
