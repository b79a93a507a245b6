import BraketAPI
import BraketService
import Logging
import RunnerCore

/// Follows a job in the service until it has ended.
struct JobFollower: Sendable {
    /// How long a job that was just made may be unknown to the next question.
    private static let settling = Duration.seconds(60)

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
        let start = ContinuousClock.now
        var isKnown = false
        while true {
            do {
                let job = try await client.job(arn)
                isKnown = true
                for line in progress.take(job) { logger.info("\(line)") }
                if job.isTerminal { return job }
            } catch let error as BraketServiceError where error.isPassing {
                logger.warning("\(error); the job goes on, asking again")
            } catch let error as BraketServiceError where error.code == .notFound && !isKnown {
                guard ContinuousClock.now - start < Self.settling else { throw error }
                logger.info("the service does not know the job yet; asking again")
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
