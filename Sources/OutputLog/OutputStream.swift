#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Which of a script's outputs bytes came from.
package enum OutputStream: String, Hashable, Sendable, CaseIterable {
    /// Descriptor 1.
    case standardOutput = "out"
    /// Descriptor 2.
    case standardError = "err"
    /// Both, through one pipe, or too closely one after the other to be told apart.
    case both = "both"
}

/// What one of our own outputs is.
struct OutputTarget: Hashable, Sendable {
    /// The kinds that are treated differently.
    enum Kind: Hashable, Sendable {
        /// A pipe or FIFO: bytes can be handed on without a copy.
        case pipe
        /// A terminal.
        case terminal
        /// A file, a socket, a device.
        case other
        /// Closed: nobody is there to read.
        case closed
    }

    /// The kind.
    let kind: Kind
    /// The device of the file's inode.
    let device: UInt64
    /// The file's inode.
    let inode: UInt64

    /// Makes a target.
    init(kind: Kind, device: UInt64, inode: UInt64) {
        self.kind = kind
        self.device = device
        self.inode = inode
    }

    /// Looks at a descriptor.
    ///
    /// - Parameter descriptor: One of ours.
    init(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            self.init(kind: .closed, device: 0, inode: 0)
            return
        }
        let kind: Kind =
            if status.st_mode & S_IFMT == S_IFIFO { .pipe } else if isatty(descriptor) == 1 { .terminal } else {
                .other
            }
        self.init(kind: kind, device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Whether both are the same open place, so that a reader sees the two streams as one.
    ///
    /// - Parameter other: The other output.
    /// - Returns: false also when both are closed.
    func isSame(as other: OutputTarget) -> Bool {
        kind != .closed && self == other
    }
}

/// Which pipes a script gets for its outputs.
package struct RelayPlan: Hashable, Sendable {
    /// The streams that go through pipes of ours; the others are inherited.
    package let streams: [OutputStream]

    /// Makes a plan of certain streams.
    init(_ streams: [OutputStream]) {
        self.streams = streams
    }

    /// Decides for the outputs of this process.
    ///
    /// - Parameter includesTerminals: Whether a terminal is relayed as well: only when somebody asked for the log.
    package init(includesTerminals: Bool) {
        self.init(
            output: OutputTarget(descriptor: STDOUT_FILENO),
            error: OutputTarget(descriptor: STDERR_FILENO),
            includesTerminals: includesTerminals
        )
    }

    /// Decides.
    ///
    /// One pipe for both when both lead to the same place: only so the order between them is what the script wrote. A
    /// terminal is inherited, because a script that sees a pipe buffers whole blocks and drops its colours.
    ///
    /// - Parameters:
    ///   - output: Our standard output.
    ///   - error: Our standard error.
    ///   - includesTerminals: Whether a terminal is relayed as well.
    init(output: OutputTarget, error: OutputTarget, includesTerminals: Bool) {
        let isRelayed = { (target: OutputTarget) in includesTerminals || target.kind != .terminal }
        if output.isSame(as: error) {
            streams = isRelayed(output) ? [.both] : []
        } else {
            streams = (isRelayed(output) ? [.standardOutput] : []) + (isRelayed(error) ? [.standardError] : [])
        }
    }
}
