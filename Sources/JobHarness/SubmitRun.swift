import Archive
import BraketAPI
package import BraketEnvironment
import BraketService
package import Logging
import ObjectStorage
package import ProcessSupervision
import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Gives a job to the service: checks it here, uploads what lies here, creates it, and follows it when asked to.
///
/// The job's ARN is the only line on standard output, so that a script can take it.
package struct SubmitRun: Sendable {
    /// What is done with the checked request.
    package enum Mode: Hashable, Sendable {
        /// It is printed; nobody is asked and nothing is changed.
        case dryRun
        /// The job is created.
        case create
        /// The job is created, followed to its end, and its results are fetched.
        case wait
    }

    private let inputs: RunInputs
    private let options: SubmissionOptions
    private let signals: JobSignals
    private let logger: Logger
    private let access: S3Access
    private let stores: Stores

    /// Makes a submission; nothing is read yet.
    ///
    /// - Parameters:
    ///   - inputs: What the program was started with.
    ///   - options: What only `submit` is given.
    ///   - signals: The signals of the process.
    ///   - logger: The runner's own log.
    package init(inputs: RunInputs, options: SubmissionOptions, signals: JobSignals, logger: Logger) {
        self.inputs = inputs
        self.options = options
        self.signals = signals
        self.logger = logger
        // What is wrong with the settings is reported with everything else.
        let settings = StoreSettings.read(inputs.options.store).settings
        access = S3Access(environment: inputs.environment, settings: settings, logger: logger)
        stores = Stores(mode: inputs.storage, s3: access)
    }

    /// Submits.
    ///
    /// - Parameter mode: What is done with the checked request.
    /// - Returns: The exit code.
    package func run(_ mode: Mode) async -> Int32 {
        do {
            let submission = try await load(needsResults: mode == .wait)
            for warning in submission.warnings { logger.warning("\(warning)") }
            if mode == .dryRun {
                describe(submission)
                return ExitCode.success.rawValue
            }
            // First, so that nothing is uploaded without a region to create the job in.
            let client = try await signals.cancelling { [access] in try await access.braket() }
            try await signals.cancelling { [stores, logger] in
                try await SubmissionUpload(submission: submission, stores: stores, logger: logger).run()
            }
            // A stop that came behind the last upload; from here on it is too late.
            if signals.stopRequest != nil { throw CancellationError() }
            // Not cancelled: whether the service has made the job would stay unknown.
            let arn = try await client.createJob(submission.request)
            printLine(arn)
            logger.notice("job created", metadata: ["job.arn": "\(arn)", "job.name": "\(submission.jobName)"])
            guard mode == .wait else { return ExitCode.success.rawValue }
            return await SubmittedJob(
                arn: arn,
                client: client,
                submission: submission,
                stores: stores,
                signals: signals,
                logger: logger
            ).follow()
        } catch {
            return end(error).rawValue
        }
    }

    private func load(needsResults: Bool) async throws -> Submission {
        try await signals.cancelling { [inputs, logger, options, access] in
            try await ConfigurationLoader(inputs: inputs, logger: logger)
                .loadSubmission(options, access, needsResults: needsResults)
        }
    }

    private func describe(_ submission: Submission) {
        printLine(JSONValue.object(submission.request).serialized(pretty: true))
        for upload in submission.uploads {
            logger.info("would be uploaded", metadata: ["from": "\(upload.source)", "to": "\(upload.target)"])
        }
    }

    /// Says why the submission ended.
    private func end(_ error: any Error) -> ExitCode {
        switch error {
        case let failure as JobFailure:
            report(failure, logger)
            return ExitCode(rawValue: failure.exitCode) ?? .internalFault
        case is CancellationError:
            logger.notice("stopped on request; no job was created")
            return .stopped
        case let error as BraketServiceError:
            logger.error("\(error)")
            return error.exitCode
        case let error as ArchiveError:
            logger.error("the script cannot be packed: \(error)")
            return .scriptArchive
        case let error as ObjectStoreError:
            logger.error("\(error)")
            return error.code == .unavailable ? .storageUnavailable : .refused
        default:
            logger.error("\(error)")
            return .internalFault
        }
    }
}
