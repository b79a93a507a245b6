import BraketAPI
package import BraketEnvironment
package import RunnerCore
import SystemPackage

/// The last record of a root, for `braket-runner status`.
package struct StatusReport: Sendable {
    private let record: JobRecord
    /// Whether the runner of a record without an end is gone.
    private let isAbandoned: Bool

    /// Reads the record below a root.
    ///
    /// Blocks.
    ///
    /// - Parameter paths: The job's folders.
    /// - Throws: `JobFailure` with exit code 64 when there is none, or it is none of ours.
    package init(paths: ContainerPaths) throws(JobFailure) {
        let bytes: [UInt8]
        do {
            bytes = try readSmallFileBytes(paths.record)
        } catch {
            throw JobFailure(
                .configuration,
                .usage,
                "No job has run below \(paths.root): \(error)",
                details: ["Name the root of the run with --root."]
            )
        }
        do {
            record = try JobRecord(json: try JSONText.parse(bytes))
            isAbandoned = record.status == .running && RootLock.isHeld(paths) == false
        } catch {
            throw JobFailure(.configuration, .usage, "\(paths.record) is no record of braket-runner: \(error)")
        }
    }

    /// The record for programs.
    package var json: JSONValue { record.json() }

    /// The record for a person.
    package var text: String {
        var lines = ["\(record.jobName ?? "job"): \(record.status.rawValue)"]
        if isAbandoned {
            lines += ["", "Its runner is gone without a word: SIGKILL, out of memory, or the machine stopped."]
            let safe = record.runner["safe"]?.objectValue
            if let safe, let files = safe["safeFiles"]?.intValue, let generation = safe["generation"]?.intValue {
                lines.append("Safe at its last word: \(counted(files, "checkpoint")), generation \(generation).")
            }
            lines.append("Results are where the script left them; a new run in this root moves them to ml/previous.")
        }
        if let reason = record.failureReason {
            lines +=
                ["", "Failure reason"] + reason.split(separator: "\n").map { "  " + String($0).escaped(limit: 1024) }
        }
        lines += ["", "Events"]
        lines += record.events.map { event in
            "  \(event.timeOfEvent)  \(event.eventType.rawValue)"
                + (event.message.isEmpty ? "" : "  " + event.message.escaped(limit: 160))
        }
        if let code = record.runner["exitCode"]?.intValue { lines += ["", "Exit code \(code)"] }
        if let duration = record.billableDurationMilliseconds { lines.append("Duration \(Double(duration) / 1000) s") }
        let stored = record.runner["stored"]?.arrayValue ?? []
        if !stored.isEmpty { lines += ["", "Stored"] }
        lines += stored.compactMap { $0.objectValue?["address"]?.stringValue.map { "  " + $0.escaped() } }
        return lines.joined(separator: "\n")
    }
}
