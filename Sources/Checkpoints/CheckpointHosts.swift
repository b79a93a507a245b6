import ObjectStorage
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

/// A set of all hosts, as the leader tells the others.
package struct HostSet: Hashable, Sendable {
    /// Its number.
    package let number: Int
    /// The run that made it.
    package let run: String
    /// The bytes of its files.
    package let bytes: Int64
    /// The part of each host that it has.
    package let parts: [String: Int]
    /// Names that several hosts have different contents of, with the host whose content it has.
    package let clashes: [String: String]
    /// Names that one host removed and another one wrote.
    package let again: [String]
    /// Whether another run stores at the same place: nobody may remove anything then.
    package let isRivalled: Bool

    /// How many names of a kind are told: a message has a limit, and what more there are only costs plain names.
    private static let mostNames = 1000

    /// Makes the word of a set.
    init(_ set: Generation, clashes: [ObjectKey: String], again: [ObjectKey], isRivalled: Bool) {
        number = set.number
        run = set.run
        bytes = set.files.map(\.sizeBytes).saturatingSum()
        parts = set.parts
        let told = clashes.sorted { $0.key < $1.key }.prefix(Self.mostNames)
        // Keys are bytes: two may be one text.
        self.clashes = Dictionary(told.map { ($0.key.description, $0.value) }) { first, _ in first }
        self.again = again.sorted().prefix(Self.mostNames).map(\.description)
        self.isRivalled = isRivalled
    }

    /// The set as the leader tells it.
    package var json: JSONObject {
        [
            "number": .number(JSONNumber(number)), "run": .string(run), "bytes": .number(JSONNumber(bytes)),
            "parts": .object(JSONObject(parts.map { ($0.key, .number(JSONNumber($0.value))) })),
            "clashes": .object(JSONObject(clashes.map { ($0.key, .string($0.value)) })),
            "again": .array(again.map(JSONValue.string)), "rivalled": .bool(isRivalled),
        ]
    }

    /// Reads the word of a set; nil for what is none.
    package init?(_ json: JSONObject) {
        guard let number = json["number"]?.intValue, let run = json["run"]?.stringValue else { return nil }
        self.number = number
        self.run = run
        bytes = Int64(json["bytes"]?.intValue ?? 0)
        var parts: [String: Int] = [:]
        for member in json["parts"]?.objectValue?.members ?? [] { parts[member.name] = member.value.intValue }
        self.parts = parts
        var clashes: [String: String] = [:]
        for member in json["clashes"]?.objectValue?.members ?? [] { clashes[member.name] = member.value.stringValue }
        self.clashes = clashes
        again = (json["again"]?.arrayValue ?? []).compactMap(\.stringValue)
        isRivalled = json["rivalled"]?.boolValue ?? false
    }
}
