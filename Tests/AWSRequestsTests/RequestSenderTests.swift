import AWSSigning
import NIOCore
import NIOEmbedded
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Testing

@testable import AWSRequests

@Suite(.timeLimit(.minutes(15))) struct RequestSenderTests {
    private let origin = HTTPOrigin(isSecure: true, host: "s3.us-west-2.amazonaws.com")
    private let surroundings = StubSurroundings()

    private func request(_ body: String = "") -> HTTPRequest {
        HTTPRequest(
            .put,
            origin,
            path: "/b/a%20b",
            query: "x=1",
            headers: ["x-amz-acl": "private"],
            body: ByteBuffer(string: body)
        )
    }

    private func signing(
        _ credentials: any CredentialProvider = StubCredentials("AKID"),
        hash: String? = nil
    ) -> Signing {
        Signing(region: "us-west-2", service: "s3", credentials: credentials, path: .once, payloadHash: hash)
    }

    // MARK: Signing

    @Test(arguments: [nil, PayloadHash.unsigned])
    func aRequestIsSigned(hash: String?) async throws {
        let transport = StubTransport([.success(HTTPResponse(200, "done"))])
        let answer = try await surroundings.sender(transport).send(request("body"), signing: signing(hash: hash))
        #expect(answer.body == Array("done".utf8))
        let sent = try #require(transport.requests.first)
        #expect(sent.headers["x-amz-date"] == "20231114T221320Z")
        #expect(sent.headers["x-amz-content-sha256"] == hash ?? PayloadHash.of(Array("body".utf8)))
        #expect(sent.headers["x-amz-security-token"] == "t-AKID")
        #expect(sent.headers["authorization"]?.contains("Credential=AKID/20231114/us-west-2/s3/aws4_request") == true)
        #expect(sent.headers["x-amz-acl"] == "private" && sent.target == "/b/a%20b?x=1")
        #expect(sent.headers["host"] == nil)
    }

    @Test func aRequestWithoutASignature() async throws {
        let transport = StubTransport([.success(HTTPResponse(200))])
        _ = try await surroundings.sender(transport).send(request(), signing: nil)
        #expect(transport.requests[0].headers == request().headers)
    }

    @Test func withoutACredentialNothingIsSent() async {
        let transport = StubTransport([.success(HTTPResponse(200))])
        await #expect(throws: NoCredentialError.self) {
            try await surroundings.sender(transport).send(request(), signing: signing(StubCredentials()))
        }
        #expect(transport.requests.isEmpty && surroundings.waits.isEmpty)
    }

    // MARK: Trying again

    static let passing: [Result<HTTPResponse, any Error>] =
        [500, 502, 503, 504, 429].map { .success(HTTPResponse($0)) }
        + ["SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "BadDigest"].map { code in
            .success(HTTPResponse(400, "<Error><Code>\(code)</Code></Error>"))
        }
        + [.cannotConnect, .connectionLost, .stalled, .tooSlow, .malformed].map { (code: HTTPError.Code) in
            .failure(HTTPError(code, "no luck"))
        }

    @Test(arguments: passing.indices)
    func whatPassesIsTriedAgain(index: Int) async throws {
        let failure = Self.passing[index]
        let transport = StubTransport([failure, failure, .success(HTTPResponse(200))])
        _ = try await surroundings.sender(transport).send(request("body"), signing: signing())
        #expect(transport.requests.count == 3)
        #expect(transport.requests.map(\.body) == Array(repeating: ByteBuffer(string: "body"), count: 3))
        #expect(surroundings.waits == [.seconds(1), .seconds(2)])
        // Each try is signed at its own time.
        #expect(
            transport.requests.compactMap { $0.headers["x-amz-date"] } == [
                "20231114T221320Z", "20231114T221321Z", "20231114T221323Z",
            ]
        )
        #expect(surroundings.notices.count == 2)
        #expect(surroundings.notices[0].hasPrefix("trying again in 1.0 s: "))
        #expect(!surroundings.notices.joined().contains("AKID"))
    }

    static let final: [Result<HTTPResponse, any Error>] =
        [301, 304, 307, 400, 401, 403, 404, 405, 409, 412, 416, 501].map {
            .success(HTTPResponse($0, "<Error><Code>No</Code></Error>"))
        }
        + [.untrusted, .tooLarge, .closed].map { (code: HTTPError.Code) in .failure(HTTPError(code, "no luck")) }

    @Test(arguments: final.indices)
    func whatIsFinalIsNot(index: Int) async {
        let transport = StubTransport([Self.final[index]])
        await #expect(throws: (any Error).self) {
            try await surroundings.sender(transport).send(request(), signing: signing())
        }
        #expect(transport.requests.count == 1 && surroundings.notices.isEmpty && surroundings.waits.isEmpty)
    }

    @Test func theLastErrorIsThrown() async {
        let transport = StubTransport { _, number in HTTPResponse(503, "<Error><Code>Slow\(number)</Code></Error>") }
        let error = await #expect(throws: ServiceError.self) {
            try await surroundings.sender(transport).send(request(), signing: signing())
        }
        #expect(error?.code == "Slow3")
        #expect(surroundings.notices.last?.hasPrefix("giving up, after 3 attempts: ") == true)
    }

    @Test func retryAfterIsFollowed() async throws {
        let transport = StubTransport([
            .success(HTTPResponse(503, headers: ["Retry-After": "7"])), .success(HTTPResponse(200)),
        ])
        _ = try await surroundings.sender(transport).send(request(), signing: nil)
        #expect(surroundings.waits == [.seconds(7)])
    }

    /// Bytes that arrived make the count of tries begin anew.
    @Test func progressBeginsTheCountAnew() async throws {
        let sender = surroundings.sender(StubTransport([.success(HTTPResponse(200))]))
        var tries = 0
        let result = try await sender.retrying(.standard) { attempt in
            tries += 1
            if tries < 20 {
                if tries % 2 == 0 { attempt.progressed() }
                throw HTTPError(.connectionLost, "cut")
            }
            return tries
        }
        #expect(result == 20)
        #expect(surroundings.waits.allSatisfy { $0 <= .seconds(2) })
    }

    /// When everything fails, the requests of a process share what is left of their retries.
    @Test func theQuotaIsShared() async {
        let transport = StubTransport([.success(HTTPResponse(500))])
        let sender = surroundings.sender(transport)
        for _ in 0..<60 { _ = try? await sender.send(request(), signing: nil) }
        // 500 tokens, 5 a retry: 100 retries in all.
        #expect(transport.requests.count == 160)
        #expect(surroundings.notices.last?.contains("too many failures of other requests") == true)
    }

    @Test func cancellingEndsTheWait() async throws {
        let transport = StubTransport { _, _ in
            withUnsafeCurrentTask { $0?.cancel() }
            return HTTPResponse(503)
        }
        let sender = surroundings.sender(transport)
        let task = Task { try await sender.send(request(), signing: nil) }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(transport.requests.count == 1)
    }

    // MARK: Credentials

    private static let expired = HTTPResponse(400, "<Error><Code>ExpiredToken</Code></Error>")

    @Test func anExpiredCredentialIsReplacedAtOnce() async throws {
        let credentials = StubCredentials("OLD", "NEW")
        let transport = StubTransport { request, _ in
            request.headers["x-amz-security-token"] == "t-NEW" ? HTTPResponse(200) : Self.expired
        }
        _ = try await surroundings.sender(transport).send(request(), signing: signing(credentials))
        #expect(transport.requests.count == 2 && credentials.replacements == 1 && surroundings.waits.isEmpty)
        #expect(surroundings.notices == ["the credential has expired; going on with a fresh one of the test"])
    }

    /// The second one is refused as well: a third would be, too.
    @Test func onlyOneReplacementIsTried() async {
        let credentials = StubCredentials("A", "B", "C", "D")
        let transport = StubTransport([.success(Self.expired)])
        let error = await #expect(throws: ServiceError.self) {
            try await surroundings.sender(transport).send(request(), signing: signing(credentials))
        }
        #expect(error?.code == "ExpiredToken" && transport.requests.count == 2)
    }

    @Test func aSourceWithoutAnotherIsNotAskedTwice() async {
        let credentials = StubCredentials("ONLY")
        let transport = StubTransport([.success(Self.expired)])
        await #expect(throws: ServiceError.self) {
            try await surroundings.sender(transport).send(request(), signing: signing(credentials))
        }
        #expect(transport.requests.count == 1 && credentials.replacements == 1)
    }

    // MARK: The clock

    @Test func aWrongClockIsCorrectedOnceForAll() async throws {
        let transport = StubTransport { request, _ in
            let isRight = request.headers["x-amz-date"]?.hasPrefix("20231114T23") == true
            return isRight
                ? HTTPResponse(200)
                : HTTPResponse(
                    403,
                    "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                    headers: ["Date": "Tue, 14 Nov 2023 23:13:20 GMT"]
                )
        }
        let sender = surroundings.sender(transport)
        for _ in 0..<3 { _ = try await sender.send(request(), signing: signing()) }
        #expect(transport.requests.count == 4 && surroundings.waits.isEmpty)
        #expect(surroundings.notices == ["this machine's clock is off; signing with the server's time from now on"])
    }

    @Test(arguments: [nil, "Tue, 14 Nov 2023 22:13:25 GMT"])
    func aRightClockStays(date: String?) async {
        var headers: HTTPFields = [:]
        headers["Date"] = date
        let transport = StubTransport([
            .success(HTTPResponse(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", headers: headers))
        ])
        await #expect(throws: ServiceError.self) {
            try await surroundings.sender(transport).send(request(), signing: signing())
        }
        #expect(transport.requests.count == 1)
    }

    // MARK: What receives

    /// A page that says no never gets to who wants the object.
    @Test(arguments: [200, 206, 299, 300, 301, 404, 503])
    func onlySuccessesAreHandedOn(status: Int) async throws {
        let transport = StubTransport([.success(HTTPResponse(status, "<Error><Code>No</Code></Error>"))])
        let collector = ResponseCollector(limitBytes: 1000, address: "here")
        let sender = surroundings.sender(transport)
        do {
            try await sender.retrying(RetryRules(maximumAttempts: 1)) { attempt in
                try await sender.send(request(), signing: nil, in: attempt, to: collector)
            }
            #expect(status < 300)
            #expect(try collector.response().body.count == 30)
        } catch {
            #expect(status >= 300 && (error as? ServiceError)?.code == "No")
            #expect(throws: HTTPError.self) { try collector.response() }
        }
    }

    @Test func aLongErrorIsCut() throws {
        let splitter = ErrorSplitter(ResponseCollector(limitBytes: 10, address: "here"))
        #expect(splitter.error == nil)
        try splitter.receive(HTTPResponseHead(status: 500, headers: [:]))
        let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 200 << 10)
        for _ in 0..<5 { #expect(try splitter.receive(piece, on: EmbeddedEventLoop()) == nil) }
        #expect(splitter.error?.status == 500)
    }
}
