import ProcessSupervision
import Testing

@testable import ScriptWatch

/// The account of what processes used, the curve and the line.
struct UsageTests {
    private func reading(_ processID: Int32, of parent: Int32, ticks: Int64, start: Int64 = 0) -> ProcessReading {
        ProcessReading(
            processID: processID,
            parentID: parent,
            startTicks: start,
            counters: ProcessCounters(cpuTicks: ticks, transferred: ticks * 10)
        )
    }

    /// What each look brought, in ticks.
    private func growth(_ looks: [[ProcessReading]]) -> [Int64] {
        var account = UsageAccount()
        return looks.map { look in
            let growth = account.update(look)
            #expect(growth.counters.transferred == growth.counters.cpuTicks * 10)
            return growth.counters.cpuTicks
        }
    }

    @Test("A child's CPU is counted once: while it lives, and not again when its parent has waited for it")
    func waitedChild() {
        let looks = [
            [reading(2, of: 1, ticks: 100), reading(3, of: 2, ticks: 50)],
            [reading(2, of: 1, ticks: 100), reading(3, of: 2, ticks: 80)],
            // Ended at 90 and waited for; the parent itself used 5.
            [reading(2, of: 1, ticks: 195)],
            [reading(2, of: 1, ticks: 200)],
        ]
        #expect(growth(looks) == [150, 30, 15, 5])
    }

    @Test("A chain of children that ends between two looks is counted once")
    func endedChain() {
        let looks = [
            [reading(2, of: 1, ticks: 0), reading(3, of: 2, ticks: 10), reading(4, of: 3, ticks: 20)],
            [reading(2, of: 1, ticks: 31)],
        ]
        #expect(growth(looks) == [30, 1])
    }

    @Test("A child nobody waited for takes nothing away, and a number that is used again is another process")
    func lostChild() {
        let looks = [
            [reading(2, of: 1, ticks: 10), reading(3, of: 2, ticks: 50)],
            [reading(2, of: 1, ticks: 10)],
            [reading(2, of: 1, ticks: 10), reading(3, of: 2, ticks: 7, start: 9)],
            [reading(2, of: 1, ticks: 11), reading(3, of: 2, ticks: 8, start: 9)],
        ]
        #expect(growth(looks) == [60, 0, 7, 2])
    }

    @Test("Coming and going of processes is told")
    func members() {
        var account = UsageAccount()
        let script = reading(2, of: 1, ticks: 0)
        #expect(account.update([script]).membersChanged)
        #expect(!account.update([script]).membersChanged)
        #expect(account.update([script, reading(3, of: 2, ticks: 0)]).membersChanged)
        #expect(account.update([script]).membersChanged)
        #expect(!account.update([script]).membersChanged)
    }

    @Test(
        "A curve never has more points than it may, whatever the length",
        arguments: [1, 239, 240, 241, 1000, 100_000]
    )
    func curveLength(looks: Int) {
        var curve = UsageCurve()
        for look in 1...looks { curve.add(seconds: 1.001, memoryBytes: Int64(look), cpuSeconds: 0.5) }
        #expect(curve.memoryBytes.count == curve.cores.count)
        #expect(curve.memoryBytes.count <= UsageCurve.maximumPoints)
        // Between half full and full, once the first points were merged.
        #expect(looks < 240 || curve.memoryBytes.count >= UsageCurve.maximumPoints / 2)
        #expect(curve.memoryBytes.max() == Int64(looks))
        #expect(Double(curve.memoryBytes.count) * curve.intervalSeconds >= Double(looks))
        #expect(curve.cores.allSatisfy { abs($0 - 0.5 / 1.001) < 0.001 })
    }

    @Test("Merged points keep the higher memory and the mean CPU")
    func merged() {
        var curve = UsageCurve()
        for look in 0..<240 {
            curve.add(seconds: 1, memoryBytes: look == 101 ? 1000 : 10, cpuSeconds: look < 120 ? 2 : Double(look % 2))
        }
        curve.add(seconds: 1, memoryBytes: 5, cpuSeconds: 4)
        #expect(curve.intervalSeconds == 2)
        #expect(curve.memoryBytes.count == 121)
        #expect(curve.memoryBytes[50] == 1000)
        #expect(curve.cores[10] == 2)
        #expect(curve.cores[100] == 0.5)
        #expect(curve.cores[120] == 4)
    }

    @Test("A day without a look is spread over its points, and the sum of CPU stays")
    func gap() {
        var curve = UsageCurve()
        curve.add(seconds: 86_400, memoryBytes: 7, cpuSeconds: 8640)
        #expect(curve.memoryBytes.count <= UsageCurve.maximumPoints)
        #expect(curve.cores.allSatisfy { abs($0 - 0.1) < 1e-9 })
    }

    @Test(
        "The line of the verdict",
        arguments: [
            (Int64(3_328_599_654), 1.2, Int64(30) << 30, 16.0, "peak 3.1 of 30 GiB, 1.2 of 16 cores"),
            (Int64(20) << 20, 0.04, Int64(30) << 30, 2.5, "peak 20 MiB of 30 GiB, 0 of 2.5 cores"),
            (Int64(16) << 30, 3.96, Int64(16) << 30, 4.0, "peak 16 of 16 GiB, 4 of 4 cores"),
            (Int64(3) << 30, 1, nil, nil, "peak 3 GiB, 1 cores"),
        ] as [(Int64, Double, Int64?, Double?, String)]
    )
    func line(bytes: Int64, cores: Double, limit: Int64?, allowed: Double?, line: String) {
        var summary = UsageSummary()
        summary.limits = MachineLimits(memoryBytes: limit, cores: allowed)
        summary.add(GroupSample(memoryBytes: bytes, processes: 1, threads: 1, cpuSeconds: cores), seconds: 1)
        #expect(summary.line == line)
    }

    @Test("A script that was over before the first look has what wait4(2) said")
    func shortScript() {
        var summary = UsageSummary()
        summary.add(ProcessExit.Usage(userSeconds: 0.2, systemSeconds: 0.1, peakMemoryBytes: 1 << 20), ofSeconds: 0.6)
        #expect(summary.peakMemoryBytes == 1 << 20)
        #expect(abs(summary.cpuSeconds - 0.3) < 1e-9)
        #expect(abs(summary.peakCores - 0.5) < 1e-9)
        #expect(summary.peakProcesses == 1)
    }
}
