import AWSSigning
import NIOCore
import NIOEmbedded
import RunnerCore
import RunnerHTTP
import Synchronization

@testable import AWSRequests

/// A transport that answers from memory.
final class StubTransport: HTTPTransport {
    private let sent = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable (HTTPRequest, Int) throws -> HTTPResponse

    /// Makes a transport.
    ///
    /// - Parameter answer: Makes the answer to a request; gets its number, from 1.
    init(_ answer: @escaping @Sendable (HTTPRequest, Int) throws -> HTTPResponse) {
        self.answer = answer
    }

    /// Makes a transport that gives answers in their order, the last one again and again.
    convenience init(_ answers: [Result<HTTPResponse, any Error>]) {
        self.init { _, number in try answers[min(number, answers.count) - 1].get() }
    }

    /// What was sent so far.
    var requests: [HTTPRequest] { sent.withLock { $0 } }

    func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws {
        let number = sent.withLock { sent in
            sent.append(request)
            return sent.count
        }
        let response = try answer(request, number)
        try receiver.receive(response.head)
        if !response.body.isEmpty {
            _ = try receiver.receive(ByteBuffer(bytes: response.body), on: EmbeddedEventLoop())
        }
    }
}

/// A clock that only moves when somebody waits, and what was said.
final class StubSurroundings: Sendable {
    private let state: Mutex<(now: Timestamp, waits: [Duration], notices: [String])>

    /// Makes a clock.
    init(_ now: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)) {
        state = Mutex((now, [], []))
    }

    /// The waits so far.
    var waits: [Duration] { state.withLock { $0.waits } }

    /// The notices so far.
    var notices: [String] { state.withLock { $0.notices } }

    /// A sender over a transport.
    func sender(_ transport: any HTTPTransport) -> RequestSender {
        let surroundings = RequestSender.Surroundings(
            now: { self.state.withLock { $0.now } },
            sleep: { duration in
                self.state.withLock { state in
                    state.waits.append(duration)
                    let milliseconds = duration.components.seconds * 1000
                    state.now = Timestamp(milliseconds: state.now.milliseconds + milliseconds)
                }
                try Task.checkCancellation()
            },
            random: { 1 }
        )
        return RequestSender(transport: transport, surroundings: surroundings) { notice in
            self.state.withLock { $0.notices.append(notice) }
        }
    }
}

/// Credentials that can be replaced as often as there are some.
final class StubCredentials: CredentialProvider {
    private let left: Mutex<[AWSCredential]>
    private let asked = Mutex(0)

    /// Makes a provider.
    init(_ names: String...) {
        left = Mutex(names.map { AWSCredential(accessKeyID: $0, secretAccessKey: "secret", sessionToken: "t-\($0)") })
    }

    /// How often a replacement was asked for.
    var replacements: Int { asked.withLock { $0 } }

    func credential() async throws -> ResolvedCredential {
        guard let first = left.withLock({ $0.first }) else { throw ServiceError(500) }
        return ResolvedCredential(first, source: "the test")
    }

    func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential {
        asked.withLock { $0 += 1 }
        left.withLock { left in
            if left.count > 1, left.first == rejected { left.removeFirst() }
        }
        return try await credential()
    }
}
