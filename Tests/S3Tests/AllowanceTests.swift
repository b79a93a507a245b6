import RunnerCore
import Synchronization
import Testing

@testable import S3

@Suite(.timeLimit(.minutes(15))) struct AllowanceTests {
    /// What happened, in order.
    private final class Log: Sendable {
        private let state = Mutex<[String]>([])
        var lines: [String] { state.withLock { $0 } }
        func add(_ line: String) { state.withLock { $0.append(line) } }
    }

    /// Starts tasks one after the other, each of which waits when this returns, behind one that holds all units.
    private func wait(
        _ allowance: Allowance,
        _ units: Int...,
        whileHolding total: Int,
        _ meanwhile: ([Task<Void, any Error>]) async throws -> Void = { _ in }
    ) async throws -> [String] {
        let log = Log()
        var tasks: [Task<Void, any Error>] = []
        try await allowance.with(total) {
            for count in units {
                tasks.append(
                    Task.immediate {
                        try await allowance.with(count) {
                            log.add("\(count)")
                            await Task.yield()
                        }
                    }
                )
            }
            try await meanwhile(tasks)
        }
        for task in tasks { _ = await task.result }
        return log.lines
    }

    @Test func firstComeFirstServed() async throws {
        let allowance = Allowance(1)
        #expect(try await wait(allowance, 1, 1, 1, whileHolding: 1) == ["1", "1", "1"])
        // Units tell the waiters apart; one that fits does not overtake one that came before and does not fit yet.
        #expect(try await wait(Allowance(3), 3, 2, 1, whileHolding: 1) == ["3", "2", "1"])
    }

    @Test func moreThanThereIsMeansAll() async throws {
        let allowance = Allowance(2)
        let result = try await allowance.with(100) { 7 }
        #expect(result == 7)
        #expect(try await wait(allowance, 100, 1, whileHolding: 2) == ["100", "1"])
    }

    @Test func whoIsCancelledWaitsNoMore() async throws {
        let lines = try await wait(Allowance(2), 2, 1, whileHolding: 1) { tasks in
            tasks[0].cancel()
            await #expect(throws: CancellationError.self) { try await tasks[0].value }
            // The small one was kept waiting by the large one only.
            try await tasks[1].value
        }
        #expect(lines == ["1"])
    }

    @Test func whoIsCancelledAlreadyGetsNothing() async throws {
        let allowance = Allowance(1)
        let task: Task<Void, any Error> = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await allowance.with { _ = Issue.record("it ran") }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await allowance.with { true })
    }

    @Test func anErrorGivesTheUnitsBack() async throws {
        struct Failure: Error {}
        let allowance = Allowance(2)
        for _ in 0..<3 {
            await #expect(throws: Failure.self) { try await allowance.with(2) { throw Failure() } }
        }
        #expect(try await allowance.with(2) { true })
    }

    @Test func neverMoreThanThereAre() async throws {
        let allowance = Allowance(5)
        let inUse = HighWater()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let units = 1 + number % 5
                    try await allowance.with(units) {
                        inUse.enter(units)
                        await Task.yield()
                        inUse.leave(units)
                    }
                }
                if number % 7 == 0 { group.addTask { try? await Self.cancelled(allowance) } }
            }
            try await group.waitForAll()
        }
        #expect(inUse.most == 5)
        #expect(try await allowance.with(5) { true })
    }

    private static func cancelled(_ allowance: Allowance) async throws {
        let task = Task { try await allowance.with(3) { await Task.yield() } }
        task.cancel()
        try await task.value
    }
}
