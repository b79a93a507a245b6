import ArgumentParser
import BraketEnvironment
import JobHarness
import ProcessSupervision
import RunnerCore

/// The options that only `submit` has.
struct SubmitArguments: ParsableArguments {
    @Flag(help: "Follow the job to its end, say what changes, and fetch its results.")
    var wait = false

    @Option(help: ArgumentHelp("The folder for the results (default: the job's name).", valueName: "dir"))
    var results: String?

    @Option(help: ArgumentHelp("How often the job is asked for (default: 10).", valueName: "seconds"))
    var poll: String?

    @Option(
        help: ArgumentHelp(
            "The bucket for what is uploaded (default: that of the results, else amazon-braket-REGION-ACCOUNT).",
            valueName: "name"
        )
    )
    var bucket: String?

    @Option(
        help: ArgumentHelp(
            "The role that the job runs as, when the document names none (also BRAKET_JOBS_ROLE_ARN).",
            valueName: "arn"
        )
    )
    var roleArn: String?

    @Option(help: ArgumentHelp("The instances' type.", valueName: "type"))
    var instanceType: String?

    @Option(help: ArgumentHelp("The size of their volumes.", valueName: "gigabytes"))
    var volumeSize: String?

    @Option(help: ArgumentHelp("A folder where s3://bucket/key is DIR/bucket/key.", valueName: "s3|file:DIR"))
    var storage: String?

    @Flag(help: "Check everything and print the request; upload and create nothing.")
    var dryRun = false
}

/// Gives a job to the service.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Create a hybrid job in Amazon Braket from the document that runs here.",
        discussion: """
            Everything is checked before anything is sent. A script and inputs that lie on this machine are uploaded \
            as the Python SDK does. The job's ARN is the one line on standard output.
            """
    )

    @OptionGroup(title: "The job") var job: JobArguments
    @OptionGroup(title: "The submission") var submission: SubmitArguments
    @OptionGroup(title: "The object store") var store: StoreArguments

    @OptionGroup var log: LogArguments

    /// Submits, and ends the process with its exit code.
    func run() async throws {
        let environment = ProcessEnvironment.current()
        let reader = OptionReader(environment: environment)
        let logger = try log.logger(reader)
        var options = reader.options(job, try RunArguments.parse([]), try CheckpointArguments.parse([]), store)
        options.storage = reader.value("storage", submission.storage)
        let inputs = RunInputs(
            options: options,
            environment: environment,
            workingDirectory: currentWorkingDirectory()
        )
        let signals = JobSignals()
        signals.start()
        let run = SubmitRun(inputs: inputs, options: submitOptions(reader), signals: signals, logger: logger)
        endProcess(await run.run(mode(reader)))
    }

    private func mode(_ reader: OptionReader) -> SubmitRun.Mode {
        if reader.flag("dry-run", submission.dryRun) { return .dryRun }
        return reader.flag("wait", submission.wait) ? .wait : .create
    }

    private func submitOptions(_ reader: OptionReader) -> SubmissionOptions {
        var options = SubmissionOptions()
        options.results = reader.value("results", submission.results)
        options.poll = reader.value("poll", submission.poll)
        options.bucket = reader.value("bucket", submission.bucket)
        options.roleARN = reader.value("role-arn", submission.roleArn)
        options.instanceType = reader.value("instance-type", submission.instanceType)
        options.volumeSize = reader.value("volume-size", submission.volumeSize)
        return options
    }
}
