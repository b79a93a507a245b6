import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// One POSIX thread with a body, to be joined by who started it.
///
/// A thread and not a task: both sides of the pipeline block, and Swift's pool has only as many threads as cores.
struct WorkerThread: ~Copyable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// - Parameter body: What it runs; must end by itself before `join` can return.
    /// - Throws: `readFailed` when the system has no thread to give.
    init(_ body: @escaping @Sendable () -> Void) throws(ArchiveError) {
        let retained = Unmanaged.passRetained(Body(body))
        #if canImport(Glibc)
        var started = pthread_t()
        #else
        var started: pthread_t?
        #endif
        // The closure runs on the new thread; formed here, in a nonisolated context, it carries no actor with it.
        let result = pthread_create(&started, nil, { Self.main($0) }, retained.toOpaque())
        #if canImport(Glibc)
        let thread: pthread_t? = started
        #else
        let thread = started
        #endif
        guard result == 0, let thread else {
            retained.release()
            throw ArchiveError(.readFailed, "cannot start a thread to unpack on: \(Errno(rawValue: result))")
        }
        handle = thread
    }

    /// Waits until the body has ended.
    consuming func join() {
        pthread_join(handle, nil)
    }

    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument {
            Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
    }
}
