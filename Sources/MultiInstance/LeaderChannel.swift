import CLinuxShims
import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The leader's side of the channel: listens, and does what `LeaderState` says.
///
/// Threads: one accepts, one for each connection reads, one wakes each second.
final class LeaderChannel: PeerChannel {
    private struct State {
        var leader: LeaderState
        var sockets: [Int: PeerSocket] = [:]
        var doors: [Int: HostDoor] = [:]
        var handshakes = 0
        var hasFinished = false
    }

    /// How many strangers may be spoken to at once.
    private static let mostHandshakes = 64
    /// How many wakings lie between two lines about who is missing.
    private static let secondsBetweenReports = 5

    let publicKey = Latch<String>()
    let gone = Latch<Bool>()
    private let secret: [UInt8]
    private let ownKey: String
    private let cluster: Cluster
    private let inbox: Inbox
    private let log: ClusterSession.Log
    private let state: Mutex<State>

    /// Makes the leader's side.
    init(
        _ cluster: Cluster,
        _ secret: [UInt8],
        _ publicKey: String,
        _ limits: LeaderState.Limits,
        _ inbox: Inbox,
        _ log: @escaping ClusterSession.Log
    ) {
        self.cluster = cluster
        self.secret = secret
        self.inbox = inbox
        self.log = log
        ownKey = publicKey
        self.publicKey.set(publicKey)
        state = Mutex(State(leader: LeaderState(cluster: cluster, limits: limits, now: monotonicNanoseconds())))
    }

    var doors: [Int: HostDoor] { state.withLock { $0.doors } }

    var strangers: Int { state.withLock { $0.leader.strangers } }

    func open() throws(ClusterProblem) {
        let listener = CLinuxShims_peer_listen(cluster.channelPort, cluster.isLocal ? 1 : 0)
        guard listener >= 0 else {
            throw ClusterProblem(
                source: "--channel-port",
                value: "\(cluster.channelPort)",
                message: "the port cannot be listened on (\(String(cString: strerror(errno)))); name another one"
            )
        }
        startThread { [self] in acceptAll(listener) }
        startThread { [self] in wakeEachSecond() }
    }

    func say(_ message: PeerMessage) {
        act { leader, now in leader.received(message, from: 0, now: now) }
    }

    func announce(checkpointSet set: JSONObject) {
        act { leader, _ in leader.announce(checkpointSet: set) }
    }

    func engineEnded() {
        act { leader, _ in leader.engineEnded() }
    }

    func finish(exitCode: Int32) {
        act { leader, _ in leader.finish(exitCode: exitCode) }
        inbox.checkpointNews.finish()
        inbox.checkpointSets.finish()
        let isAlone = state.withLock { state in
            state.hasFinished = true
            return state.sockets.isEmpty
        }
        if isAlone { gone.set(true) }
    }

    // MARK: Acting

    /// Changes the state and does what follows, in one step: what two threads bring about keeps its order.
    private func act(_ change: (inout LeaderState, Int64) -> [LeaderState.Action]) {
        let lines = state.withLock { state in
            change(&state.leader, monotonicNanoseconds()).compactMap { perform($0, &state) }
        }
        for line in lines { log(line) }
    }

    private func perform(_ action: LeaderState.Action, _ state: inout State) -> String? {
        switch action {
        case .send(let message, rank: 0): inbox.take(message)
        case .send(let message, let rank): state.sockets[rank]?.send(message)
        case .log(let line): return line
        case .drop(let rank): state.sockets[rank]?.shutdown()
        case .parts(let parts): inbox.parts.set(parts)
        case .checkpoints(let news): inbox.checkpointNews.yield(news)
        }
        return nil
    }

    // MARK: Threads

    private func acceptAll(_ listener: Int32) {
        while case let descriptor = CLinuxShims_peer_accept(listener), descriptor >= 0 {
            let isAllowed = state.withLock { state in
                guard state.handshakes < Self.mostHandshakes else { return false }
                state.handshakes += 1
                return true
            }
            // A flood of strangers: the workers try again.
            guard isAllowed, startThread({ [self] in serve(descriptor) }) else {
                close(descriptor)
                continue
            }
        }
    }

    private func serve(_ descriptor: Int32) {
        var claimed: Int?
        let address = PeerSocket.addresses(of: descriptor).theirs
        let peer: (socket: PeerSocket, rank: Int)
        do throws(PeerError) {
            defer { state.withLock { $0.handshakes -= 1 } }
            peer = try PeerSocket.accept(descriptor, secret: secret, claimed: &claimed)
        } catch {
            let rank = error == .wrongSecret ? claimed : nil
            state.withLock { $0.leader.refused(rank: rank, address: address) }
            return
        }
        // A second thread of the same host, or a rank that there is not.
        guard case .hello(let version)? = try? peer.socket.receive(), take(peer.socket, peer.rank, version) else {
            return peer.socket.shutdown()
        }
        read(peer.socket, peer.rank)
    }

    private func take(_ socket: PeerSocket, _ rank: Int, _ version: String) -> Bool {
        let isNew = state.withLock { state in
            guard rank > 0, rank < cluster.size, state.sockets[rank] == nil else { return false }
            state.sockets[rank] = socket
            state.doors[0] = HostDoor(address: socket.addresses.ours)
            state.doors[rank] = HostDoor(address: socket.addresses.theirs)
            return true
        }
        guard isNew else { return false }
        socket.send(.welcome(version: runnerVersion, publicKey: ownKey))
        act { leader, now in leader.joined(rank, version: version, now: now) }
        return true
    }

    private func read(_ socket: PeerSocket, _ rank: Int) {
        do throws(PeerError) {
            while true {
                let message = try socket.receive()
                if case .ready(let key, let port) = message {
                    state.withLock { state in
                        state.doors[rank]?.hostKey = key
                        state.doors[rank]?.port = port
                    }
                }
                act { leader, now in leader.received(message, from: rank, now: now) }
            }
        } catch {
            let reason = error == .wrongSecret ? "was lost: what it said was not its own" : "was lost: it went away"
            act { leader, now in leader.lost(rank, reason: reason, at: now, now: now) }
            let isAlone = state.withLock { state in
                state.sockets[rank] = nil
                return state.hasFinished && state.sockets.isEmpty
            }
            if isAlone { gone.set(true) }
        }
    }

    /// Ends with the process.
    private func wakeEachSecond() {
        var seconds = 0
        while true {
            sleep(1)
            seconds += 1
            act { leader, now in leader.tick(now: now) }
            guard seconds % Self.secondsBetweenReports == 2 else { continue }
            // The resolver may block for seconds: outside of the lock, on a copy.
            let copy = state.withLock { $0.leader }
            if let line = copy.missing(knowsName: { CLinuxShims_peer_name_is_known($0) == 1 }) { log(line) }
        }
    }
}
