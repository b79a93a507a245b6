import HeapModule
import Synchronization

/// Moves many things, a bounded number at once, while they are still being found, and the largest known first.
///
/// Largest first keeps the end short: one large object that comes last would leave all other workers idle. The window
/// bounds memory: a bucket of a million keys is never in memory as a whole.
///
/// - Parameters:
///   - workers: How many are moved at once.
///   - window: How many found ones may wait.
///   - sizeBytes: The size of one.
///   - find: Finds them and gives each to `add`, which waits while the window is full.
///   - move: Moves one; is cancelled when another one or `find` fails.
/// - Throws: The first error of `find` or `move`; `CancellationError`.
package func forEachLargestFirst<Item: Sendable>(
    workers: Int,
    window: Int = 4096,
    sizeBytes: @escaping @Sendable (Item) -> Int64,
    find: (_ add: (Item) async throws -> Void) async throws -> Void,
    move: @escaping @Sendable (Item) async throws -> Void
) async throws {
    precondition(workers > 0 && window > 0, "nothing would ever run")
    let queue = TransferQueue<Item>(window: window)
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<workers {
            group.addTask {
                do {
                    while let item = await queue.next() { try await move(item) }
                } catch {
                    // Whoever waits for room would wait for ever.
                    queue.close()
                    throw error
                }
            }
        }
        do {
            try await find { item in
                guard await queue.add(item, sizeBytes: sizeBytes(item)) else { throw CancellationError() }
            }
        } catch {
            queue.close()
            // A worker that failed closed the queue, which ended `find`: the worker's error is the one to report.
            if error is CancellationError { while try await group.next() != nil {} }
            throw error
        }
        queue.end()
        while try await group.next() != nil {}
    }
}

/// A queue of bounded length between one finder and many workers.
private final class TransferQueue<Item: Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        let size: Int64
        let item: Item

        static func == (left: Entry, right: Entry) -> Bool { left.size == right.size }
        static func < (left: Entry, right: Entry) -> Bool { left.size < right.size }
    }

    private enum Phase { case open, ended, closed }

    private struct State {
        var phase = Phase.open
        var items = Heap<Entry>()
        var idleWorkers: [CheckedContinuation<Item?, Never>] = []
        var waitingFinder: CheckedContinuation<Bool, Never>?
    }

    private let window: Int
    private let state = Mutex(State())

    init(window: Int) {
        self.window = window
    }

    /// Gives an item to a worker or keeps it; waits while the window is full.
    ///
    /// - Returns: false when the queue was closed.
    func add(_ item: Item, sizeBytes: Int64) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { finder in
                let (worker, goesOn) = state.withLock { state -> (CheckedContinuation<Item?, Never>?, Bool?) in
                    guard state.phase == .open else { return (nil, false) }
                    if let worker = state.idleWorkers.popLast() { return (worker, true) }
                    state.items.insert(Entry(size: sizeBytes, item: item))
                    guard state.items.count >= window else { return (nil, true) }
                    state.waitingFinder = finder
                    return (nil, nil)
                }
                worker?.resume(returning: item)
                if let goesOn { finder.resume(returning: goesOn) }
            }
        } onCancel: {
            close()
        }
    }

    /// The largest item that waits; nil at the end.
    func next() async -> Item? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { worker in
                let (item, isOver, finder) = state.withLock {
                    state -> (Item?, Bool, CheckedContinuation<Bool, Never>?) in
                    guard state.phase != .closed else { return (nil, true, nil) }
                    guard let entry = state.items.popMax() else {
                        if state.phase == .open { state.idleWorkers.append(worker) }
                        return (nil, state.phase == .ended, nil)
                    }
                    defer { state.waitingFinder = nil }
                    return (entry.item, false, state.waitingFinder)
                }
                finder?.resume(returning: true)
                if item != nil || isOver { worker.resume(returning: item) }
            }
        } onCancel: {
            close()
        }
    }

    /// Nothing more is added; what waits is still worked on.
    func end() { stop(.ended) }

    /// Nothing more is worked on.
    func close() { stop(.closed) }

    private func stop(_ phase: Phase) {
        let (workers, finder) = state.withLock { state in
            state.phase = state.phase == .closed ? .closed : phase
            if phase == .closed { state.items = Heap() }
            defer {
                state.idleWorkers = []
                state.waitingFinder = nil
            }
            return (state.idleWorkers, state.waitingFinder)
        }
        for worker in workers { worker.resume(returning: nil) }
        finder?.resume(returning: phase == .ended)
    }
}
