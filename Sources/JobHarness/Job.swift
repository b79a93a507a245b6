import Archive
import BraketAPI
import BraketEnvironment
import Checkpoints
import EntryPoint
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

/// A job with its folders and its record: the phases from the script's fetch to the end.
struct Job: Sendable {
    /// Everything the run needs to know.
    let configuration: JobConfiguration
    /// Where addresses are read and written.
    let stores: Stores
    /// The record.
    let record: RecordKeeper
    /// Keeps the checkpoint folder; nil when nobody said where checkpoints are kept.
    let checkpoints: CheckpointKeeper?
    /// The signals of the process.
    let signals: JobSignals
    /// Where Kubernetes looks for the reason of a failure.
    let terminationLog: TerminationLog
    /// The runner's own log.
    let logger: Logger
    /// What the machine's owner says about its end.
    let notices: PlatformNotices
    /// The file that tells the script to end.
    let stopFile: StopFile
    /// How fast the store is.
    let throughput = Throughput()
    /// How much of its limit each phase has used.
    let clock: PhaseClock
    /// This host's part in a job of several; nil in a job of one.
    let cluster: JobCluster?
    /// When the runner started; the time limit counts from here.
    let start: ContinuousClock.Instant
    /// The same moment by the calendar.
    let startedAt: Timestamp

    /// The script's output.
    let output = ScriptOutput()
    /// Room for the reason of an end that a full disk brings.
    let reserve = DiskReserve()

    /// The job's folders.
    var paths: ContainerPaths { configuration.paths }

    /// Runs all phases.
    ///
    /// - Parameter process: The variables of this process.
    /// - Returns: The exit code.
    func run(process: ProcessEnvironment) async -> Int32 {
        var failure: JobFailure?
        do throws(JobFailure) {
            try openCluster()
            let script = try await setUp(process)
            try await startRankServer(script)
            try await waitForStart()
            failure = await launch(script)
        } catch {
            failure = error
        }
        return await finish(await judge(failure))
    }

    /// A script that is ready to run.
    struct PreparedScript: Sendable {
        /// The command, with what it needs to report back.
        let launch: ScriptLaunch
        /// What could not be installed under `--requirements warn`.
        let failedRequirements: [String]
        /// What the toolkit would have printed, nil outside SageMaker.
        let trainingEnvironment: String?
    }

    /// Everything before the script's first line.
    private func setUp(_ process: ProcessEnvironment) async throws(JobFailure) -> PreparedScript {
        try await checkDevice()
        record.event(.downloadingData, "fetching the script, its requirements, inputs and checkpoints")
        let region = try await reachStore()
        try await fetchScript()
        try ConfigurationFiles(paths: paths).write(configuration)
        try ConfigurationFiles(paths: paths).writeHostfile(configuration.hosts)
        let sageMaker = try await sageMakerEnvironment(process)
        var environment = ScriptEnvironment(
            configuration,
            process: process,
            sageMaker: sageMaker.map { $0.processVariables + $0.variables } ?? [],
            region: region
        )
        environment.setStopFile(stopFile.path.string)
        environment.setCluster(configuration)
        for name in environment.leftOut {
            logger.warning("too long for a variable (128 KiB), left out", metadata: ["variable": "\(name)"])
        }
        let python = ScriptLaunch.findPython(configuration, path: environment[EnvironmentKey.path])
        let failed = try await installRequirements(environment, python)
        try await fetchInputs()
        try await restoreCheckpoints()
        let launch = try ScriptLaunch(
            configuration,
            environment: environment,
            python: python,
            arguments: sageMaker?.scriptArguments ?? []
        )
        return PreparedScript(
            launch: launch,
            failedRequirements: failed,
            trainingEnvironment: sageMaker?.shownTrainingEnvironment
        )
    }

    /// Finds credentials where an address lies in S3: what is wrong with them is said before anything is fetched.
    ///
    /// - Returns: The region that the script is to use when no variable says one.
    private func reachStore() async throws(JobFailure) -> String? {
        guard configuration.addresses.contains(where: stores.isInS3) else { return nil }
        return try await phase("finding credentials", of: .fetch) { [configuration, stores] in
            do {
                try await stores.s3.checkCredentials(timeLimitSeconds: configuration.maxRuntimeSeconds)
            } catch let error as ObjectStoreError {
                throw JobFailure(reaching: error)
            }
            return try await stores.s3.regionForScript()
        }
    }

    private func fetchScript() async throws(JobFailure) {
        let phaseStart = ContinuousClock.now
        let bundle = CodeBundle(
            configuration: configuration,
            stores: stores,
            limits: ExtractionLimits(configuration),
            logger: logger
        )
        let fetched = try await phase("fetching the script", of: .fetch) { [paths] in
            try await bundle.fetch(into: paths.extracted)
        }
        var figures: JSONObject = [
            "form": .string(fetched.form), "entries": .number(JSONNumber(fetched.entries)),
            "bytes": .number(JSONNumber(fetched.bytes)),
        ]
        if let sha256 = fetched.sha256 {
            figures["sha256"] = .string(sha256)
            record.set("scriptSha256", .string(sha256))
        }
        if !fetched.skipped.isEmpty { figures["skipped"] = .array(fetched.skipped.map(JSONValue.string)) }
        for member in fetched.skipped { logger.warning("not unpacked", metadata: ["member": "\(member)"]) }
        record.finished(.script, since: phaseStart, figures)
        logger.info(
            "script fetched",
            metadata: [
                "script.form": "\(fetched.form)", "script.entries": "\(fetched.entries)",
                "script.size": "\(humanBytes(fetched.bytes))", "script.sha256": "\(fetched.sha256 ?? "-")",
            ]
        )
    }

