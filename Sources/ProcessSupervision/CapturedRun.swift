import CLinuxShims
import RunnerCore
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A helper program's end and the last of what it said.
package struct CapturedRun: Sendable {
    /// How it ended.
    package let exit: ProcessExit
    /// The end of what it wrote, as bytes came.
    package let tail: String

    /// Runs a program to its end, passing its output on to `output` while it comes and keeping the end of it.
    ///
    /// Cancelling the task ends the program's group: SIGTERM, and SIGKILL two seconds later.
    ///
    /// - Parameters:
    ///   - specification: What to run; its output is taken over.
    ///   - output: Where its output goes as well; nil keeps it from being shown.
    ///   - takesErrors: Whether its standard error is taken over together with its standard output; else it is ours.
    ///   - tailLimitBytes: How much of the end is kept.
    /// - Returns: The end.
    /// - Throws: `SupervisionError` when it cannot be started, `CancellationError` when it was cancelled.
    package static func run(
        _ specification: ProcessSpecification,
        output: FileDescriptor?,
        takesErrors: Bool = true,
        tailLimitBytes: Int = 64 * 1024
    ) async throws -> CapturedRun {
        let pipe = try makePipe()
        defer { try? pipe.readEnd.close() }  // Reading is over; nothing can be lost by a failed close.
        var captured = specification
        captured.descriptors.append(.init(ours: pipe.writeEnd, theirs: 1))
        if takesErrors { captured.descriptors.append(.init(ours: pipe.writeEnd, theirs: 2)) }
        let child: ChildProcess
        do {
            defer { try? pipe.writeEnd.close() }  // The child has its own copy.
            child = try ChildProcess.spawn(captured)
        }
        let tail = Tail(limitBytes: tailLimitBytes)
        return try await withTaskCancellationHandler {
            let ended = CancellationFlag()
            async let copied: Void = copy(pipe.readEnd, to: output, tail: tail, until: ended)
            let exit = await child.wait()
            ended.cancel()
            await copied
            try Task.checkCancellation()
            return CapturedRun(exit: exit, tail: tail.text)
        } onCancel: {
            child.signalGroup(SIGTERM)
            // pip answers SIGTERM at once; what does not must not delay the job's stop.
            startThread {
                sleep(2)
                child.signalGroup(SIGKILL)
            }
        }
    }

    /// Copies until the end of the pipe.
    ///
    /// Once the program has ended, a pause of a second is an end as well: a daemon
    /// that it left in a session of its own would hold the pipe open for ever.
    private static func copy(
        _ source: FileDescriptor,
        to target: FileDescriptor?,
        tail: Tail,
        until ended: CancellationFlag
    ) async {
        // A failed read ends the copy like the end of the pipe: the program's exit code decides, not its output.
        try? await BlockingPool.shared.run { _ in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
            defer { buffer.deallocate() }
            while isReadable(source, until: ended), case let count = try source.read(into: buffer), count > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                tail.append(bytes)
                // A closed terminal must not end an install.
                _ = try? target?.writeAll(bytes)
            }
        }
    }
}

/// Makes a pipe whose ends no child inherits by accident, pipe2(2).
private func makePipe() throws -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
    var ends: [Int32] = [-1, -1]
    guard CLinuxShims_pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
}

/// Waits for bytes or the end of a pipe.
///
/// - Parameters:
///   - descriptor: The pipe.
///   - ended: Set when the writer has ended; then a second without bytes is enough.
/// - Returns: false when nothing more is to be expected.
private func isReadable(_ descriptor: FileDescriptor, until ended: CancellationFlag) -> Bool {
    while true {
        let hadEnded = ended.isCancelled
        var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        let ready = poll(&request, 1, 1000)
        if ready > 0 { return true }
        if ready == 0 && hadEnded { return false }
        if ready < 0 && errno != EINTR { return false }
    }
}

/// The last bytes of a stream.
private final class Tail: Sendable {
    private let limitBytes: Int
    private let bytes = Mutex<[UInt8]>([])

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    func append(_ new: UnsafeRawBufferPointer) {
        bytes.withLock { bytes in
            bytes.append(contentsOf: new)
            if bytes.count > 2 * limitBytes { bytes.removeFirst(bytes.count - limitBytes) }
        }
    }

    var text: String { bytes.withLock { String(decoding: $0.suffix(limitBytes), as: UTF8.self) } }
}
