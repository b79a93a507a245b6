package import RunnerCore
import Synchronization

/// What a host of a job is told by the others, and what it tells them: the same on the leader and on a worker.
///
/// The work is done by a few threads of its own, which sleep between heartbeats; whoever waits does so in a `Latch`.
package final class ClusterSession: Sendable {
    /// The hosts.
    package let cluster: Cluster
    /// A line for the runner's log.
    package typealias Log = @Sendable (String) -> Void

    /// The start; false when a stop came first.
    package let started = Latch<Bool>()
    /// The stop of the job.
    package let stopped = Latch<StopOrder>()
    /// How the job ended.
    package let verdict = Latch<JobEnd>()
    /// On the leader, the other hosts' parts of the record.
    package let parts = Latch<[Int: JSONObject]>()
    /// On a worker, what every host ends with; nil when the leader was lost.
    package let done = Latch<Int32?>()
    /// On the leader, up to where hosts have stored their parts of the checkpoints; for one reader.
    package let checkpointNews: AsyncStream<CheckpointNews>
    /// The sets of checkpoints that were made, for one reader; ends when there can be no further one.
    package let checkpointSets: AsyncStream<JSONObject>

    private let channel: any PeerChannel

    /// Makes the session of this host; ``open()`` connects it.
    ///
    /// - Parameters:
    ///   - cluster: The hosts.
    ///   - secret: What all of them know.
    ///   - publicKey: On the leader, the key that opens the workers' ssh servers; empty for none.
    ///   - arrivalSeconds: How long the start waits for hosts.
    ///   - log: Gets a line for the log, on any thread.
    package init(
        cluster: Cluster,
        secret: [UInt8],
        publicKey: String = "",
        arrivalSeconds: Int,
        log: @escaping Log
    ) {
        self.cluster = cluster
        let (checkpointNews, news) = AsyncStream.makeStream(of: CheckpointNews.self)
        let (checkpointSets, sets) = AsyncStream.makeStream(of: JSONObject.self)
        self.checkpointNews = checkpointNews
        self.checkpointSets = checkpointSets
        let inbox = Inbox(
            started: started,
            stopped: stopped,
            verdict: verdict,
            parts: parts,
            done: done,
            checkpointNews: news,
            checkpointSets: sets
        )
        if cluster.isLeader {
            var limits = LeaderState.Limits()
            limits.arrival = Int64(arrivalSeconds) * 1_000_000_000
            channel = LeaderChannel(cluster, secret, publicKey, limits, inbox, log)
        } else {
            channel = WorkerChannel(cluster, secret, arrivalSeconds, inbox, log)
        }
    }

    /// Begins to listen, or to connect; returns at once.
    ///
    /// - Throws: `ClusterProblem` when the port is taken.
    package func open() throws(ClusterProblem) { try channel.open() }

    /// This host is ready to start its script.
    package func ready(hostKey: String = "", port: Int = 0) { channel.say(.ready(hostKey: hostKey, port: port)) }

    /// This host was asked to stop.
    package func request(_ order: StopOrder) { channel.say(.stopRequest(order)) }

    /// This host's work has ended.
    package func end(_ end: HostEnd) { channel.say(.end(end)) }

    /// Up to where this host has stored its part of the checkpoints.
    package func stored(checkpoints part: JSONObject) { channel.say(.checkpoints(part)) }

    /// On the leader: a set of checkpoints was made, or there will be none any more.
    package func announce(checkpointSet set: JSONObject) { channel.announce(checkpointSet: set) }

    /// This host has stored what it had to.
    package func stored(_ part: JSONObject) { channel.say(.stored(part)) }

    /// On the leader: the ranks of all hosts have ended.
    package func engineEnded() { channel.engineEnded() }

    /// On the leader: the job is over.
    ///
    /// Waits until they have heard it, for a second at most: a connection that is reset by our end would take the word
    /// with it.
    ///
    /// - Parameter exitCode: What every host ends with.
    package func finish(exitCode: Int32) async {
        channel.finish(exitCode: exitCode)
        let gone = channel.gone
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await gone.value() }
            // Cancelled when all are gone.
            group.addTask { try? await Task.sleep(for: .seconds(1)) }
            _ = await group.next()
            group.cancelAll()
        }
    }

    /// On the leader: where each host is reached and its ssh server's key and port, by rank.
    package var doors: [Int: HostDoor] { channel.doors }

    /// On a worker: the key that opens its ssh server; nil until the leader was reached.
    package var publicKey: Latch<String> { channel.publicKey }

    /// How many connections were refused.
    package var strangers: Int { channel.strangers }
}

/// What the leader hears of a host's checkpoints.
package enum CheckpointNews: Hashable, Sendable {
    /// Up to where it has stored its part.
    case part(JSONObject, rank: Int)
    /// It will say nothing more: it was lost, or has stored everything.
    case gone(rank: Int)
}

/// Where a host is reached.
package struct HostDoor: Hashable, Sendable {
    /// Its address.
    package var address: String
    /// Its ssh server's public key.
    package var hostKey = ""
    /// Its ssh server's port.
    package var port = 0

    /// Makes a door.
    package init(address: String, hostKey: String = "", port: Int = 0) {
        self.address = address
        self.hostKey = hostKey
        self.port = port
    }
}

/// Where what a host is told is left.
struct Inbox: Sendable {
    /// The start; false when a stop came first.
    let started: Latch<Bool>
    /// The stop of the job.
    let stopped: Latch<StopOrder>
    /// How the job ended.
    let verdict: Latch<JobEnd>
    /// The other hosts' parts of the record.
    let parts: Latch<[Int: JSONObject]>
    /// What every host ends with.
    let done: Latch<Int32?>
    /// What the leader hears of the hosts' checkpoints.
    let checkpointNews: AsyncStream<CheckpointNews>.Continuation
    /// The sets of checkpoints that were made.
    let checkpointSets: AsyncStream<JSONObject>.Continuation

    /// Takes a message of the leader.
    func take(_ message: PeerMessage) {
        switch message {
        case .start: started.set(true)
        case .stop(let order):
            stopped.set(order)
            started.set(false)
        case .verdict(let end): verdict.set(end)
        case .checkpointSet(let set): checkpointSets.yield(set)
        case .done(let code): end(with: code)
        default: ()
        }
    }
}

extension Inbox {
    /// Nothing more is heard of the job.
    ///
    /// - Parameter code: What every host ends with; nil when the leader was lost.
    func end(with code: Int32?) {
        checkpointSets.finish()
        done.set(code)
    }
}

/// One side of the channel.
protocol PeerChannel: Sendable {
    /// Begins to listen or to connect.
    func open() throws(ClusterProblem)
    /// Says something to the leader.
    func say(_ message: PeerMessage)
    /// A set of checkpoints was made.
    func announce(checkpointSet set: JSONObject)
    /// The ranks have ended.
    func engineEnded()
    /// The job is over.
    func finish(exitCode: Int32)
    /// Where the hosts are reached.
    var doors: [Int: HostDoor] { get }
    /// The leader's public key.
    var publicKey: Latch<String> { get }
    /// How many connections were refused.
    var strangers: Int { get }
    /// Set when nobody is connected any more after the job's end.
    var gone: Latch<Bool> { get }
}
