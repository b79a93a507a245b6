import NIOCore
import RunnerHTTP
import Synchronization

/// Hands an answer to its receiver when it is a success, and keeps it as an error when it is not: a page that says
/// "Slow Down" must never end up in a data file.
final class ErrorSplitter: HTTPResponseReceiver {
    private static let bodyLimitBytes = 256 << 10

    private struct State {
        var head: HTTPResponseHead?
        var body: [UInt8] = []
    }

    private let receiver: any HTTPResponseReceiver
    private let failure = Mutex(State())

    /// Makes a splitter.
    ///
    /// - Parameter receiver: Gets answers whose status is below 300.
    init(_ receiver: any HTTPResponseReceiver) {
        self.receiver = receiver
    }

    /// The error of the answer; nil when it is a success.
    var error: ServiceError? {
        failure.withLock { state in state.head.map { ServiceError(head: $0, body: state.body) } }
    }

    func receive(_ head: HTTPResponseHead) throws {
        guard head.status >= 300 else { return try receiver.receive(head) }
        failure.withLock { $0.head = head }
    }

    func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>? {
        let isFailure = failure.withLock { state in
            guard state.head != nil else { return false }
            // A service says what is wrong in a few hundred bytes; the rest of a longer page is dropped.
            let room = Self.bodyLimitBytes - state.body.count
            state.body.append(contentsOf: bytes.readableBytesView.prefix(room))
            return true
        }
        return isFailure ? nil : try receiver.receive(bytes, on: eventLoop)
    }
}
