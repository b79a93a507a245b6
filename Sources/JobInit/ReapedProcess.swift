import CLinuxShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What the init ends with when the runner could not even be started: a fault of the runner (`ExitCode.internalFault`).
let startFailureCode: Int32 = 70

/// Tells whether the init passes a signal on to the runner.
///
/// - Parameter number: A signal that the init waited for; 0 for none.
/// - Returns: false for SIGCHLD, which is about the init's own children.
func isForwarded(_ number: Int32) -> Bool { number > 0 && number != SIGCHLD }

/// The end of a child of the init.
struct ReapedProcess: Hashable {
    /// Which child.
    let processID: Int32
    /// Its exit code; 0 when a signal ended it.
    let code: Int32
    /// The signal that ended it; 0 for none.
    let signal: Int32

    /// Reaps one child that has ended.
    ///
    /// - Returns: nil when none has.
    static func next() -> ReapedProcess? {
        var (code, signal): (Int32, Int32) = (0, 0)
        let processID = CLinuxShims_init_reap(&code, &signal)
        return processID > 0 ? ReapedProcess(processID: processID, code: code, signal: signal) : nil
    }

    /// What a shell would show: the child's code, or 128 + the signal's number.
    var exitCode: Int32 { signal > 0 ? 128 + signal : code }

    /// What is to be said when the runner did not come to say it itself.
    ///
    /// - Parameter runner: The runner's number.
    /// - Returns: nil unless it was killed: the runner handles every other signal, or the program behind the init is a
    ///   foreign one, whose end is its own affair.
    func complaint(runner: Int32) -> String? {
        guard signal == SIGKILL else { return nil }
        return "process \(runner), which the container was started for, was ended by SIGKILL: the kernel does that "
            + "when memory is out; ending what it left"
    }
}
