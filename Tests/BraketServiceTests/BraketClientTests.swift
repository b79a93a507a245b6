import AWSEndpoints
import AWSRequests
import AWSSigning
import BraketAPI
import NIOCore
import NIOEmbedded
import RunnerCore
import RunnerHTTP
import Synchronization
import Testing

@testable import BraketService

/// What is sent to Amazon Braket, byte for byte, and what becomes of its answers.
struct BraketClientTests {
    static let job = "arn:aws:braket:us-west-2:123456789012:job/1f-2e"
    static let encodedJob = "arn%3Aaws%3Abraket%3Aus-west-2%3A123456789012%3Ajob%2F1f-2e"

    // MARK: Requests

    /// An operation and what goes over the wire for it (botocore's model 2019-09-01, protocol rest-json).
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let method: HTTPMethod
        let target: String
        let body: String
        let call: @Sendable (BraketClient) async throws -> Void
        var testDescription: String { operation }
    }

    static let rows = [
        Row(
            operation: "GetJob",
            method: .get,
            target: "/job/\(encodedJob)?additionalAttributeNames=QueueInfo",
            body: "",
            call: { _ = try await $0.job(job) }
        ),
        Row(
            operation: "GetDevice",
            method: .get,
            target: "/device/arn%3Aaws%3Abraket%3A%3A%3Adevice%2Fquantum-simulator%2Famazon%2Fsv1",
            body: "",
            call: { _ = try await $0.device("arn:aws:braket:::device/quantum-simulator/amazon/sv1") }
        ),
        Row(
            operation: "GetQuantumTask",
            method: .get,
            target: "/quantum-task/a%2Fb?additionalAttributeNames=QueueInfo",
            body: "",
            call: { _ = try await $0.quantumTask("a/b") }
        ),
        Row(
            operation: "CreateJob",
            method: .post,
            target: "/job",
            body: #"{"jobName":"n","clientToken":"t"}"#,
            call: { _ = try await $0.createJob(["jobName": "n", "clientToken": "t"]) }
        ),
        Row(
            operation: "CancelJob",
            method: .put,
            target: "/job/\(encodedJob)/cancel",
            body: "",
            call: { _ = try await $0.cancelJob(job) }
        ),
        Row(
            operation: "SearchDevices",
            method: .post,
            target: "/devices",
            body: #"{"filters":[{"name":"deviceStatus","values":["ONLINE"]}],"maxResults":100}"#,
            call: { _ = try await $0.searchDevices([DeviceFilter(name: "deviceStatus", values: ["ONLINE"])]) }
        ),
    ]

    @Test("The request of each operation, and that its signature is the one of its bytes", arguments: rows)
    func request(_ row: Row) async throws {
        // An answer without the members: the request is what counts here.
        let transport = ServiceStub { _, _ in (200, "{}") }
        await #expect(throws: BraketServiceError.self) { try await row.call(transport.client()) }
        let request = try #require(transport.requests.first)
        #expect(request.method == row.method)
        #expect(request.target == row.target)
        #expect(String(buffer: request.body) == row.body)
        #expect(request.headers["Content-Type"] == (row.body.isEmpty ? nil : "application/json"))
        #expect(request.origin.description == "https://braket.us-west-2.amazonaws.com")
        #expect(request.headers["Authorization"] == ServiceStub.authorization(of: request))
        #expect(request.headers["Authorization"]?.contains("/us-west-2/braket/aws4_request") == true)
    }

    @Test("The signature encodes an encoded path once more, as every service but S3 wants it")
    func doubleEncoding() {
        let path = SigV4Signer.canonicalPath("/job/\(Self.encodedJob)", .twice)
        #expect(path == "/job/arn%253Aaws%253Abraket%253Aus-west-2%253A123456789012%253Ajob%252F1f-2e")
    }

    @Test("An endpoint of one's own, with a path in front")
    func endpoint() async throws {
        let transport = ServiceStub { _, _ in (200, #"{"jobArn": "a", "status": "QUEUED"}"#) }
        let address = try EndpointAddress.parse("http://127.0.0.1:9000/base/")
        _ = try await transport.client(EndpointOptions(override: address)).job(Self.job)
        let request = try #require(transport.requests.first)
        #expect(request.address == "http://127.0.0.1:9000/base/job/\(Self.encodedJob)")
    }

    // MARK: Answers

    @Test("All pages of SearchDevices, each asked for with the token of the one before")
    func pages() async throws {
        let transport = ServiceStub { request, number in
            let device = #"{"deviceArn": "d\#(number)", "deviceStatus": "ONLINE"}"#
            return (200, #"{"devices": [\#(device)]\#(number < 3 ? #", "nextToken": "t\#(number)""# : "")}"#)
        }
        let devices = try await transport.client().searchDevices()
        #expect(devices.map(\.arn) == ["d1", "d2", "d3"])
        let tokens = try transport.requests.map { request in
            try JSONText.parse(Array(buffer: request.body)).objectValue?["nextToken"]?.stringValue
        }
        #expect(tokens == [nil, "t1", "t2"])
    }

    /// An answer that says no, and what the caller decides on.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let status: Int
        let word: String
        let code: BraketServiceError.Code
        /// How often it is sent, of three times at most.
        let tries: Int
        var testDescription: String { "\(status) \(word)" }
    }

    static let refusals = [
        Refusal(status: 404, word: "ResourceNotFoundException", code: .notFound, tries: 1),
        Refusal(status: 403, word: "AccessDeniedException", code: .denied, tries: 1),
        Refusal(status: 400, word: "ValidationException", code: .invalid, tries: 1),
        Refusal(status: 409, word: "ConflictException", code: .conflict, tries: 1),
        Refusal(status: 402, word: "ServiceQuotaExceededException", code: .quota, tries: 1),
        Refusal(status: 424, word: "DeviceOfflineException", code: .deviceUnavailable, tries: 1),
        Refusal(status: 410, word: "DeviceRetiredException", code: .deviceUnavailable, tries: 1),
        Refusal(status: 429, word: "ThrottlingException", code: .unavailable, tries: 3),
        Refusal(status: 500, word: "InternalServiceException", code: .unavailable, tries: 3),
        Refusal(status: 418, word: "SomethingNew", code: .invalid, tries: 1),
    ]

    @Test("Each error of the model: its kind, its words, and whether it is sent again", arguments: refusals)
    func refusal(_ row: Refusal) async throws {
        let transport = ServiceStub { _, _ in (row.status, #"{"message": "as the test says"}"#) }
        transport.errorType = row.word + ":http://internal.amazon.com/coral/"
        let error = await #expect(throws: BraketServiceError.self) { try await transport.client().createJob([:]) }
        #expect(error?.code == row.code)
        #expect(error?.description.hasPrefix("CreateJob: ") == true)
        #expect(error?.description.contains("as the test says") == true, "\(error?.description ?? "-")")
        #expect(error?.description.contains(row.word) == true)
        #expect(transport.requests.count == row.tries)
    }

    @Test("A body that is no JSON is asked for again, then refused")
    func unreadable() async throws {
        let transport = ServiceStub { _, _ in (200, "<html>") }
        let error = await #expect(throws: BraketServiceError.self) { try await transport.client().job(Self.job) }
        #expect(error?.code == .unreadable)
        #expect(transport.requests.count == 3)
    }

    @Test("An answer without a required member names it")
    func missingMember() async throws {
        let transport = ServiceStub { _, _ in (200, #"{"jobArn": "a"}"#) }
        let error = await #expect(throws: BraketServiceError.self) { try await transport.client().job(Self.job) }
        #expect(error?.code == .unreadable)
        #expect(error?.description.contains("status") == true)
    }
}

/// A service that answers from memory, and a client of it.
final class ServiceStub: HTTPTransport {
    /// The keys that requests are signed with.
    static let credential = AWSCredential(
        accessKeyID: "AKIATEST",
        secretAccessKey: "secret/of+the=test",
        sessionToken: "token"
    )
    private static let now = Timestamp(milliseconds: 1_764_237_600_000)

    private let sent = Mutex<[HTTPRequest]>([])
    private let type = Mutex<String?>(nil)
    private let answer: @Sendable (HTTPRequest, Int) -> (Int, String)

    /// Makes a service.
    ///
    /// - Parameter answer: Makes status and body; gets the request and its number, from 1.
    init(_ answer: @escaping @Sendable (HTTPRequest, Int) -> (Int, String)) {
        self.answer = answer
    }

    /// What was sent so far.
    var requests: [HTTPRequest] { sent.withLock { $0 } }

    /// The header by which the service names an error.
    var errorType: String? {
        get { type.withLock { $0 } }
        set { type.withLock { $0 = newValue } }
    }

    /// A client that never waits.
    func client(_ endpoint: EndpointOptions = EndpointOptions()) -> BraketClient {
        let surroundings = RequestSender.Surroundings(now: { Self.now }, sleep: { _ in }, random: { 0 })
        return BraketClient(
            region: "us-west-2",
            endpoint: endpoint,
            sender: RequestSender(transport: self, surroundings: surroundings),
            credentials: StubCredentials()
        )
    }

    func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws {
        let number = sent.withLock { sent in
            sent.append(request)
            return sent.count
        }
        let (status, body) = answer(request, number)
        var headers: HTTPFields = [:]
        if let errorType { headers.add("x-amzn-ErrorType", errorType) }
        try receiver.receive(HTTPResponseHead(status: status, headers: headers))
        _ = try receiver.receive(ByteBuffer(string: body), on: EmbeddedEventLoop())
    }

    /// The signature that the service would compute of a request as it arrived.
    static func authorization(of request: HTTPRequest) -> String? {
        let own: Set = ["authorization", "x-amz-date", "x-amz-security-token"]
        let headers = request.headers.fields.filter { !own.contains($0.name.lowercased()) }.map { ($0.name, $0.value) }
        return SigV4Signer(credential: credential, region: "us-west-2", service: "braket", path: .twice)
            .sign(
                method: request.method.rawValue,
                path: request.path,
                query: request.query,
                headers: headers + [("Host", request.origin.hostHeader)],
                payloadHash: PayloadHash.of(Array(buffer: request.body)),
                at: now
            )
            .first { $0.name == "Authorization" }?.value
    }

    private struct StubCredentials: CredentialProvider {
        func credential() async throws -> ResolvedCredential {
            ResolvedCredential(ServiceStub.credential, source: "the test")
        }

        func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential { try await credential() }
    }
}
