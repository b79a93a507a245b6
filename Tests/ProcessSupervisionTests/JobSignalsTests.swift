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
@Suite(.timeLimit(.minutes(15))) struct JobSignalsTests {
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

    @Test func theHandlerInChargeGetsWhatComesAndWhatCameBefore() async {
        let signals = JobSignals()
        let outer = Mutex<[Int32]>([])
        let inner = Mutex<[Int32]>([])
        let takeOuter: JobSignals.Handler = { signal in outer.withLock { $0.append(signal.number) } }
        let takeInner: JobSignals.Handler = { signal in inner.withLock { $0.append(signal.number) } }
        func send(_ number: Int32) { signals.deliver(ReceivedSignal(number: number, senderProcessID: 0)) }
        send(SIGUSR1)
        send(SIGTERM)
        await signals.withHandler(takeOuter) {
            send(SIGUSR2)
            await signals.withHandler(takeInner) {
                send(SIGINT)
            }
            send(SIGHUP)
        }
        send(SIGQUIT)
        // What came before is handed over once, but a stop request to everybody who takes charge.
        #expect(outer.withLock { $0 } == [SIGTERM, SIGUSR1, SIGUSR2, SIGHUP])
        #expect(inner.withLock { $0 } == [SIGTERM, SIGINT])
    }

    @Test func theHandlerGoesAlsoWhenThePhaseThrows() async {
        struct Failure: Error {}
        let signals = JobSignals()
        let count = Mutex(0)
        let take: JobSignals.Handler = { _ in count.withLock { $0 += 1 } }
        await #expect(throws: Failure.self) { try await signals.withHandler(take) { throw Failure() } }
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

    /// USR1 during the install is for the script, which is not there yet.
    @Test func otherSignalsWaitForTheScript() async throws {
        let signals = JobSignals()
        let usr1 = ReceivedSignal(number: SIGUSR1, senderProcessID: 5)
        try await signals.cancelling { signals.deliver(usr1) }
        let received = Mutex<[ReceivedSignal]>([])
        let handler: JobSignals.Handler = { signal in received.withLock { $0.append(signal) } }
        await signals.withHandler(handler) {}
        #expect(received.withLock { $0 } == [usr1])
    }
}
