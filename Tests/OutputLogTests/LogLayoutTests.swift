import Testing

@testable import OutputLog

struct LogLayoutTests {
    @Test("Half of a cap is the head, a quarter each segment", arguments: [(4096, 2048, 1024), (1, 1, 1), (10, 5, 2)])
    func division(_ cap: Int64, _ head: Int64, _ segment: Int64) {
        let layout = LogLayout(capBytes: cap)
        #expect(layout.headBytes == head)
        #expect(layout.segmentBytes == segment)
    }

    @Test("A budget: free bytes first, then what was saved up, then what time brings")
    func budget() {
        var budget = CopyBudget(freeBytes: 100, bytesPerSecond: 8000)
        let answer1 = budget.affords(100, at: 0)
        #expect(answer1)
        budget.spend(100)
        let answer2 = budget.affords(1000, at: 0)
        #expect(answer2)
        let answer3 = budget.affords(1001, at: 0)
        #expect(!answer3)
        budget.spend(1000)
        let answer4 = budget.affords(1, at: 0)
        #expect(!answer4)
        let answer5 = budget.affords(80, at: 10_000_000)
        #expect(answer5)
        let answer6 = budget.affords(81, at: 10_000_000)
        #expect(!answer6)
        // A long silence saves no more than an eighth of a second.
        let answer7 = budget.affords(1001, at: 3_600_000_000_000)
        #expect(!answer7)
        let answer8 = budget.affords(1000, at: 3_600_000_000_000)
        #expect(answer8)
    }

    @Test("What is copied without being afforded is owed")
    func debt() {
        var budget = CopyBudget(freeBytes: 0, bytesPerSecond: 8000)
        budget.spend(2000)
        let answer9 = budget.affords(1, at: 100_000_000)
        #expect(!answer9)
        let answer10 = budget.affords(1, at: 300_000_000)
        #expect(answer10)
    }

    @Test("A flood is a megabyte in less than 4 ms", arguments: [(3_900_000, true), (4_100_000, false)])
    func flood(_ nanoseconds: Int64, _ isFlood: Bool) {
        var gauge = FloodGauge()
        gauge.add(1 << 20, at: 1_000_000_000)
        gauge.add(1 << 19, at: 1_000_000_000 + nanoseconds / 2)
        gauge.add(1 << 19, at: 1_000_000_000 + nanoseconds)
        #expect(gauge.isFlood == isFlood)
        gauge.pause()
        #expect(!gauge.isFlood)
    }
}
