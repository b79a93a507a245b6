package import RunnerCore

/// Which run stores below a checkpoint URI, as it says itself.
package struct Lease: Hashable, Sendable {
    /// The run.
    package let run: String
    /// The machine's name.
    package let host: String
    /// The process on it.
    package let processID: Int
    /// When the run said so last.
    package let renewed: Timestamp

    /// How long after its last word a run may still be there: three of its renewals.
    package static let lifetimeMilliseconds: Int64 = 180_000

    /// Makes a lease.
    package init(run: String, host: String, processID: Int, renewed: Timestamp) {
        self.run = run
        self.host = host
        self.processID = processID
        self.renewed = renewed
    }

    /// Reads a lease; nil for what is none.
    package init?(_ bytes: [UInt8]) {
        // A lease of another version warns of nothing.
        guard let object = try? JSONText.parse(String(decoding: bytes, as: UTF8.self)).objectValue,
            let run = object["run"]?.stringValue, let host = object["host"]?.stringValue,
            let processID = object["pid"]?.intValue, let renewed = object["renewed"]?.intValue
        else { return nil }
        self.init(run: run, host: host, processID: processID, renewed: Timestamp(milliseconds: Int64(renewed)))
    }

    /// The lease as it is stored.
    package var bytes: [UInt8] {
        let object: JSONObject = [
            "run": .string(run), "host": .string(host), "pid": .number(JSONNumber(processID)),
            "renewed": .number(JSONNumber(renewed.milliseconds)),
        ]
        return Array((JSONValue.object(object).serialized() + "\n").utf8)
    }

    /// Whether this is another run that may still be going on.
    ///
    /// - Parameters:
    ///   - own: The lease of the run that asks.
    ///   - isRunning: Whether a process of this machine exists.
    /// - Returns: true when a person should know.
    package func mayRival(_ own: Lease, isRunning: (Int) -> Bool) -> Bool {
        guard run != own.run else { return false }
        // In a container the runner that was killed and the one that follows have the same number.
        if host == own.host { return processID != own.processID && isRunning(processID) }
        // A clock may be wrong by some minutes in either direction; a warning too many costs nothing.
        let age = own.renewed.milliseconds - renewed.milliseconds
        return age < Self.lifetimeMilliseconds
    }
}
