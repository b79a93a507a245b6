import RunnerCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(15))) struct ConcurrencyTests {
    @Test(arguments: [1, 3, 8, 1000])
    func everyElementIsWorkedOnOnce(limit: Int) async throws {
        let seen = Mutex<[Int]>([])
        try await forEachConcurrently(0..<100, limit: limit) { number in seen.withLock { $0.append(number) } }
        #expect(seen.withLock { $0.sorted() } == Array(0..<100))
    }

    @Test func noElementsAreNoWork() async throws {
        let calls = Mutex(0)
        try await forEachConcurrently([Int](), limit: 4) { _ in calls.withLock { $0 += 1 } }
        #expect(calls.withLock { $0 } == 0)
    }

    /// The operations wait for each other in pairs: with fewer than two at once none would end.
    @Test func limitIsUsed() async throws {
        let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
        try await forEachConcurrently(0..<10, limit: 2) { _ in
            await withCheckedContinuation { continuation in
                let ready = waiting.withLock { waiting in
                    waiting.append(continuation)
                    defer { if waiting.count == 2 { waiting = [] } }
                    return waiting.count == 2 ? waiting : []
                }
                for continuation in ready { continuation.resume() }
            }
        }
        #expect(waiting.withLock { $0.isEmpty })
    }

    @Test func limitIsKept() async throws {
        let running = HighWater()
        try await forEachConcurrently(0..<200, limit: 3) { _ in
            running.enter()
            await Task.yield()
            running.leave()
        }
        #expect((1...3).contains(running.most))
    }

    @Test func theFirstErrorEndsIt() async {
        struct Failure: Error {}
        let started = Mutex(0)
        await #expect(throws: Failure.self) {
            try await forEachConcurrently(0..<1000, limit: 2) { number in
                started.withLock { $0 += 1 }
                if number == 3 { throw Failure() }
            }
        }
        #expect(started.withLock { $0 } < 1000)
    }

    /// The other operation ends only when it is cancelled.
    @Test func anErrorCancelsTheOthers() async {
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await forEachConcurrently([true, false], limit: 2) { fails in
                if fails { throw Failure() }
                while !Task.isCancelled { await Task.yield() }
            }
        }
    }
}
