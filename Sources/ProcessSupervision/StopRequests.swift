#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// How urgently the job was asked to end: each request that is one of its own raises the level.
///
/// 1: the script is told and has its grace. 2: the grace is over. 3: the runner leaves at once.
///
/// TERM and HUP come together when a terminal or a service manager ends: that is one request, not two. The same signal
/// again is a request of its own, and so is Ctrl-C after anything.
package struct StopRequests: Hashable, Sendable {
    /// How urgent it is; 0 without a request.
    package private(set) var level = 0
    private var seen: Set<Int32> = []

    /// Makes the state before any request.
    package init() {}

    /// Counts a request.
    ///
    /// - Parameter number: The signal that made it.
    /// - Returns: The level from now on.
    @discardableResult
    package mutating func receive(_ number: Int32) -> Int {
        let isRepeated = !seen.insert(number).inserted
        if level == 0 || isRepeated || number == SIGINT { level += 1 }
        return level
    }
}
