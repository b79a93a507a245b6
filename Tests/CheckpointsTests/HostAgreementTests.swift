import Checkpoints
import RunnerCore
import Testing

/// When the parts of several hosts make a set.
struct HostAgreementTests {
    private static let hosts = ["algo-1", "algo-2", "algo-3"]

    private static func part(
        _ number: Int,
        settled: Bool = true,
        last: Bool = false,
        failed: Bool = false,
        base: Int = 0
    ) -> HostPart {
        var part = HostPart()
        part.base = base
        part.number = number
        part.run = "run"
        part.isSettled = settled
        part.isLast = last
        part.hasFailed = failed
        return part
    }

    /// Three hosts of which all said something at second 0.
    private static func agreement(_ parts: [HostPart?]) -> HostAgreement {
        var agreement = HostAgreement(hosts: hosts, intervalSeconds: 30, now: 0)
        for (rank, part) in parts.enumerated() {
            if let part { agreement.take(part, from: rank, now: 0) }
        }
        return agreement
    }

    @Test func settledPartsMakeASetWhenNothingHappensAnyMore() {
        let parts = [Self.part(3), Self.part(0), Self.part(1)]
        let agreement = Self.agreement(parts)
        #expect(agreement.decision(now: 1.9) == .wait)
        #expect(agreement.decision(now: 2) == .make(parts, isPartial: false))
    }

    @Test func aHostThatBeginsToWriteHoldsTheSetUp() {
        var agreement = Self.agreement([Self.part(1), Self.part(1), Self.part(1)])
        agreement.take(Self.part(1, settled: false), from: 2, now: 1)
        #expect(agreement.decision(now: 20) == .wait)
        agreement.take(Self.part(2), from: 2, now: 25)
        #expect(agreement.decision(now: 26) == .wait)
        #expect(agreement.decision(now: 27) == .make([Self.part(1), Self.part(1), Self.part(2)], isPartial: false))
    }

    @Test func aHostThatNeverSettlesHoldsItUpForTwoIntervals() {
        let parts = [Self.part(1), Self.part(1, settled: false), Self.part(1)]
        let agreement = Self.agreement(parts)
        #expect(agreement.decision(now: 59) == .wait)
        #expect(agreement.decision(now: 60) == .make(parts, isPartial: true))
    }

    /// A log of each host is stored every interval: there is never a moment at which nobody has news.
    @Test func steadyNewsHoldsItUpForTwoIntervals() {
        var agreement = Self.agreement([Self.part(1), Self.part(1), Self.part(1)])
        for second in 1...60 { agreement.take(Self.part(1 + second), from: second % 3, now: Double(second)) }
        guard case .make(_, isPartial: false) = agreement.decision(now: 60.5) else {
            Issue.record("\(agreement.decision(now: 60.5))")
            return
        }
    }

    @Test func whatStandsInTheWayForLongIsSaid() {
        let agreement = Self.agreement([Self.part(1), Self.part(1), nil])
        #expect(agreement.standstill(now: 59) == nil)
        #expect(agreement.standstill(now: 60) == "algo-3 did not say what it has stored")
        #expect(Self.agreement([Self.part(0), Self.part(0), nil]).standstill(now: 60) == nil)
    }

    @Test func whatIsInASetMakesNoOther() {
        let parts = [Self.part(1), Self.part(2), Self.part(0)]
        var agreement = Self.agreement(parts)
        agreement.made(parts, now: 3)
        #expect(agreement.decision(now: 100) == .wait)
        agreement.take(Self.part(1), from: 2, now: 100)
        #expect(agreement.decision(now: 102) == .make([parts[0], parts[1], Self.part(1)], isPartial: false))
    }

    @Test func withoutAnyPartThereIsNothingToMake() {
        #expect(Self.agreement([Self.part(0), Self.part(0), Self.part(0)]).decision(now: 100) == .wait)
        let over = Self.agreement([Self.part(0, last: true), Self.part(0, last: true), Self.part(0, last: true)])
        #expect(over.decision(now: 0) == .over(nil))
    }

    // MARK: The end

