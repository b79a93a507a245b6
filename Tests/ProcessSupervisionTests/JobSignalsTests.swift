import ProcessSupervision
import RunnerCore
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Signals are delivered by hand: the process's own belong to all tests.
@Suite(.timeLimit(.minutes(1))) struct JobSignalsTests {
    @Test(
        arguments: [
            (SIGTERM, true), (SIGINT, true), (SIGHUP, true), (SIGQUIT, false), (SIGUSR1, false), (SIGUSR2, false),
        ])
    func stopRequests(number: Int32, isStopRequest: Bool) {
        let signal = ReceivedSignal(number: number, senderProcessID: 1)
        #expect(signal.isStopRequest == isStopRequest)
        let signals = JobSignals()
        signals.deliver(signal)
        #expect(signals.stopRequest == (isStopRequest ? signal : nil))
    }

    @Test func theFirstStopRequestIsKept() {
        let signals = JobSignals()
        #expect(signals.stopRequest == nil)
        signals.deliver(ReceivedSignal(number: SIGUSR1, senderProcessID: 1))
        signals.deliver(ReceivedSignal(number: SIGINT, senderProcessID: 2))
        signals.deliver(ReceivedSignal(number: SIGTERM, senderProcessID: 3))
        #expect(signals.stopRequest == ReceivedSignal(number: SIGINT, senderProcessID: 2))
    }

    @Test func theHandlerInChargeGetsWhatComesAndEarlierStopRequests() async {
        let signals = JobSignals()
        let outer = Mutex<[Int32]>([])
        let inner = Mutex<[Int32]>([])
        func send(_ number: Int32) { signals.deliver(ReceivedSignal(number: number, senderProcessID: 0)) }
        send(SIGUSR1)
        send(SIGTERM)
        await signals.withHandler({ signal in outer.withLock { $0.append(signal.number) } }) {
            send(SIGUSR2)
            await signals.withHandler({ signal in inner.withLock { $0.append(signal.number) } }) {
                send(SIGINT)
            }
            send(SIGHUP)
        }
        send(SIGQUIT)
        // A signal that steers is lost when nobody is in charge; a stop request never is.
        #expect(outer.withLock { $0 } == [SIGTERM, SIGUSR2, SIGHUP])
        #expect(inner.withLock { $0 } == [SIGTERM, SIGINT])
    }

    @Test func theHandlerGoesAlsoWhenThePhaseThrows() async {
        struct Failure: Error {}
        let signals = JobSignals()
        let count = Mutex(0)
        await #expect(throws: Failure.self) {
            try await signals.withHandler({ _ in count.withLock { $0 += 1 } }) { throw Failure() }
        }
        signals.deliver(ReceivedSignal(number: SIGUSR1, senderProcessID: 0))
        #expect(count.withLock { $0 } == 0)
    }

    @Test func cancellingReturnsWhatThePhaseReturns() async throws {
        struct Failure: Error {}
        let signals = JobSignals()
        #expect(try await signals.cancelling { 42 } == 42)
        await #expect(throws: Failure.self) { try await signals.cancelling { throw Failure() } }
    }

    /// Each phase would run for ever if it were not cancelled.
    @Test func aStopRequestCancelsThePhase() async {
        let signals = JobSignals()
        let isRunning = Semaphore()
        startThread {
            isRunning.wait()
            signals.deliver(ReceivedSignal(number: SIGUSR1, senderProcessID: 0))
            signals.deliver(ReceivedSignal(number: SIGTERM, senderProcessID: 0))
        }
        for _ in 0..<2 {
            // The second time the request has come before.
            await #expect(throws: CancellationError.self) {
                try await signals.cancelling {
                    isRunning.signal()
                    while true {
                        try Task.checkCancellation()
                        await Task.yield()
                    }
                }
            }
        }
    }

    @Test func cancellingTheCallerCancelsThePhase() async {
        let signals = JobSignals()
        let task = Task {
            try await signals.cancelling {
                while true {
                    try Task.checkCancellation()
                    await Task.yield()
                }
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
