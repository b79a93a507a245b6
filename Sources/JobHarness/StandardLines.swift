import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The lines of today's container that others' tests look for, word for word (contract §0.2).
enum StandardLine: String {
    case beginningSetup = "Beginning Setup"
    case checkingRequirements = "Checking for Additional Requirements"
    case requirementsFinished = "Additional Requirements Check Finished"
    case invoking = "Invoking script with the following command:"
    case runningCode = "Running Code As Process"
    case codeFinished = "Code Run Finished"
    case reportingSuccess = "Reporting training SUCCESS"
}

/// Writes a line to standard output at once: the script's lines must come behind the ones before its start.
///
/// - Parameter text: The line without its end.
func printLine(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    var written = 0
    // A closed standard output must not end the job.
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        written += count
    }
}

/// Writes one of the standard lines.
func printLine(_ line: StandardLine) {
    printLine(line.rawValue)
}
