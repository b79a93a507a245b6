/// How often and how long a failed request is tried again: AWS's standard retry mode with its numbers as values.
///
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
package struct RetryRules: Hashable, Sendable {
    /// What retries take from the quota.
    package struct Costs: Hashable, Sendable {
        /// For a failure that passes.
        package var transient: Int
        /// For an answer that did not come in time.
        package var timeout: Int
        /// For a service that wants fewer requests.
        package var throttling: Int

        /// Makes costs, of the standard mode unless given.
        package init(transient: Int = 5, timeout: Int = 10, throttling: Int = 5) {
            self.transient = transient
            self.timeout = timeout
            self.throttling = throttling
        }
    }

    /// What happens when the quota is spent.
    package enum SpentQuota: Hashable, Sendable {
        /// The failure stands.
        case giveUp
        /// The retry comes all the same, but as late as the rules allow.
        case slowDown
    }

    /// How often a request is sent in all.
    package var maximumAttempts: Int
    /// The longest wait before the first retry; each further one may be twice as long.
    package var baseDelay: Duration
    /// The longest wait before any retry.
    package var maximumDelay: Duration
    /// The statuses that pass, whatever the code; 429 is one without being named.
    package var transientStatuses: Set<Int>
    /// What retries take from the quota.
    package var costs: Costs
    /// What happens when the quota is spent.
    package var spentQuota: SpentQuota

    /// Makes rules, those of the standard mode unless given.
    ///
    /// - Parameters:
    ///   - maximumAttempts: How often a request is sent in all.
    ///   - baseDelay: The longest wait before the first retry.
    ///   - maximumDelay: The longest wait before any retry.
    ///   - transientStatuses: The statuses that pass.
    ///   - costs: What retries take from the quota.
    ///   - spentQuota: What happens when the quota is spent.
    package init(
        maximumAttempts: Int = 3,
        baseDelay: Duration = .seconds(1),
        maximumDelay: Duration = .seconds(20),
        transientStatuses: Set<Int> = [500, 502, 503, 504],
        costs: Costs = Costs(),
        spentQuota: SpentQuota = .giveUp
    ) {
        self.maximumAttempts = maximumAttempts
        self.baseDelay = baseDelay
        self.maximumDelay = maximumDelay
        self.transientStatuses = transientStatuses
        self.costs = costs
        self.spentQuota = spentQuota
    }

    /// AWS's standard mode as it is.
    package static let standard = RetryRules()

    /// For the bytes of a job, which may be hours old when a store has a bad minute.
    ///
    /// Nine waits make about 55 seconds on average and 2 minutes at most, where the standard's two make 1.5 seconds.
    /// With some tens of requests under way such a minute also spends the quota, which is there to spare a service that
    /// has trouble; the job spares it by waiting, since failing would cost more than the minute.
    ///
    /// Proxies and other stores than AWS's have more numbers for a bad minute; only 501 says that it will stay.
    package static let transfer = RetryRules(
        maximumAttempts: 10,
        transientStatuses: Set(500...599).subtracting([501]).union([408]),
        spentQuota: .slowDown
    )

    /// For what is left to store when the script has ended: nothing else is to be done, and nobody stores it later.
    ///
    /// A hundred tries make a quarter of an hour on average; the promise is ten minutes.
    package static let lastTransfer: RetryRules = {
        var rules = transfer
        rules.maximumAttempts = 100
        return rules
    }()

    /// How long to wait before a retry: full jitter on a wait that doubles.
    ///
    /// - Parameters:
    ///   - attempt: How often the request was sent so far, from 1.
    ///   - random: A random number from 0 up to 1.
    /// - Returns: At most `maximumDelay`.
    package func delay(afterAttempt attempt: Int, random: Double) -> Duration {
        // 2^20 times the base is beyond any maximum; a shift by more would overflow.
        min(maximumDelay, baseDelay * (1 << min(attempt - 1, 20))) * random
    }

    /// How long to wait before a retry when the answer says when to come again.
    ///
    /// - Parameters:
    ///   - error: The answer.
    ///   - delay: How long to wait otherwise.
    /// - Returns: Never less than `delay`. `x-amz-retry-after` is followed for 5 seconds more (AWS's rule for it), the
    ///   `Retry-After` of proxies and other stores up to `maximumDelay`.
    func delay(askedBy error: ServiceError, atLeast delay: Duration) -> Duration {
        if let asked = error.serviceRetryAfter { return max(delay, min(asked, delay + .seconds(5))) }
        if let asked = error.retryAfter { return max(delay, min(asked, maximumDelay)) }
        return delay
    }
}
