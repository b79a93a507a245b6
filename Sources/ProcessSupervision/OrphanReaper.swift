import CLinuxShims
import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The children that this process started itself and waits for by their numbers.
///
/// The table and the fork stand under one lock: whoever looks at a child that ended, or at `/proc`, never meets one
/// that is ours and not yet noted.
final class OwnChildren: Sendable {
    /// The children of the process.
    static let shared = OwnChildren()

    private let processIDs = Mutex<Set<Int32>>([])
    private let started = Semaphore()
    private let reaped = Semaphore()

    /// Starts a child and notes it.
    ///
    /// Blocks until the child has executed its program.
    ///
    /// - Parameter spawn: Starts it; returns an errno and its number.
    /// - Returns: The errno, 0 for none, and the number.
    func start(_ spawn: () -> (error: Int32, processID: Int32)) -> (error: Int32, processID: Int32) {
        let result = processIDs.withLock { processIDs in
            let result = spawn()
            if result.error == 0 { processIDs.insert(result.processID) }
            return result
        }
        if result.error == 0 { started.signal() }
        return result
    }

    /// Forgets a child; its number may belong to somebody else from now on.
    ///
    /// - Parameters:
    ///   - processID: The child.
    ///   - reap: Takes its end from the kernel.
    func remove(_ processID: Int32, reap: () -> Void) {
        processIDs.withLock { processIDs in
            reap()
            processIDs.remove(processID)
        }
        reaped.signal()
    }

    /// Looks at processes while no child is being started.
    ///
    /// - Parameter look: Gets the numbers of the children.
    /// - Returns: What `look` returns.
    func withNoneStarting<R>(_ look: (Set<Int32>) -> R) -> R {
        processIDs.withLock { look($0) }
    }

    /// Blocks until a child is started.
    func waitForStart() { started.wait() }

    /// Blocks until a child was reaped by whom it belongs to.
    func waitForReaping() { reaped.wait() }
}

/// Reaps orphans: descendants whose parent ended and whose end nobody waits for.
///
/// As a child subreaper the runner gets all of them, whether an init stands above it or a shell, so there is one way
/// to tell what belongs to the script: the descendants of the runner. One thread that sleeps in waitid(2); it looks at
/// a child before it is reaped and leaves the runner's own to those that wait for them (style.md P1).
package enum OrphanReaper {
    private static let isStarted = Atomic(false)

    /// Whether orphans come to this process and are reaped.
    static var isActive: Bool { isStarted.load(ordering: .acquiring) }

    /// Makes this process the parent of its orphaned descendants and starts reaping them.
    ///
    /// - Returns: false when the kernel cannot, before Linux 3.4: orphans then go to PID 1.
    @discardableResult
    package static func start() -> Bool {
        guard CLinuxShims_become_subreaper() == 0 else { return false }
        guard !isStarted.exchange(true, ordering: .acquiringAndReleasing) else { return true }
        return startThread { reap(beside: .shared) }
    }

    /// nil while no sweep goes on: of a long job's orphans nothing is kept.
    private static let reapedOrphans = Mutex<[ProcessEntry]?>(nil)

    /// The orphans that were reaped since the sweep began, the last one of each group.
    static var reapedDuringSweep: [ProcessEntry] { reapedOrphans.withLock { $0 ?? [] } }

    /// Keeps what is reaped while `body` runs.
    ///
    /// - Parameter body: The sweep.
    /// - Returns: What `body` returns.
    static func sweeping<R>(_ body: () -> R) -> R {
        reapedOrphans.withLock { $0 = [] }
        defer { reapedOrphans.withLock { $0 = nil } }
        return body()
    }

    private static func note(_ processID: Int32) {
        reapedOrphans.withLock { orphans in
            guard orphans != nil, let entry = ProcessEntry.read(processID) else { return }
            orphans?.removeAll { $0.groupID == entry.groupID }
            orphans?.append(entry)
        }
    }

    private static func reap(beside own: OwnChildren) {
        while true {
            var processID = pid_t()
            switch CLinuxShims_next_ended_child(&processID) {
            case 0:
                let isOwn = own.withNoneStarting { ids in
                    guard !ids.contains(processID) else { return true }
                    note(processID)
                    CLinuxShims_reap_orphan(processID)
                    return false
                }
                // The same child is the next answer until it is reaped; its waiter is awake by now.
                if isOwn { own.waitForReaping() }
            case ECHILD:
                // No child means no descendant either, so no orphan can come before a child is started.
                own.waitForStart()
            default:
                return
            }
        }
    }
}
