import ArgumentParser
import BraketEnvironment
import JobHarness
import ProcessSupervision
import RunnerCore

/// What each question to the service may be given.
struct ServiceArguments: ParsableArguments {
    @Option(help: ArgumentHelp("The region, where no ARN names one.", valueName: "region"))
    var region: String?

    @Option(help: ArgumentHelp("How the answer is printed.", valueName: "text|json"))
    var format: String?

    @OptionGroup var log: LogArguments

    /// Makes the question and ends the process with its exit code.
    ///
    /// - Parameter ask: Asks.
    /// - Throws: `ValidationError` for an option that is wrong.
    func end(_ ask: (ServiceQuery) async -> Int32) async throws -> Never {
        let environment = ProcessEnvironment.current()
        let reader = OptionReader(environment: environment)
        let format = try OutputFormat(reader.value("format", format))
        let logger = try log.logger(reader)
        var options = RunOptions()
        options.store.region = reader.value("region", region)
        let inputs = RunInputs(
            options: options,
            environment: environment,
            workingDirectory: currentWorkingDirectory()
        )
        let signals = JobSignals()
        signals.start()
        let query = ServiceQuery(inputs: inputs, signals: signals, printsJSON: format == .json, logger: logger)
        endProcess(await ask(query))
    }
}

/// Prints how long the queues of devices are.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Print status and queue depths of devices of Amazon Braket."
    )

    @Argument(help: ArgumentHelp("The devices; none for all of the region.", valueName: "device-arn"))
    var devices: [String] = []

    @OptionGroup var service: ServiceArguments

    /// Asks, and ends the process.
    func run() async throws {
        try await service.end { await $0.queues(devices) }
    }
}

/// Ends a job in the service.
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel a hybrid job of Amazon Braket."
    )

    @Argument(help: ArgumentHelp("The job.", valueName: "job-arn"))
    var job: String

    @OptionGroup var service: ServiceArguments

    /// Asks, and ends the process.
    func run() async throws {
        try await service.end { await $0.cancel(job) }
    }
}
