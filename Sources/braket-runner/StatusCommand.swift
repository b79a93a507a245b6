import ArgumentParser
import BraketEnvironment
import JobHarness
import RunnerCore
import SystemPackage

/// Prints the last record of a root, or what the service says of a job.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Print the record of the last run below a root, or with an ARN what Amazon Braket says."
    )

    @Argument(help: ArgumentHelp("A job, a quantum task or a device of Amazon Braket.", valueName: "arn"))
    var arn: String?

    @Option(help: ArgumentHelp("What stands for /opt (default: /opt).", valueName: "dir"))
    var root: String?

    @OptionGroup var service: ServiceArguments

    @Flag(help: "Only say in one line whether all is well, for a health check: exit code 1 for a job that failed.")
    var health = false

    /// Prints it.
    func run() async throws {
        if let arn { try await service.end { await $0.status(arn) } }
        let reader = OptionReader(environment: .current())
        let format = try OutputFormat(reader.value("format", service.format))
        let root = FilePath(reader.value("root", root)?.text ?? "/opt")
        let paths = ContainerPaths(root: currentWorkingDirectory().pushing(root))
        guard !health else {
            let health = RunHealth(paths: paths)
            writeLine(health.summary, to: .standardOutput)
            throw ArgumentParser.ExitCode(health.isHealthy ? 0 : 1)
        }
        do throws(JobFailure) {
            let status = try StatusReport(paths: paths)
            writeLine(format == .json ? status.json.serialized(pretty: true) : status.text, to: .standardOutput)
        } catch {
            writeLine("braket-runner: \(error)", to: .standardError)
            throw ArgumentParser.ExitCode(error.exitCode)
        }
    }
}

/// Prints the exit codes.
struct ExitCodesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exit-codes",
        abstract: "Print what the exit codes mean.",
        discussion: table
    )

    /// The one table, from `ExitCode`.
    private static var table: String {
        let own = RunnerCore.ExitCode.allCases.map { code in
            let number = String(code.rawValue)
            return String(repeating: " ", count: 5 - number.count) + number + "  " + code.summary
        }
        return ([" code  meaning"] + own + ["128+n  signal n ended the script", "other  the script's own exit code"])
            .joined(separator: "\n")
    }

    /// Prints the table.
    func run() {
        writeLine(Self.table, to: .standardOutput)
    }
}
