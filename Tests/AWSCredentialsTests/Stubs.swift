import AWSCredentials
import AWSRequests
import AWSSigning
import NIOCore
import NIOEmbedded
import RunnerCore
import RunnerHTTP
import Synchronization
import Testing

/// An answer of a stub.
struct Answer: Sendable {
    var status = 200
    var body = ""
}

/// Answers requests from a closure and remembers them.
final class StubTransport: HTTPTransport {
    private let seen = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable (HTTPRequest) throws -> Answer

    /// Makes a transport; without a closure nobody answers.
    init(
        _ answer: @escaping @Sendable (HTTPRequest) throws -> Answer = { request in
            throw HTTPError(.cannotConnect, "nobody listens at \(request.address)")
        }
    ) {
        self.answer = answer
    }

    /// The requests so far.
    var requests: [HTTPRequest] { seen.withLock { $0 } }

    func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws {
        seen.withLock { $0.append(request) }
        let answer = try answer(request)
        try receiver.receive(HTTPResponseHead(status: answer.status, headers: [:]))
        guard !answer.body.isEmpty else { return }
        _ = try receiver.receive(ByteBuffer(string: answer.body), on: EmbeddedEventLoop())
    }
}

extension RequestSender {
    /// A sender that does not wait between tries.
    static func stub(_ transport: some HTTPTransport, now: Timestamp = .testing) -> RequestSender {
        RequestSender(
            transport: transport,
            surroundings: Surroundings(now: { now }, sleep: { _ in }, random: { 0.5 })
        )
    }
}

extension HTTPRequest {
    /// Method and whole address.
    var line: String { "\(method.rawValue) \(origin)\(target)" }

    /// The body as text.
    var text: String { String(buffer: body) }
}

extension Timestamp {
    /// A moment before the ends of most recorded credentials: 2009-02-13T22:31:30Z.
    static let testing = Timestamp(milliseconds: (1_234_567_890 - 3600) * 1000)

    /// A later moment.
    func adding(minutes: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds + minutes * 60_000) }
}

/// A clock that tests set.
final class ManualClock: Sendable {
    private let moment = Mutex(Timestamp.testing)

    /// The time it shows.
    var now: Timestamp { moment.withLock { $0 } }

    /// Moves the hand.
    func advance(minutes: Int64) { moment.withLock { $0 = $0.adding(minutes: minutes) } }
}

/// A file reader over texts.
func texts(_ files: [String: String]) -> FileReader {
    { path in files[path].map { Array($0.utf8) } }
}

/// A program that must not be run.
let noProcess: ProcessRunner = { command in
    Issue.record("\(command) was run")
    return ProcessOutput(status: 127, standardOutput: [])
}

/// The settings of variables and a config file in the home folder `/home`.
func settings(
    _ environment: [String: String] = [:],
    config: String = "",
    credentials: String = ""
) throws -> AWSConfiguration {
    try AWSConfiguration.load(
        environment: environment.merging(["HOME": "/home"]) { ours, _ in ours },
        files: texts(["/home/.aws/config": config, "/home/.aws/credentials": credentials])
    )
}

/// The whole chain over stubs.
func chain(
    _ configuration: AWSConfiguration,
    _ transport: StubTransport = StubTransport(),
    files: [String: String] = [:],
    run: @escaping ProcessRunner = noProcess,
    now: @escaping @Sendable () -> Timestamp = { .testing }
) -> CachedCredentials {
    CredentialChain.provider(
        configuration: configuration,
        sender: .stub(transport),
        files: texts(files),
        runProcess: run,
        now: now
    )
}
