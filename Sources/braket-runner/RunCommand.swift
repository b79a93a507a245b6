import ArgumentParser
import BraketEnvironment
import JobHarness
import JobInit
import ProcessSupervision
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Runs the job, or says what running it would do.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the job.",
        discussion: """
            Each option can be given as an environment variable, BRAKET_RUNNER_ and its name in capitals with _ for -; \
            a flag beats the variable, and both beat the job document. Several values of one variable stand on lines \
            of their own.
            """,
        aliases: ["train"]
    )

    @OptionGroup(title: "The job") var job: JobArguments
    @OptionGroup(title: "The run") var settings: RunArguments
    @OptionGroup(title: "Many hosts") var cluster: ClusterArguments
    @OptionGroup(title: "Checkpoints") var checkpoints: CheckpointArguments
    @OptionGroup(title: "The object store") var store: StoreArguments

    @Flag(help: "Say everything that would happen and every problem; change nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("How a dry run is printed: text or json.", valueName: "text|json"))
    var format: String?

    @OptionGroup var log: LogArguments

    /// Runs the job and ends the process with its exit code.
    func run() async throws {
        let environment = ProcessEnvironment.current()
        let reader = OptionReader(environment: environment)
        let format = try OutputFormat(reader.value("format", format))
        let logger = try log.logger(reader)
        var options = reader.options(job, settings, checkpoints, store)
        options.cluster = reader.clusterOptions(cluster)
        let inputs = RunInputs(
            options: options,
            environment: environment,
            workingDirectory: currentWorkingDirectory(),
            arguments: Array(JobInit.arguments.dropFirst())
        )
        let signals = JobSignals()
        signals.start()
        if reader.flag("dry-run", dryRun) {
            // What it cannot finish it reports; what it has made it removes.
            let plan = try await signals.cancelling { await DryRun(inputs: inputs, logger: logger).run() }
            if signals.stopRequest != nil { endProcess(RunnerCore.ExitCode.stopped.rawValue) }
            writeLine(format == .json ? plan.json.serialized(pretty: true) : plan.text, to: .standardOutput)
            endProcess(plan.exitCode)
        }
        // Before the first child: what the script starts is ours to find and to reap, and the kernel's to take first.
        OrphanReaper.start()
        OutOfMemoryScore.protectRunner()
        endProcess(await JobRunner(inputs: inputs, signals: signals, logger: logger).run())
    }
}

/// Ends the process; `exit` alone means ArgumentParser's inside a command.
func endProcess(_ code: Int32) -> Never {
    exit(code)
}

/// The folder the process was started in; `/` when it is gone.
func currentWorkingDirectory() -> FilePath {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return FilePath(platformString: path)
}

/// Writes a line to a standard stream; a closed one is no error.
func writeLine(_ text: String, to stream: FileDescriptor) {
    _ = try? stream.writeAll(Array((text + "\n").utf8))
}
