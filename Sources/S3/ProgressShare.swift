import ObjectStorage
import Synchronization

/// What one try adds to the progress of a transfer, so that a failed one can be taken back.
final class ProgressShare: Sendable {
    private let progress: TransferProgress?
    private let bytes = Atomic<Int64>(0)

    /// Makes a share of nothing yet.
    ///
    /// - Parameter progress: The whole; nil when nobody counts.
    init(_ progress: TransferProgress?) {
        self.progress = progress
    }

    /// Bytes were moved; negative when they must be moved again.
    func add(bytes count: Int64) {
        guard let progress else { return }
        bytes.wrappingAdd(count, ordering: .relaxed)
        progress.add(bytes: count)
    }

    /// All that was moved must be moved again.
    func takeBack() {
        progress?.add(bytes: -bytes.exchange(0, ordering: .relaxed))
    }
}
