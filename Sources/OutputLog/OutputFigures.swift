import Synchronization

/// What is known of a script's output, kept by the thread that moves it and read by anybody.
final class OutputFigures: Sendable {
    /// The numbers of one moment.
    struct Values: Sendable {
        /// Bytes by stream.
        var bytes: [OutputStream: Int64] = [:]
        /// When the last of them came.
        var lastOutput: ContinuousClock.Instant?
        /// The last of them.
        var recent = RecentOutput()
        /// Whether everything was moved.
        var isOver = false
    }

    private let values = Mutex(Values())

    /// Makes the figures of a script that wrote nothing.
    init() {}

    /// The numbers now.
    var current: Values { values.withLock { $0 } }

    /// Changes the numbers; must not wait.
    func update(_ body: (inout sending Values) -> Void) {
        values.withLock { body(&$0) }
    }
}
