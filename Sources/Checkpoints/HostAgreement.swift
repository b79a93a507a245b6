/// When the parts of all hosts make a set: pure, without clock.
package struct HostAgreement: Sendable {
    /// What is to be done.
    package enum Decision: Hashable, Sendable {
        /// Nothing new, or not yet.
        case wait
        /// Make a set of these parts, by rank; whether one of the hosts has something newer that could not be waited for.
        case make([HostPart], isPartial: Bool)
        /// There will be no further set; why what is stored is not in the last one, if so.
        case over(String?)
    }

    /// For how long no host may have said anything new: hosts that write the same step within that time are together.
    package static let stillSeconds = 2.0
    /// How often a set is tried to be made at the end.
    private static let lastAttempts = 3

    private let hosts: [String]
    private let intervalSeconds: Double
    private var parts: [HostPart?]
    private var lost: Set<Int> = []
    private var changedAt: Double
    /// Since when a part is in no set.
    private var waitsSince: Double?
    private var made: [Int] = []
    /// How often a set could not be made since the last that was.
    package private(set) var failures = 0

    /// Makes the agreement of hosts of which nothing is known yet.
    ///
    /// - Parameters:
    ///   - hosts: Their names, by rank.
    ///   - intervalSeconds: `--checkpoint-interval`: parts that are not settled hold a set up for twice as long.
    ///   - now: Seconds of any clock that only goes forward.
    package init(hosts: [String], intervalSeconds: Double, now: Double) {
        self.hosts = hosts
        self.intervalSeconds = intervalSeconds
        parts = Array(repeating: nil, count: hosts.count)
        made = Array(repeating: 0, count: hosts.count)
        changedAt = now
    }

    // MARK: What happens

    /// A host said up to where it is.
    package mutating func take(_ part: HostPart, from rank: Int, now: Double) {
        guard parts.indices.contains(rank), parts[rank] != part else { return }
        parts[rank] = part
        changedAt = now
        // What failed before it may not fail now.
        if part.isLast { failures = 0 }
        if part.number > made[rank] { waitsSince = waitsSince ?? now }
    }

    /// A host will say nothing more: what it said last stays.
    package mutating func lose(_ rank: Int, now: Double) {
        if parts.indices.contains(rank), lost.insert(rank).inserted { changedAt = now }
    }

    /// A set was made of these parts.
    package mutating func made(_ parts: [HostPart], now: Double) {
        made = parts.map(\.number)
        failures = 0
        waitsSince = isNew ? now : nil
    }

    /// A set could not be made.
    package mutating func failed() { failures += 1 }

    // MARK: What follows

    /// What to do now.
    ///
    /// - Parameter now: The clock.
    /// - Returns: The same as long as nothing happens, but for what waits for some seconds to be over.
    package func decision(now: Double) -> Decision {
        let isOver = parts.indices.allSatisfy { lost.contains($0) || parts[$0]?.isLast == true }
        guard isNew else { return isOver ? .over(nil) : .wait }
        if let reason = obstacle { return isOver ? .over(reason) : .wait }
        let known = parts.compactMap { $0 }
        let isSettled = known.allSatisfy(\.isSettled)
        if isOver {
            guard failures < Self.lastAttempts else { return .over("the store did not take the set of all hosts") }
            return .make(known, isPartial: !isSettled)
        }
        if isSettled, now - changedAt >= Self.stillSeconds { return .make(known, isPartial: false) }
        // Hosts that never are still together - a log of each is stored every interval - must not wait for ever.
        guard let waitsSince, now - waitsSince >= intervalSeconds * 2 else { return .wait }
        return .make(known, isPartial: !isSettled)
    }

    /// Why no set can be made of what has waited for longer than any host may hold the others up; nil when it has not.
    ///
    /// - Parameter now: The clock.
    /// - Returns: The reason, for a person.
    package func standstill(now: Double) -> String? {
        guard let waitsSince, now - waitsSince >= max(intervalSeconds * 2, 10) else { return nil }
        return obstacle
    }

    /// Whether a part is in no set yet.
    private var isNew: Bool { zip(parts, made).contains { ($0?.number ?? 0) > $1 } }

    /// Which sets the hosts restored, when that is not one; nil as long as not all have said it.
    package var basesThatDiffer: String? {
        let bases = parts.compactMap { $0?.base }
        guard bases.count == parts.count, Set(bases).count > 1 else { return nil }
        return zip(hosts, bases).map { "\($0) set \($1)" }.joined(separator: ", ")
    }

    /// Whether all hosts have said what they restored.
    package var isComplete: Bool { parts.allSatisfy { $0 != nil } }

    /// Why the parts make no set, as long as that is so.
    private var obstacle: String? {
        for (host, part) in zip(hosts, parts) where part == nil { return "\(host) did not say what it has stored" }
        if Set(parts.map { $0?.base }).count > 1 { return "the hosts restored different sets" }
        for (rank, part) in parts.enumerated() {
            guard let part else { continue }
            // One that stored nothing so far is none that does. Of another nobody knows what it was about to write.
            let isWriter = part.number > 0 || !part.isSettled
            if lost.contains(rank), !part.isLast, isWriter { return "\(hosts[rank]) was lost" }
            if part.isSettled { continue }
            if part.isLast, part.hasFailed { return "\(hosts[rank]) could not store its part" }
        }
        return nil
    }
}
