/// A text that a person or a scheduler gave, and where.
package struct OptionValue: Hashable, Sendable {
    /// The text as it was given.
    package let text: String
    /// `--job-name`, or `BRAKET_RUNNER_JOB_NAME`.
    package let source: String

    /// Makes a value.
    package init(_ text: String, source: String) {
        self.text = text
        self.source = source
    }
}

/// The options of a run, as texts: what is wrong with them is reported together with everything else.
package struct RunOptions: Sendable {
    /// A CreateJob request: a file, `-` for standard input, or an address.
    package var job: OptionValue?
    /// Where the script lies.
    package var script: OptionValue?
    /// What to run of it.
    package var entryPoint: OptionValue?
    /// `NONE` or `GZIP`.
    package var compression: OptionValue?
    /// `NAME=VALUE` each.
    package var hyperparameters: [OptionValue] = []
    /// A JSON file of hyperparameters.
    package var hyperparametersFile: OptionValue?
    /// `CHANNEL=ADDRESS` each.
    package var inputs: [OptionValue] = []
    /// `outputDataConfig.s3Path`.
    package var output: OptionValue?
    /// `checkpointConfig.s3Uri`.
    package var checkpoints: OptionValue?
    /// The checkpoint folder of this machine.
    package var checkpointDirectory: OptionValue?
    /// The job's name.
    package var jobName: OptionValue?
    /// The device's ARN or `local:provider/name`.
    package var device: OptionValue?
    /// The time limit in seconds.
    package var maxRuntime: OptionValue?
    /// What stands for `/opt`.
    package var root: OptionValue?
    /// `auto`, `managed`, `s3` or `file:DIR`.
    package var storage: OptionValue?
    /// `fail`, `warn` or `skip`.
    package var requirements: OptionValue?
    /// The Python program.
    package var python: OptionValue?
    /// How long a stop may take, in seconds.
    package var grace: OptionValue?
    /// What tells the script to end: a signal's name or number, or `none`.
    package var stopSignal: OptionValue?
    /// `PHASE=SECONDS` each, or several with commas between them.
    package var timeouts: [OptionValue] = []
    /// `auto`, `none` or a file for the script's output.
    package var logFile: OptionValue?
    /// The most bytes of that file.
    package var logSize: OptionValue?
    /// When a script counts as stalled, and what is done then.
    package var stall: OptionValue?
    /// `PATH=always|success|failure` each.
    package var uploads: [OptionValue] = []
    /// `auto`, `isal` or `zlib`.
    package var deflate: OptionValue?
    /// How many members a script archive may have.
    package var maxArchiveEntries: OptionValue?
    /// How many bytes a script archive may unpack to.
    package var maxArchiveBytes: OptionValue?
    /// How many times its packed size a script archive may unpack to.
    package var maxArchiveRatio: OptionValue?
    /// How the object store is reached and used.
    package var store = StoreOptions()
    /// How checkpoints are kept.
    package var checkpointPolicy = CheckpointOptions()
    /// Whether the device is looked at before the script is fetched.
    package var deviceCheck = false
    /// The job's ARN, where somebody knows it.
    package var jobARN: OptionValue?
    /// The hosts of the job.
    package var cluster = ClusterOptions()
    /// Whether to set SM_* although the platform's files are not there.
    package var sageMakerEnvironment = false
    /// Whether `bool`, `list` and `dict` hyperparameters are read as JSON.
    package var typedHyperparameters = false

    /// Makes options with nothing given.
    package init() {}

    /// Whether the run was given a job of its own, so that the runner moves the data (contract §0.1: never inferred
    /// from anything else).
    package var bringsJob: Bool {
        job != nil || !inputs.isEmpty || output != nil || checkpoints != nil
    }
}
