import ProcessSupervision
import RunnerCore
import SystemEvidence

/// What is known about a script's end beside its wait status: the rules decide on it and touch nothing.
struct EndEvidence: Sendable {
    /// The script's process.
    var processID: Int32 = 0
    /// The file name of its program, such as `python3`.
    var program = "the script"
    /// How long it ran.
    var elapsed: Duration?
    /// The kernel's counters before and after.
    var system = SystemChange()
    /// What the kernel's log says since the start.
    var kernelEvents: [KernelEvent] = []
    /// Whether the log's process numbers are ours; in a container they are the host's.
    var kernelCountsAsWeDo = false
    /// What is left of the file systems that the script may write to; the one its exception names comes first.
    var disks: [DiskSpace] = []
    /// The limits that it was started with.
    var limits = ResourceLimits()
    /// Where the kernel puts a core.
    var corePattern: CorePattern?
    /// Where the script started.
    var workingFolder = ""
    /// The folder of the user's files.
    var scriptFolder = ""
    /// The source of the line where Python crashed.
    var crashSource: String?
    /// The signals that the runner passed on.
    var forwarded: [ReceivedSignal] = []
    /// The last line of the script's output; nil when nobody listened.
    var lastLine: String?
    /// The last checkpoint that is stored.
    var lastSafeCheckpoint: String?

    // MARK: Words

    /// ` after 41 min 12 s`, or nothing.
    var afterTime: String { elapsed.map { " after \(humanDuration($0))" } ?? "" }

    /// `; last line "iteration 17"; last safe checkpoint 16`, or nothing.
    var progress: String {
        let line = lastLine.map { "; last line \"\($0.escaped(limit: 120))\"" } ?? ""
        let checkpoint = lastSafeCheckpoint.map { "; last safe checkpoint \($0.escaped(limit: 80))" } ?? ""
        return line + checkpoint
    }

    // MARK: Memory

    /// The kernel's messages about processes of ours that it killed for want of memory.
    ///
    /// The log is the whole machine's: a message counts when it names our process or our cgroup. In a cgroup namespace
    /// our own path is `/` and tells nothing; there the counter says how many of the last ones were ours.
    var memoryVictims: [KernelEvent] {
        var groups: [Int32: String] = [:]
        var kills: [KernelEvent] = []
        for event in kernelEvents {
            switch event.kind {
            case .victim(let group): groups[event.processID] = group
            case .outOfMemory: kills.append(event)
            case .fault: break
            }
        }
        let ours = system.after.memory.groupPath.flatMap { $0 == "/" ? nil : $0 }
        let known = kills.filter { kill in
            if kernelCountsAsWeDo, kill.processID == processID { return true }
            guard let ours, let group = groups[kill.processID] else { return false }
            return group == ours || group.hasPrefix(ours + "/")
        }
        guard known.isEmpty, ours == nil, let counted = system.oomKills, counted > 0 else { return known }
        return kills.suffix(Int(clamping: counted))
    }

    /// How many processes of ours the kernel killed for want of memory, by its counter and its log.
    var memoryKills: Int { max(Int(clamping: system.oomKills ?? 0), memoryVictims.count) }

    /// Whether the kernel told that it kills for want of memory, so that no kill means none.
    var countsMemoryKills: Bool { system.oomKills != nil || system.machineOOMKills != nil }

    /// Whether our cgroup came to its limit: 95 % of it were held.
    var cameToMemoryLimit: Bool {
        guard let limit = system.after.memory.limitBytes, let peak = system.after.memory.peakBytes else { return false }
        return Double(peak) >= 0.95 * Double(limit)
    }

    // MARK: Disks

    /// The file systems that refuse writers.
    var fullDisks: [DiskSpace] { disks.filter(\.isFull) }
}

/// A duration as a person reads it: `41 min 12 s`, `3.2 s`, `2 h 5 min`.
///
/// - Parameter duration: Not negative.
/// - Returns: The two largest units, tenths below ten seconds.
func humanDuration(_ duration: Duration) -> String {
    let (whole, attoseconds) = duration.components
    switch whole {
    case ..<10: return "\(whole).\(attoseconds / 100_000_000_000_000_000) s"
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    case ..<86_400: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    default: return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
}

/// Two sizes of memory in the unit of the second: `15.8 of 16.0 GiB`; of one size `16.0 GiB`.
///
/// - Parameters:
///   - used: The part; nil when it is not known.
///   - whole: The limit.
/// - Returns: One decimal, in powers of 1,024 as memory is sold and limited.
func binarySizes(_ used: Int64? = nil, of whole: Int64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    var unit = 0
    var divisor: Double = 1024
    while Double(whole) >= divisor * 1024, unit < units.count - 1 {
        divisor *= 1024
        unit += 1
    }
    func text(_ bytes: Int64) -> String {
        let tenths = Int64((Double(bytes) / divisor * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
    return (used.map { "\(text($0)) of " } ?? "") + "\(text(whole)) \(units[unit])"
}
