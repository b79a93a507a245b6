import BraketAPI
import BraketEnvironment
import BraketService
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A job that was created and is waited for.
struct SubmittedJob: Sendable {
    /// The job's name in the service.
    let arn: String
    /// Asks the service.
    let client: BraketClient
    /// What was submitted.
    let submission: Submission
    /// Where addresses lead.
    let stores: Stores
    /// The signals of the process.
    let signals: JobSignals
    /// The runner's own log.
    let logger: Logger

    /// Waits for the end, and asks at Ctrl-C whether the job is to end, too.
    ///
    /// - Returns: The exit code.
    func follow() async -> Int32 {
        do {
            return await finish(try await untilEnd())
        } catch let error as BraketServiceError {
            logger.error("\(error)")
            leave()
            return error.exitCode.rawValue
        } catch {
            leave()
            return ExitCode.stopped.rawValue
        }
    }

    /// - Throws: `BraketServiceError`; `CancellationError` when the job is to be left running.
    private func untilEnd() async throws -> JobDescription {
        let follower = JobFollower(
            client: client,
            arn: arn,
            interval: .seconds(submission.pollSeconds),
            logger: logger
        )
        do {
            return try await signals.cancelling { try await follower.untilEnd() }
        } catch let interruption as CancellationError {
            guard try await isToBeCancelled() else { throw interruption }
        }
        try await cancel()
        // The request that led here is over; the next one leaves.
        return try await signals.cancelling(atLevel: signals.stopLevel + 1) { try await follower.untilEnd() }
    }

    /// Asks the person at the terminal; SIGTERM and SIGHUP come from nobody who could answer.
    private func isToBeCancelled() async throws -> Bool {
        guard signals.stopRequest?.number == SIGINT, TerminalQuestion.canAsk else { return false }
        return try await signals.cancelling(atLevel: signals.stopLevel + 1) { [arn] in
            try await TerminalQuestion.ask("Cancel the job \(arn), too? It goes on otherwise.")
        }
    }

    private func cancel() async throws {
        do {
            let answer = try await client.cancelJob(arn)
            logger.notice("the service cancels the job: \(answer.status.escaped(limit: 40))")
        } catch let error as BraketServiceError where error.code == .conflict {
            // It ended while the question stood there; what became of it is told next.
            logger.notice("\(error)")
        }
    }

    private func leave() {
        logger.notice(
            "the job goes on; `braket-runner status \(arn)` shows it, `braket-runner cancel \(arn)` ends it"
        )
    }

    // MARK: The end

    private func finish(_ job: JobDescription) async -> Int32 {
        for line in (job.failureReason ?? "").split(separator: "\n") { logger.error("failure reason: \(line)") }
        if let milliseconds = job.billableDurationMilliseconds {
            logger.info("the job's billable time was \(Double(milliseconds) / 1000) s")
        }
        let isFetched = await fetchResults(of: job)
        guard job.exitCode == .success, !isFetched else { return job.exitCode.rawValue }
        return ExitCode.resultsNotSafe.rawValue
    }

    /// - Returns: Whether nothing that is there was left behind.
    private func fetchResults(of job: JobDescription) async -> Bool {
        guard let output = job.outputPath else { return true }
        let fetch = ResultFetch(outputPath: output, folder: submission.results, stores: stores, logger: logger)
        do {
            let count = try await signals.cancelling(atLevel: signals.stopLevel + 1) { try await fetch.run() }
            if count == 0 { logger.warning("the job left no results", metadata: ["looked.at": "\(output)/output/"]) }
            return true
        } catch is CancellationError {
            logger.notice("stopped on request before all results were fetched from \(output)/output/")
        } catch {
            logger.error("the results could not be fetched: \(error)")
        }
        return false
    }
}
