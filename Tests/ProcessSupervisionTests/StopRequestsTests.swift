import ProcessSupervision
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How often a stop has to be asked for.
@Suite struct StopRequestsTests {
    /// The signals in order, and the level after each.
    @Test(
        arguments: [
            ([SIGTERM, SIGTERM, SIGTERM], [1, 2, 3]),
            ([SIGINT, SIGINT, SIGINT], [1, 2, 3]),
            // A terminal that is closed sends both: one request.
            ([SIGTERM, SIGHUP, SIGTERM, SIGTERM], [1, 1, 2, 3]),
            ([SIGHUP, SIGTERM], [1, 1]),
            // Whoever presses Ctrl-C after that means it.
            ([SIGTERM, SIGINT, SIGTERM], [1, 2, 3]),
        ] as [([Int32], [Int])]
    )
    func levels(signals: [Int32], levels: [Int]) {
        var requests = StopRequests()
        #expect(requests.level == 0)
        #expect(signals.map { requests.receive($0) } == levels)
        #expect(requests.level == levels.last)
    }

    @Test("A phase that only the third request ends goes on at the second")
    func cancellingAtALevel() async throws {
        let signals = JobSignals()
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let (answers, answer) = AsyncStream.makeStream(of: Bool.self)
        async let phase: Void = signals.cancelling(atLevel: 3) {
            // The stream also ends when the task is cancelled.
            for await _ in asked { break }
            answer.yield(Task.isCancelled)
            for await _ in AsyncStream<Never>.makeStream().stream {}
            answer.yield(Task.isCancelled)
        }
        var seen = answers.makeAsyncIterator()
        for expected in 1...2 {
            signals.deliver(ReceivedSignal(number: SIGTERM, senderProcessID: 1))
            #expect(signals.stopLevel == expected)
        }
        ask.yield()
        #expect(await seen.next() == false)
        signals.deliver(ReceivedSignal(number: SIGTERM, senderProcessID: 1))
        #expect(signals.stopLevel == 3)
        #expect(await seen.next() == true)
        try await phase
    }
}
