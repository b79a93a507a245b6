import NIOCore
import RunnerCore
import Synchronization

/// How many ranges of one object are under way: few while these bring all that the machine can take, else many.
///
/// A stream of Amazon S3 brings about 90 MB/s, so that a large object needs many at once. A store on the same machine or
/// the same fast network fills the processor with four, and sixteen made a fetch of 1 GiB cost an eighth more of it.
final class RangeLanes: Sendable {
    /// How many ranges are under way at first, and how many when these are too slow.
    private static let first = 4
    private static let most = 16
    /// So long an answer's first byte takes from a store that is near; one that is far waits no longer for its streams.
    private static let firstLook: Duration = .milliseconds(25)
    private static let nextLook: Duration = .milliseconds(200)

    private let lanes = Allowance(first)
    private let received = Atomic<Int64>(0)

    /// Fetches all ranges, those in front first.
    ///
    /// - Parameters:
    ///   - receivers: The ranges.
    ///   - fetch: Fetches one; is cancelled when another one fails.
    /// - Throws: What the first that fails throws.
    func forEach(
        _ receivers: [RangeReceiver],
        _ fetch: @escaping @Sendable (RangeReceiver) async throws -> Void
    ) async throws {
        // Ends without being awaited: what is left of it is cancelled with the scope.
        async let _ = widenWhenSlow()
        try await forEachConcurrently(receivers, limit: Self.most) { [lanes] receiver in
            try await lanes.with { try await fetch(receiver) }
        }
    }

    /// Bytes have come.
    ///
    /// - Parameter count: How many.
    func add(bytes count: Int) { received.wrappingAdd(Int64(count), ordering: .relaxed) }

    /// Whether more streams would bring more.
    ///
    /// - Parameters:
    ///   - received: How many bytes came.
    ///   - duration: In how long.
    ///   - cores: How many cores there are; the transport has a loop for each of up to four.
    /// - Returns: Whether what came keeps less than half of what the loops can move busy.
    static func isSlow(received: Int64, in duration: Duration, cores: Int) -> Bool {
        let seconds = duration / .seconds(1)
        return Double(received) < seconds * Double(min(cores, 4)) * 500e6
    }

    /// Looks at what comes until it is too slow for the streams there are, or until it is cancelled.
    private func widenWhenSlow() async {
        var pause = Self.firstLook
        var before: Int64 = 0
        let clock = ContinuousClock()
        while true {
            let start = clock.now
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            let now = received.load(ordering: .relaxed)
            guard !Self.isSlow(received: now - before, in: clock.now - start, cores: System.coreCount) else {
                return lanes.widen(by: Self.most - Self.first)
            }
            (before, pause) = (now, Self.nextLook)
        }
    }
}
