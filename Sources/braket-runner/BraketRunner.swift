import ArgumentParser
import JobInit
import ProcessSupervision
import RunnerCore

/// The program: passes foreign command lines on, and runs a command of its own.
///
/// The entry is not `async`: the main thread of an async `main` waits in the runtime, with no signal blocked, while
/// the code runs on another thread - and a SIGTERM that it took ended the process (seen with Swift 6.3.1 on Linux).
@main
enum Program {
    /// Starts the program; the command ends the process.
    static func main() {
        // Before anything else: what the init has touched it holds to the end.
        if JobInit.isNeeded { endProcess(JobInit.run()) }
        let arguments = Array(JobInit.arguments.dropFirst())
        // Before any signal is blocked: exec(2) keeps the mask, and `tail` must die of a SIGTERM.
        PassThrough(arguments: arguments).executeIfForeign()
        // Before a second thread exists: threads inherit the mask.
        JobSignals.blockEarly()
        // The only task without a parent: there is none yet. Detached, because `main` belongs to the main actor, whose
        // thread does nothing but wait.
        Task.detached { await BraketRunner.start(arguments) }
        Semaphore().wait()
    }
}

/// The commands.
struct BraketRunner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "braket-runner",
        abstract: "Runs the script of an Amazon Braket hybrid job and keeps its results safe.",
        usage: """
            braket-runner [run] [options]
            braket-runner --dry-run [options]
            braket-runner status [options]
            braket-runner submit --job FILE [--script DIR] [--wait] [options]
            braket-runner queue [DEVICE-ARN...]
            braket-runner status ARN
            braket-runner cancel JOB-ARN
            braket-runner transfer SOURCE TARGET [options]
            braket-runner PROGRAM [arguments]
            """,
        discussion: """
            Without a command it runs the job; `braket-runner help run` lists the options. A first word that is no \
            command of its own and names a program on PATH is executed unchanged.
            """,
        version: runnerVersion,
        subcommands: [
            RunCommand.self, StatusCommand.self, SubmitCommand.self, QueueCommand.self, CancelCommand.self,
            TransferCommand.self, ExitCodesCommand.self, RankCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )

    /// Runs the command that the arguments name, and ends the process.
    ///
    /// - Parameter arguments: The command line without the program.
    static func start(_ arguments: [String]) async -> Never {
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            endProcess(0)
        } catch {
            exit(withError: error)
        }
    }
}
