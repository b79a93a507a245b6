import ArgumentParser
import BraketEnvironment
import RunnerCore

/// Joins flags and `BRAKET_RUNNER_*` variables: a flag beats its variable.
struct OptionReader {
    /// The variables of the process.
    let environment: ProcessEnvironment

    /// All options of a run.
    func options(
        _ job: JobArguments,
        _ settings: RunArguments,
        _ checkpoints: CheckpointArguments,
        _ store: StoreArguments
    ) -> RunOptions {
        var options = RunOptions()
        options.job = value("job", job.job)
        options.script = value("script", job.script)
        options.entryPoint = value("entry-point", job.entryPoint)
        options.compression = value("compression", job.compression)
        options.hyperparameters = values("hyperparameter", job.hyperparameter)
        options.hyperparametersFile = value("hyperparameters", job.hyperparameters)
        options.inputs = values("input", job.input)
        options.output = value("output", job.output)
        options.checkpoints = value("checkpoints", job.checkpoints)
        options.checkpointDirectory = value("checkpoint-dir", job.checkpointDir)
        options.jobName = value("job-name", job.jobName)
        options.device = value("device", job.device)
        options.maxRuntime = value("max-runtime", job.maxRuntime)
        options.root = value("root", settings.root)
        options.storage = value("storage", settings.storage)
        options.requirements = value("requirements", settings.requirements)
        options.python = value("python", settings.python)
        options.grace = value("grace", settings.grace)
        options.stopSignal = value("stop-signal", settings.stopSignal)
        options.timeouts = values("timeout", settings.timeout)
        options.logFile = value("log-file", settings.logFile)
        options.logSize = value("log-size", settings.logSize)
        options.stall = value("stall", settings.stall)
        options.uploads = values("upload", settings.upload)
        options.deflate = value("deflate", settings.deflate)
        options.maxArchiveEntries = value("max-archive-entries", settings.maxArchiveEntries)
        options.maxArchiveBytes = value("max-archive-bytes", settings.maxArchiveBytes)
        options.maxArchiveRatio = value("max-archive-ratio", settings.maxArchiveRatio)
        options.store = storeOptions(store)
        options.checkpointPolicy = checkpointOptions(checkpoints)
        options.sageMakerEnvironment = flag("sagemaker-env", settings.sagemakerEnv)
        options.deviceCheck = flag("device-check", settings.deviceCheck)
        options.jobARN = value("job-arn", settings.jobArn)
        options.typedHyperparameters = flag("typed-hyperparameters", settings.typedHyperparameters)
        return options
    }

    /// The options about checkpoints.
    func checkpointOptions(_ checkpoints: CheckpointArguments) -> CheckpointOptions {
        var options = CheckpointOptions()
        options.interval = value("checkpoint-interval", checkpoints.checkpointInterval)
        options.quiet = value("checkpoint-quiet", checkpoints.checkpointQuiet)
        options.lagWarning = value("checkpoint-lag-warning", checkpoints.checkpointLagWarning)
        options.resume = value("resume", checkpoints.resume)
        options.mirrorsDeletions = flag("checkpoint-delete", checkpoints.checkpointDelete)
        options.isPerHost = flag("checkpoint-per-host", checkpoints.checkpointPerHost)
        return options
    }

    /// The options about many hosts.
    func clusterOptions(_ cluster: ClusterArguments) -> ClusterOptions {
        var options = ClusterOptions()
        options.hosts = value("hosts", cluster.hosts)
        options.hostIndex = value("host-index", cluster.hostIndex)
        options.launch = value("launch", cluster.launch)
        options.ranksPerHost = value("ranks-per-host", cluster.ranksPerHost)
        options.instances = value("instances", cluster.instances)
        options.maxRestarts = value("max-restarts", cluster.maxRestarts)
        options.channelPort = value("channel-port", cluster.channelPort)
        options.hostTimeout = value("host-timeout", cluster.hostTimeout)
        return options
    }

    /// The options of the object store.
    func storeOptions(_ store: StoreArguments) -> StoreOptions {
        var options = StoreOptions()
        options.region = value("region", store.region)
        options.endpointURL = value("endpoint-url", store.endpointUrl)
        options.addressing = value("s3-addressing", store.s3Addressing)
        options.payloadSigning = value("payload-signing", store.payloadSigning)
        options.expectedBucketOwner = value("expected-bucket-owner", store.expectedBucketOwner)
        options.storageClass = value("storage-class", store.storageClass)
        options.tags = values("object-tag", store.objectTag)
        options.connections = value("connections", store.connections)
        options.bufferBytes = value("transfer-memory", store.transferMemory)
        options.stallTimeout = value("stall-timeout", store.stallTimeout)
        return options
    }

    /// One option.
    ///
    /// - Parameters:
    ///   - name: Its name without dashes in front.
    ///   - flag: What the command line says.
    /// - Returns: nil when neither says anything; an empty variable says nothing.
    func value(_ name: String, _ flag: String?) -> OptionValue? {
        if let flag { return OptionValue(flag, source: "--\(name)") }
        let variable = EnvironmentKey.variable(of: name)
        return environment.nonEmpty(variable).map { OptionValue($0, source: variable) }
    }

    /// A repeatable option; a variable holds one value a line.
    func values(_ name: String, _ flags: [String]) -> [OptionValue] {
        guard flags.isEmpty else { return flags.map { OptionValue($0, source: "--\(name)") } }
        let variable = EnvironmentKey.variable(of: name)
        return (environment[variable] ?? "").split(separator: "\n").map { OptionValue(String($0), source: variable) }
    }

    /// A switch; its variable is on with 1, true, yes or on.
    func flag(_ name: String, _ flag: Bool) -> Bool {
        flag
            || ["1", "true", "yes", "on"].contains((environment[EnvironmentKey.variable(of: name)] ?? "").lowercased())
    }
}

/// How a dry run or a status is printed.
enum OutputFormat: String, CaseIterable {
    case text
    case json

    /// Reads the option.
    ///
    /// - Parameter option: nil is `text`.
    /// - Throws: `ValidationError`, which ends the process with exit code 64.
    init(_ option: OptionValue?) throws {
        guard let option else {
            self = .text
            return
        }
        guard let format = OutputFormat(rawValue: option.text) else {
            throw ValidationError("\(option.source): \"\(option.text.escaped())\": must be text or json")
        }
        self = format
    }
}
