import NIOCore
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import RunnerHTTP

/// Each way not to get an answer has its own name, by which is decided whether to try again.
@Suite(.timeLimit(.minutes(15))) struct HTTPErrorTests {
    private func error(
        _ origin: HTTPOrigin,
        _ transport: AsyncHTTPTransport = Transports.patient,
        body: ByteBuffer = ByteBuffer()
    ) async -> HTTPError? {
        let request = HTTPRequest(
            body.readableBytes > 0 ? .put : .get,
            origin,
            path: "/bucket/key",
            query: "X-Amz-Signature=abcdef",
            headers: ["Authorization": "abcdef"],
            body: body
        )
        let error = await #expect(throws: HTTPError.self) {
            try await transport.send(request, limits: HTTPLimits(), bodyLimitBytes: 1 << 20)
        }
        if let error {
            #expect(error.description.hasPrefix("\(origin)/bucket/key: "), "\(error)")
            #expect(!error.description.contains("abcdef") && !error.description.contains("\n"), "\(error)")
        }
        return error
    }

    @Test func refused() async throws {
        let server = try ScriptedServer { _ in .http(200) }
        server.stop()
        let error = await error(HTTPOrigin(server.endpoint))
        #expect(error?.code == .cannotConnect)
        #expect(error?.description.contains("refused") == true, "\(String(describing: error))")
    }

    @Test func unknownName() async {
        let error = await error(HTTPOrigin(isSecure: false, host: "no-such-host.invalid"))
        #expect(error?.code == .cannotConnect)
    }

    @Test func notTrusted() async throws {
        let error = await error(HTTPOrigin(try S3Server.shared().tlsEndpoint))
        #expect(error?.code == .untrusted)
    }

    @Test func trustedByItsOwnAuthority() async throws {
        let server = try S3Server.shared()
        let transport = AsyncHTTPTransport(
            AsyncHTTPTransport.Configuration(connections: 1, trustedCertificates: server.authorities.string)
        )
        let request = HTTPRequest(.get, HTTPOrigin(server.tlsEndpoint))
        let answer = try await transport.send(request, limits: HTTPLimits(), bodyLimitBytes: 1 << 20)
        #expect(answer.head.status == 403)
        // The certificate is for 127.0.0.1 and localhost.
        let other = HTTPOrigin(isSecure: true, host: "127.0.0.2", port: HTTPOrigin(server.tlsEndpoint).port)
        let error = await error(other, transport)
        #expect(error?.code == .untrusted || error?.code == .cannotConnect)
    }

    private static let head = ScriptedAnswer.http(200, text: "12345").head.count
    static let cuts: [(ScriptedAnswer, HTTPError.Code)] = [
        (.http(200, text: "12345").ended(.finish, after: 0), .connectionLost),
        (.http(200, text: "12345").ended(.reset, after: 0), .connectionLost),
        (.http(200, text: "12345").ended(.finish, after: 10), .connectionLost),
        (.http(200, text: "12345").ended(.finish, after: head + 2), .connectionLost),
        (.http(200, text: "12345").ended(.reset, after: head + 2), .connectionLost),
        (.http(200, body: [1, 2, 3], chunkSize: 2).ended(.finish, after: 60), .connectionLost),
        (.raw(Array("SSH-2.0-OpenSSH_9.6\r\n".utf8)).ended(.finish), .malformed),
        (.raw(Array("HTTP/1.1 abc\r\n\r\n".utf8)), .malformed),
        (.silence, .stalled),
        (.http(200, text: "12345").ended(.silence, after: head + 2), .stalled),
        (.http(200, text: "12345").ended(.silence, after: 10), .stalled),
    ]

    @Test(arguments: cuts.indices)
    func cutAndStalledAnswers(index: Int) async throws {
        let (answer, code) = Self.cuts[index]
        let server = try ScriptedServer { _ in answer }
        defer { server.stop() }
        let error = await error(HTTPOrigin(server.endpoint), Transports.impatient)
        #expect(error?.code == code, "\(String(describing: error))")
    }

    /// The server takes a part of the body and then no more: as much lies in buffers as the kernel keeps, then nothing
    /// moves.
    @Test(arguments: [100_000, 40 << 20])
    func aBodyThatNobodyTakes(size: Int) async throws {
        let server = try ScriptedServer { _ in .http(200) }
        defer { server.stop() }
        let proxy = try FaultProxy(to: server.endpoint) { _ in .stallUpload(after: 10_000) }
        defer { proxy.stop() }
        let body = ByteBuffer(repeating: 1, count: size)
        let error = await error(HTTPOrigin(proxy.endpoint), Transports.impatient, body: body)
        #expect(error?.code == .stalled, "\(String(describing: error))")
    }

    /// A body on a slow line takes longer than a stall may last, and never stalls.
    @Test func aBodyThatIsTakenSlowly() async throws {
        let server = try ScriptedServer { _ in .http(200) }
        defer { server.stop() }
        // A pause that a busy machine makes three hundred times as long is no stall yet.
        let proxy = try FaultProxy(to: server.endpoint) { _ in .dripUpload(pause: .milliseconds(6)) }
        defer { proxy.stop() }
        let request = HTTPRequest(.put, HTTPOrigin(proxy.endpoint), body: ByteBuffer(repeating: 1, count: 30 << 20))
        let transport = AsyncHTTPTransport(.init(connections: 1, stallTimeout: .seconds(2)))
        let answer = try await transport.send(request, limits: HTTPLimits(), bodyLimitBytes: 1 << 20)
        #expect(answer.head.status == 200)
        #expect(server.requests.map(\.bodyCount) == [30 << 20])
    }

    /// A cancelled request closes its connection; nothing waits for an answer any more.
    @Test(arguments: [nil, 40 << 20], [Fault.stallAnswer(after: nil), .stallUpload(after: 0), .stallAnswer(after: 1)])
    func cancelling(size: Int?, fault: Fault) async throws {
        let server = try ScriptedServer { _ in .http(200, text: "12345") }
        defer { server.stop() }
        let proxy = try FaultProxy(to: server.endpoint) { _ in fault }
        defer { proxy.stop() }
        let origin = HTTPOrigin(proxy.endpoint)
        let body = ByteBuffer(repeating: 1, count: size ?? 10)
        let task = Task {
            let request = HTTPRequest(.put, origin, body: body)
            return try await Transports.patient.send(request, limits: HTTPLimits(), bodyLimitBytes: 1 << 20)
        }
        #expect(await proxy.wait { !$0.requests.isEmpty })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // The kernel still holds bytes that nobody takes, and the end behind them.
        proxy.release()
        #expect(await proxy.wait { $0.openConnections == 0 })
    }
}
