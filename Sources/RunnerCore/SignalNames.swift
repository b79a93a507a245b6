/// The usual name of a signal: `SIGKILL`, or `signal 34` where it has none.
///
/// - Parameter number: The signal's number on Linux for x86-64 and arm64, signal(7).
/// - Returns: The name.
package func signalName(_ number: Int32) -> String {
    let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
    return (1...31).contains(number) ? "SIG" + names[Int(number) - 1] : "signal \(number)"
}

/// The number of a signal by its name, with or without `SIG`, or by its number.
///
/// - Parameter name: For instance `TERM`, `SIGINT` or `15`.
/// - Returns: nil when there is no such signal.
package func signalNumber(_ name: String) -> Int32? {
    if let number = Int32(name) { return (1...64).contains(number) ? number : nil }
    let upper = name.uppercased()
    return (1...31).first { signalName($0) == upper || signalName($0) == "SIG" + upper }
}

/// Tells whether a signal ends a program that does nothing about it, signal(7).
///
/// - Parameter number: A signal's number.
/// - Returns: false for those that stop, continue or are ignored.
package func endsProcesses(_ number: Int32) -> Bool {
    !["CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "WINCH"].map { "SIG" + $0 }.contains(signalName(number))
}

/// What tells the script to end.
package enum StopSignal: Hashable, Sendable {
    /// The signal that came; SIGTERM when none did.
    case asReceived
    /// Always this one.
    case number(Int32)
    /// None: a script that no signal may reach looks at the stop file.
    case none
}
