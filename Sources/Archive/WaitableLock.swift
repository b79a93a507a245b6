#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A mutex with a condition that threads wait for: what the rings of blocks and of chunks are built on.
///
/// Not `Mutex`: that has nothing to wait with. Unchecked because the two C objects are made for use by many threads.
final class WaitableLock: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    /// Makes a lock that nobody holds.
    init() {
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` with the lock held; blocks until it is free.
    func withLock<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Gives the lock back until somebody says that something changed; to be called with the lock held, in a loop that
    /// looks at what is waited for.
    func wait() { pthread_cond_wait(changed, mutex) }

    /// Wakes one thread that waits.
    func wakeOne() { pthread_cond_signal(changed) }

    /// Wakes all threads that wait.
    func wakeAll() { pthread_cond_broadcast(changed) }
}