    private func installRequirements(
        _ environment: ScriptEnvironment,
        _ python: FilePath?
    ) async throws(JobFailure) -> [String] {
        let phaseStart = ContinuousClock.now
        let requirements = Requirements(
            policy: configuration.settings.requirements,
            environment: environment,
            logger: logger
        )
        printLine(.checkingRequirements)
        let (files, failed) = try await phase("installing requirements", of: .install) {
            [paths, policy = configuration.settings.requirements] in
            let files = policy == .skip ? [] : try Requirements.files(in: paths.extracted)
            return (files.count, try await requirements.install(files, in: paths.extracted, python: python).failed)
        }
        printLine(.requirementsFinished)
        record.finished(.requirements, since: phaseStart, ["files": .number(JSONNumber(files))])
        return failed
    }

    private func fetchInputs() async throws(JobFailure) {
        guard !configuration.channels.isEmpty else { return }
        let phaseStart = ContinuousClock.now
        let stage = InputStage(configuration: configuration, stores: stores, logger: logger)
        let channels = try await phase("fetching inputs", of: .fetch) { try await stage.fetch() }
        throughput.note(bytes: channels.map(\.bytes).saturatingSum(), seconds: seconds(since: phaseStart))
        let figures = channels.map { contents -> JSONValue in
            [
                "name": .string(contents.channel.name), "from": .string(contents.channel.location.description),
                "files": .number(JSONNumber(contents.files)), "bytes": .number(JSONNumber(contents.bytes)),
            ]
        }
        record.finished(
            .inputs,
            since: phaseStart,
            ["bytes": .number(JSONNumber(channels.map(\.bytes).saturatingSum())), "channels": .array(figures)]
        )
    }

    private func restoreCheckpoints() async throws(JobFailure) {
        let folder = configuration.checkpointDirectory
        guard let checkpoints else {
            // The script writes there in every world; the SDK makes no folder of its own.
            try? makeDirectories(folder)  // The script meets the error with its own words.
            return
        }
        let phaseStart = ContinuousClock.now
        let report = try await phase("restoring checkpoints", of: .fetch) {
            do {
                return try await checkpoints.restore()
            } catch let error as ObjectStoreError {
                throw JobFailure(restoring: error)
            }
        }
        throughput.note(bytes: report.restoredBytes, seconds: seconds(since: phaseStart))
        record.finished(
            .checkpoints,
            since: phaseStart,
            [
                "restored": .number(JSONNumber(report.restored)), "bytes": .number(JSONNumber(report.restoredBytes)),
                "kept": .number(JSONNumber(report.kept)),
                "generation": report.generation.map { .number(JSONNumber($0)) } ?? .null,
            ]
        )
        checkpoints.start()
        logger.info(
            "checkpoints: \(counted(report.restored, "file")) restored, \(report.kept) already here",
            metadata: ["checkpoint.folder": "\(folder)"]
        )
    }

    private func sageMakerEnvironment(_ process: ProcessEnvironment) async throws(JobFailure) -> SageMakerEnvironment? {
        guard configuration.setsSageMakerEnvironment else { return nil }
        let files = ConfigurationFiles(paths: paths)
        return SageMakerEnvironment(
            files: SageMakerEnvironment.Files(
                hyperparameters: try files.readIfThere(paths.hyperparameters) ?? configuration.hyperparameters,
                inputDataConfig: try files.readIfThere(paths.inputDataConfig) ?? [:],
                resourceConfig: try files.readIfThere(paths.resourceConfig)
                    ?? ["current_host": "algo-1", "hosts": ["algo-1"]]
            ),
            machine: try await phase("looking at the machine") { await .current(path: process[EnvironmentKey.path]) },
            mlDirectory: paths.ml.string,
            environment: process
        )
    }
}

extension ReceivedSignal {
    /// The signal and its sender: `SIGTERM from process 12 (docker-init)`.
    var summary: String {
        guard senderProcessID > 0 else { return signalName(number) }
        let name = senderName.map { " (\($0.escaped(limit: 40)))" } ?? ""
        return "\(signalName(number)) from process \(senderProcessID)\(name)"
    }
}

extension ExtractionLimits {
    /// The limits of a job: what the options say, else the defaults.
    init(_ configuration: JobConfiguration) {
        let defaults = ExtractionLimits()
        self.init(
            maxEntries: configuration.settings.maxArchiveEntries ?? defaults.maxEntries,
            maxTotalBytes: configuration.settings.maxArchiveBytes ?? defaults.maxTotalBytes,
            maxRatio: configuration.settings.maxArchiveRatio ?? defaults.maxRatio
        )
    }
}
