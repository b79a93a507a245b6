/// How a process ended; a non-zero exit of the user's program is a value, not an error.
package struct ProcessExit: Hashable, Sendable {
    /// The two ways to end.
    package enum Cause: Hashable, Sendable {
        /// It ended by itself with this code.
        case exited(code: Int32)
        /// A signal ended it.
        case signalled(number: Int32, coreDumped: Bool)
    }

    /// What the process and the descendants it waited for used, from wait4(2).
    package struct Usage: Hashable, Sendable {
        /// CPU time in user mode.
        package let userSeconds: Double
        /// CPU time in kernel mode.
        package let systemSeconds: Double
        /// The largest resident set of any one process.
        package let peakMemoryBytes: Int64

        /// Makes usage figures.
        package init(userSeconds: Double, systemSeconds: Double, peakMemoryBytes: Int64) {
            self.userSeconds = userSeconds
            self.systemSeconds = systemSeconds
            self.peakMemoryBytes = peakMemoryBytes
        }
    }

    /// Why it ended.
    package let cause: Cause
    /// What it used.
    package let usage: Usage

    /// Makes an exit.
    package init(cause: Cause, usage: Usage) {
        self.cause = cause
        self.usage = usage
    }

    /// The code a shell would show: the process's own, or 128 + the signal's number.
    package var shellCode: Int32 {
        switch cause {
        case .exited(let code): code
        case .signalled(let number, _): 128 + number
        }
    }
}

/// What keeps a process from being started or waited for.
package struct SupervisionError: Error, Sendable, CustomStringConvertible {
    /// The kinds a caller decides on.
    package enum Code: Hashable, Sendable {
        /// The program is not there or may not be executed.
        case notExecutable
        /// The system refused: no memory, no process slot.
        case failed
    }

    /// The kind.
    package let code: Code
    /// One sentence.
    package let description: String

    /// Makes an error.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