    @Test func theLastWordsMakeASetAtOnce() {
        let last = [Self.part(1, last: true), Self.part(4, last: true), Self.part(2, last: true)]
        var agreement = Self.agreement([last[0], last[1], Self.part(2)])
        #expect(agreement.decision(now: 0.5) == .wait)
        agreement.take(last[2], from: 2, now: 1)
        #expect(agreement.decision(now: 1) == .make(last, isPartial: false))
        agreement.made(last, now: 1)
        #expect(agreement.decision(now: 1) == .over(nil))
    }

    @Test func aFileThatCannotBeReadMakesTheLastSetPartial() {
        let last = [Self.part(1, last: true), Self.part(4, settled: false, last: true), Self.part(2, last: true)]
        #expect(Self.agreement(last).decision(now: 0) == .make(last, isPartial: true))
    }

    /// Each row: the parts, the rank that is lost, and what follows.
    static let ends: [(parts: [HostPart?], lost: Int?, decision: HostAgreement.Decision)] = [
        // It stores none.
        (
            [part(1, last: true), part(0), part(2, last: true)], 1,
            .make([part(1, last: true), part(0), part(2, last: true)], isPartial: false)
        ),
        // Nobody knows what it was about to write.
        ([part(1, last: true), part(1), part(2, last: true)], 1, .over("algo-2 was lost")),
        ([part(1, last: true), part(0, settled: false), part(2, last: true)], 1, .over("algo-2 was lost")),
        ([part(1, last: true), part(1, last: true), nil], 2, .over("algo-3 did not say what it has stored")),
        (
            [part(1, last: true), part(1, last: true), part(1, settled: false, last: true, failed: true)], nil,
            .over("algo-3 could not store its part")
        ),
        // It failed before its restore, and so did nobody's script begin.
        ([part(0, last: true, base: 7), part(0, settled: false, last: true), part(0, last: true)], nil, .over(nil)),
        (
            [part(1, last: true), part(1, last: true, base: 7), part(1, last: true)], nil,
            .over("the hosts restored different sets")
        ),
        // The others are still at it.
        ([part(1, last: true), part(1), part(2)], 1, .wait),
    ]

    @Test(arguments: ends.indices)
    func whatIsLostMakesNoSet(_ row: Int) {
        let (parts, lost, decision) = Self.ends[row]
        var agreement = Self.agreement(parts)
        if let lost { agreement.lose(lost, now: 1) }
        #expect(agreement.decision(now: 1) == decision)
    }

    @Test func aStoreThatTakesNoSetIsGivenUpAtTheEnd() {
        let last = [Self.part(1, last: true), Self.part(1, last: true), Self.part(1, last: true)]
        var agreement = Self.agreement(last)
        for _ in 0..<3 {
            #expect(agreement.decision(now: 1) == .make(last, isPartial: false))
            agreement.failed()
        }
        #expect(agreement.decision(now: 1) == .over("the store did not take the set of all hosts"))
    }

    @Test func hostsThatRestoredDifferentSetsAreSeenAtTheStart() {
        let different = [Self.part(0, base: 6), Self.part(0, base: 5), Self.part(0, base: 6)]
        #expect(Self.agreement([different[0], different[1], nil]).basesThatDiffer == nil)
        #expect(Self.agreement(different).basesThatDiffer == "algo-1 set 6, algo-2 set 5, algo-3 set 6")
        #expect(Self.agreement([Self.part(0), Self.part(0), Self.part(0)]).basesThatDiffer == nil)
    }

    @Test func failuresOfAnOutageBeforeTheEndDoNotCount() {
        var agreement = Self.agreement([Self.part(1), Self.part(1), Self.part(1)])
        for _ in 0..<9 { agreement.failed() }
        let last = [Self.part(1, last: true), Self.part(1, last: true), Self.part(1, last: true)]
        for (rank, part) in last.enumerated() { agreement.take(part, from: rank, now: 1) }
        #expect(agreement.decision(now: 1) == .make(last, isPartial: false))
    }

    @Test func partsAreToldAsTheyAre() {
        let part = Self.part(3, settled: true, last: true, failed: true, base: 2)
        #expect(HostPart(part.json) == part)
        #expect(HostPart(["number": 1, "run": "a", "base": 0])?.number == 1)
        // It becomes part of a key.
        #expect(HostPart(["number": 1, "run": "../a", "base": 0]) == nil)
        #expect(HostPart(["number": 1, "base": 0]) == nil)
    }
}
