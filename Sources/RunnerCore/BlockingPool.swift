import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Threads for work that blocks: file input and output, waiting for a child, unpacking.
///
/// Swift's cooperative pool has as many threads as cores, so two blocked calls on two cores stop every task
/// (style.md P13). This pool starts a thread only when none is idle, which also keeps a producer from waiting for a
/// thread that its consumer holds - the deadlock a pool of fixed size would have.
package final class BlockingPool: Sendable {
    /// The pool of the process.
    package static let shared = BlockingPool(maximumThreads: 24)

    private struct State {
        var queue: [@Sendable () -> Void] = []
        var head = 0
        var idleThreads = 0
        var threads = 0

        /// Takes the oldest piece of work.
        mutating func next() -> (@Sendable () -> Void)? {
            guard head < queue.count else { return nil }
            defer {
                head += 1
                if head == queue.count {
                    queue.removeAll(keepingCapacity: true)
                    head = 0
                }
            }
            return queue[head]
        }
    }

    private let maximumThreads: Int
    private let state = Mutex(State())
    private let wakeUp = Semaphore()

    /// Makes a pool that starts no thread yet.
    ///
    /// - Parameter maximumThreads: How many calls may block at once; more wait in order.
    package init(maximumThreads: Int) {
        self.maximumThreads = maximumThreads
    }

    /// Runs `work` on a thread of the pool.
    ///
    /// - Parameter work: May block. It gets a flag that is set when the calling task is cancelled.
    /// - Returns: What `work` returns.
    /// - Throws: What `work` throws.
    package func run<R: Sendable>(_ work: @escaping @Sendable (CancellationFlag) throws -> R) async throws -> R {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                submit { continuation.resume(with: Result { try work(flag) }) }
            }
        } onCancel: {
            flag.cancel()
        }
    }

    /// Puts `work` into the queue.
    ///
    /// - Parameter work: May block; runs exactly once.
    package func submit(_ work: @escaping @Sendable () -> Void) {
        let startsThread = state.withLock { state in
            state.queue.append(work)
            let waiting = state.queue.count - state.head
            guard waiting > state.idleThreads, state.threads < maximumThreads else { return false }
            state.threads += 1
            return true
        }
        if startsThread, !startThread({ [self] in serve() }) {
            let isAlone = state.withLock { state in
                state.threads -= 1
                return state.threads == 0
            }
            // No thread may be made (a pids limit) and none is there: the caller's own is better than waiting for ever.
            if isAlone, let work = state.withLock({ $0.next() }) { return work() }
        }
        wakeUp.signal()
    }

    private func serve() {
        while true {
            state.withLock { $0.idleThreads += 1 }
            wakeUp.wait()
            let work = state.withLock { state -> (@Sendable () -> Void)? in
                state.idleThreads -= 1
                return state.next()
            }
            work?()
        }
    }
}

/// Tells blocking work that its task was cancelled.
package final class CancellationFlag: Sendable {
    private let cancelled = Atomic(false)

    /// Makes a flag that is not set.
    package init() {}

    /// Sets the flag; it stays set.
    package func cancel() {
        cancelled.store(true, ordering: .relaxed)
    }

    /// Whether the flag is set.
    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// Throws when the flag is set.
    ///
    /// - Throws: `CancellationError`.
    package func check() throws {
        if cancelled.load(ordering: .relaxed) { throw CancellationError() }
    }
}

/// A counting semaphore, sem_init(3), for threads that may block.
package final class Semaphore: Sendable {
    // The C semaphore needs a fixed address for its life; sem_t is made to be shared by threads.
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    /// Makes a semaphore with value 0.
    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Adds one to the value and wakes one waiting thread.
    package func signal() {
        sem_post(semaphore)
    }

    /// Blocks until the value is positive and takes one from it.
    package func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }
}

/// Starts a detached thread; the closure is formed here, outside any actor (style.md P12).
///
/// - Parameter body: Runs on the thread.
/// - Returns: false when no thread could be made (EAGAIN).
@discardableResult
package func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let context = Unmanaged.passRetained(Box(body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 512 * 1024)
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let error = pthread_create(
        &thread,
        &attributes,
        { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        },
        context.toOpaque()
    )
    if error != 0 { context.release() }
    return error == 0
}
