import BraketAPI
import BraketService
import Logging
import RunnerCore

/// Follows a job in the service until it has ended.
struct JobFollower: Sendable {
    /// Asks the service.
    let client: BraketClient
    /// The job.
    let arn: String
    /// How long to wait between two questions.
    let interval: Duration
    /// Gets a line for each change.
    let logger: Logger

    /// Asks until the job has ended, and says what changes.
    ///
    /// A service that cannot be reached for a while ends nothing: the job goes on without us, and a laptop sleeps.
    ///
    /// - Returns: The job at its end.
    /// - Throws: `BraketServiceError` that asking again does not help; `CancellationError`.
    func untilEnd() async throws -> JobDescription {
        var progress = JobProgress()
        while true {
            do {
                let job = try await client.job(arn)
                for line in progress.take(job) { logger.info("\(line)") }
                if job.isTerminal { return job }
            } catch let error as BraketServiceError where error.isPassing {
                logger.warning("\(error); the job goes on, asking again")
            }
            try await Task.sleep(for: interval)
        }
    }
}

extension JobDescription {
    /// What the process ends with when it waited for this job.
    var exitCode: ExitCode {
        if reachedTimeLimit { return .timeLimit }
        return switch knownStatus {
        case .completed: .success
        case .cancelled: .stopped
        default: .jobFailed
        }
    }
}
