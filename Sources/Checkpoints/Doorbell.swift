import Synchronization

/// Wakes a task that waits for one of two things: that somebody rings, or that some time is over.
package final class Doorbell: Sendable {
    private struct State {
        var isRung = false
        var waiting: (id: UInt64, continuation: CheckedContinuation<Void, Never>)?
        var lastID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Makes a bell that nobody has rung.
    package init() {}

    /// Wakes who waits, or who will.
    package func ring() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isRung = true
            defer { state.waiting = nil }
            return state.waiting?.continuation
        }?
        .resume()
    }

    /// Waits, for one task at a time; cancelling ends the waiting.
    ///
    /// - Parameter limit: For how long.
    /// - Returns: Whether somebody rang since the last time.
    package func wait(atMost limit: Duration) async -> Bool {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                // Ends early when cancelled, which is then the reason to wake.
                try? await Task.sleep(for: limit)
                wake(id)
            }
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isRung || state.lastID != id { return true }
                    state.waiting = (id, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
            group.cancelAll()
        }
        return state.withLock { state in
            defer { state.isRung = false }
            return state.isRung
        }
    }

    private func wake(_ id: UInt64) {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            // It may come before the waiting.
            if state.lastID == id { state.lastID += 1 }
            guard state.waiting?.id == id else { return nil }
            defer { state.waiting = nil }
            return state.waiting?.continuation
        }?
        .resume()
    }
}
