import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import Checkpoints

/// Files of one content: it is stored once, and one file's change does not remove what another one stored.
@Suite(.timeLimit(.minutes(15))) struct ContentTurnsTests {
    private struct Failure: Error {}

    /// How many work at once.
    private final class Gauge: Sendable {
        private let state = Mutex((now: 0, most: 0, done: 0))

        func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.done) } }
        func leave() { state.withLock { $0 = ($0.now - 1, $0.most, $0.done + 1) } }
        var figures: [Int] { state.withLock { [$0.now, $0.most, $0.done] } }
    }

    @Test func oneAtATimeForAContentAndAllForDifferentOnes() async throws {
        let turns = ContentTurns()
        let gauge = Gauge()
        let digest = ContentDigest(of: Array("x".utf8))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    // An error hands the turn on as well.
                    try? await turns.withTurn(of: digest) {
                        gauge.enter()
                        await Task.yield()
                        gauge.leave()
                        if number.isMultiple(of: 3) { throw Failure() }
                    }
                }
            }
        }
        #expect(gauge.figures == [0, 1, 20])
        // Two contents do not wait for each other: the inner turn would never come.
        let inner = await turns.withTurn(of: digest) {
            await turns.withTurn(of: ContentDigest(of: Array("y".utf8))) { true }
        }
        #expect(inner)
    }

    @Test func filesOfOneContentAreSentOnce() async throws {
        try await Lab.with { lab in
            let store = lab.store()
            let sync = lab.sync(store)
            _ = try await sync.restore()
            for number in 0..<50 { try overwrite("same", in: lab.folder().appending("f\(number)")) }
            #expect(try await sync.flush().isSafe)
            #expect(store.counts.withLock { $0.uploads } == 1)
            #expect(try await lab.restored("fresh").files.count == 50)
        }
    }

    /// Two files of one content are stored at once, and the first one changes while it is sent.
    @Test func aChangedFileDoesNotTakeTheOthersContentAway() async throws {
        try await Lab.with { lab in
            let isFirst = Mutex(true)
            let store = CountingStore(
                lab.place.appending("bucket"),
                onUpload: { file in
                    guard isFirst.withLock({ $0.takeTrue() }) else { return }
                    // It is read through a link in /proc/self/fd.
                    try overwrite("else", in: file)
                }
            )
            let sync = lab.sync(store)
            _ = try await sync.restore()
            for name in ["a", "b"] { try overwrite("same", in: lab.folder().appending(name)) }
            #expect(try await sync.flush().isSafe)
            #expect(try await lab.restored("fresh").files.values.sorted() == ["else", "same"])
            #expect(try await lab.restored("again").report.notes.isEmpty)
        }
    }
}

extension Bool {
    fileprivate mutating func takeTrue() -> Bool {
        defer { self = false }
        return self
    }
}
