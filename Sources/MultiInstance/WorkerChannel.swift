import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A worker's side of the channel: connects to the leader, and notices when it is lost.
///
/// Threads: one connects and reads, one wakes each second once connected.
final class WorkerChannel: PeerChannel {
    private struct State {
        var socket: PeerSocket?
        /// What is to be said as soon as the leader is there.
        var waiting: [PeerMessage] = []
        var heard: Int64 = 0
        var hasEnded = false
        var loss: String?
    }

    private static let retryMicroseconds: UInt32 = 200_000
    private static let secondsBetweenReports: Int64 = 5

    let publicKey = Latch<String>()
    let gone = Latch<Bool>()
    private let cluster: Cluster
    private let secret: [UInt8]
    private let arrivalSeconds: Int
    private let inbox: Inbox
    private let log: ClusterSession.Log
    private let state = Mutex(State())

    /// Makes a worker's side.
    init(
        _ cluster: Cluster,
        _ secret: [UInt8],
        _ arrivalSeconds: Int,
        _ inbox: Inbox,
        _ log: @escaping ClusterSession.Log
    ) {
        self.cluster = cluster
        self.secret = secret
        self.arrivalSeconds = arrivalSeconds
        self.inbox = inbox
        self.log = log
    }

    var doors: [Int: HostDoor] { [:] }

    var strangers: Int { 0 }

    func open() throws(ClusterProblem) {
        startThread { [self] in connectAndRead() }
    }

    func say(_ message: PeerMessage) {
        let (socket, isLost) = state.withLock { state -> (PeerSocket?, Bool) in
            if case .end = message { state.hasEnded = true }
            if state.socket == nil { state.waiting.append(message) }
            return (state.socket, state.loss != nil)
        }
        if isLost { return judgeLoss() }
        socket?.send(message)
    }

    func announce(checkpointSet set: JSONObject) {}

    func engineEnded() {}

    func finish(exitCode: Int32) {}

    // MARK: Threads

    private func connectAndRead() {
        guard let socket = connect() else { return lose("did not come within \(arrivalSeconds) s") }
        socket.send(.hello(version: runnerVersion))
        let waiting = state.withLock { state in
            state.heard = monotonicNanoseconds()
            state.socket = socket
            defer { state.waiting = [] }
            return state.waiting
        }
        for message in waiting { socket.send(message) }
        log("connected to the leader, \(cluster.leader)")
        startThread { [self] in wakeEachSecond(socket) }
        do throws(PeerError) {
            while true { take(try socket.receive(), socket) }
        } catch {
            lose("was lost: it went away")
        }
    }

    private func connect() -> PeerSocket? {
        let began = monotonicNanoseconds()
        var reported = began - 4_000_000_000
        while monotonicNanoseconds() - began < Int64(arrivalSeconds) * 1_000_000_000 {
            do throws(PeerError) {
                return try PeerSocket.connect(
                    to: cluster.masterAddress,
                    port: cluster.channelPort,
                    rank: cluster.rank,
                    secret: secret
                )
            } catch {
                let now = monotonicNanoseconds()
                if now - reported >= Self.secondsBetweenReports * 1_000_000_000 {
                    reported = now
                    log("waiting for the leader, \(cluster.leader) (\(error.words))")
                }
            }
            if inbox.done.current != nil { return nil }
            usleep(Self.retryMicroseconds)
        }
        return nil
    }

    private func take(_ message: PeerMessage, _ socket: PeerSocket) {
        state.withLock { $0.heard = monotonicNanoseconds() }
        switch message {
        case .welcome(let version, let key):
            if version != runnerVersion {
                log("the leader runs version \(version.escaped(limit: 40)), this is \(runnerVersion)")
            }
            publicKey.set(key)
        case .heartbeat(let sent): socket.send(.echo(sent: sent, own: monotonicNanoseconds()))
        default: inbox.take(message)
        }
    }

    private func wakeEachSecond(_ socket: PeerSocket) {
        let limit = LeaderState.Limits().silence
        while inbox.done.current == nil {
            sleep(1)
            let now = monotonicNanoseconds()
            let silence = now - state.withLock { $0.heard }
            if silence > limit { return lose("was lost: it said nothing for \(silence / 1_000_000_000) s") }
            socket.send(.heartbeat(sent: now))
        }
    }

    // MARK: The leader is lost

    /// The leader is not there any more: this host goes on alone to its end.
    private func lose(_ reason: String) {
        let isNews = state.withLock { state in
            guard state.loss == nil, inbox.done.current == nil else { return false }
            state.loss = reason
            state.socket?.shutdown()
            return true
        }
        guard isNews else { return }
        log("the leader, \(cluster.leader), \(reason)")
        let grace = Int(LeaderState.Limits().grace / 1_000_000)
        let text = "\(cluster.leader) \(reason)"
        inbox.take(.stop(StopOrder(reason: text, host: cluster.leader, milliseconds: grace)))
        inbox.checkpointSets.finish()
        publicKey.set("")
        judgeLoss()
    }

    private func judgeLoss() {
        guard let reason = state.withLock({ $0.hasEnded ? $0.loss : nil }) else { return }
        var end = JobEnd()
        end.failure = LeaderState.failure(cluster.leader, reason)
        end.host = cluster.leader
        end.milliseconds = Timestamp.now().milliseconds
        inbox.verdict.set(end)
        inbox.end(with: nil)
    }
}
