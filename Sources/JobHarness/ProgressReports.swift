import Logging
import ObjectStorage
import RunnerCore

/// Runs a transfer and says every ten seconds how far it is; one that is quicker says nothing.
///
/// - Parameters:
///   - progress: How far it is.
///   - what: What is moved, for the log.
///   - logger: Gets the lines.
///   - transfer: Moves it.
/// - Returns: What `transfer` returns.
/// - Throws: What `transfer` throws.
func reporting<R: Sendable>(
    _ progress: TransferProgress,
    of what: String,
    _ logger: Logger,
    _ transfer: () async throws -> R
) async throws -> R {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            while (try? await Task.sleep(for: .seconds(10))) != nil {
                logger.info("\(what): \(progress.figures.summary)")
            }
        }
        defer { group.cancelAll() }
        return try await transfer()
    }
}

extension TransferProgress.Figures {
    /// The figures as a person reads them: `1200 of 5000 files, 3.2 GB of 10 GB, 250 MB/s, 27 s left`.
    var summary: String {
        let atLeast = isListing ? "at least " : ""
        var text =
            "\(objectsDone) of \(atLeast)\(counted(objects, "file")), \(humanBytes(bytesDone)) of "
            + "\(atLeast)\(humanBytes(bytes)), \(humanBytes(bytesPerSecond))/s"
        if let remaining { text += ", \(remaining.components.seconds) s left" }
        return text
    }
}
