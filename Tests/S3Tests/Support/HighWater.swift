import Synchronization

/// How many were in at once, at the most.
final class HighWater: Sendable {
    private let state = Mutex((now: 0, most: 0))

    /// The most so far.
    var most: Int { state.withLock { $0.most } }

    /// Counts more in.
    func enter(_ count: Int = 1) {
        state.withLock { state in
            state.now += count
            state.most = max(state.most, state.now)
        }
    }

    /// Counts some out.
    func leave(_ count: Int = 1) { state.withLock { $0.now -= count } }
}
