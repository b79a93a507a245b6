package import BraketAPI
package import BraketEnvironment
import ObjectStorage
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What a container's health check says of the job below a root, for `braket-runner status --health`.
///
/// A container that waits for its first job is healthy: the SDK's local mode starts one that runs `tail`.
package enum RunHealth: Equatable, Sendable {
    /// No job has run yet.
    case idle
    /// A job runs, or has ended well.
    case good(JobStatus)
    /// A job has failed or was stopped.
    case ended(JobStatus, reason: String?)
    /// The record says that a job runs, and the process that took the root is gone: nobody will ever say how it ended.
    case abandoned(processID: Int?)
    /// There is a record that cannot be read.
    case unreadable(String)

    /// Judges a record.
    ///
    /// - Parameters:
    ///   - status: What the record says.
    ///   - reason: The record's reason of a failure.
    ///   - holder: Who took the root last.
    ///   - isAlive: Whether a process exists.
    init(status: JobStatus, reason: String?, holder: Int?, isAlive: (Int) -> Bool) {
        switch status {
        case .completed: self = .good(status)
        case .failed, .cancelled: self = .ended(status, reason: reason)
        case .queued, .running, .cancelling:
            self = holder.map(isAlive) == true ? .good(status) : .abandoned(processID: holder)
        }
    }

    /// Looks at a root.
    ///
    /// Blocks. Takes no lock: a run that begins at this instant must find it free.
    ///
    /// - Parameter paths: The job's folders.
    package init(paths: ContainerPaths) {
        guard FileStatus(of: paths.record) != nil else {
            self = .idle
            return
        }
        do {
            let record = try JobRecord(json: JSONText.parse(readSmallFileBytes(paths.record)))
            // A lock file that cannot be read names no process.
            let holder = (try? readSmallFile(RootLock.file(paths))).flatMap { Int($0.trimmed()) }
            self.init(status: record.status, reason: record.failureReason, holder: holder) { process in
                kill(pid_t(truncatingIfNeeded: process), 0) == 0 || errno == EPERM
            }
        } catch {
            self = .unreadable("\(error)")
        }
    }

    /// Whether the check passes.
    package var isHealthy: Bool {
        switch self {
        case .idle, .good: true
        case .ended, .abandoned, .unreadable: false
        }
    }

    /// One line for the engine's log of checks.
    package var summary: String {
        switch self {
        case .idle: "no job has run yet"
        case .good(let status): status.rawValue
        case .ended(let status, let reason):
            // The first line is the reason; what follows is for a person.
            reason?.split(separator: "\n").first.map { "\(status.rawValue): \(String($0).escaped(limit: 300))" }
                ?? status.rawValue
        case .abandoned(let processID?):
            "the runner (process \(processID)) is gone without having written how the job ended"
        case .abandoned: "the runner is gone without having written how the job ended"
        case .unreadable(let reason): "the record cannot be read: \(reason)"
        }
    }
}
