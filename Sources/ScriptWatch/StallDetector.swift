package import RunnerCore

/// What happened in the script's group since the look before, as far as it shows that the script lives.
package struct ScriptActivity: Hashable, Sendable {
    /// How long ago the look before was.
    package var seconds = 1.0
    /// How long ago it was meant to be.
    package var plannedSeconds = 1.0
    /// CPU time of the group.
    package var cpuSeconds = 0.0
    /// Bytes that the group read or wrote anywhere.
    package var transferredBytes: Int64 = 0
    /// Whether a process began or ended, or a GPU worked.
    package var hasOtherSigns = false

    /// Makes activity of one second in which nothing happened.
    package init() {}
}

/// Tells a script that has stalled from one that is slow; a rule over values, without clock or processes.
///
/// A stall is silence for as long as the policy says: no output, no byte read or written, no process begun or ended,
/// and CPU time below a hair. Only then are the files looked at, because that costs. A slow script is never called
/// stalled: one byte, one process, or two clock ticks of CPU in one look end the silence.
///
/// Two ticks and not one: a thread that wakes once a second to look at a flag uses 0.00005 s each time, which shows as
/// one tick every few minutes and is no life. Neither is less than a five-hundredth of a core over the whole silence.
package struct StallDetector: Sendable {
    /// What is to be done after a look.
    package enum Verdict: Hashable, Sendable {
        /// Nothing.
        case none
        /// Nothing happened for so long: whoever asks looks at the files and calls ``filesChanged(secondsAgo:)``.
        case silent(seconds: Double)
        /// The script that had stalled does something again, after this long.
        case resumed(afterSeconds: Double)
    }

    private enum Phase {
        case watching, asked, stalled
    }

    /// What the kernel's accounting by ticks of 10 ms may show of nearly nothing.
    private static let noticeableCPUSeconds = 0.015
    private static let noticeableShare = 0.002

    private let policy: StallPolicy
    private var phase = Phase.watching
    private var silenceSeconds = 0.0
    private var cpuSeconds = 0.0
    private var silenceWhenAsked = 0.0

    /// Makes a detector that begins to watch now.
    package init(_ policy: StallPolicy) {
        self.policy = policy
    }

    /// Takes a look.
    ///
    /// - Parameter activity: What happened since the look before.
    /// - Returns: What to do.
    package mutating func add(_ activity: ScriptActivity) -> Verdict {
        // A runner that was stopped or a machine that slept saw nothing of that time, and the script slept as well.
        silenceSeconds += min(activity.seconds, activity.plannedSeconds * 2)
        cpuSeconds += activity.cpuSeconds
        if isAlive(activity) {
            let silence = silenceSeconds
            let wasStalled = phase == .stalled
            begin(at: 0)
            return wasStalled ? .resumed(afterSeconds: silence) : .none
        }
        guard phase == .watching, silenceSeconds >= Double(policy.seconds) else { return .none }
        phase = .asked
        silenceWhenAsked = silenceSeconds
        return .silent(seconds: silenceSeconds)
    }

    /// Takes the answer to ``Verdict/silent(seconds:)``.
    ///
    /// - Parameter secondsAgo: How long before the question the last file changed; nil when there is none.
    /// - Returns: How long nothing has happened when that is a stall; nil when the script lives.
    package mutating func filesChanged(secondsAgo: Double?) -> Double? {
        guard phase == .asked else { return nil }
        if let secondsAgo, secondsAgo < Double(policy.seconds) {
            begin(at: max(0, secondsAgo) + silenceSeconds - silenceWhenAsked)
            return nil
        }
        phase = .stalled
        return silenceSeconds
    }

    private func isAlive(_ activity: ScriptActivity) -> Bool {
        if activity.transferredBytes > 0 || activity.hasOtherSigns { return true }
        if activity.cpuSeconds >= Self.noticeableCPUSeconds { return true }
        // At least the window: two ticks within its first seconds are a larger share than they deserve.
        let window = max(Double(policy.seconds), silenceSeconds)
        return cpuSeconds >= max(Self.noticeableCPUSeconds, window * Self.noticeableShare)
    }

    private mutating func begin(at silence: Double) {
        phase = .watching
        silenceSeconds = silence
        cpuSeconds = 0
    }
}
