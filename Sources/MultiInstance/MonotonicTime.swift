#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// This machine's clock that is never set, in nanoseconds: all processes of a host read the same one.
package func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// How far another host's monotonic clock is ahead of ours, from the fastest exchange so far.
///
/// As in NTP: the other clock was read about halfway between our two readings, and the shorter the way, the less that
/// can be wrong. No wall clock takes part, so hosts whose clocks differ by seconds are ordered rightly.
package struct ClockOffset: Hashable, Sendable {
    private var shortest: Int64?
    /// Their clock minus ours, in nanoseconds; 0 before the first exchange.
    package private(set) var nanoseconds: Int64 = 0

    /// Makes the offset of a host that nothing was exchanged with.
    package init() {}

    /// Takes an exchange into account.
    ///
    /// - Parameters:
    ///   - sent: Our clock when we asked.
    ///   - theirs: Their clock when they answered.
    ///   - received: Our clock when the answer came.
    package mutating func note(sent: Int64, theirs: Int64, received: Int64) {
        let roundTrip = received - sent
        guard roundTrip >= 0, roundTrip <= shortest ?? .max else { return }
        shortest = roundTrip
        nanoseconds = theirs - (sent + roundTrip / 2)
    }

    /// A moment of their clock by ours.
    package func ours(_ theirs: Int64) -> Int64 { theirs - nanoseconds }

    /// Whether nothing was exchanged yet.
    package var isUnknown: Bool { shortest == nil }
}
