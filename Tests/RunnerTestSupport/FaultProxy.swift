import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A proxy in front of a server of 127.0.0.1 that does to each request what a test says.
///
/// Heads pass unchanged, Host among them, so a signature made for the proxy's address stays valid. It speaks plain
/// HTTP/1.1, with connections that are used again. Stop it when the test is done: `defer { proxy.stop() }`.
package final class FaultProxy: Sendable {
    private let server: LoopbackServer
    private let gate: ReleaseGate

    /// Starts a proxy.
    ///
    /// - Parameters:
    ///   - endpoint: The server, `http://127.0.0.1:PORT`.
    ///   - plan: Says what to do with a request when its head has come; called on the connection's thread.
    /// - Throws: ``TestServerError`` when no port can be had.
    package init(to endpoint: String, _ plan: @escaping @Sendable (RecordedRequest) -> Fault = { _ in .pass }) throws {
        guard let port = endpoint.split(separator: ":").last.flatMap({ UInt16($0) }), endpoint.hasPrefix("http:") else {
            throw TestServerError("a FaultProxy needs http://127.0.0.1:PORT, not \(endpoint)")
        }
        let gate = ReleaseGate()
        self.gate = gate
        server = try LoopbackServer { server, client, connection in
            var exchanges = ProxyConnection(
                server: server,
                client: client,
                connection: connection,
                upstreamPort: port,
                gate: gate,
                plan: plan
            )
            while exchanges.next() {}
            exchanges.closeUpstream()
        }
    }

    /// Starts a proxy whose first requests meet these faults, in the order of their heads; later ones pass.
    ///
    /// - Parameters:
    ///   - endpoint: The server, `http://127.0.0.1:PORT`.
    ///   - faults: One fault a request.
    /// - Throws: ``TestServerError`` when no port can be had.
    package convenience init(to endpoint: String, faults: [Fault]) throws {
        try self.init(to: endpoint) { $0.number <= faults.count ? faults[$0.number - 1] : .pass }
    }

    /// `http://127.0.0.1:PORT`.
    package var endpoint: String { "http://127.0.0.1:\(server.port)" }

    /// What came so far.
    package var traffic: Traffic { server.traffic.withLock { $0 } }

    /// The requests that came so far.
    package var requests: [RecordedRequest] { traffic.requests }

    /// Lets new connections be refused, or takes them again; open ones stay.
    ///
    /// - Parameter isRefusing: Whether they are refused.
    /// - Throws: ``TestServerError`` when another program has taken the port.
    package func refuseConnections(_ isRefusing: Bool) throws { try server.refuse(isRefusing) }

    /// Refuses new connections and ends the open ones, until ``refuseConnections(_:)`` takes them again.
    ///
    /// - Throws: ``TestServerError`` when the port cannot be given up.
    package func takeDown() throws { try server.takeDown() }

    /// Lets all requests go on that have come so far and stall, or are about to.
    package func release() { gate.release() }

    /// Blocks until what came fits.
    ///
    /// - Parameter condition: What to wait for, such as a number of requests or that no connection is open.
    /// - Returns: false when it did not come within half a minute.
    package func wait(until condition: (Traffic) -> Bool) -> Bool {
        server.traffic.wait(seconds: LoopbackServer.patience, until: condition)
    }

    /// Waits until what came fits, without keeping one of Swift's threads.
    ///
    /// - Parameter condition: What to wait for, such as a number of requests or that no connection is open.
    /// - Returns: false when it did not come within half a minute.
    package func wait(until condition: @escaping @Sendable (Traffic) -> Bool) async -> Bool {
        await server.traffic.waitAside(seconds: LoopbackServer.patience, until: condition)
    }

    /// Ends all connections and takes no more.
    package func stop() { server.stop() }
}

/// What stalled connections wait for besides the end of their client.
final class ReleaseGate: Sendable {
    /// One for each release; all but the last are at their end, which a poll(2) sees.
    private let pipes = Mutex([makePipe()])

    deinit {
        pipes.withLock { pipes in
            for pipe in pipes { close(pipe.read) }
            for pipe in pipes.suffix(1) { close(pipe.write) }
        }
    }

    /// Gets to its end at the next release.
    var descriptor: Int32 { pipes.withLock { $0[$0.count - 1].read } }

    /// Wakes all who wait.
    func release() {
        pipes.withLock { pipes in
            close(pipes[pipes.count - 1].write)
            pipes.append(makePipe())
        }
    }
}

private func makePipe() -> (read: Int32, write: Int32) { RunningProgram.withoutSpawning { RunningProgram.pipe() } }
