package import RunnerCore

/// The hosts that store their checkpoints at one place.
package struct CheckpointHosts: Hashable, Sendable {
    /// This host.
    package let current: String
    /// All hosts, by rank; the first makes the sets.
    package let all: [String]

    /// Makes the hosts of a job.
    ///
    /// - Parameters:
    ///   - current: This host, one of `all`.
    ///   - all: All hosts, by rank.
    package init(current: String, all: [String]) {
        self.current = current
        self.all = all
    }

    /// Whether this host makes the sets of all.
    package var isLeader: Bool { current == all.first }
}

/// Up to where one host has stored its part of the next set of all hosts.
package struct HostPart: Hashable, Sendable {
    /// The set that it restored, on which the others' parts must rest too; 0 for none.
    package var base = 0
    /// Its newest part; 0 for nothing changed since the restore.
    package var number = 0
    /// The run that stored it.
    package var run = ""
    /// Whether nothing in its folder is newer.
    package var isSettled = false
    /// Whether its script has ended and this is its last word.
    package var isLast = false
    /// Whether the store did not take what is newer; what cannot be read does not count.
    package var hasFailed = false

    /// Makes the part of a host that has stored nothing.
    package init() {}

    /// The part as hosts tell it each other.
    package var json: JSONObject {
        [
            "base": .number(JSONNumber(base)), "number": .number(JSONNumber(number)), "run": .string(run),
            "settled": .bool(isSettled), "last": .bool(isLast), "failed": .bool(hasFailed),
        ]
    }

    /// Reads a part; nil for what is none.
    package init?(_ json: JSONObject) {
        guard let base = json["base"]?.intValue, let number = json["number"]?.intValue,
            let run = json["run"]?.stringValue, run.utf8.allSatisfy({ isAlphanumeric($0) })
        else { return nil }
        self.base = base
        self.number = number
        self.run = run
        isSettled = json["settled"]?.boolValue ?? false
        isLast = json["last"]?.boolValue ?? false
        hasFailed = json["failed"]?.boolValue ?? false
    }
}
