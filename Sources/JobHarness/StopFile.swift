import BraketEnvironment
import Logging
import ObjectStorage
import RunnerCore
import SystemPackage

/// The file that tells a script that no signal can reach that it is to end: `BRAKET_RUNNER_STOP_FILE` names it.
struct StopFile: Sendable {
    /// Where it appears.
    let path: FilePath
    private let logger: Logger

    /// Finds the place, and removes what an earlier run left there.
    ///
    /// - Parameters:
    ///   - configuration: The job.
    ///   - environment: The variables of the process; `BRAKET_RUNNER_STOP_FILE` may name another place.
    ///   - logger: The runner's own log.
    init(_ configuration: JobConfiguration, environment: ProcessEnvironment, logger: Logger) {
        let named = environment.nonEmpty(EnvironmentKey.stopFile)
        path = named.map { FilePath($0) } ?? configuration.paths.stopFile
        self.logger = logger
        if FileStatus(of: path, followingLinks: false)?.kind == .regularFile { removeLink(path) }
    }

    /// Lets the file appear; a place that cannot be written is said in the log and harms nothing else.
    ///
    /// - Parameter reason: What it holds, a line for whoever looks.
    func appear(_ reason: String) {
        do {
            try replaceFile(path, with: Array((reason + "\n").utf8))
        } catch {
            logger.warning("the stop file could not be written", metadata: ["reason": "\(error)"])
        }
    }
}
