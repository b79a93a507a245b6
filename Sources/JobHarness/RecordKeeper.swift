import BraketAPI
import BraketEnvironment
import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

/// The record of a run, written to `output/job.json` at every change.
///
/// It has the shape of GetJob's response, and everything the service does not know below `runner`. The file is
/// replaced in one step, so that a reader never sees half of it; a disk that is full does not end the job.
///
/// A change returns before it is on the disk: ext4 writes a replaced file's data out at once, 1.2 ms a time, and six
/// changes lie before the script's first line. Changes that come while one is written are written together; the last
/// one is waited for.
final class RecordKeeper: Sendable {
    /// The steps of a run that the record times.
    enum Phase: String, Sendable {
        case configuration, paths, script, requirements, inputs, checkpoints, run, results, flush
    }

    private struct State {
        var record: JobRecord
        var phases: [JSONValue] = []
        var writeError: String?
        var isScheduled = false
        var scriptStartedAt: Timestamp?
    }

    private let file: FilePath
    /// Held while the file is written: the newest state is taken inside, so that an older one never comes last.
    private let writing = Mutex(())
    private let state: Mutex<State>

    /// Starts the record of a job; the first change writes it.
    ///
    /// - Parameters:
    ///   - file: Where it is kept.
    ///   - members: The request's own members.
    ///   - createdAt: When the runner started.
    init(file: FilePath, members: JSONObject, createdAt: Timestamp) {
        self.file = file
        var record = JobRecord(status: .running, createdAt: createdAt, requestMembers: members)
        record.startedAt = createdAt
        record.runner = ["version": .string(runnerVersion)]
        state = Mutex(State(record: record))
    }

    /// When the script was started; nil when it was not.
    var scriptStartedAt: Timestamp? { state.withLock { $0.scriptStartedAt } }

    /// Notes that the script is started now.
    func noteScriptStart() {
        state.withLock { $0.scriptStartedAt = .now() }
    }

    /// Adds an event.
    func event(_ type: JobEventType, _ message: String) {
        change { $0.record.events.append(JobRecord.Event(type, at: .now(), message: message)) }
    }

    /// Sets a member below `runner`.
    func set(_ name: String, _ value: JSONValue) {
        change { $0.record.runner[name] = value }
    }

    /// Notes how long a phase took, and what it did.
    func finished(_ phase: Phase, since start: ContinuousClock.Instant, _ figures: JSONObject = [:]) {
        var entry: JSONObject = [
            "phase": .string(phase.rawValue), "seconds": .number(JSONNumber(seconds(since: start))),
        ]
        for figure in figures.members { entry[figure.name] = figure.value }
        change { state in
            state.phases.append(.object(entry))
            state.record.runner["phases"] = .array(state.phases)
        }
    }

    /// Ends the record.
    ///
    /// - Parameters:
    ///   - status: The last status.
    ///   - event: Its event.
    ///   - reason: Why the job failed.
    ///   - exitCode: What the runner ends with.
    func end(_ status: JobStatus, _ event: JobEventType, reason: String?, exitCode: Int32) {
        change { state in
            let now = Timestamp.now()
            state.record.status = status
            state.record.failureReason = reason
            state.record.endedAt = now
            state.record.billableDurationMilliseconds =
                Int(now.milliseconds - (state.record.startedAt ?? now).milliseconds)
            // A record that could not be stored turns a success into a failure: it has one end, the last one.
            let ends: [JobEventType] = [.completed, .failed, .cancelled, .maxRuntimeExceeded]
            if let last = state.record.events.last, ends.contains(last.eventType) { state.record.events.removeLast() }
            state.record.events.append(JobRecord.Event(event, at: now, message: reason ?? ""))
            state.record.runner["exitCode"] = .number(JSONNumber(Int(exitCode)))
        }
        write()
    }

    /// The record as text.
    var text: String { state.withLock { $0.record.json().serialized(pretty: true) + "\n" } }

    /// What stands below `runner`.
    var runnerMembers: JSONObject { state.withLock { $0.record.runner } }

    /// Why the record could not be written the last time; nil when it was.
    var writeError: String? { state.withLock { $0.writeError } }

    private func change(_ body: (inout State) -> Void) {
        let schedules = state.withLock { state in
            body(&state)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if schedules { BlockingPool.shared.submit { [self] in write() } }
    }

    private func write() {
        writing.withLock { _ in
            let changed = state.withLock { state -> JobRecord? in
                defer { state.isScheduled = false }
                return state.isScheduled ? state.record : nil
            }
            // Somebody else wrote the newest state in the meantime; a write that runs on would race with the exit.
            guard let record = changed else { return }
            var problem: String?
            do {
                try replaceFile(file, with: Array((record.json().serialized(pretty: true) + "\n").utf8))
            } catch {
                problem = "\(error)"
            }
            state.withLock { $0.writeError = problem }
        }
    }
}

/// The time since a moment, in seconds with microseconds.
func seconds(since start: ContinuousClock.Instant) -> Double {
    let duration = ContinuousClock.now - start
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds / 1_000_000_000_000) / 1_000_000
}
