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

/// Where a sweep looks for what is left.
protocol StragglerSource: Sendable {
    /// The living stragglers.
    func processes() -> [ProcessEntry]
    /// Those that ended and were reaped since the sweep began: the groups they were in may live on.
    func reapedOrphans() -> [ProcessEntry]
    /// Whether nothing is left, for certain.
    func isOver() -> Bool
    /// Whether ``isOver()`` will be true in the end; else two looks that find nothing must do.
    var isAlone: Bool { get }
}

/// The descendants of this process, less the helpers that it started itself.
struct OwnDescendants: StragglerSource {
    /// The living ones, as `/proc` shows them.
    func processes() -> [ProcessEntry] {
        OwnChildren.shared.withNoneStarting { ProcessTable.current().stragglers(of: getpid(), except: $0) }
    }

    /// What the reaper took.
    func reapedOrphans() -> [ProcessEntry] { OrphanReaper.reapedDuringSweep }

    /// The kernel's word instead of that of `/proc`, where a process can be missed: without a child there is no
    /// descendant.
    func isOver() -> Bool {
        OwnChildren.shared.withNoneStarting { _ in CLinuxShims_has_children() == 0 }
    }

    /// A helper that runs is a child too.
    var isAlone: Bool { OwnChildren.shared.withNoneStarting { $0.isEmpty } }
}

extension ProcessTable {
    /// The living processes below one, without some of its children and what is below those.
    ///
    /// - Parameters:
    ///   - ancestor: The process to begin at.
    ///   - excluded: Children that are no stragglers.
    ///   - hasOtherThreads: Whether what looks like a zombie is none.
    /// - Returns: The processes in the order of their numbers.
    func stragglers(
        of ancestor: Int32,
        except excluded: Set<Int32>,
        hasOtherThreads: (ProcessEntry) -> Bool = hasOtherThreads
    ) -> [ProcessEntry] {
        let others = ProcessTable(
            entries.values.filter { !(excluded.contains($0.processID) && $0.parentID == ancestor) }
        )
        return others.descendants(of: ancestor).filter { entry in
            // What a helper's own group holds is ended with the helper.
            !excluded.contains(entry.groupID) && (!entry.isZombie || hasOtherThreads(entry))
        }
        .sorted { $0.processID < $1.processID }
    }
}

/// Tells whether a process lives on in other threads after its first thread ended, which makes it look like a zombie.
func hasOtherThreads(_ entry: ProcessEntry) -> Bool {
    guard let folder = opendir("/proc/\(entry.processID)/task") else { return false }
    defer { closedir(folder) }
    var threads = 0
    while let thread = readdir(folder) {
        if thread.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: ".")) { threads += 1 }
    }
    return threads > 1
}
