import Synchronization

/// How many were in at once, at the most.
final class HighWater: Sendable {
    private let state = Mutex((now: 0, most: 0))

    /// The most so far.
    var most: Int { state.withLock { $0.most } }

    /// Counts one more in.
    func enter() {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
    }

    /// Counts one out.
    func leave() {
        state.withLock { $0.now -= 1 }
    }
}
