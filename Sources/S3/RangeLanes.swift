import NIOCore
import RunnerCore
import RunnerHTTP

/// How many ranges of one object are under way: few while these bring all that the machine can take, else many.
///
/// A stream of Amazon S3 brings about 90 MB/s, so that a large object needs many at once. A store on the same machine or
/// the same fast network fills the processor with four, and sixteen made a fetch of 1 GiB cost an eighth more of it.
struct RangeLanes: Sendable {
    /// How many ranges are under way at first, and how many when these are too slow.
    private static let first = 4
    private static let most = 16
    /// So long an answer's first byte takes from a store that is near; one that is far waits no longer for its streams.
    private static let firstLook: Duration = .milliseconds(25)
    private static let nextLook: Duration = .milliseconds(200)

    private let receivers: [RangeReceiver]
    private let lanes = Allowance(first)

    /// Makes the lanes of an object of which nothing was asked for.
    ///
    /// - Parameter receivers: Its ranges, those in front first.
    init(_ receivers: [RangeReceiver]) {
        self.receivers = receivers
    }

    /// Fetches all ranges.
    ///
    /// - Parameter fetch: Fetches one; is cancelled when another one fails.
    /// - Throws: What the first that fails throws.
    func fetchAll(_ fetch: @escaping @Sendable (RangeReceiver) async throws -> Void) async throws {
        // Ends without being awaited: what is left of it is cancelled with the scope.
        async let _ = widenWhenSlow()
        try await forEachConcurrently(receivers, limit: Self.most) { [lanes] receiver in
            try await lanes.with { try await fetch(receiver) }
        }
    }

    /// Whether more streams would bring more.
    ///
    /// - Parameters:
    ///   - received: How many bytes came.
    ///   - duration: In how long.
    ///   - cores: How many cores there are.
    /// - Returns: Whether what came keeps less than half of what the transport's loops can move busy.
    static func isSlow(received: Int64, in duration: Duration, cores: Int) -> Bool {
        let seconds = duration / .seconds(1)
        return Double(received) < seconds * Double(AsyncHTTPTransport.loopCount(cores: cores)) * 500e6
    }

    /// Looks at what comes until it is too slow for the streams there are, or until it is cancelled.
    private func widenWhenSlow() async {
        var pause = Self.firstLook
        var before: Int64 = 0
        let clock = ContinuousClock()
        while true {
            let start = clock.now
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            let now = receivers.reduce(0) { $0 + $1.received }
            guard !Self.isSlow(received: now - before, in: clock.now - start, cores: System.coreCount) else {
                return lanes.widen(by: Self.most - Self.first)
            }
            (before, pause) = (now, Self.nextLook)
        }
    }
}
