package import RunnerCore
import RunnerHTTP

/// What to do after a failure.
package enum RetryDecision: Hashable, Sendable {
    /// Send the request again.
    case retry(after: Duration)
    /// Get another credential and send the request again at once; with the same credential there is no use in it.
    case refreshCredential
    /// Sign with the server's time (`ClockSkew.correct`) and send the request again at once.
    case correctClock
    /// The failure stands.
    case giveUp(GiveUpReason)
}

/// Why a request is not sent again.
package enum GiveUpReason: Hashable, Sendable, CustomStringConvertible {
    /// It would fail in the same way.
    case permanent
    /// It was sent as often as it may be.
    case attempts(Int)
    /// Too many requests of this process failed lately.
    case quota

    /// The reason as the end of a sentence, with a comma before it; empty where the failure says it all.
    package var description: String {
        switch self {
        case .permanent: ""
        case .attempts(let count): count > 1 ? ", after \(count) attempts" : ""
        case .quota: ", after too many failures of other requests to try again"
        }
    }
}

/// The course of one request through its attempts: decides what follows on each failure, and waits for nothing itself.
package struct RetryPolicy: Sendable {
    private let rules: RetryRules
    private let quota: RetryQuota
    private var taken: Int?
    private var hasRefreshedCredential = false
    private var hasCorrectedClock = false
    /// How often the request was sent so far, the running attempt included; a new credential or time makes no new one.
    package private(set) var attempt = 1

    /// Makes the course of a request that is about to be sent.
    ///
    /// - Parameters:
    ///   - rules: How often and how long.
    ///   - quota: Shared by all requests of the process.
    package init(_ rules: RetryRules, quota: RetryQuota) {
        self.rules = rules
        self.quota = quota
    }

    /// Decides what follows on a failure.
    ///
    /// - Parameters:
    ///   - error: A `ServiceError` or `HTTPError`; any other is permanent.
    ///   - signingTime: Now, by the clock that signatures are made with (`ClockSkew.time`).
    ///   - random: A random number from 0 up to 1.
    /// - Returns: What to do; after `.retry`, `.refreshCredential` and `.correctClock` the request is sent again.
    package mutating func decide(after error: any Error, signingTime: Timestamp, random: Double) -> RetryDecision {
        switch kind(of: error, signingTime: signingTime) {
        case .credential where !hasRefreshedCredential:
            hasRefreshedCredential = true
            return .refreshCredential
        case .clock where !hasCorrectedClock && (error as? ServiceError)?.serverDate != nil:
            hasCorrectedClock = true
            return .correctClock
        case .credential, .clock, .permanent: return .giveUp(.permanent)
        case .transient: return retry(after: error, cost: rules.costs.transient, random: random)
        case .timeout: return retry(after: error, cost: rules.costs.timeout, random: random)
        case .throttling: return retry(after: error, cost: rules.costs.throttling, random: random)
        }
    }

    /// Notes that the request succeeded: what its last retry took comes back, or one token when it needed none.
    package func succeed() {
        quota.put(taken ?? 1)
    }

    private func kind(of error: any Error, signingTime: Timestamp) -> FailureKind {
        if let error = error as? HTTPError { return FailureKind(of: error.code) }
        guard let error = error as? ServiceError else { return .permanent }
        return FailureKind(
            of: error,
            transientStatuses: rules.transientStatuses,
            isClockOff: ClockSkew.isOff(signingTime, by: error.serverDate)
        )
    }

    private mutating func retry(after error: any Error, cost: Int, random: Double) -> RetryDecision {
        guard attempt < rules.maximumAttempts else { return .giveUp(.attempts(attempt)) }
        var delay = rules.delay(afterAttempt: attempt, random: random)
        if quota.take(cost) {
            taken = cost
        } else {
            guard rules.spentQuota == .slowDown else { return .giveUp(.quota) }
            // Not all requests that wait so may come back at the same moment.
            delay = rules.maximumDelay * ((1 + random) / 2)
            taken = nil
        }
        attempt += 1
        if let error = error as? ServiceError { delay = rules.delay(askedBy: error, atLeast: delay) }
        return .retry(after: delay)
    }
}
