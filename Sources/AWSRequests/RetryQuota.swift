import Synchronization

/// The retries that all requests of a process may have together: a bucket of tokens.
///
/// When a service is down, each request would retry and make it worse; the bucket empties and only successes fill it.
package final class RetryQuota: Sendable {
    /// How many tokens there are when nothing has failed.
    package let capacity: Int
    private let tokens: Mutex<Int>

    /// Makes a full bucket.
    ///
    /// - Parameter capacity: How many tokens it holds, 500 in the standard mode.
    package init(capacity: Int = 500) {
        self.capacity = capacity
        tokens = Mutex(capacity)
    }

    /// How many tokens are there now.
    package var available: Int { tokens.withLock { $0 } }

    /// Takes tokens for a retry.
    ///
    /// - Parameter count: How many.
    /// - Returns: false when there are not that many; none is taken then.
    func take(_ count: Int) -> Bool {
        tokens.withLock { tokens in
            guard tokens >= count else { return false }
            tokens -= count
            return true
        }
    }

    /// Gives tokens back after a success.
    ///
    /// - Parameter count: How many; the bucket holds no more than its capacity.
    func put(_ count: Int) {
        tokens.withLock { $0 = min(capacity, $0 + count) }
    }
}
