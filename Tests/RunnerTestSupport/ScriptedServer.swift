import RunnerCore

/// A server of 127.0.0.1 whose answers a test writes: a store that misbehaves, instance metadata, a container's
/// credentials, STS.
///
/// Stop it when the test is done: `defer { server.stop() }`.
package final class ScriptedServer: Sendable {
    private let server: LoopbackServer

    /// Starts a server.
    ///
    /// - Parameter answer: Makes the answer to a request whose body has come; called on the connection's thread.
    /// - Throws: ``TestServerError`` when no port can be had.
    package init(_ answer: @escaping @Sendable (RecordedRequest) -> ScriptedAnswer) throws {
        server = try LoopbackServer { server, client, connection in
            var position = 0
            while let head = client.head() {
                position += 1
                let number = server.record(head, connection: connection, position: position).number
                guard server.receiveBody(head, client, of: number) else { return }
                let request = server.request(number)
                guard answer(request).send(to: client.socket, method: request.method) else { return }
            }
        }
    }

    /// Starts a server that gives these answers in order, one a request, whatever is asked.
    ///
    /// - Parameter answers: The answers; a request beyond them gets a 599, which no client takes for a success.
    /// - Throws: ``TestServerError`` when no port can be had.
    package convenience init(answers: [ScriptedAnswer]) throws {
        try self.init { request in
            guard request.number <= answers.count else {
                return .http(599, text: "request \(request.number): the test has \(answers.count) answers")
            }
            return answers[request.number - 1]
        }
    }

    /// `http://127.0.0.1:PORT`.
    package var endpoint: String { "http://127.0.0.1:\(server.port)" }

    /// What came so far.
    package var traffic: Traffic { server.traffic.withLock { $0 } }

    /// The requests that came so far.
    package var requests: [RecordedRequest] { traffic.requests }

    /// Lets new connections be refused, or takes them again.
    ///
    /// - Parameter isRefusing: Whether they are refused.
    /// - Throws: ``TestServerError`` when another program has taken the port.
    package func refuseConnections(_ isRefusing: Bool) throws { try server.refuse(isRefusing) }

    /// Blocks until what came fits.
    ///
    /// - Parameter condition: What to wait for.
    /// - Returns: false when it did not come within half a minute.
    package func wait(until condition: (Traffic) -> Bool) -> Bool {
        server.traffic.wait(seconds: LoopbackServer.patience, until: condition)
    }

    /// Waits until what came fits, without keeping one of Swift's threads.
    ///
    /// - Parameter condition: What to wait for.
    /// - Returns: false when it did not come within half a minute.
    package func wait(until condition: @escaping @Sendable (Traffic) -> Bool) async -> Bool {
        await server.traffic.waitAside(seconds: LoopbackServer.patience, until: condition)
    }

    /// Ends all connections and takes no more.
    package func stop() { server.stop() }
}
