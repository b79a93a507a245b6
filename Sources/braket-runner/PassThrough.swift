import BraketEnvironment
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

/// Executes a command line that is not the runner's own: the SDK's local mode starts a container with
/// `tail -f /dev/null` and expects an entry point that lets it through (contract §4 step 3).
struct PassThrough {
    /// The first words that are commands of the runner.
    static let commands = [
        "run", "train", "status", "transfer", "submit", "queue", "cancel", "exit-codes", "help", "rank",
    ]

    /// The command line without the program.
    let arguments: [String]

    /// Replaces the process when the first word is no command of ours; returns otherwise.
    ///
    /// A word that names no program ends the process with exit code 64.
    func executeIfForeign() {
        guard let word = arguments.first, !word.hasPrefix("-"), !Self.commands.contains(word) else { return }
        let environment = ProcessEnvironment.current()
        guard let program = findExecutable(word, path: environment[EnvironmentKey.path]) else {
            fail(
                "\"\(word.escaped())\" is no command of braket-runner and no program on PATH; the commands are "
                    + Self.commands.filter { $0 != "rank" }.joined(separator: ", ")
            )
        }
        let error = replaceProcess(executable: program, arguments: arguments)
        fail("cannot execute \(program): \(error)")
    }

    private func fail(_ message: String) -> Never {
        writeLine("braket-runner: " + message, to: .standardError)
        endProcess(RunnerCore.ExitCode.usage.rawValue)
    }
}
