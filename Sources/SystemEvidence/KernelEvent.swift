import RunnerCore

/// A line of the kernel's log that tells how a process died.
package struct KernelEvent: Hashable, Sendable {
    /// What the line tells.
    package enum Kind: Hashable, Sendable {
        /// The kernel killed a process for want of memory; `isWholeMachine` when no cgroup's limit was the reason.
        case outOfMemory(residentBytes: Int64, isWholeMachine: Bool)
        /// Which cgroup the process was in, and whose limit was hit: the line before the kill.
        case victim(group: String)
        /// A fault that the process did not handle: `segfault at 0 ip … in libc.so.6[…]`.
        case fault
    }

    /// What it tells.
    package let kind: Kind
    /// The process in the numbers of the machine, which in a container are not ours.
    package let processID: Int32
    /// The first 15 bytes of its program's name.
    package let name: String
    /// The message.
    package let text: String

    /// Reads a record of `/dev/kmsg`.
    ///
    /// - Parameter record: `priority,number,microseconds,flags;message`.
    package init?(record: some StringProtocol) {
        guard let semicolon = record.firstIndex(of: ";") else { return nil }
        self.init(message: String(record[record.index(after: semicolon)...]))
    }

    /// Reads a message.
    ///
    /// - Parameter message: For instance `Out of memory: Killed process 214 (python) total-vm:1kB, anon-rss:1kB, …`.
    init?(message: String) {
        text = message
        if let kill = message.firstRange(of: "Killed process ") {
            let rest = message[kill.upperBound...]
            guard let processID = Int32(rest.prefix { $0.isNumber }), let name = Self.inParentheses(rest) else {
                return nil
            }
            let resident = ["anon-rss:", "file-rss:", "shmem-rss:"].map { Self.kibibytes(rest, after: $0) }
            kind = .outOfMemory(
                residentBytes: resident.reduce(0, +),
                isWholeMachine: message.hasPrefix("Out of memory")
            )
            self.processID = processID
            self.name = name
        } else if message.hasPrefix("oom-kill:") {
            let fields = message.dropFirst("oom-kill:".count).split(separator: ",").map {
                $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            }
            func value(_ name: String) -> String? {
                fields.first { $0.count == 2 && $0[0] == name }.map { String($0[1]) }
            }
            guard let processID = value("pid").flatMap({ Int32($0) }), let group = value("task_memcg") else {
                return nil
            }
            kind = .victim(group: group)
            self.processID = processID
            name = value("task") ?? ""
        } else {
            guard let (name, processID) = Self.fault(message) else { return nil }
            kind = .fault
            self.processID = processID
            self.name = name
        }
    }

    /// `python3[214]: segfault at 0 ip …`, `traps: python3[214] trap invalid opcode ip:…`.
    private static func fault(_ message: String) -> (name: String, processID: Int32)? {
        let line = message.hasPrefix("traps: ") ? message.dropFirst("traps: ".count) : message[...]
        guard let close = line.firstRange(of: "] ") ?? line.firstRange(of: "]: "),
            let open = line[..<close.lowerBound].lastIndex(of: "["),
            let processID = Int32(line[line.index(after: open)..<close.lowerBound])
        else { return nil }
        let what = line[close.upperBound...].drop { $0 == " " }
        let words = ["segfault at ", "trap ", "general protection"]
        guard words.contains(where: { what.hasPrefix($0) }) else { return nil }
        return (String(line[..<open]), processID)
    }

    private static func inParentheses(_ text: Substring) -> String? {
        // A name may hold a parenthesis itself; what follows it is fixed.
        guard let open = text.firstIndex(of: "("),
            let close = text.firstRange(of: ") total-vm")?.lowerBound ?? text.lastIndex(of: ")"), open < close
        else { return nil }
        return String(text[text.index(after: open)..<close])
    }

    private static func kibibytes(_ text: Substring, after name: String) -> Int64 {
        guard let start = text.firstRange(of: name)?.upperBound else { return 0 }
        return (Int64(text[start...].prefix { $0.isNumber }) ?? 0) * 1024
    }
}
