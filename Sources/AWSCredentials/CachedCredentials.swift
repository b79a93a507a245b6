package import AWSRequests
package import AWSSigning
package import RunnerCore
import Synchronization

/// The credentials of the process: kept while they hold, fetched anew ahead of their end, by one fetch for all callers.
///
/// A fetch belongs to no caller: one that is cancelled leaves it to the others. Near the end of a credential an
/// attempt is made once a minute and not with every request, so that thousands of requests do not become thousands
/// of calls to the metadata service.
package final class CachedCredentials: CredentialProvider {
    private struct State {
        var held: HeldCredential?
        var isFetching = false
        var lastAttempt: Attempt?
        var refreshes = 0
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<ResolvedCredential, any Error>] = [:]
    }

    private struct Attempt {
        let moment: Timestamp
        let outcome: Outcome
    }

    private enum Outcome {
        case new
        case unchanged
        case failed
    }

    /// What a caller is to do.
    private enum Decision {
        case use(ResolvedCredential)
        case useAndFetch(ResolvedCredential)
        case wait(otherwise: ResolvedCredential?)
    }

    private static let pauseMilliseconds: Int64 = 60_000

    private let state = Mutex(State())
    private let fetch: @Sendable () async throws -> ResolvedCredential
    private let now: @Sendable () -> Timestamp

    /// Makes an empty cache; the first caller fetches.
    ///
    /// - Parameters:
    ///   - now: The clock.
    ///   - fetch: Gives a credential; never runs twice at once.
    package init(
        now: @escaping @Sendable () -> Timestamp,
        fetch: @escaping @Sendable () async throws -> ResolvedCredential
    ) {
        self.now = now
        self.fetch = fetch
    }

    /// How often a credential was replaced by another one.
    package var refreshes: Int { state.withLock { $0.refreshes } }

    /// Where the credentials came from, for the record: `container credentials, refreshed 14 times`; nil when none
    /// were needed.
    package var summary: String? {
        state.withLock { state in
            guard let source = state.held?.credential.source else { return nil }
            switch state.refreshes {
            case 0: return source
            case 1: return "\(source), refreshed once"
            default: return "\(source), refreshed \(state.refreshes) times"
            }
        }
    }

    package func credential() async throws -> ResolvedCredential {
        try await credential(rejected: nil)
    }

    package func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential {
        try await credential(rejected: rejected)
    }

    private func credential(rejected: AWSCredential?) async throws -> ResolvedCredential {
        switch state.withLock({ decide($0, rejected) }) {
        case .use(let credential): return credential
        case .useAndFetch(let credential):
            if state.withLock({ beginFetch(&$0) }) { startFetch() }
            return credential
        case .wait(let fallback):
            do {
                return try await fetched(rejected)
            } catch let error where !Task.isCancelled {
                guard let fallback else { throw error }
                return fallback
            }
        }
    }

    private func decide(_ state: State, _ rejected: AWSCredential?) -> Decision {
        guard let held = state.held else { return .wait(otherwise: nil) }
        let isPausing = isPausing(state)
        if let rejected, held.credential.credential == rejected {
            // A source that gave the same key a moment ago has no other.
            let hasNoOther = isPausing && state.lastAttempt?.outcome == .unchanged
            return hasNoOther ? .use(held.credential) : .wait(otherwise: nil)
        }
        switch held.age(at: now()) {
        case .fresh: return .use(held.credential)
        case .advisory: return isPausing ? .use(held.credential) : .useAndFetch(held.credential)
        case .mandatory: return isPausing ? .use(held.credential) : .wait(otherwise: held.credential)
        case .ended:
            // What came a moment ago and seems to have ended already is used: the clock here may be the one that is
            // wrong, and the service will say.
            let isNew = isPausing && state.lastAttempt?.outcome != .failed
            return isNew ? .use(held.credential) : .wait(otherwise: nil)
        }
    }

    private func isPausing(_ state: State) -> Bool {
        guard let last = state.lastAttempt, !state.isFetching else { return false }
        return abs(now().milliseconds - last.moment.milliseconds) < Self.pauseMilliseconds
    }

    /// Waits for the fetch under way, or for one that begins now.
    private func fetched(_ rejected: AWSCredential?) async throws -> ResolvedCredential {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(id, $0, rejected) }
        } onCancel: {
            leave(id)
        }
    }

    private func wait(
        _ id: UInt64,
        _ continuation: CheckedContinuation<ResolvedCredential, any Error>,
        _ rejected: AWSCredential?
    ) {
        // Decided again together with joining: since the first time a fetch may have ended, and a second one in a row
        // would be one too many.
        let (arrived, isOurs) = state.withLock { state -> (ResolvedCredential?, Bool) in
            if case .use(let credential) = decide(state, rejected) { return (credential, false) }
            state.waiters[id] = continuation
            return (nil, beginFetch(&state))
        }
        if let arrived { continuation.resume(returning: arrived) }
        if isOurs { startFetch() }
        // A cancellation that came before the continuation was stored found nobody to wake.
        if Task.isCancelled { leave(id) }
    }

    private func leave(_ id: UInt64) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError())
    }

    private func beginFetch(_ state: inout State) -> Bool {
        defer { state.isFetching = true }
        return !state.isFetching
    }

    private func startFetch() {
        // A task of its own, as the fetch must outlive the caller that happened to be first. Its length is bounded by
        // the limits of the requests that it makes and of the program that it may run.
        Task { [self] in
            do {
                finish(.success(try await fetch()))
            } catch {
                finish(.failure(error))
            }
        }
    }

    private func finish(_ result: Result<ResolvedCredential, any Error>) {
        let moment = now()
        let waiters = state.withLock { state in
            var outcome = Outcome.failed
            if case .success(let credential) = result {
                outcome = state.held?.credential.credential == credential.credential ? .unchanged : .new
                if outcome == .new, state.held != nil { state.refreshes += 1 }
                state.held = HeldCredential(credential: credential, since: moment)
            }
            state.lastAttempt = Attempt(moment: moment, outcome: outcome)
            state.isFetching = false
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(with: result) }
    }
}

/// A credential and since when it is here.
private struct HeldCredential {
    /// How near its end is.
    enum Age {
        case fresh
        /// A fetch starts beside the callers, who go on with what they have.
        case advisory
        /// Callers wait for the fetch; when it fails, they still have what they have.
        case mandatory
        case ended
    }

    private static let advisoryMilliseconds: Int64 = 15 * 60_000
    private static let mandatoryMilliseconds: Int64 = 10 * 60_000

    let credential: ResolvedCredential
    let since: Timestamp

    /// How near the end is; for a credential of a quarter of an hour, which AssumeRole gives when asked, the usual
    /// windows would be open from its first moment on, and are cut to parts of its life.
    func age(at moment: Timestamp) -> Age {
        guard let expires = credential.expires else { return .fresh }
        let life = expires.milliseconds - since.milliseconds
        let left = expires.milliseconds - moment.milliseconds
        if left <= 0 { return .ended }
        if left > min(Self.advisoryMilliseconds, life / 2) { return .fresh }
        return left > min(Self.mandatoryMilliseconds, life / 3) ? .advisory : .mandatory
    }
}
