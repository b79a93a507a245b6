import Synchronization

/// A number of units that tasks share: connections, or bytes of buffers; first come, first served.
final class Allowance: Sendable {
    private struct Waiter {
        let identity: UInt64
        let units: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var total: Int
        var free: Int
        var waiters: [Waiter] = []
        var nextIdentity: UInt64 = 0
        /// Waiters that were cancelled before they came to wait.
        var cancelled: Set<UInt64> = []

        /// Takes the waiters off the front that now get what they wait for.
        mutating func served() -> [Waiter] {
            var served: [Waiter] = []
            while let first = waiters.first, first.units <= free {
                free -= first.units
                served.append(waiters.removeFirst())
            }
            return served
        }
    }

    private let state: Mutex<State>

    /// Makes an allowance of which nothing is taken.
    ///
    /// - Parameter total: How many units there are.
    init(_ total: Int) {
        state = Mutex(State(total: total, free: total))
    }

    /// Waits for units, runs `body` with them and gives them back.
    ///
    /// - Parameters:
    ///   - units: How many; more than there are means all of them.
    ///   - body: What needs them.
    /// - Returns: What `body` returns.
    /// - Throws: `CancellationError`, or what `body` throws.
    func with<R>(_ units: Int = 1, _ body: () async throws -> R) async throws -> R {
        let units = state.withLock { min(units, $0.total) }
        try await take(units)
        defer { giveBack(units) }
        return try await body()
    }

    /// Makes more units, for those who wait first.
    ///
    /// - Parameter units: How many more.
    func widen(by units: Int) {
        state.withLock { $0.total += units }
        giveBack(units)
    }

    /// Waits for units; every success is followed by one `giveBack`.
    private func take(_ units: Int) async throws {
        let identity = state.withLock { state in
            state.nextIdentity += 1
            return state.nextIdentity
        }
        let isTaken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Bool? in
                    if state.cancelled.remove(identity) != nil { return false }
                    guard state.waiters.isEmpty, units <= state.free else {
                        let waiter = Waiter(identity: identity, units: units, continuation: continuation)
                        state.waiters.append(waiter)
                        return nil
                    }
                    state.free -= units
                    return true
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            cancel(identity)
        }
        state.withLock { _ = $0.cancelled.remove(identity) }
        guard isTaken else { throw CancellationError() }
    }

    private func giveBack(_ units: Int) {
        let served = state.withLock { state in
            state.free += units
            return state.served()
        }
        for waiter in served { waiter.continuation.resume(returning: true) }
    }

    private func cancel(_ identity: UInt64) {
        let (waiter, served) = state.withLock { state -> (Waiter?, [Waiter]) in
            guard let index = state.waiters.firstIndex(where: { $0.identity == identity }) else {
                state.cancelled.insert(identity)
                return (nil, [])
            }
            // A large request that goes from the front may have kept small ones waiting.
            return (state.waiters.remove(at: index), state.served())
        }
        waiter?.continuation.resume(returning: false)
        for waiter in served { waiter.continuation.resume(returning: true) }
    }
}
