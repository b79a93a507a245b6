import AWSEndpoints
import AWSRequests
import AWSSigning
import NIOCore
import ObjectStorage
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import S3

/// What the tests of the store share: one server, one bucket, few connections.
///
/// A bucket costs the server more than all objects of a test, so each test has keys of its own instead.
enum Lab {
    /// The smallest part that S3 allows: the quickest way to an object of several parts.
    static let partBytes = 5 << 20

    /// For tests in which nothing stalls.
    static let transport = AsyncHTTPTransport(AsyncHTTPTransport.Configuration(connections: 16))
    /// For tests in which something does.
    static let impatient = AsyncHTTPTransport(
        AsyncHTTPTransport.Configuration(connections: 16, stallTimeout: .seconds(1))
    )
    private static let trusting = Result {
        AsyncHTTPTransport(
            AsyncHTTPTransport.Configuration(
                connections: 16,
                trustedCertificates: try S3Server.shared().authorities.string
            )
        )
    }
    private static let sharedBucket = Result { try S3Server.shared().makeBucket() }
    private static let keys = Atomic(0)

    /// Tests that move megabytes wait for each other: all at once they would only make the server slow.
    private static let heavyTests = Allowance(4)

    /// Runs what moves megabytes.
    static func heavily<R>(_ body: () async throws -> R) async throws -> R { try await heavyTests.with(1, body) }

    /// For tests over TLS.
    static func secure() throws -> AsyncHTTPTransport { try trusting.get() }

    /// The bucket of all tests.
    static func bucket() throws -> String { try sharedBucket.get() }

    /// boto3's view of the bucket.
    static func oracle() throws -> S3Oracle { try S3Server.shared().oracle }

    /// A key that no other test has.
    static func key(_ name: String = "object") -> ObjectKey {
        // The end keeps one from being the beginning of another.
        ObjectKey("\(name)-\(keys.add(1, ordering: .relaxed).newValue)_")
    }

    /// A store over the server, or over what stands in front of it.
    ///
    /// - Parameters:
    ///   - endpoint: A proxy's or a scripted server's address; nil is the server's own.
    ///   - transport: The connections; nil is `Lab.transport`.
    ///   - credentials: Who signs; nil is the server's own key.
    ///   - notes: Is told what the store says and how long it would wait; no wait takes any time.
    ///   - clockOffset: By how many milliseconds the local clock is early.
    ///   - waiting: Is signalled at each wait, which then lasts until it is cancelled.
    ///   - change: Changes the configuration.
    /// - Returns: The store of the bucket of all tests.
    /// - Throws: When the server cannot be started.
    static func store(
        at endpoint: String? = nil,
        transport: (any HTTPTransport)? = nil,
        credentials: (any CredentialProvider)? = nil,
        notes: Notes = Notes(),
        clockOffset: Int64 = 0,
        waits waiting: Semaphore? = nil,
        _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> S3ObjectStore {
        let server = try S3Server.shared()
        let address = try EndpointAddress.parse(endpoint ?? server.endpoint)
        var configuration = S3Configuration(endpoint: EndpointOptions(override: address), region: server.region)
        configuration.partBytes = partBytes
        configuration.bufferBytes = 4 * partBytes
        change(&configuration)
        let surroundings = RequestSender.Surroundings(
            now: { Timestamp(milliseconds: Timestamp.now().milliseconds + clockOffset) },
            sleep: { duration in
                notes.waited(duration)
                if let waiting {
                    waiting.signal()
                    try await Task.sleep(for: .seconds(3600))
                }
                try Task.checkCancellation()
                await Task.yield()
            },
            random: { 0.5 }
        )
        let sender = RequestSender(transport: transport ?? self.transport, surroundings: surroundings) { notes.add($0) }
        let client = S3Client(
            configuration: configuration,
            sender: sender,
            credentials: credentials ?? FixedCredentials(server)
        ) { notes.add($0) }
        return S3ObjectStore(bucket: try bucket(), client: client)
    }

    /// How many uploads of a key are neither completed nor aborted.
    static func openUploads(of key: ObjectKey) throws -> Int {
        try uploads("\(key)").count { $0["Key"]?.stringValue == "\(key)" }
    }

    /// How many uploads of keys with a prefix are neither completed nor aborted.
    static func openUploads(below prefix: String) throws -> Int { try uploads(prefix).count }

    private static func uploads(_ prefix: String) throws -> [JSONObject] {
        let arguments: JSONObject = ["Bucket": .string(try bucket()), "Prefix": .string(prefix)]
        let answer = try oracle().call("list_multipart_uploads", arguments)
        return answer["Uploads"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }

    /// Fails the test when the bucket does not hold these bytes under the key.
    static func expectStored(
        _ expected: [UInt8],
        at key: ObjectKey,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let found = try oracle().digest(of: "\(key)", in: bucket())
        #expect(found.size == expected.count, sourceLocation: sourceLocation)
        #expect(found.sha256 == PayloadHash.of(expected), sourceLocation: sourceLocation)
    }
}

/// What a store said, and how long it would have waited.
final class Notes: Sendable {
    private let state = Mutex((lines: [String](), waits: [Duration]()))

    /// The notices and details, in order.
    var lines: [String] { state.withLock { $0.lines } }

    /// The waits between tries.
    var waits: [Duration] { state.withLock { $0.waits } }

    /// Takes a line.
    func add(_ line: String) { state.withLock { $0.lines.append(line) } }

    /// Takes a wait.
    func waited(_ duration: Duration) { state.withLock { $0.waits.append(duration) } }

    /// How many lines hold a text.
    func count(_ text: String) -> Int { lines.count { $0.contains(text) } }
}

/// One key for ever.
struct FixedCredentials: CredentialProvider {
    private let value: AWSCredential

    /// The server's own key.
    init(_ server: S3Server) {
        value = AWSCredential(accessKeyID: server.accessKeyID, secretAccessKey: server.secretAccessKey)
    }

    func credential() async throws -> ResolvedCredential {
        ResolvedCredential(value, isRenewable: false, source: "the test")
    }

    func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential { try await credential() }
}

/// Keys with tokens that count up each time one is replaced.
final class RenewedCredentials: CredentialProvider {
    private let generation = Mutex(1)

    /// How many were given out.
    var generations: Int { generation.withLock { $0 } }

    /// The credential of a generation; its token is `token-N`.
    static func credential(_ generation: Int) -> AWSCredential {
        AWSCredential(
            accessKeyID: "AKIDRENEWED",
            secretAccessKey: "secret-\(generation)",
            sessionToken: "token-\(generation)"
        )
    }

    func credential() async throws -> ResolvedCredential {
        ResolvedCredential(generation.withLock { Self.credential($0) }, source: "the test")
    }

    func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential {
        generation.withLock { generation in
            if rejected == Self.credential(generation) { generation += 1 }
        }
        return try await credential()
    }
}

/// A transport that keeps the heads of what it sends, for what a proxy cannot see: TLS.
final class RecordingTransport: HTTPTransport {
    private let inner: any HTTPTransport
    private let sent = Mutex<[HTTPRequest]>([])

    /// Makes a transport over another.
    init(_ inner: any HTTPTransport) { self.inner = inner }

    /// What was sent so far, without bodies.
    var requests: [HTTPRequest] { sent.withLock { $0 } }

    func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws {
        var head = request
        head.body.clear()
        sent.withLock { $0.append(head) }
        try await inner.send(request, limits: limits, to: receiver)
    }
}
