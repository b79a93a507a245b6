import ArgumentParser
import BraketEnvironment
import JobHarness
import ProcessSupervision
import RunnerCore

/// Runs one rank; mpirun and torchrun start it, on the runner's word.
struct RankCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rank",
        abstract: "Run one rank of a job (started by the runner itself).",
        shouldDisplay: false
    )

    @Argument(help: "Where the host's runner has left what to run, and whose ranks these are.")
    var words: [String] = []

    /// Runs the rank and ends the process with its exit code.
    func run() async throws {
        let signals = JobSignals()
        signals.start()
        let agent = RankAgent(arguments: words, environment: .current())
        endProcess(await agent.run(signals: signals))
    }
}
