import ArgumentParser
import Logging

/// The option of every command that writes a log.
struct LogArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The least that is logged: trace, debug, info, notice, warning, error or critical.",
            valueName: "level"
        )
    )
    var logLevel: String?

    /// Makes the runner's own logger.
    ///
    /// - Parameter reader: Adds the option's variable.
    /// - Returns: A logger to standard error.
    /// - Throws: `ValidationError` for a level that is none, which ends the process with exit code 64.
    func logger(_ reader: OptionReader) throws -> Logger {
        try makeLogger(reader.value("log-level", logLevel))
    }
}
