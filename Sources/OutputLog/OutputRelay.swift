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

/// What a relay tells while it works.
package enum RelayEvent: Hashable, Sendable {
    /// Nobody reads our output any more; the script goes on, and what it writes is in the log alone.
    case readerGone(OutputStream)
    /// The log takes no more.
    case logStopped(String)
    /// The script's group has ended, and a process out of reach still holds its output.
    case heldOpen
}

/// Hands a script's outputs on to ours, byte for byte, and keeps a log of them.
///
/// The script and all its descendants get the write ends of pipes; one thread reads them. Where our output is a pipe
/// too, bytes are handed on by reference (tee(2)); how many are looked at for the log is bounded (`CopyBudget`). The
/// thread waits in poll(2) and does nothing while nothing is written; a slow reader of ours blocks it, and with it the
/// script, as a bare pipe would.
package final class OutputRelay: Sendable {
    private struct Ends {
        /// The script's ends of the pipes, open until it has them.
        var script: [Int32]
        /// Closed to tell the thread that the script's group has ended.
        var finish: Int32
    }

    /// The log; nil when none is kept.
    package let log: OutputLogFile?
    /// Which descriptor of ours the script gets under which number.
    package let descriptors: [(ours: FileDescriptor, theirs: Int32)]
    private let figures = OutputFigures()
    private let ends: Mutex<Ends>
    private let done = Semaphore()

    /// Makes the pipes and starts the thread.
    ///
    /// - Parameters:
    ///   - plan: Which outputs go through pipes; at least one.
    ///   - outputs: Where standard output and standard error go.
    ///   - log: The log; nil for none.
    ///   - report: Gets what happens, on the relay's thread.
    /// - Throws: `Errno` when there are no descriptors or threads left: the outputs can be inherited then.
    package init(
        _ plan: RelayPlan,
        outputs: (output: FileDescriptor, error: FileDescriptor) = (.standardOutput, .standardError),
        log: OutputLogFile?,
        report: @escaping @Sendable (RelayEvent) -> Void
    ) throws(Errno) {
        var pipes: [RelayPipe] = []
        do throws(Errno) {
            for _ in 0..<plan.streams.count + 2 { pipes.append(try RelayPipe()) }
        } catch {
            for pipe in pipes { pipe.close() }
            throw error
        }
        let (finish, held) = (pipes.removeLast(), pipes.removeLast())
        let channels = zip(plan.streams, pipes).map { stream, pipe in
            let output = stream == .standardError ? outputs.error : outputs.output
            return RelayChannel(stream, input: pipe.read, output: output.rawValue)
        }
        let (figures, done) = (figures, done)
        let isStarted = startThread {
            var loop = RelayLoop(
                channels: channels,
                held: held,
                finish: finish.read,
                log: log,
                figures: figures,
                report: report
            )
            loop.run()
            done.signal()
        }
        guard isStarted else {
            for pipe in pipes + [finish, held] { pipe.close() }
            throw Errno.resourceTemporarilyUnavailable
        }
        self.log = log
        descriptors = zip(plan.streams, pipes).flatMap { stream, pipe in
            stream.numbers.map { (FileDescriptor(rawValue: pipe.write), $0) }
        }
        ends = Mutex(Ends(script: pipes.map(\.write), finish: finish.write))
    }

    /// Closes our copies of the script's ends, once it has its own or could not be started.
    package func scriptHasEnds() {
        let script = ends.withLock { ends in
            defer { ends.script = [] }
            return ends.script
        }
        for end in script { close(end) }
    }

    /// Waits until everything that the script and its descendants wrote is handed on.
    ///
    /// To be called when the script's group has ended. Who is out of reach and still holds a pipe is waited for until
    /// a second passes without a byte, and not longer than ten.
    package func finish() async {
        scriptHasEnds()
        let finish = ends.withLock { ends in
            defer { ends.finish = -1 }
            return ends.finish
        }
        guard finish >= 0 else { return }
        close(finish)
        await withCheckedContinuation { continuation in
            BlockingPool.shared.submit { [done] in
                done.wait()
                continuation.resume()
            }
        }
    }

    // MARK: What is known

    /// The last complete line of the script that is not empty, at most 400 bytes, without colours.
    package var lastLine: String? { figures.current.recent.lastLine }

    /// The last complete lines, of at most 2 KiB together.
    package var lastLines: [String] { figures.current.recent.lines }

    /// How many bytes the script wrote.
    package var bytesWritten: Int64 { OutputStream.allCases.map(bytesWritten(to:)).saturatingSum() }

    /// How many bytes the script wrote to a stream; what came through one pipe for both counts as `.both` alone.
    package func bytesWritten(to stream: OutputStream) -> Int64 {
        let values = figures.current
        return switch stream {
        case .standardOutput: values.standardOutput
        case .standardError: values.standardError
        case .both: values.shared
        }
    }

    /// When the script last wrote something; nil when it never did.
    package var lastOutput: ContinuousClock.Instant? { figures.current.lastOutput }
}

extension OutputStream {
    /// The descriptors that a script writes to the stream with.
    fileprivate var numbers: [Int32] {
        switch self {
        case .standardOutput: [STDOUT_FILENO]
        case .standardError: [STDERR_FILENO]
        case .both: [STDOUT_FILENO, STDERR_FILENO]
        }
    }
}

/// The two ends of a pipe.
struct RelayPipe: Hashable, Sendable {
    /// The kernel's own is 64 KiB; more lets a script that writes a lot at once go on sooner.
    static let sizeBytes: Int32 = 256 << 10

    /// Read without waiting.
    let read: Int32
    /// Written to as any pipe.
    let write: Int32

    /// Makes a pipe.
    init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        let error = CLinuxShims_output_pipe(&ends, Self.sizeBytes)
        guard error == 0 else { throw Errno(rawValue: error) }
        (read, write) = (ends[0], ends[1])
    }

    /// Closes both ends.
    func close() {
        closeDescriptor(read)
        closeDescriptor(write)
    }
}

/// close(2), which a method of that name hides.
func closeDescriptor(_ descriptor: Int32) {
    close(descriptor)
}
