import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// One process as `/proc/PID/stat` shows it, proc_pid_stat(5).
package struct ProcessEntry: Hashable, Sendable {
    /// Its number.
    package let processID: Int32
    /// The first 15 bytes of its program's name.
    package let name: String
    /// What it does, as one letter: running, sleeping, zombie and so on.
    package let state: UInt8
    /// Its parent.
    package let parentID: Int32
    /// Its process group.
    package let groupID: Int32
    /// Its session.
    package let sessionID: Int32
    /// CPU time in user mode, in clock ticks.
    package let userTicks: UInt64
    /// CPU time in kernel mode, in clock ticks.
    package let systemTicks: UInt64
    /// When it started, in clock ticks since the machine's start; with the number it is one process for ever.
    package let startTicks: UInt64
    /// Pages of memory it holds.
    package let residentPages: UInt64

    /// Whether it has ended and waits to be reaped.
    package var isZombie: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

    /// Reads a line of `/proc/PID/stat`.
    ///
    /// - Parameter stat: The line; its second field is the name in parentheses and may itself hold `)` and spaces.
    package init?(stat: [UInt8]) {
        guard let open = stat.firstIndex(of: UInt8(ascii: "(")), let close = stat.lastIndex(of: UInt8(ascii: ")")),
            open < close,
            let processID = Int32(String(decoding: stat[..<open], as: UTF8.self).filter { $0 != " " })
        else { return nil }
        // Fields from the third on, proc_pid_stat(5) counts from one.
        let fields = stat[(close + 1)...].split(separator: UInt8(ascii: " "))
        func number<N: FixedWidthInteger>(_ field: Int) -> N? {
            let index = field - 3
            return fields.indices.contains(index) ? N(String(decoding: fields[index], as: UTF8.self)) : nil
        }
        guard let state = fields.first?.first, let parentID: Int32 = number(4), let groupID: Int32 = number(5),
            let sessionID: Int32 = number(6), let userTicks: UInt64 = number(14),
            let systemTicks: UInt64 = number(15), let startTicks: UInt64 = number(22),
            let residentPages: UInt64 = number(24)
        else { return nil }
        self.processID = processID
        self.name = String(decoding: stat[(open + 1)..<close], as: UTF8.self)
        self.state = state
        self.parentID = parentID
        self.groupID = groupID
        self.sessionID = sessionID
        self.userTicks = userTicks
        self.systemTicks = systemTicks
        self.startTicks = startTicks
        self.residentPages = residentPages
    }

    /// Reads one process.
    ///
    /// Blocks for one read of the kernel's memory.
    ///
    /// - Parameter processID: Which.
    /// - Returns: nil when there is no such process.
    package static func read(_ processID: Int32) -> ProcessEntry? {
        smallFile("/proc/\(processID)/stat").flatMap { ProcessEntry(stat: $0) }
    }
}

/// All processes that this one can see, at one moment.
///
/// No snapshot of one instant: processes come and go while it is read. Whoever ends processes reads it again until
/// nothing is left.
package struct ProcessTable: Sendable {
    /// The processes by their numbers.
    package let entries: [Int32: ProcessEntry]

    /// Makes a table of known processes, for rules that are tested without any.
    package init(_ entries: some Sequence<ProcessEntry>) {
        self.entries = Dictionary(entries.map { ($0.processID, $0) }) { $1 }
    }

    /// Reads `/proc`.
    ///
    /// Blocks for three system calls a process, some tens of microseconds each.
    ///
    /// - Returns: The table; empty where `/proc` is not mounted.
    package static func current() -> ProcessTable {
        guard let folder = opendir("/proc") else { return ProcessTable([]) }
        defer { closedir(folder) }
        var found: [ProcessEntry] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let processID = Int32(name), let process = ProcessEntry.read(processID) { found.append(process) }
        }
        return ProcessTable(found)
    }

    /// Every process below one: its children, their children, and so on.
    ///
    /// - Parameter ancestor: The process to begin at; it is not part of the answer.
    /// - Returns: The processes in no order.
    package func descendants(of ancestor: Int32) -> [ProcessEntry] {
        let children = Dictionary(grouping: entries.values, by: \.parentID)
        var found: [ProcessEntry] = []
        var pending = [ancestor]
        var seen: Set<Int32> = [ancestor]
        while let next = pending.popLast() {
            for child in children[next] ?? [] where seen.insert(child.processID).inserted {
                found.append(child)
                pending.append(child.processID)
            }
        }
        return found
    }
}

/// Reads a file of `/proc` or `/sys` whole.
///
/// Blocks for three system calls.
///
/// - Parameters:
///   - path: Which.
///   - limitBytes: Where reading ends.
/// - Returns: nil when it cannot be opened or read: the process may be gone, or the kernel lacks the file.
package func smallFile(_ path: String, limitBytes: Int = 64 * 1024) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count < limitBytes {
        let count = chunk.withUnsafeMutableBytes { readSome(descriptor, $0) }
        guard count >= 0 else { return nil }
        if count == 0 { break }
        bytes += chunk[..<count]
    }
    return bytes
}

private func readSome(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}
