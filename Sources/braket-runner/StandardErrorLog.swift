import ArgumentParser
import BraketEnvironment
import Logging
import RunnerCore
import SystemPackage

/// One line an event on standard error: time, level, message, and the data in the order of their names.
struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event.
    func log(event: LogEvent) {
        var data = metadata
        for (key, value) in event.metadata ?? [:] { data[key] = value }
        let fields = data.sorted { $0.key < $1.key }.map { " \($0.key)=\("\($0.value)".escaped(limit: 500))" }.joined()
        let message = "\(event.message)".escaped(limit: 2000)
        // One write a line, so that lines of the script do not fall into it.
        writeLine("\(Timestamp.now()) [braket-runner] \(event.level): \(message)\(fields)", to: .standardError)
    }
}

/// Makes the runner's own logger.
///
/// - Parameter option: The least level; nil is `info`.
/// - Returns: A logger to standard error.
/// - Throws: `ValidationError`, which ends the process with exit code 64.
func makeLogger(_ option: OptionValue?) throws -> Logger {
    var logger = Logger(label: "braket-runner", factory: { _ in StandardErrorLog() })
    guard let option else {
        logger.logLevel = .info
        return logger
    }
    guard let level = Logger.Level(rawValue: option.text.lowercased()) else {
        throw ValidationError(
            "\(option.source): \"\(option.text.escaped())\": must be trace, debug, info, notice, warning, error or critical"
        )
    }
    logger.logLevel = level
    return logger
}
