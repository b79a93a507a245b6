package import RunnerCore

/// The leader's knowledge of a job's hosts, and what follows from each thing that happens: pure, without clock and
/// sockets.
///
/// The leader's own host is one of them, of rank 0, and is told the same things as the others.
package struct LeaderState: Sendable {
    /// How long hosts may be silent.
    package struct Limits: Hashable, Sendable {
        /// How long a host that was there may say nothing: its heartbeats come each second.
        package var silence: Int64 = 5_000_000_000
        /// How long the start waits for hosts that were not there yet.
        package var arrival: Int64 = 1_200_000_000_000
        /// How long the others' scripts have when a host failed.
        package var grace: Int64 = 4_000_000_000

        /// Makes the usual limits.
        package init() {}
    }

    /// What is to be done.
    package enum Action: Hashable, Sendable {
        /// Say something to a host.
        case send(PeerMessage, rank: Int)
        /// A line for the log.
        case log(String)
        /// End the connection with a host.
        case drop(rank: Int)
        /// The parts of all hosts that could give one are there.
        case parts([Int: JSONObject])
        /// News of a host's checkpoints.
        case checkpoints(CheckpointNews)
    }

    /// What is known of a host.
    struct Peer: Sendable {
        /// Whether it has come.
        var isConnected = false
        /// Whether its set-up is done.
        var isReady = false
        /// When something last came from it, by our clock.
        var heard: Int64 = 0
        /// How far its clock is ahead.
        var clock = ClockOffset()
        /// How its work ended; nil before.
        var end: HostEnd?
        /// When a stop was asked for on it, by our clock, and why.
        var request: (at: Int64, order: StopOrder)?
        /// When it was lost, by our clock, and how.
        var loss: (at: Int64, reason: String)?
        /// Its part of the record; nil before it has stored everything.
        var part: JSONObject?
        /// Why its connections are refused; nil when none was.
        var refusal: String?

        /// Whether it is not to be counted on any more.
        var isLost: Bool { loss != nil }
    }

    /// The hosts.
    package let cluster: Cluster
    /// How long hosts may be silent.
    let limits: Limits
    /// When the wait began, by our clock.
    let began: Int64
    /// What is known of each host, by rank.
    var peers: [Peer]
    /// Whether the scripts were told to begin.
    var hasStarted = false
    /// The stop of the job; nil before.
    var stop: StopOrder?
    /// How the job ended; nil before.
    var verdict: JobEnd?
    /// Whether the parts were handed over.
    var hasParts = false
    /// How many connections did not know the secret.
    package private(set) var strangers = 0

    /// Makes the state of a job whose workers are not there yet.
    ///
    /// - Parameters:
    ///   - cluster: The hosts.
    ///   - limits: How long they may be silent.
    ///   - now: Our monotonic clock.
    package init(cluster: Cluster, limits: Limits = Limits(), now: Int64) {
        self.cluster = cluster
        self.limits = limits
        began = now
        peers = Array(repeating: Peer(), count: cluster.size)
        peers[0].isConnected = true
    }

    // MARK: What happens

    /// A host has come.
    package mutating func joined(_ rank: Int, version: String, now: Int64) -> [Action] {
        guard peers.indices.contains(rank), !peers[rank].isConnected, !peers[rank].isLost else {
            return [.drop(rank: rank)]
        }
        peers[rank].isConnected = true
        peers[rank].heard = now
        peers[rank].refusal = nil
        let missing = peers.filter { !$0.isConnected }.count
        var actions: [Action] = [.log("\(name(rank)) is there" + (missing > 0 ? ", \(missing) missing" : ""))]
        if version != runnerVersion {
            actions.append(.log("\(name(rank)) runs version \(version.escaped(limit: 40)), this is \(runnerVersion)"))
        }
        // At once: what fails early is to be ordered too.
        actions.append(.send(.heartbeat(sent: now), rank: rank))
        if let stop { actions.append(.send(.stop(stop), rank: rank)) }
        return actions
    }

    /// A connection was refused: it did not know the secret.
    ///
    /// - Parameters:
    ///   - rank: The host that it said it was; nil when it did not come to say.
    ///   - address: Where it came from.
    package mutating func refused(rank: Int?, address: String) {
        strangers += 1
        guard let rank, peers.indices.contains(rank), !peers[rank].isConnected else { return }
        peers[rank].refusal = "wrong secret (from \(address))"
    }

    /// Something came from a host.
    package mutating func heard(_ rank: Int, now: Int64) {
        peers[rank].heard = now
    }

    /// A host said something.
    package mutating func received(_ message: PeerMessage, from rank: Int, now: Int64) -> [Action] {
        heard(rank, now: now)
        switch message {
        case .ready: return ready(rank)
        case .heartbeat(let sent): return [.send(.echo(sent: sent, own: now), rank: rank)]
        case .echo(let sent, let own):
            peers[rank].clock.note(sent: sent, theirs: own, received: now)
            return []
        case .stopRequest(let order): return stopRequested(order, by: rank, now: now)
        case .end(let end): return ended(rank, end, now: now)
        case .checkpoints(let part): return [.checkpoints(.part(part, rank: rank))]
        case .stored(let part):
            peers[rank].part = part
            return [.checkpoints(.gone(rank: rank))] + partsIfComplete()
        case .hello, .welcome, .start, .stop, .verdict, .done, .checkpointSet: return []
        }
    }

    /// A host's connection has ended, or it was silent for too long.
    ///
    /// - Parameters:
    ///   - rank: The host.
    ///   - reason: How, as the end of a sentence.
    ///   - at: When, by our clock.
    ///   - now: Our clock.
    /// - Returns: What is to be done.
    package mutating func lost(_ rank: Int, reason: String, at: Int64, now: Int64) -> [Action] {
        // A host that has given its part owes nothing any more.
        guard !peers[rank].isLost, peers[rank].part == nil else { return [] }
        peers[rank].loss = (at, reason)
        var actions: [Action] = [
            .drop(rank: rank), .log("\(name(rank)) \(reason)"), .checkpoints(.gone(rank: rank)),
        ]
        let isNews = peers[rank].end == nil || verdict != nil
        if isNews, verdict == nil {
            actions += begin(StopOrder(reason: "\(name(rank)) \(reason)", host: name(rank), milliseconds: grace))
        }
        return actions + (verdict == nil ? judgeIfComplete(now) : partsIfComplete())
    }

    /// A second has passed.
    package mutating func tick(now: Int64) -> [Action] {
        var actions: [Action] = []
        for rank in peers.indices.dropFirst() where peers[rank].isConnected && !peers[rank].isLost {
            let silence = now - peers[rank].heard
            if silence > limits.silence {
                let reason = "was lost: it said nothing for \(silence / 1_000_000_000) s"
                actions += lost(rank, reason: reason, at: peers[rank].heard, now: now)
            } else {
                actions.append(.send(.heartbeat(sent: now), rank: rank))
            }
        }
        if !hasStarted, stop == nil, now - began > limits.arrival {
            for rank in peers.indices where !peers[rank].isConnected && !peers[rank].isLost {
                let why = peers[rank].refusal.map { ": \($0)" } ?? ""
                let seconds = limits.arrival / 1_000_000_000
                actions += lost(rank, reason: "did not come within \(seconds) s\(why)", at: now, now: now)
            }
        }
        return actions
    }

    /// Who is missing and why, for the log; nil when nobody is, or the job has started.
    ///
    /// - Parameter knowsName: Whether a host's name leads to an address; may block.
    /// - Returns: The line.
    package func missing(knowsName: (String) -> Bool) -> String? {
        guard !hasStarted, stop == nil else { return nil }
        let texts = peers.indices.compactMap { rank -> String? in
            let peer = peers[rank]
            if peer.isLost || peer.isReady { return nil }
            if peer.isConnected { return "\(name(rank)) (there, still preparing)" }
            if let refusal = peer.refusal { return "\(name(rank)) (\(refusal))" }
            let isNamed = cluster.source == .batch || knowsName(name(rank))
            return "\(name(rank)) (\(isNamed ? "silent: has not connected" : "no name: it leads to no address"))"
        }
        guard !texts.isEmpty else { return nil }
        let strangers = strangers > 0 ? "; \(counted(strangers, "connection")) refused" : ""
        return "waiting for \(texts.joined(separator: ", "))\(strangers)"
    }

    // MARK: What follows

    private func name(_ rank: Int) -> String { cluster.hosts[rank] }

    private var grace: Int { Int(limits.grace / 1_000_000) }

    private func broadcast(_ message: PeerMessage) -> [Action] {
        peers.indices.filter { peers[$0].isConnected && !peers[$0].isLost }.map { .send(message, rank: $0) }
    }

    private mutating func ready(_ rank: Int) -> [Action] {
        peers[rank].isReady = true
        guard !hasStarted, stop == nil, peers.allSatisfy(\.isReady) else { return [] }
        hasStarted = true
        return [.log("all \(cluster.size) hosts are ready")] + broadcast(.start)
    }

    private mutating func stopRequested(_ order: StopOrder, by rank: Int, now: Int64) -> [Action] {
        if peers[rank].request == nil { peers[rank].request = (now, order) }
        return begin(order)
    }

    private mutating func begin(_ order: StopOrder) -> [Action] {
        guard stop == nil else { return [] }
        stop = order
        let absent = peers.indices.filter { !peers[$0].isConnected && !peers[$0].isLost }
        for rank in absent { peers[rank].loss = (.max, "had not come") }
        return absent.map { .checkpoints(.gone(rank: $0)) } + broadcast(.stop(order))
    }

    private mutating func ended(_ rank: Int, _ end: HostEnd, now: Int64) -> [Action] {
        guard peers[rank].end == nil else { return [] }
        peers[rank].end = end
        var actions: [Action] = []
        if let failure = end.failure, !end.wasTold {
            let who = failure.rank.map { "\(name(rank)) rank \($0)" } ?? name(rank)
            let reason = "\(who) failed: \(failure.sentence)"
            actions += begin(StopOrder(reason: reason, host: name(rank), milliseconds: grace))
        }
        return actions + judgeIfComplete(now)
    }

    private mutating func judgeIfComplete(_ now: Int64) -> [Action] {
        guard verdict == nil, peers.allSatisfy({ $0.end != nil || $0.isLost }) else { return [] }
        let end = firstFailure(now: now)
        verdict = end
        // Where all others are lost nobody will give a part any more.
        return broadcast(.verdict(end)) + partsIfComplete()
    }

    private mutating func partsIfComplete() -> [Action] {
        guard verdict != nil, !hasParts,
            peers.indices.dropFirst().allSatisfy({ peers[$0].part != nil || peers[$0].isLost })
        else { return [] }
        hasParts = true
        let parts = peers.indices.compactMap { rank in peers[rank].part.map { (rank, $0) } }
        return [.parts(Dictionary(uniqueKeysWithValues: parts))]
    }

    /// Says what became of the checkpoints' parts.
    package func announce(checkpointSet set: JSONObject) -> [Action] { broadcast(.checkpointSet(set)) }

    /// Says that the job is over.
    package mutating func finish(exitCode: Int32) -> [Action] {
        broadcast(.done(exitCode: exitCode)).filter { action in
            if case .send(_, let rank) = action { rank != 0 } else { true }
        }
    }

    /// The engine of all ranks has ended on the leader: the workers' part is over too.
    package mutating func engineEnded() -> [Action] {
        var order = StopOrder(reason: "the ranks have ended", host: cluster.leader, milliseconds: 2000)
        order.isEnd = true
        guard stop == nil else { return [] }
        stop = order
        return broadcast(.stop(order)).filter { action in
            if case .send(_, let rank) = action { rank != 0 } else { true }
        }
    }
}
