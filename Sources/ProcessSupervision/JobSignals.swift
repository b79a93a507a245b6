import CLinuxShims
import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A signal that reached the runner.
package struct ReceivedSignal: Hashable, Sendable {
    /// The signal's number.
    package let number: Int32
    /// Who sent it; 0 when the kernel did, or a process outside our pid namespace.
    package let senderProcessID: Int32
    /// The sender's program, the first 15 bytes of its name; nil when it had ended before anybody could look.
    package let senderName: String?

    /// Makes a signal.
    package init(number: Int32, senderProcessID: Int32, senderName: String? = nil) {
        self.number = number
        self.senderProcessID = senderProcessID
        self.senderName = senderName
    }

    /// Tells whether it asks the job to end: TERM (the platform's stop), INT (Ctrl-C), HUP (the terminal is gone).
    package var isStopRequest: Bool { [SIGTERM, SIGINT, SIGHUP].contains(number) }
}

/// The signals of the process, read by one thread and handed to whoever is in charge of the job just then.
///
/// A thread in sigwaitinfo(2) rather than a dispatch source: it keeps the sender, loses no signal between two
/// handlers, and a signal reaches the script's group without waiting for a task to be scheduled (style.md P11).
package final class JobSignals: Sendable {
    /// What is done with a signal, on the signal thread; must not block.
    package typealias Handler = @Sendable (ReceivedSignal) -> Void

    private struct State {
        var handler: Handler?
        /// Whether the handler acts on stop requests only, so that the others wait for the next one.
        var keepsOthers = true
        var stopRequests: [ReceivedSignal] = []
        /// How urgent they make it.
        var urgency = StopRequests()
        /// Other signals that came while nobody was in charge.
        var waiting: [ReceivedSignal] = []
    }

    private let state = Mutex(State())

    /// Makes the hand-over without reading any signal; tests deliver by hand.
    package init() {}

    /// Blocks the job's signals in this thread and in all that are started later.
    ///
    /// Must be the first thing in `main`, while the process has one thread: a thread that started earlier would take
    /// the signal with its default action and end the process.
    package static func blockEarly() {
        CLinuxShims_block_job_signals()
    }

    /// Starts the thread that reads the signals.
    package func start() {
        startThread { [self] in
            while true {
                var sender = pid_t()
                let number = CLinuxShims_wait_for_job_signal(&sender)
                // sigwaitinfo fails for good only with an empty set: all job signals are ignored, as nohup can do.
                guard number > 0 else { return }
                // Now, because kill(1) does not stay: 20 µs.
                let name = sender > 0 ? ProcessEntry.read(sender)?.name : nil
                deliver(ReceivedSignal(number: number, senderProcessID: sender, senderName: name))
            }
        }
    }

    /// Hands a signal to the handler in charge; keeps stop requests for later.
    ///
    /// - Parameter signal: What came.
    package func deliver(_ signal: ReceivedSignal) {
        let handler = state.withLock { state in
            if signal.isStopRequest {
                state.stopRequests.append(signal)
                state.urgency.receive(signal.number)
            } else if state.keepsOthers {
                state.waiting.append(signal)
            }
            return state.handler
        }
        handler?(signal)
    }

    /// The first stop request so far.
    package var stopRequest: ReceivedSignal? { state.withLock { $0.stopRequests.first } }

    /// How urgent the stop requests so far are, by the levels of ``StopRequests``.
    package var stopLevel: Int { state.withLock { $0.urgency.level } }

    /// Puts `handler` in charge while `body` runs; what came before is handed over at once.
    ///
    /// - Parameters:
    ///   - handler: Gets each signal, on the signal thread.
    ///   - keepsOthers: Whether signals that are no stop requests wait for the next handler.
    ///   - body: The phase of the job.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package func withHandler<R>(
        _ handler: @escaping Handler,
        keepsOthers: Bool = false,
        _ body: () async throws -> R
    ) async rethrows -> R {
        let (earlier, previous) = state.withLock { state in
            let earlier = state.stopRequests + (keepsOthers ? [] : state.waiting)
            if !keepsOthers { state.waiting = [] }
            let previous = (state.handler, state.keepsOthers)
            (state.handler, state.keepsOthers) = (handler, keepsOthers)
            return (earlier, previous)
        }
        defer { state.withLock { ($0.handler, $0.keepsOthers) = previous } }
        for signal in earlier { handler(signal) }
        return try await body()
    }

    /// Runs a phase that a stop request cancels.
    ///
    /// - Parameters:
    ///   - level: How urgent the requests must be, by ``StopRequests``: 1 for every request, 3 for the last phase.
    ///   - body: The phase; its task is cancelled.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` when it was cancelled in time.
    package func cancelling<R: Sendable>(
        atLevel level: Int = 1,
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        // A task of its own, because a handler on a plain thread needs something to cancel.
        let task = Task { try await body() }
        let handler: Handler = { [self] signal in
            if signal.isStopRequest && stopLevel >= level { task.cancel() }
        }
        return try await withHandler(handler, keepsOthers: true) {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }
}
