import ArgumentParser
import ProcessSupervision
import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The program: decides between its own commands and passing the command line on, then runs one command.
@main
struct BraketRunner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "braket-runner",
        abstract: "Runs the script of an Amazon Braket hybrid job and keeps its results safe.",
        usage: """
            braket-runner [run] [options]
            braket-runner --dry-run [options]
            braket-runner status [options]
            braket-runner PROGRAM [arguments]
            """,
        discussion: """
            Without a command it runs the job; `braket-runner help run` lists the options. A first word that is no \
            command of its own and names a program on PATH is executed unchanged.
            """,
        version: runnerVersion,
        subcommands: [RunCommand.self, StatusCommand.self, ExitCodesCommand.self],
        defaultSubcommand: RunCommand.self
    )

    /// Starts the program.
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // Before any signal is blocked: exec(2) keeps the mask, and `tail` must die of a SIGTERM.
        PassThrough(arguments: arguments).executeIfForeign()
        // Before a second thread exists: it would take a signal with its default action.
        JobSignals.blockEarly()
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}
