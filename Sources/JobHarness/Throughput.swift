import Synchronization

/// How fast this job's store took and gave bytes so far.
///
/// Small transfers are left out: they measure the store's latency, and a reserve computed from them would be hours.
final class Throughput: Sendable {
    /// What is assumed where nothing was seen, in bytes per second: a slow line between machine and store.
    static let assumed = 20e6
    /// The least that says something about a line.
    private static let leastBytes: Int64 = 1 << 20

    private let seen = Mutex<(bytes: Double, seconds: Double)>((0, 0))

    /// Makes a meter that has seen nothing.
    init() {}

    /// Takes note of a transfer.
    ///
    /// - Parameters:
    ///   - bytes: What was moved.
    ///   - seconds: How long it took.
    func note(bytes: Int64, seconds: Double) {
        guard bytes >= Self.leastBytes, seconds > 0 else { return }
        seen.withLock { seen in
            // The last transfers count most: a line that got slow is slow.
            seen.bytes = seen.bytes / 2 + Double(bytes)
            seen.seconds = seen.seconds / 2 + seconds
        }
    }

    /// Bytes per second; nil before the first transfer.
    var bytesPerSecond: Double? {
        seen.withLock { $0.seconds > 0 ? $0.bytes / $0.seconds : nil }
    }
}
