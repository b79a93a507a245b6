import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Accepts connections of 127.0.0.1, gives each a thread, and keeps the record of what came.
final class LoopbackServer: Sendable {
    private struct State {
        var listener: LoopbackListener?
        /// The sockets of each connection, so that ``stop()`` can wake their threads.
        var sockets: [Int: [LoopbackSocket]] = [:]
    }

    /// How long the tests wait for something to happen before they call it a failure.
    static let patience = 30

    let port: UInt16
    let traffic = Monitor(Traffic())
    private let state: Mutex<State>
    private let serve: @Sendable (LoopbackServer, MessageReader, Int) -> Void

    /// Listens on a free port.
    ///
    /// - Parameter serve: Serves one connection to its end; gets this server and the connection's number.
    /// - Throws: ``TestServerError`` when no port can be had.
    init(serve: @escaping @Sendable (LoopbackServer, MessageReader, Int) -> Void) throws {
        let listener = try LoopbackListener()
        port = listener.port
        state = Mutex(State(listener: listener))
        self.serve = serve
        startThread { [self] in accept(listener) }
    }

    /// Ends all connections and takes no more.
    func stop() {
        let sockets = state.withLock { state in
            state.listener?.stop()
            state.listener = nil
            return state.sockets.values.flatMap { $0 }
        }
        for socket in sockets { socket.interrupt() }
    }

    /// Lets new connections be refused, or takes them again; those that are open stay.
    func refuse(_ isRefusing: Bool) throws {
        let listener = try state.withLock { state -> LoopbackListener? in
            if isRefusing {
                state.listener?.stop()
                state.listener = nil
                return nil
            }
            guard state.listener == nil else { return nil }
            state.listener = try LoopbackListener(port: port)
            return state.listener
        }
        if let listener { startThread { [self] in accept(listener) } }
    }

    /// Refuses new connections and ends the open ones: what a server that went away looks like.
    func takeDown() throws {
        try refuse(true)
        for socket in state.withLock({ $0.sockets.values.flatMap { $0 } }) { socket.interrupt() }
    }

    /// Makes ``stop()`` also wake a thread that waits in this socket.
    func track(_ socket: LoopbackSocket, of connection: Int) {
        state.withLock { $0.sockets[connection, default: []].append(socket) }
    }

    /// Records a request whose head has come.
    func record(_ head: MessageHead, connection: Int, position: Int) -> RecordedRequest {
        traffic.withLock { traffic in
            let request = RecordedRequest(
                number: traffic.requests.count + 1,
                connection: connection,
                position: position,
                method: head.firstLine.first ?? "",
                target: head.firstLine.count > 1 ? head.firstLine[1] : "",
                headers: head.headers
            )
            traffic.requests.append(request)
            return request
        }
    }

    /// Records a piece of a request's body.
    func record(_ piece: [UInt8], of number: Int) {
        traffic.withLock { traffic in
            let room = RecordedRequest.bodyLimit - traffic.requests[number - 1].body.count
            traffic.requests[number - 1].body += piece.prefix(room)
            traffic.requests[number - 1].bodyCount += piece.count
        }
    }

    /// Reads and records the body of a request that is not passed on.
    ///
    /// - Returns: Whether all of it came.
    func receiveBody(_ head: MessageHead, _ client: MessageReader, of number: Int) -> Bool {
        if head.expectsContinue && !client.socket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) { return false }
        return client.body(head.requestFraming) { piece in
            record(piece, of: number)
            return true
        }
    }

    /// The request with what came of its body.
    func request(_ number: Int) -> RecordedRequest { traffic.withLock { $0.requests[number - 1] } }

    private func accept(_ listener: LoopbackListener) {
        while let socket = listener.next() {
            let number = traffic.withLock { traffic in
                traffic.connections += 1
                traffic.openConnections += 1
                traffic.mostConnections = max(traffic.mostConnections, traffic.openConnections)
                return traffic.connections
            }
            track(socket, of: number)
            startThread { [self] in
                serve(self, MessageReader(socket), number)
                socket.end(.finish)
                _ = state.withLock { $0.sockets.removeValue(forKey: number) }
                traffic.withLock { $0.openConnections -= 1 }
            }
        }
        close(listener.descriptor)
    }
}
