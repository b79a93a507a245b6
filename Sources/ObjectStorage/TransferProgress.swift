import Synchronization

/// How far a transfer is: objects and bytes, those known so far and those done.
///
/// Counted by whoever moves bytes, read by whoever shows them; both from any thread.
package final class TransferProgress: Sendable {
    /// The figures of one moment.
    package struct Figures: Hashable, Sendable {
        /// Objects found so far.
        package let objects: Int
        /// Their bytes.
        package let bytes: Int64
        /// Whether more objects may be found.
        package let isListing: Bool
        /// Objects that are complete.
        package let objectsDone: Int
        /// Bytes that arrived.
        package let bytesDone: Int64
        /// Since the transfer began.
        package let elapsed: Duration

        /// Bytes per second on average.
        package var bytesPerSecond: Int64 {
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            return seconds > 0 ? Int64(Double(bytesDone) / seconds) : 0
        }

        /// How long the rest takes at the average rate; nil while that cannot be told.
        package var remaining: Duration? {
            guard !isListing, bytesPerSecond > 0 else { return nil }
            return .seconds(Double(max(0, bytes - bytesDone)) / Double(bytesPerSecond))
        }
    }

    private let start = ContinuousClock.now
    private let objects = Atomic(0)
    private let bytes = Atomic<Int64>(0)
    private let objectsDone = Atomic(0)
    private let bytesDone = Atomic<Int64>(0)
    private let isListing = Atomic(true)

    /// Makes the progress of a transfer that begins now.
    package init() {}

    /// An object was found.
    package func found(bytes count: Int64) {
        objects.add(1, ordering: .relaxed)
        bytes.wrappingAdd(count, ordering: .relaxed)
    }

    /// All objects are found.
    package func listingEnded() {
        isListing.store(false, ordering: .relaxed)
    }

    /// Bytes arrived; negative when a part must be moved again.
    package func add(bytes count: Int64) {
        bytesDone.wrappingAdd(count, ordering: .relaxed)
    }

    /// An object is complete.
    package func objectDone() {
        objectsDone.add(1, ordering: .relaxed)
    }

    /// The figures of this moment.
    package var figures: Figures {
        Figures(
            objects: objects.load(ordering: .relaxed),
            bytes: bytes.load(ordering: .relaxed),
            isListing: isListing.load(ordering: .relaxed),
            objectsDone: objectsDone.load(ordering: .relaxed),
            bytesDone: bytesDone.load(ordering: .relaxed),
            elapsed: ContinuousClock.now - start
        )
    }
}
