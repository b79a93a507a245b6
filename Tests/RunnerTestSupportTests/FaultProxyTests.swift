import Testing

@testable import RunnerTestSupport

/// A fault must do what it says and nothing else, or the tests that stand on it test nothing.
struct FaultProxyTests {
    private static let body = pattern(1000)
    private static let headLength = ScriptedAnswer.http(200, body: body).head.count

    /// Runs `test` with a proxy in front of a server that answers everything with the body.
    private func withProxy(
        _ faults: [Fault],
        _ test: (FaultProxy, ScriptedServer) throws -> Void
    ) throws {
        let server = try ScriptedServer { _ in .http(200, body: Self.body) }
        defer { server.stop() }
        let proxy = try FaultProxy(to: server.endpoint, faults: faults)
        defer { proxy.stop() }
        try test(proxy, server)
    }

    @Test("cuts the answer after exactly n bytes of its body", arguments: [0, 1, 999, 1000], [Ending.finish, .reset])
    func cutAnswer(count: Int, ending: Ending) throws {
        try withProxy([.cutAnswer(after: count, ending)]) { proxy, _ in
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            let received = client.receive()
            #expect(received.bytes.count == Self.headLength + count)
            #expect(Array(received.bytes.dropFirst(Self.headLength)) == Array(Self.body.prefix(count)))
            #expect(received.end == (ending == .reset ? .reset : .finish))
        }
    }

    @Test("cuts before the answer, when the server has done its work", arguments: [Ending.finish, .reset])
    func cutWholeAnswer(ending: Ending) throws {
        try withProxy([.cutAnswer(after: nil, ending)]) { proxy, server in
            let client = try TestClient(proxy.endpoint)
            client.send(put(1000), Self.body)
            let received = client.receive()
            #expect(received.bytes.isEmpty)
            #expect(received.end == (ending == .reset ? .reset : .finish))
            #expect(server.requests.map(\.body) == [Self.body])
        }
    }

    @Test("cuts the upload after exactly n bytes", arguments: [0, 1, 999, 1000], [Ending.finish, .reset])
    func cutUpload(count: Int, ending: Ending) throws {
        try withProxy([.cutUpload(after: count, ending)]) { proxy, server in
            let client = try TestClient(proxy.endpoint)
            client.send(put(1000), Self.body)
            let received = client.receive()
            #expect(received.bytes.isEmpty)
            #expect(received.end == (ending == .reset ? .reset : .finish))
            #expect(proxy.requests.map(\.bytesForwarded) == [count])
            #expect(server.wait { $0.connections == 1 && $0.openConnections == 0 })
            #expect(server.requests.map(\.body) == [Array(Self.body.prefix(count))])
        }
    }

    @Test("changes exactly one byte of the answer", arguments: [0, 500, 999])
    func corruptAnswer(place: Int) throws {
        try withProxy([.corruptAnswer(at: place)]) { proxy, _ in
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            let body = client.answer().body
            #expect(body.count == 1000)
            #expect(body.indices.filter { body[$0] != Self.body[$0] } == [place])
        }
    }

    @Test("changes exactly one byte of the upload", arguments: [0, 500, 999])
    func corruptUpload(place: Int) throws {
        try withProxy([.corruptUpload(at: place)]) { proxy, server in
            let client = try TestClient(proxy.endpoint)
            client.send(put(1000), Self.body)
            #expect(client.answer().body == Self.body)
            let body = server.requests[0].body
            #expect(body.indices.filter { body[$0] != Self.body[$0] } == [place])
            #expect(proxy.requests[0].body == Self.body)
        }
    }

    @Test("stalls the answer until it is released", arguments: [nil, 0, 1, 500] as [Int?])
    func stallAnswer(count: Int?) throws {
        try withProxy([.stallAnswer(after: count)]) { proxy, server in
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            let begin = client.receive(count.map { Self.headLength + $0 } ?? 0).bytes
            #expect(server.wait { $0.requests.count == 1 })
            #expect(!client.socket.isReadable)
            proxy.release()
            let rest = client.receive(Self.headLength + 1000 - begin.count).bytes
            #expect((begin + rest).suffix(1000) == Self.body[...])
        }
    }

    @Test("a stall ends when the client goes")
    func stallEndsWithClient() throws {
        try withProxy([.stallAnswer(after: 10)]) { proxy, _ in
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            _ = client.receive(Self.headLength + 10)
            #expect(proxy.traffic.openConnections == 1)
            client.socket.end(.reset)
            #expect(proxy.wait { $0.openConnections == 0 })
        }
    }

    @Test("stalls the upload until it is released")
    func stallUpload() throws {
        try withProxy([.stallUpload(after: 300)]) { proxy, server in
            let client = try TestClient(proxy.endpoint)
            client.send(put(1000), Self.body)
            #expect(server.wait { $0.requests.first?.bodyCount == 300 })
            #expect(proxy.requests[0].bytesForwarded == 300)
            proxy.release()
            #expect(client.answer().body == Self.body)
            #expect(server.requests[0].body == Self.body)
        }
    }

    @Test("hangs up on a connection that is used again", arguments: [Ending.finish, .reset])
    func hangUp(ending: Ending) throws {
        try withProxy([.pass, .hangUp(ending)]) { proxy, server in
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            #expect(client.answer().body == Self.body)
            client.send(get)
            let received = client.receive()
            #expect(received.bytes.isEmpty)
            #expect(received.end == (ending == .reset ? .reset : .finish))
            #expect(proxy.requests.map(\.position) == [1, 2])
            #expect(server.requests.count == 1)
        }
    }

