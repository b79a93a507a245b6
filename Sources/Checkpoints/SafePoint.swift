package import RunnerCore

/// Up to where a job's checkpoints are safe.
package struct SafePoint: Hashable, Sendable {
    /// The newest complete generation; 0 when there is none.
    package var generation = 0
    /// Files in the folder.
    package var files = 0
    /// Files that are in the newest generation as they are now.
    package var safeFiles = 0
    /// Bytes of the newest generation.
    package var bytes: Int64 = 0
    /// How long ago the newest generation was taken; nil when there is none.
    package var age: Duration?
    /// Bytes that are not in the newest generation.
    package var lagBytes: Int64 = 0
    /// For how long the oldest of them waits; zero when there are none.
    package var lag = Duration.zero
    /// Of several hosts: files that are stored, and not yet in a set of all.
    package var waitingFiles = 0
    /// Why the last attempt to store failed; nil when it did not.
    package var problem: String?

    /// Makes the safe point of a folder with nothing in it.
    package init() {}

    /// The safe point in one line: `18 of 18 files safe, newest 12 s old, lag 0 B`.
    package var summary: String {
        var text = "\(safeFiles) of \(counted(files, "file")) safe"
        if let age { text += ", newest \(age.components.seconds) s old" }
        if waitingFiles > 0 { text += ", \(waitingFiles) stored and waiting for other hosts" }
        return text + ", lag \(humanBytes(lagBytes))"
    }

    /// The safe point for the record.
    package var json: JSONObject {
        var object: JSONObject = [
            "generation": .number(JSONNumber(generation)), "files": .number(JSONNumber(files)),
            "safeFiles": .number(JSONNumber(safeFiles)), "bytes": .number(JSONNumber(bytes)),
            "lagBytes": .number(JSONNumber(lagBytes)), "lagSeconds": .number(JSONNumber(Int(lag.components.seconds))),
        ]
        if waitingFiles > 0 { object["waitingFiles"] = .number(JSONNumber(waitingFiles)) }
        if let age { object["ageSeconds"] = .number(JSONNumber(Int(age.components.seconds))) }
        if let problem { object["problem"] = .string(problem) }
        return object
    }
}
