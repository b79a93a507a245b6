package import NIOCore
import RunnerCore
import Synchronization

/// Collects an answer in memory.
package final class ResponseCollector: HTTPResponseReceiver {
    private struct State {
        var head: HTTPResponseHead?
        var body: [UInt8] = []
    }

    private let state = Mutex(State())
    private let limitBytes: Int
    private let address: String

    /// Makes a collector of nothing yet.
    ///
    /// - Parameters:
    ///   - limitBytes: The most bytes of a body.
    ///   - address: Whose answer this is, for the message.
    package init(limitBytes: Int, address: String) {
        self.limitBytes = limitBytes
        self.address = address
    }

    package func receive(_ head: HTTPResponseHead) throws {
        state.withLock { $0.head = head }
    }

    package func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>? {
        let size = state.withLock { state in
            state.body.append(contentsOf: bytes.readableBytesView)
            return state.body.count
        }
        guard size <= limitBytes else {
            throw HTTPError(
                .tooLarge,
                "\(address) answers with more than \(humanBytes(Int64(limitBytes)))"
            )
        }
        return nil
    }

    /// The answer.
    ///
    /// - Throws: `HTTPError.connectionLost` when none came.
    package func response() throws -> HTTPResponse {
        try state.withLock { state in
            guard let head = state.head else { throw HTTPError(.connectionLost, "\(address) did not answer") }
            return HTTPResponse(head: head, body: state.body)
        }
    }
}
