#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Whom the kernel ends first when memory is out, proc_pid_oom_score_adj(5): the script rather than the runner.
///
/// The runner is the one that says afterwards what happened, and it holds a few MiB; a runner that goes first leaves a
/// job without a word (users.md #18).
package enum OutOfMemoryScore {
    /// By how much the script's is raised and the runner's lowered: half of all memory, as the kernel counts.
    static let step = 500

    /// What this process was started with; nil where `/proc` is not to be read.
    private static let atStart: Int? = smallFile("/proc/self/oom_score_adj").flatMap(score)

    /// What every child writes for itself before it runs, so that its descendants have it too; nil leaves it alone.
    static let ofChildren: String? = atStart.map { String(raised($0)) }

    /// Lowers the runner's own; without CAP_SYS_RESOURCE it stays, and the script's raised one has to do.
    ///
    /// - Returns: Whether it was lowered.
    @discardableResult
    package static func protectRunner() -> Bool {
        guard let atStart else { return false }
        // The children's counts from what the process was started with.
        _ = ofChildren
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        let text = String(lowered(atStart))
        return write(file, text, text.utf8.count) == text.utf8.count
    }

    /// The number of the file's text.
    ///
    /// - Parameter bytes: For instance `-500\n`.
    /// - Returns: nil when it is none.
    static func score(_ bytes: [UInt8]) -> Int? {
        Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// The script's score; raising it needs no right.
    ///
    /// - Parameter score: What the runner was started with.
    /// - Returns: The new one.
    static func raised(_ score: Int) -> Int { min(1000, score + step) }

    /// The runner's score; not -1000, with which it would never be ended, be it the one that leaks.
    ///
    /// - Parameter score: What the runner was started with.
    /// - Returns: The new one.
    static func lowered(_ score: Int) -> Int { min(score, max(-999, score - step)) }
}
