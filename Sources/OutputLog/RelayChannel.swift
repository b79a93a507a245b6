import CLinuxShims
import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// One stream on its way from the script's pipe to our output.
struct RelayChannel: Sendable {
    /// What became of an attempt to hand bytes on.
    enum Step: Hashable, Sendable {
        /// Our output got this many bytes, which still stand in the script's pipe.
        case teed(Int)
        /// Our output takes none now.
        case blocked
        /// Nothing happened; the same is to be tried again.
        case again
    }

    /// The stream.
    let stream: OutputStream
    /// The read end of the script's pipe.
    let input: Int32
    /// Our descriptor.
    let output: Int32
    /// Whether bytes are handed on by reference.
    private(set) var tees: Bool
    /// Whether our output was full the last time.
    var isBlocked = false
    /// Whether more may come.
    var isOpen = true
    /// Whether nobody reads our output.
    private(set) var isReaderGone = false

    /// Makes a channel.
    init(_ stream: OutputStream, input: Int32, output: Int32) {
        self.stream = stream
        self.input = input
        self.output = output
        let kind = OutputTarget(descriptor: output).kind
        tees = kind == .pipe
        if tees { CLinuxShims_grow_pipe(output, RelayPipe.sizeBytes) }
        isReaderGone = kind == .closed
    }

    /// What poll(2) is to wait for.
    var waiting: pollfd {
        guard isOpen else { return pollfd(fd: -1, events: 0, revents: 0) }
        return isBlocked
            ? pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
            : pollfd(fd: input, events: Int16(POLLIN), revents: 0)
    }

    /// Hands bytes on by reference; never waits.
    mutating func tee() -> Step {
        // One page of the pipe at a time or all of it, as much as our output has room for.
        let count = CLinuxShims_tee(input, output, 1 << 20)
        if count > 0 { return .teed(count) }
        if count == 0 { return .blocked }
        switch errno {
        case EAGAIN: return .blocked
        case EPIPE: isReaderGone = true
        case EINTR: break
        // A kernel or sandbox that cannot.
        default: tees = false
        }
        return .again
    }

    /// Writes bytes to our output; waits for a slow reader, gives up on one that is gone.
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty, !isReaderGone {
            let count = writeBytes(output, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                // Somebody made the open file non-blocking for himself: that is not ours to undo.
                var room = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, -1)
            } else if errno != EINTR {
                isReaderGone = true
            }
        }
    }
}

private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
