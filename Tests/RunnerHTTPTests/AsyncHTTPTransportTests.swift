import NIOCore
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import RunnerHTTP

/// Connections for the tests; none of them waits longer than its test.
enum Transports {
    /// For what is answered.
    static let patient = AsyncHTTPTransport(AsyncHTTPTransport.Configuration(connections: 8))
    /// For what is not.
    static let impatient = AsyncHTTPTransport(
        AsyncHTTPTransport.Configuration(connections: 8, stallTimeout: .seconds(1))
    )
}

extension HTTPOrigin {
    /// The origin of a server of the tests.
    init(_ endpoint: String) {
        self.init(
            isSecure: endpoint.hasPrefix("https"),
            host: "127.0.0.1",
            port: endpoint.split(separator: ":").last.flatMap { Int($0) }
        )
    }
}

@Suite(.timeLimit(.minutes(15))) struct AsyncHTTPTransportTests {
    private func send(
        _ request: HTTPRequest,
        _ limits: HTTPLimits = HTTPLimits(),
        bodyLimitBytes: Int = 1 << 20
    ) async throws -> HTTPResponse {
        try await Transports.patient.send(request, limits: limits, bodyLimitBytes: bodyLimitBytes)
    }

    // MARK: Requests

    /// A path that is changed on its way has another signature, or is another object.
    @Test(arguments: [
        ("/", ""), ("//", ""), ("//a//b", ""), ("/a/../b", ""), ("/../../etc", ""), ("/./a", ""), ("/a/.", ""),
        ("/%2F", ""), ("/%2f", ""), ("/a%2Fb", ""), ("/;", ""), ("/a;b=c", ""), ("/'", ""), ("/a'b", ""),
        ("/%2E%2E/a", ""), ("/%20", ""), ("/+", ""), ("/%2B", ""), ("/%25", ""), ("/%2520", ""), ("/~a", ""),
        ("/a!$&()*,:=@b", ""), ("/%C3%A9", ""), ("/%00", ""), ("/a/", ""), ("/a?", ""), ("/", "uploads="),
        ("/a", "uploads"), ("/a", "a=b+c"), ("/a", "a=%2F&b=%20"), ("/a", "a=/"), ("/a", "x=1&x=2&&y"), ("/a", "?=?"),
        ("/a", "prefix=%2F%2F&marker="), ("/a", "a=';"), ("/a", "a=//../.."),
        ("/%7B%7D%7C%5E%60%5B%5D%5C%22%3C%3E%23", ""),
    ])
    func targetsArriveAsTheyStand(path: String, query: String) async throws {
        let server = try ScriptedServer { _ in .http(200) }
        defer { server.stop() }
        for method in [HTTPMethod.get, .put] {
            _ = try await send(HTTPRequest(method, HTTPOrigin(server.endpoint), path: path, query: query))
        }
        let target = query.isEmpty ? path : "\(path)?\(query)"
        #expect(server.requests.map(\.target) == [target, target])
    }

    @Test(arguments: [HTTPMethod.get, .head, .put, .post, .delete], [0, 1, 100_000])
    func headersAndBodyArriveAsTheyStand(method: HTTPMethod, size: Int) async throws {
        let server = try ScriptedServer { _ in .http(200, headers: [("X-A", "1"), ("x-a", "2")]) }
        defer { server.stop() }
        let body = [UInt8](repeating: 7, count: size)
        let answer = try await send(
            HTTPRequest(
                method,
                HTTPOrigin(server.endpoint),
                headers: ["X-Amz-Date": "x", "Range": "bytes=0-1", "If-Match": "\"t\"", "Authorization": "secret"],
                body: ByteBuffer(bytes: body)
            )
        )
        #expect(answer.head.headers.fields.filter { $0.name.lowercased() == "x-a" }.map(\.value) == ["1", "2"])
        let request = try #require(server.requests.first)
        #expect(request.method == method.rawValue)
        let same = request.body == body
        #expect(same)
        #expect(request.header("host") == String(server.endpoint.dropFirst("http://".count)))
        #expect(request.header("transfer-encoding") == nil)
        // Without it S3 refuses a PUT, and would wait for the body of a POST.
        if size > 0 || method == .put || method == .post { #expect(request.header("content-length") == "\(size)") }
        let names = request.headers.map { $0.name.lowercased() }
        let others = ["host", "content-length", "x-amz-date", "range", "if-match", "authorization", "connection"]
        #expect(names.allSatisfy(others.contains), "\(names)")
        #expect(Set(names).count == names.count)
    }

    // MARK: Answers

    @Test(arguments: [301, 302, 303, 307, 308])
    func noRedirectIsFollowed(status: Int) async throws {
        let server = try ScriptedServer { _ in .http(status, headers: [("Location", "/elsewhere")], text: "moved") }
        defer { server.stop() }
        let answer = try await send(HTTPRequest(.get, HTTPOrigin(server.endpoint)))
        #expect(answer.head.status == status)
        #expect(answer.head.headers["location"] == "/elsewhere")
        #expect(answer.body == Array("moved".utf8))
        #expect(server.requests.count == 1)
    }

    @Test(arguments: ["gzip", "deflate", "br"])
    func nothingIsDecompressed(encoding: String) async throws {
        let body = SmallArchives.gzip(Array("an object that says how it was packed".utf8))
        let server = try ScriptedServer { _ in .http(200, headers: [("Content-Encoding", encoding)], body: body) }
        defer { server.stop() }
        let answer = try await send(HTTPRequest(.get, HTTPOrigin(server.endpoint)))
        #expect(answer.body == body)
        #expect(server.requests.first?.header("accept-encoding") == nil)
    }

    @Test(arguments: [nil, 7], [nil, 1, 1000])
    func bodiesOfAnyFraming(chunkSize: Int?, bytesPerWrite: Int?) async throws {
        let body = [UInt8]((0..<2000).map { UInt8(truncatingIfNeeded: $0) })
        let server = try ScriptedServer { _ in
            let answer = ScriptedAnswer.http(206, body: body, chunkSize: chunkSize)
            return bytesPerWrite.map { answer.written($0) } ?? answer
        }
        defer { server.stop() }
        let answer = try await send(HTTPRequest(.get, HTTPOrigin(server.endpoint)))
        #expect(answer.head.status == 206)
        #expect(answer.head.contentLength == (chunkSize == nil ? 2000 : nil))
        #expect(answer.body == body)
    }

    @Test(arguments: [200, 204, 304, 404])
    func answersWithoutABody(status: Int) async throws {
        let server = try ScriptedServer { _ in .http(status) }
        defer { server.stop() }
        let answer = try await send(HTTPRequest(.head, HTTPOrigin(server.endpoint)))
        #expect(answer.head.status == status && answer.body.isEmpty)
    }

    /// HEAD tells the length of what it does not send.
    @Test func aHeadTellsALength() async throws {
        let server = try ScriptedServer { _ in .http(200, body: [1, 2, 3]) }
        defer { server.stop() }
        let answer = try await send(HTTPRequest(.head, HTTPOrigin(server.endpoint)))
        #expect(answer.head.contentLength == 3 && answer.body.isEmpty)
    }

    /// A new connection costs round trips, and begins slowly.
    @Test(arguments: [0, 100, 600_000])
    func connectionsAreUsedAgain(bodyBytes: Int) async throws {
        let server = try ScriptedServer { _ in .http(200, text: "x") }
        defer { server.stop() }
        let request = HTTPRequest(.put, HTTPOrigin(server.endpoint), body: ByteBuffer(repeating: 7, count: bodyBytes))
        // Of its own: with other requests under way, another thread's connections would be used.
        let transport = AsyncHTTPTransport(AsyncHTTPTransport.Configuration(connections: 8))
        for _ in 0..<5 { _ = try await transport.send(request, limits: HTTPLimits(), bodyLimitBytes: 100) }
        #expect(server.traffic.connections == 1)
    }

    /// Tells on which threads answers come.
    private final class Listener: HTTPResponseReceiver {
        private let heard = Mutex<Set<ObjectIdentifier>>([])

        var threads: Int { heard.withLock { $0.count } }

        func receive(_ head: HTTPResponseHead) throws {}

        func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>? {
            heard.withLock { _ = $0.insert(ObjectIdentifier(eventLoop)) }
            return nil
        }
    }

    @Test func requestsAtOnceAreOnAllThreads() async throws {
        let threads = AsyncHTTPTransport.loopCount(cores: System.coreCount)
        let go = Semaphore()
        let server = try ScriptedServer { _ in
            go.wait()
            return .http(200, text: "x")
        }
        defer { server.stop() }
        let transport = AsyncHTTPTransport(AsyncHTTPTransport.Configuration(connections: threads))
        let listener = Listener()
        let request = HTTPRequest(.get, HTTPOrigin(server.endpoint))
        async let sent: Void = forEachConcurrently(0..<threads, limit: threads) { _ in
            try await transport.send(request, limits: HTTPLimits(), to: listener)
        }
        #expect(await server.wait { $0.requests.count == threads })
        for _ in 0..<threads { go.signal() }
        try await sent
        #expect(listener.threads == threads)
    }

    // MARK: Limits

    @Test func aBodyThatIsTooLong() async throws {
        let server = try ScriptedServer { _ in .http(200, text: "12345") }
        defer { server.stop() }
        let request = HTTPRequest(.get, HTTPOrigin(server.endpoint), path: "/p")
        #expect(try await send(request, bodyLimitBytes: 5).body.count == 5)
        let error = await #expect(throws: HTTPError.self) { try await send(request, bodyLimitBytes: 4) }
        #expect(error?.code == .tooLarge)
    }

    @Test func anAnswerThatTakesTooLong() async throws {
        let server = try ScriptedServer { _ in .silence }
        defer { server.stop() }
        let error = await #expect(throws: HTTPError.self) {
            try await send(HTTPRequest(.get, HTTPOrigin(server.endpoint)), HTTPLimits(total: .milliseconds(50)))
        }
        #expect(error?.code == .tooSlow)
    }

    // MARK: Receivers

    /// Says no to the head or to the body.
    private struct Refusing: HTTPResponseReceiver {
        struct Refusal: Error {}
        let refusesHead: Bool

        func receive(_ head: HTTPResponseHead) throws {
            if refusesHead { throw Refusal() }
        }

        func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>? {
            throw Refusal()
        }
    }

    @Test(arguments: [true, false])
    func theReceiversErrorIsThrown(refusesHead: Bool) async throws {
        let server = try ScriptedServer { _ in .http(200, text: "x") }
        defer { server.stop() }
        await #expect(throws: Refusing.Refusal.self) {
            let receiver = Refusing(refusesHead: refusesHead)
            let request = HTTPRequest(.get, HTTPOrigin(server.endpoint))
            try await Transports.patient.send(request, limits: HTTPLimits(), to: receiver)
        }
    }

    /// Lets the answer go on half a second later, longer than a stall may last.
    private struct Slow: HTTPResponseReceiver {
        func receive(_ head: HTTPResponseHead) throws {}

        func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>? {
            eventLoop.scheduleTask(in: .milliseconds(400)) {}.futureResult
        }
    }

    /// A reader that is slow is no server that stalls: unpacking a large archive may pause its answer for minutes.
    @Test func aSlowReceiverIsNoStall() async throws {
        let body = [UInt8](repeating: 1, count: 600_000)
        let server = try ScriptedServer { _ in .http(200, body: body) }
        defer { server.stop() }
        let request = HTTPRequest(.get, HTTPOrigin(server.endpoint))
        try await Transports.impatient.send(request, limits: HTTPLimits(), to: Slow())
    }
}
