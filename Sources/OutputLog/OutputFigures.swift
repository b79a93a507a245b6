import Synchronization

/// What is known of a script's output, kept by the thread that moves it and read by anybody.
final class OutputFigures: Sendable {
    /// The numbers of one moment.
    struct Values: Sendable {
        /// Bytes of standard output alone.
        var standardOutput: Int64 = 0
        /// Bytes of standard error alone.
        var standardError: Int64 = 0
        /// Bytes of the pipe that serves both.
        var shared: Int64 = 0
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

    /// Counts bytes that came just now.
    func add(_ count: Int, _ stream: OutputStream) {
        values.withLock { values in
            switch stream {
            case .standardOutput: values.standardOutput += Int64(count)
            case .standardError: values.standardError += Int64(count)
            case .both: values.shared += Int64(count)
            }
            values.lastOutput = .now
        }
    }

    /// Changes the numbers; must not wait.
    func update(_ body: (inout sending Values) -> Void) {
        values.withLock { body(&$0) }
    }
}
