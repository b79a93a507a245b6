/// The exit codes of braket-runner itself: the one table that code, `help exit-codes` and the README share.
///
/// A script that ends by itself keeps its own code, and a script that a signal ended gives 128 + the signal's
/// number; every other end of the runner is one of these. 64 to 77 follow sysexits(3); 124 is
/// timeout(1)'s; 143 is what a shell shows for SIGTERM.
package enum ExitCode: Int32, CaseIterable, Sendable {
    /// The script succeeded and everything it wrote is stored.
    case success = 0
    /// A job in the service failed: `submit --wait` and nothing else.
    case jobFailed = 1
    /// The command line or the job's configuration is wrong.
    case usage = 64
    /// The script archive is damaged, refused, missing, or lacks the entry point.
    case scriptArchive = 65
    /// An input channel or a checkpoint to restore is missing or unreadable.
    case inputs = 66
    /// A requirement could not be installed.
    case requirements = 67
    /// The store cannot be reached, or this build cannot speak to it.
    case storageUnavailable = 69
    /// A fault of the runner itself.
    case internalFault = 70
    /// The script succeeded, but results or checkpoints are not safely stored.
    case resultsNotSafe = 74
    /// A host of the job was lost, or did not come: running the job again may help.
    case hostLost = 75
    /// The device is offline or retired: `--device-check`, or the service's answer to `submit`.
    case deviceUnavailable = 76
    /// AWS refuses what `submit`, `queue`, `status` or `cancel` ask for: rights, quota, no such thing.
    case refused = 77
    /// The time limit ended the job, or it stalled and `--stall SECONDS:stop` was given.
    case timeLimit = 124
    /// The job was stopped on request.
    case stopped = 143

    /// One line for the exit-code table.
    package var summary: String {
        switch self {
        case .success: "the script succeeded and everything it wrote is stored"
        case .jobFailed: "submit --wait: the job failed in the service"
        case .usage: "usage or configuration: the command line or the job document is wrong"
        case .scriptArchive: "script archive: damaged, refused, missing, or without the entry point"
        case .inputs: "inputs: a channel or a checkpoint is missing or unreadable"
        case .requirements: "requirements: an install failed"
        case .storageUnavailable: "storage or Amazon Braket not reachable, or no credentials"
        case .internalFault: "a fault of the runner"
        case .resultsNotSafe: "the script succeeded, but results or checkpoints are not safely stored"
        case .hostLost: "a host of the job was lost, or did not come"
        case .deviceUnavailable: "the device is offline or retired (run --device-check, submit)"
        case .refused: "AWS refuses what submit, queue, status or cancel ask for: rights, quota, or no such thing"
        case .timeLimit: "time limit reached, or stalled (--stall SECONDS:stop)"
        case .stopped: "stopped on request"
        }
    }
}
