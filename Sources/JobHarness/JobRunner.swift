import BraketAPI
import BraketEnvironment
import Checkpoints
package import Logging
import ObjectStorage
package import ProcessSupervision
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Runs one hybrid job from its configuration to its exit code.
///
/// Configuration and folders here; the phases from the script's fetch to the end are `Job`'s.
package struct JobRunner: Sendable {
    /// What the run was started with.
    let inputs: RunInputs
    /// The signals of the process.
    let signals: JobSignals
    /// The runner's own log.
    let logger: Logger
    /// When the runner started, by the calendar.
    let startedAt = Timestamp.now()
    /// When the runner started, by the clock that never jumps.
    let start = ContinuousClock.now

    /// Makes a runner.
    ///
    /// - Parameters:
    ///   - inputs: What the run was started with.
    ///   - signals: The signals of the process.
    ///   - logger: The runner's own log.
    package init(inputs: RunInputs, signals: JobSignals, logger: Logger) {
        self.inputs = inputs
        self.signals = signals
        self.logger = logger
    }

    /// Runs the job.
    ///
    /// - Returns: The exit code of the process, by the table `ExitCode`.
    package func run() async -> Int32 {
        printLine(.beginningSetup)
        var configuration: JobConfiguration
        let record: RecordKeeper
        do throws(JobFailure) {
            configuration = try await loadConfiguration()
            configuration.paths.splitChildren = try prepareTree(configuration)
            record = startRecord(configuration)
        } catch {
            return endEarly(error)
        }
        if configuration.hosts.instances > 1 {
            let instances = LocalInstances(
                configuration: configuration,
                environment: inputs.environment,
                arguments: inputs.arguments,
                workingDirectory: inputs.workingDirectory,
                signals: signals,
                logger: logger
            )
            return await instances.run()
        }
        let cluster: JobCluster?
        do throws(JobFailure) {
            cluster = try await .make(configuration, environment: inputs.environment, logger: logger)
        } catch {
            return endEarly(error)
        }
        let access = S3Access(
            environment: inputs.environment,
            settings: configuration.settings.store,
            logger: logger
        )
        let stores = Stores(mode: configuration.storage, s3: access)
        let job = Job(
            configuration: configuration,
            stores: stores,
            record: record,
            checkpoints: checkpointSync(configuration, stores).map {
                CheckpointKeeper(sync: $0, record: record, session: cluster?.session, logger: logger)
            },
            signals: signals,
            terminationLog: TerminationLog(inputs.environment),
            logger: logger,
            notices: PlatformNotices(
                environment: inputs.environment,
                isStandalone: configuration.storage.movesData,
                s3: access,
                logger: logger
            ),
            stopFile: StopFile(configuration, environment: inputs.environment, logger: logger),
            clock: PhaseClock(configuration.settings.phaseLimits),
            cluster: cluster,
            start: start,
            startedAt: startedAt
        )
        return await job.run(process: inputs.environment)
    }

    private func checkpointSync(_ configuration: JobConfiguration, _ stores: Stores) -> CheckpointSync? {
        // An address that no store takes was refused with the configuration.
        guard let (store, prefix) = try? configuration.checkpointPlace(in: stores) else { return nil }
        return CheckpointSync(
            folder: configuration.checkpointDirectory,
            store: store,
            prefix: prefix,
            options: configuration.writeOptions,
            settings: CheckpointSettings(
                configuration.settings.checkpoints,
                isShared: configuration.checkpointHosts != nil
            ),
            hosts: configuration.checkpointHosts,
            claimFile: configuration.paths.ml.appending(".braket-runner-checkpoints"),
            transfersAtOnce: configuration.settings.store.transfersAtOnce,
            logger: logger
        )
    }

    /// Standard input may never end; a stop request does not wait for it.
    private func loadConfiguration() async throws(JobFailure) -> JobConfiguration {
        do {
            return try await signals.cancelling { [inputs, logger] in
                try await ConfigurationLoader(inputs: inputs, logger: logger).load()
            }
        } catch let failure as JobFailure {
            let by = signals.stopRequest.map { " (\($0.summary))" }
            throw by.map { JobFailure(.stopped, .stopped, "Stopped on request\($0) while reading the configuration.") }
                ?? failure
        } catch {
            throw JobFailure(.runnerFault, .internalFault, "Cannot read the configuration: \(error)")
        }
    }

    /// Whether the results in a root are ours to move: the runner moves the job's data, or a run of ours left its
    /// record there.
    ///
    /// In the platform's containers neither is so.
    private func isOwnRoot(_ paths: ContainerPaths, _ storage: StorageMode) -> Bool {
        storage.movesData || FileStatus(of: paths.record) != nil
    }

    /// Takes the root, makes the folders and moves aside what an earlier run left.
    private func prepareTree(_ configuration: JobConfiguration) throws(JobFailure) -> Set<String> {
        let tree = ContainerTree(paths: configuration.paths, logger: logger)
        if isOwnRoot(configuration.paths, configuration.storage) {
            try RootLock.take(configuration.paths)
            try tree.setAsidePreviousResults(channels: configuration.channels.map(\.name))
        }
        let split = try tree.prepare()
        // What another run failed of is no reason of this one.
        removeLink(configuration.paths.failure)
        return split
    }

    private func startRecord(_ configuration: JobConfiguration) -> RecordKeeper {
        let record = RecordKeeper(
            file: configuration.paths.record,
            members: configuration.requestMembers,
            createdAt: startedAt
        )
        record.event(.startingInstance, "braket-runner \(runnerVersion), storage \(configuration.storage)")
        record.finished(.configuration, since: start)
        for warning in configuration.warnings { logger.warning("\(warning)") }
        return record
    }

    /// Ends a job that never came to have a record: the configuration or the folders are wrong.
    private func endEarly(_ failure: JobFailure) -> Int32 {
        report(failure, logger)
        TerminationLog(inputs.environment).write(failure)
        let paths = ContainerPaths(root: inputs.root)
        // The record and the failure file of a busy root are the other run's.
        guard failure.kind != .rootBusy else { return failure.exitCode }
        if isOwnRoot(paths, inputs.storage) {
            do throws(JobFailure) {
                try RootLock.take(paths)
                try ContainerTree(paths: paths, logger: logger).setAsidePreviousResults()
            } catch {
                guard error.kind != .rootBusy else { return failure.exitCode }
            }
        }
        writeFailure(failure, to: paths, logger)
        let name = inputs.options.jobName?.text ?? inputs.environment.nonEmpty(EnvironmentKey.jobName)
        let members: JSONObject = name.map { ["jobName": .string($0)] } ?? [:]
        let record = RecordKeeper(file: paths.record, members: members, createdAt: startedAt)
        record.set("verdict", .object(failure.verdict))
        record.end(.failed, .failed, reason: failure.failureText, exitCode: failure.exitCode)
        return failure.exitCode
    }
}

/// Says on standard error why the job failed.
func report(_ failure: JobFailure, _ logger: Logger) {
    logger.error(
        "\(failure.firstLine)",
        metadata: ["verdict": "\(failure.kind.rawValue)", "exit.code": "\(failure.exitCode)"]
    )
    for line in failure.details { logger.error("\(line)") }
}

/// Writes the failure file; nothing else may fail because of it.
func writeFailure(_ failure: JobFailure, to paths: ContainerPaths, _ logger: Logger) {
    do {
        try replaceFile(paths.failure, with: Array(failure.failureText.utf8))
    } catch {
        logger.warning("the failure file could not be written", metadata: ["reason": "\(error)"])
    }
}
