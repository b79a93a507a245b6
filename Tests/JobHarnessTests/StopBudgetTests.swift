import Testing

@testable import JobHarness

/// How the time of a stop is shared.
@Suite struct StopBudgetTests {
    /// Whole time, bytes to store, bytes per second; the script's part, in seconds.
    @Test(
        arguments: [
            // The platform's 120 s with nothing to store: ten seconds are kept all the same.
            (120, 0, nil, 110), (120, 1_000_000, nil, 110),
            // What is to be stored needs its time at the rate seen so far, or at the assumed one.
            (120, 3_000_000_000, 100e6, 90), (120, 600_000_000, nil, 90),
            // However much it is, the script can save something.
            (120, 1 << 50, 100e6, 10), (120, .max, nil, 10), (120, 1_000_000, 0, 10),
            // Short budgets are the script's for two seconds, then half.
            (20, 0, nil, 10), (12, 0, nil, 6), (5, 0, nil, 2.5), (3, 0, nil, 2), (2, 0, nil, 2), (1, 0, nil, 1),
            (0, 0, nil, 0), (-5, 0, nil, 0),
        ] as [(Double, Int64, Double?, Double)]
    )
    func share(total: Double, unsafeBytes: Int64, rate: Double?, script: Double) {
        let budget = StopBudget(total: .seconds(total), unsafeBytes: unsafeBytes, bytesPerSecond: rate)
        #expect(budget.script == .seconds(script))
        #expect(budget.script + budget.reserve == budget.total)
    }

    @Test func theSharingInWords() {
        let known = StopBudget(total: .seconds(120), unsafeBytes: 3_000_000_000, bytesPerSecond: 100e6)
        #expect(known.summary.contains("has 90 s of 120 s; 30 s are kept"))
        #expect(known.summary.contains("/s seen so far"))
        let unknown = StopBudget(total: .seconds(5), unsafeBytes: 0, bytesPerSecond: nil)
        #expect(unknown.summary.contains("has 2.5 s of 5 s; 2.5 s are kept"))
        #expect(!unknown.summary.contains("seen so far"))
    }

    /// Limit and grace; how long before the limit the script is told, in seconds.
    @Test(
        arguments: [
            (3600, 120, 120), (3600, 30, 30), (480, 120, 120), (400, 120, 100), (40, 120, 10), (10, 120, 2.5),
            (4, 120, 2),
            (2, 120, 1), (1, 120, 0.5), (3600, 0, 2),
        ] as [(Double, Double, Double)]
    )
    func leadOfTheTimeLimit(limit: Double, grace: Double, lead: Double) {
        #expect(TimeLimitPlan(limit: .seconds(limit), grace: .seconds(grace)).lead == .seconds(lead))
    }

    @Test func theRateIsThatOfTheLastTransfers() {
        let throughput = Throughput()
        #expect(throughput.bytesPerSecond == nil)
        // A small file measures the latency, not the line.
        throughput.note(bytes: 10, seconds: 1)
        throughput.note(bytes: 1 << 30, seconds: 0)
        #expect(throughput.bytesPerSecond == nil)
        throughput.note(bytes: 100 << 20, seconds: 1)
        #expect(throughput.bytesPerSecond == Double(100 << 20))
        for _ in 0..<10 { throughput.note(bytes: 100 << 20, seconds: 10) }
        #expect(abs((throughput.bytesPerSecond ?? 0) / Double(10 << 20) - 1) < 0.02)
    }
}
