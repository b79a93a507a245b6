import RunnerCore
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite(.timeLimit(.minutes(15))) struct BlockingPoolTests {
    @Test func workMayReturnAndThrow() async throws {
        let pool = BlockingPool(maximumThreads: 2)
        #expect(try await pool.run { _ in 42 } == 42)
        await #expect(throws: CancellationError.self) {
            try await pool.run { _ in throw CancellationError() }
        }
    }

    /// Each call waits for the next one: a pool that started too few threads would stop here for ever.
    @Test func blockedCallsDoNotKeepOthersFromStarting() async throws {
        let pool = BlockingPool(maximumThreads: 8)
        let gates = (0..<8).map { _ in Semaphore() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<8 {
                group.addTask {
                    try await pool.run { _ in
                        if index < 7 { gates[index].wait() }
                        if index > 0 { gates[index - 1].signal() }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func noMoreThanTheLimitRunAtOnce() async throws {
        let pool = BlockingPool(maximumThreads: 3)
        let running = HighWater()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await pool.run { _ in
                        running.enter()
                        // Time for others to come in, if more threads than allowed are there.
                        for _ in 0..<20 { sched_yield() }
                        running.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect((1...3).contains(running.most))
    }

    @Test func oneThreadWorksInTheOrderOfTheCalls() async {
        let pool = BlockingPool(maximumThreads: 1)
        let order = Mutex<[Int]>([])
        await withCheckedContinuation { continuation in
            for number in 0..<100 { pool.submit { order.withLock { $0.append(number) } } }
            pool.submit { continuation.resume() }
        }
        #expect(order.withLock { $0 } == Array(0..<100))
    }

    @Test func aCancelledTaskSetsTheFlagOfItsWork() async {
        let pool = BlockingPool(maximumThreads: 1)
        let started = Semaphore()
        let task = Task {
            try await pool.run { cancellation in
                started.signal()
                while true { try cancellation.check() }
            }
        }
        await withCheckedContinuation { continuation in
            startThread {
                started.wait()
                task.cancel()
                continuation.resume()
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aTaskThatIsAlreadyCancelledIsToldAtOnce() async {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await BlockingPool(maximumThreads: 1).run { try $0.check() }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func flagStaysSet() throws {
        let flag = CancellationFlag()
        try flag.check()
        flag.cancel()
        #expect(throws: CancellationError.self) { try flag.check() }
        #expect(throws: CancellationError.self) { try flag.check() }
    }

    @Test func semaphoreCounts() async {
        let semaphore = Semaphore()
        for _ in 0..<3 { semaphore.signal() }
        await withCheckedContinuation { continuation in
            let started = startThread {
                for _ in 0..<3 { semaphore.wait() }
                continuation.resume()
            }
            #expect(started)
        }
    }
}
