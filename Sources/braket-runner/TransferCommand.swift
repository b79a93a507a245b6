import ArgumentParser
import BraketEnvironment
import JobHarness
import ProcessSupervision
import RunnerCore
import SystemPackage

/// Copies files as a job would: to see from inside a container whether its store can be reached, and how fast.
struct TransferCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer",
        abstract: "Copy a file, or a folder when SOURCE ends in /, to or from the object store."
    )

    @Argument(help: "Where from: s3://bucket/key, or a path.")
    var source: String

    @Argument(help: "Where to; a folder when SOURCE is one.")
    var target: String

    @Option(help: ArgumentHelp("A folder where s3://bucket/key is DIR/bucket/key.", valueName: "s3|file:DIR"))
    var storage: String?

    @OptionGroup(title: "The object store") var store: StoreArguments

    @OptionGroup var log: LogArguments

    /// Copies and ends the process with its exit code.
    func run() async throws {
        let environment = ProcessEnvironment.current()
        let reader = OptionReader(environment: environment)
        let logger = try log.logger(reader)
        var options = RunOptions()
        options.store = reader.storeOptions(store)
        options.storage = reader.value("storage", storage)
        let inputs = RunInputs(
            options: options,
            environment: environment,
            workingDirectory: currentWorkingDirectory()
        )
        let signals = JobSignals()
        signals.start()
        let code = try await signals.cancelling {
            await TransferRun(inputs: inputs, logger: logger).run(from: source, to: target)
        }
        endProcess(signals.stopRequest == nil ? code : RunnerCore.ExitCode.stopped.rawValue)
    }
}
