import ProcessSupervision
package import RunnerCore

/// A time in which the script did nothing, with what its processes waited for.
package struct Stall: Sendable {
    /// The most of Python's stacks that is kept, in bytes.
    static let maximumStackBytes = 64 * 1024

    /// When it was noticed.
    package let at: Timestamp
    /// For how long nothing had happened by then.
    package let seconds: Int
    /// What was done about it.
    package let action: StallPolicy.Action
    /// The processes of the group, at most 32.
    package let processes: [StalledProcess]
    /// The stacks of all threads of the script's Python; nil when it could not be asked.
    package let pythonStacks: String?

    /// What happened, in one sentence: `nothing for 1,800 s: python3 (process 12) waits for a lock (futex_wait_queue)`.
    package var summary: String {
        let shown = processes.prefix(8).map(\.summary).joined(separator: "; ")
        let more = processes.count > 8 ? "; and \(processes.count - 8) more" : ""
        return "no output, CPU, I/O or file change for \(groupedDigits(seconds)) s: \(shown)\(more)"
    }

    /// The record's element of `runner.stalls`.
    package var json: JSONValue {
        var object: JSONObject = [
            "at": .string(at.description), "seconds": .number(JSONNumber(seconds)), "action": .string(action.rawValue),
            "processes": .array(processes.map(\.json)),
        ]
        if let pythonStacks { object["pythonStacks"] = .string(pythonStacks) }
        return .object(object)
    }
}

/// What a process of a stalled script waits for.
package struct StalledProcess: Sendable {
    /// Its number.
    package let processID: Int32
    /// The first 15 bytes of its program's name.
    package let name: String
    /// What it does, in a word.
    package let state: String
    /// The kernel's function it waits in; nil when it runs or the kernel does not tell.
    package let waitChannel: String?
    /// The system call it is in, as number and arguments; nil when it may not be read.
    package let systemCall: String?
    /// The kernel's stack, the innermost function first; none without the right to read it.
    package let kernelStack: [String]

    /// Reads what a process waits for.
    ///
    /// Blocks for five small reads.
    ///
    /// - Parameter processID: Which.
    /// - Returns: nil when it is gone.
    static func read(_ processID: Int32) -> StalledProcess? {
        guard let entry = ProcessEntry.read(processID) else { return nil }
        func line(_ file: String) -> String? {
            let bytes = smallFile("/proc/\(processID)/\(file)", limitBytes: 4096) ?? []
            let first = bytes.prefix { $0 != UInt8(ascii: "\n") }
            return first.isEmpty ? nil : String(decoding: first, as: UTF8.self).escaped(limit: 120)
        }
        let stack = smallFile("/proc/\(processID)/stack", limitBytes: 4096) ?? []
        return StalledProcess(
            processID: processID,
            name: entry.name.escaped(limit: 40),
            state: stateName(entry.state),
            // `0` stands for "runs", and for all functions where the kernel hides them.
            waitChannel: line("wchan").flatMap { $0 == "0" ? nil : $0 },
            systemCall: line("syscall"),
            kernelStack: kernelFunctions(stack)
        )
    }

    /// The functions of `/proc/PID/stack`: `[<0>] hrtimer_nanosleep+0x9c/0x130` is `hrtimer_nanosleep`.
    ///
    /// - Parameter stack: The file.
    /// - Returns: At most 16 names.
    static func kernelFunctions(_ stack: [UInt8]) -> [String] {
        String(decoding: stack, as: UTF8.self).split(separator: "\n").prefix(16).compactMap { line in
            line.split(separator: " ").last?.split(separator: "+").first.map(String.init)
        }
    }

    /// What it waits for, for a line: `python3 (process 12) waits for a lock (futex_wait_queue)`.
    package var summary: String {
        guard let waitChannel else { return "\(name) (process \(processID)) is \(state)" }
        let what = waitedFor(waitChannel).map { "waits for \($0)" } ?? "is \(state)"
        return "\(name) (process \(processID)) \(what) (\(waitChannel))"
    }

    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "pid": .number(JSONNumber(Int(processID))), "name": .string(name), "state": .string(state),
        ]
        if let waitChannel { object["wchan"] = .string(waitChannel) }
        if let systemCall { object["syscall"] = .string(systemCall) }
        if !kernelStack.isEmpty { object["kernelStack"] = .array(kernelStack.map(JSONValue.string)) }
        return .object(object)
    }
}

/// The letter of /proc/PID/stat as a word, proc_pid_stat(5).
func stateName(_ letter: UInt8) -> String {
    switch letter {
    case UInt8(ascii: "R"): "running"
    case UInt8(ascii: "S"), UInt8(ascii: "I"): "sleeping"
    case UInt8(ascii: "D"): "waiting for a device"
    case UInt8(ascii: "T"): "stopped by a signal"
    case UInt8(ascii: "t"): "stopped by a debugger"
    case UInt8(ascii: "Z"), UInt8(ascii: "X"): "ended"
    default: "in state \(String(UnicodeScalar(letter)))"
    }
}

/// What a process in one of the kernel's functions usually waits for; nil where that says nothing to a person.
///
/// The names change from version to version, so their beginnings and parts are compared.
func waitedFor(_ function: String) -> String? {
    let parts = [
        ("futex", "a lock"), ("nanosleep", "a time to pass"), ("pipe", "a pipe"), ("fifo", "the other end of a fifo"),
        ("wait_for_partner", "the other end of a fifo"), ("do_wait", "a child's end"), ("wait4", "a child's end"),
        ("poll", "an event or a time"), ("select", "an event or a time"), ("sk_wait", "the network"),
        ("tcp", "the network"), ("inet", "the network"), ("unix_", "a socket"), ("skb", "a socket"),
        ("tty", "a terminal"), ("n_tty", "a terminal"), ("nfs", "a network's file system"),
        ("rpc", "a network's file system"),
        ("fuse", "a mounted file system"), ("flock", "a file's lock"), ("locks", "a file's lock"),
        ("signal", "a signal"), ("sigtimedwait", "a signal"), ("pause", "a signal"), ("io_schedule", "a disk"),
    ]
    return parts.first { function.contains($0.0) }?.1
}

/// A number with commas: `1,800`.
package func groupedDigits(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index.isMultiple(of: 3), digit != "-" { text = "," + text }
        text = String(digit) + text
    }
    return text
}
