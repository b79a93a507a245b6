import ObjectStorage
import RunnerCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(15))) struct TransferQueueTests {
    private struct Failure: Error, Equatable { let name: String }

    private static let size: @Sendable (Int) -> Int64 = { Int64($0) }

    /// What was moved, in order, and how much waited.
    private final class Log: Sendable {
        private let state = Mutex((moved: [Int](), found: 0, mostWaiting: 0, now: 0, most: 0))
        var moved: [Int] { state.withLock { $0.moved } }
        var mostWaiting: Int { state.withLock { $0.mostWaiting } }
        var mostAtOnce: Int { state.withLock { $0.most } }

        func find() {
            state.withLock { state in
                state.found += 1
                state.mostWaiting = max(state.mostWaiting, state.found - state.moved.count)
            }
        }

        func begin(_ item: Int) {
            state.withLock { state in
                state.moved.append(item)
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }

        func end() { state.withLock { $0.now -= 1 } }
    }

    /// A door that lets all through once it is open.
    private final class Door: Sendable {
        private let (stream, opener) = AsyncStream<Void>.makeStream()
        func open() { opener.finish() }
        func pass() async { for await _ in stream {} }
    }

    @Test(arguments: [1, 2, 7], [1, 2, 100])
    func everythingIsMovedOnce(workers: Int, window: Int) async throws {
        let log = Log()
        let items = (0..<500).map { $0 * 7919 % 500 }
        try await forEachLargestFirst(
            workers: workers,
            window: window,
            sizeBytes: Self.size,
            find: { add in
                for item in items {
                    log.find()
                    try await add(item)
                }
            },
            move: { item in
                log.begin(item)
                await Task.yield()
                log.end()
            }
        )
        #expect(log.moved.sorted() == Array(0..<500))
        #expect(log.mostAtOnce <= workers)
        // One is with the finder, the window waits, and a worker may have taken one that it did not begin yet.
        #expect(log.mostWaiting <= window + workers + 1)
    }

    @Test func theLargestKnownIsFirst() async throws {
        let log = Log()
        let door = Door()
        try await forEachLargestFirst(
            workers: 1,
            sizeBytes: Self.size,
            find: { add in
                for item in [0, 5, 3, 9, 1, 9, 7] { try await add(item) }
                door.open()
            },
            move: { item in
                await door.pass()
                log.begin(item)
            }
        )
        // The only worker may have taken the first one before there were others.
        let rest = Array(log.moved.dropFirst())
        #expect(rest == rest.sorted(by: >))
        #expect(log.moved.sorted() == [0, 1, 3, 5, 7, 9, 9])
    }

    @Test func nothingFoundIsNothingMoved() async throws {
        try await forEachLargestFirst(
            workers: 3,
            sizeBytes: Self.size,
            find: { _ in
            },
            move: { _ in
                Issue.record("moved")
            }
        )
    }

    @Test(arguments: [1, 4], [1, 1000])
    func anErrorOfAMoveEndsAll(workers: Int, window: Int) async {
        let log = Log()
        await #expect(throws: Failure(name: "move")) {
            try await forEachLargestFirst(
                workers: workers,
                window: window,
                sizeBytes: Self.size,
                find: { add in
                    // Without an end: only the error can stop it.
                    var item = 0
                    while true {
                        item += 1
                        try await add(item)
                    }
                },
                move: { item in
                    log.begin(item)
                    if log.moved.count == 20 { throw Failure(name: "move") }
                }
            )
        }
        #expect(log.moved.count >= 20)
    }

    @Test func anErrorOfTheFinderEndsAll() async {
        let door = Door()
        await #expect(throws: Failure(name: "find")) {
            try await forEachLargestFirst(
                workers: 2,
                sizeBytes: Self.size,
                find: { add in
                    for item in 0..<10 { try await add(item) }
                    throw Failure(name: "find")
                },
                move: { _ in
                    // Ends by the cancellation that follows the error.
                    await door.pass()
                    try Task.checkCancellation()
                }
            )
        }
    }

    /// Workers that wait for work, a finder that waits for room, and one that waits for something else.
    @Test(arguments: ["workers", "window", "finder"])
    func cancellingEndsAll(what: String) async throws {
        let (begun, door) = (Door(), Door())
        let task = Task {
            try await forEachLargestFirst(
                workers: 2,
                window: 2,
                sizeBytes: Self.size,
                find: { add in
                    if what != "workers" { for item in 0..<(what == "window" ? 100 : 3) { try await add(item) } }
                    begun.open()
                    await door.pass()
                    try Task.checkCancellation()
                },
                move: { item in
                    if item == 0 { begun.open() }
                    await door.pass()
                }
            )
        }
        await begun.pass()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
