import AsyncHTTPClient
import NIOCore
import Synchronization

/// Ends a request when no byte of it has moved for too long.
///
/// AsyncHTTPClient's own time limits cannot tell. That for reading runs while a receiver keeps the answer waiting, and
/// begins when a body is queued, not when it is sent: 8 MiB on a slow line would fail for ever. That for writing does
/// not run while the other side takes nothing, which is when it is needed.
final class StallWatch: Sendable {
    private struct State {
        var lastMove = NIODeadline.now()
        var isHeld = false
        var isOver = false
        var check: Scheduled<Void>?
    }

    private let limit: TimeAmount
    private let state = Mutex(State())

    /// Makes a watch that does not look yet.
    ///
    /// - Parameter limit: How long nothing may move.
    init(limit: TimeAmount) {
        self.limit = limit
    }

    /// Begins to look.
    ///
    /// - Parameter task: The request, which fails with a time limit's error when it stalls.
    func begin(_ task: HTTPClient.Task<Void>) {
        moved()
        look(at: task)
    }

    /// A byte was sent or came.
    func moved() {
        state.withLock { $0.lastMove = .now() }
    }

    /// Nothing moves until the receiver wants more.
    ///
    /// - Parameter goOn: Completes when it does.
    func hold(until goOn: EventLoopFuture<Void>) {
        state.withLock { $0.isHeld = true }
        goOn.whenComplete { [self] _ in
            state.withLock { state in
                state.isHeld = false
                state.lastMove = .now()
            }
        }
    }

    /// The request is over.
    func end() {
        let check = state.withLock { state in
            state.isOver = true
            defer { state.check = nil }
            return state.check
        }
        check?.cancel()
    }

    /// One look for as many moves as there are between two: a timer for each would cost more than the bytes.
    private func look(at task: HTTPClient.Task<Void>) {
        let now = NIODeadline.now()
        let due = state.withLock { state -> NIODeadline? in
            guard !state.isOver else { return nil }
            return state.isHeld ? now + limit : state.lastMove + limit
        }
        guard let due else { return }
        guard due > now else { return task.fail(reason: HTTPClientError.readTimeout) }
        let check = task.eventLoop.scheduleTask(deadline: due) { [self] in look(at: task) }
        let isOver = state.withLock { state in
            state.check = check
            return state.isOver
        }
        if isOver { check.cancel() }
    }
}