    @Test("says a length that is not the body's", arguments: [-10, 10])
    func misstateLength(difference: Int) throws {
        try withProxy([.misstateLength(by: difference)]) { proxy, _ in
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            let length = "Content-Length: \(1000 + difference)\r\n"
            let headLength = Self.headLength - "Content-Length: 1000\r\n".utf8.count + length.utf8.count
            let received = client.receive(headLength + 1000)
            #expect(String(decoding: received.bytes.prefix(headLength), as: UTF8.self).contains(length))
            #expect(received.bytes.dropFirst(headLength).elementsEqual(Self.body))
            if difference > 0 { #expect(client.receive().end == .finish) }
        }
    }

    @Test("sends an answer twice")
    func repeatAnswer() throws {
        try withProxy([.repeatAnswer]) { proxy, _ in
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            let received = client.receive(2 * (Self.headLength + 1000)).bytes
            #expect(received.prefix(Self.headLength + 1000) == received.suffix(Self.headLength + 1000))
        }
    }

    @Test("drips and delays, and loses nothing")
    func slowAnswers() throws {
        let faults: [Fault] = [.dripAnswer(bytes: 1, pause: .zero), .delayAnswer(.milliseconds(5))]
        try withProxy(faults) { proxy, _ in
            let client = try TestClient(proxy.endpoint)
            for _ in faults {
                client.send(get)
                #expect(client.answer().body == Self.body)
            }
        }
    }

    @Test("answers by itself")
    func ownAnswers() throws {
        let slowDown = ScriptedAnswer.error(503, "SlowDown", headers: [("Retry-After", "1")])
        try withProxy([.answer(slowDown), .answerEarly(slowDown)]) { proxy, server in
            let client = try TestClient(proxy.endpoint)
            client.send(put(1000), Self.body)
            let answer = client.answer()
            #expect(answer.head.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.head.contains("Retry-After: 1\r\n"))
            #expect(String(decoding: answer.body, as: UTF8.self).contains("<Code>SlowDown</Code>"))
            client.send(put(1000))
            #expect(client.answer().head.hasPrefix("HTTP/1.1 503 "))
            #expect(proxy.requests.map(\.bodyCount) == [1000, 0])
            #expect(server.requests.isEmpty)
        }
    }

    @Test("refuses connections and takes them again")
    func refuseConnections() throws {
        try withProxy([]) { proxy, _ in
            try proxy.refuseConnections(true)
            #expect(throws: TestServerError.self) { try TestClient(proxy.endpoint) }
            try proxy.refuseConnections(false)
            let client = try TestClient(proxy.endpoint)
            client.send(get)
            #expect(client.answer().body == Self.body)
        }
    }

    @Test("counts connections and passes heads unchanged")
    func record() throws {
        try withProxy([]) { proxy, server in
            let clients = try (0..<5).map { _ in try TestClient(proxy.endpoint) }
            for client in clients {
                client.send("GET /b/a%20+?a=1&b HTTP/1.1\r\nHost: Some:1\r\nX-Amz-Meta:  two  words \r\n\r\n")
                #expect(client.answer().body == Self.body)
            }
            #expect(proxy.traffic.connections == 5)
            #expect(proxy.traffic.mostConnections == 5)
            let request = server.requests[0]
            #expect(request.target == "/b/a%20+?a=1&b")
            #expect(request.path == "/b/a%20+")
            #expect(request.queryValue("a") == "1")
            #expect(request.queryValue("b")?.isEmpty == true)
            #expect(request.queryValue("c") == nil)
            #expect(request.headers.map(\.name) == ["Host", "X-Amz-Meta"])
            #expect(request.header("x-amz-meta") == "two  words")
        }
    }

    @Test("passes 100-continue, chunks and HEAD")
    func framings() throws {
        let server = try ScriptedServer { request in
            request.method == "HEAD" ? .http(200, body: Self.body) : .http(200, body: request.body, chunkSize: 7)
        }
        defer { server.stop() }
        let proxy = try FaultProxy(to: server.endpoint)
        defer { proxy.stop() }
        let client = try TestClient(proxy.endpoint)
        client.send("PUT /k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        let interim = "HTTP/1.1 100 Continue\r\n\r\n"
        #expect(String(decoding: client.receive(interim.utf8.count).bytes, as: UTF8.self) == interim)
        client.send("0123456789")
        #expect(String(decoding: client.answer().body, as: UTF8.self) == "7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n")
        client.send("HEAD /k HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.receive(Self.headLength).bytes.count == Self.headLength)
        client.send(
            "PUT /k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nabcd\r\n0\r\nT: 1\r\n\r\n"
        )
        #expect(client.answer().head.hasPrefix("HTTP/1.1 200 "))
        #expect(server.requests.count == 3)
        #expect(server.requests[2].body == Array("4;x=y\r\nabcd\r\n0\r\nT: 1\r\n\r\n".utf8))
    }

    @Test("an async test may wait beside its client")
    func asyncWait() async throws {
        let server = try ScriptedServer { _ in .silence }
        defer { server.stop() }
        let client = try TestClient(server.endpoint)
        client.send(get)
        #expect(await server.wait { $0.requests.count == 1 })
        client.socket.end(.reset)
        #expect(await server.wait { $0.openConnections == 0 })
    }
}
