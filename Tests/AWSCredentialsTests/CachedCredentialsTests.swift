import AWSCredentials
import AWSRequests
import AWSSigning
import RunnerCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(15))) struct CachedCredentialsTests {
    private let clock = ManualClock()
    private let source = ScriptedSource()

    private var cache: CachedCredentials {
        CachedCredentials(now: { [clock] in clock.now }, fetch: { [source] in try await source.fetch() })
    }

    private func credential(_ name: String, minutes: Int64?) -> ResolvedCredential {
        ResolvedCredential(
            AWSCredential(accessKeyID: name, secretAccessKey: "secret"),
            expires: minutes.map { clock.now.adding(minutes: $0) },
            source: "container credentials"
        )
    }

    @Test func manyCallersCauseOneFetch() async throws {
        let cache = cache
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await cache.credential().credential.accessKeyID } }
            await source.started(1)
            source.answer(.success(credential("A", minutes: 60)))
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(names == ["A"])
        #expect(source.count == 1)
        #expect(cache.summary == "container credentials")
    }

    @Test func callersGoOnWhileAFetchRunsAhead() async throws {
        let cache = cache
        source.answer(.success(credential("A", minutes: 60)))
        _ = try await cache.credential()
        clock.advance(minutes: 48)
        #expect(try await cache.credential().credential.accessKeyID == "A")
        await source.started(2)
        #expect(try await cache.credential().credential.accessKeyID == "A")
        source.answer(.success(credential("B", minutes: 60)))
        await until { cache.refreshes == 1 }
        #expect(try await cache.credential().credential.accessKeyID == "B")
        #expect(source.count == 2)
        #expect(cache.summary == "container credentials, refreshed once")
    }

    @Test func callersWaitNearTheEndAndKeepWhatHoldsWhenTheFetchFails() async throws {
        let cache = cache
        source.answer(.success(credential("A", minutes: 60)))
        _ = try await cache.credential()
        clock.advance(minutes: 52)
        source.answer(.failure(Failure()))
        #expect(try await cache.credential().credential.accessKeyID == "A")
        #expect(source.count == 2)
        // Not with every request: once a minute.
        #expect(try await cache.credential().credential.accessKeyID == "A")
        #expect(source.count == 2)
        clock.advance(minutes: 2)
        source.answer(.success(credential("B", minutes: 60)))
        #expect(try await cache.credential().credential.accessKeyID == "B")
        #expect(source.count == 3)
    }

    @Test func afterTheEndAFailureIsAnError() async throws {
        let cache = cache
        source.answer(.success(credential("A", minutes: 60)))
        _ = try await cache.credential()
        clock.advance(minutes: 61)
        for _ in 0..<2 {
            source.answer(.failure(Failure()))
            await #expect(throws: Failure.self) { try await cache.credential() }
        }
        source.answer(.success(credential("B", minutes: 60)))
        #expect(try await cache.credential().credential.accessKeyID == "B")
    }

    @Test func whatSeemsToHaveEndedWhenItComesIsUsed() async throws {
        let cache = cache
        source.answer(.success(credential("A", minutes: -5)))
        #expect(try await cache.credential().credential.accessKeyID == "A")
        #expect(try await cache.credential().credential.accessKeyID == "A")
        #expect(source.count == 1)
    }

    @Test func aShortLifeDoesNotMeanAFetchAtEachCall() async throws {
        let cache = cache
        source.answer(.success(credential("A", minutes: 15)))
        _ = try await cache.credential()
        clock.advance(minutes: 6)
        _ = try await cache.credential()
        #expect(source.count == 1)
        clock.advance(minutes: 5)
        source.answer(.success(credential("B", minutes: 15)))
        #expect(try await cache.credential().credential.accessKeyID == "B")
    }

    @Test func aRejectedCredentialIsReplacedOnce() async throws {
        let cache = cache
        let first = credential("A", minutes: nil)
        source.answer(.success(first))
        _ = try await cache.credential()
        source.answer(.success(credential("B", minutes: nil)))
        #expect(try await cache.credential(replacing: first.credential).credential.accessKeyID == "B")
        // A second caller with the same old credential gets what is there.
        #expect(try await cache.credential(replacing: first.credential).credential.accessKeyID == "B")
        #expect(source.count == 2)
        #expect(cache.summary == "container credentials, refreshed once")
    }

    @Test func aRejectedCredentialThatCannotBeReplacedIsTheFetchsError() async throws {
        let cache = cache
        let only = credential("A", minutes: 60)
        source.answer(.success(only))
        _ = try await cache.credential()
        source.answer(.failure(Failure()))
        await #expect(throws: Failure.self) { try await cache.credential(replacing: only.credential) }
    }

    @Test func aSourceWithoutAnotherIsNotAskedAgainAtOnce() async throws {
        let cache = cache
        let only = credential("A", minutes: nil)
        source.answer(.success(only))
        _ = try await cache.credential()
        source.answer(.success(only))
        for _ in 0..<3 {
            #expect(try await cache.credential(replacing: only.credential).credential == only.credential)
        }
        #expect(source.count == 2)
        #expect(cache.refreshes == 0)
    }

    @Test func aCancelledCallerLeavesTheFetchToTheOthers() async throws {
        let cache = cache
        let first = Task { try await cache.credential() }
        await source.started(1)
        let second = Task { try await cache.credential() }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        source.answer(.success(credential("A", minutes: 60)))
        #expect(try await second.value.credential.accessKeyID == "A")
        #expect(source.count == 1)
        #expect(!source.wasCancelled)
    }

    @Test func theFirstFailureIsTheCallers() async throws {
        let cache = cache
        source.answer(.failure(Failure()))
        await #expect(throws: Failure.self) { try await cache.credential() }
        #expect(cache.summary == nil)
    }
}

private struct Failure: Error {}

/// Waits until something is so, for at most the time limit of the suite.
private func until(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
}

/// A source whose answers the test gives, before or after it is asked.
private final class ScriptedSource: Sendable {
    private struct State {
        var count = 0
        var wasCancelled = false
        var answers: [Result<ResolvedCredential, any Error>] = []
    }

    private let state = Mutex(State())

    /// How often it was asked.
    var count: Int { state.withLock { $0.count } }

    /// Whether a fetch saw itself cancelled.
    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    /// Gives the next answer.
    func answer(_ result: Result<ResolvedCredential, any Error>) {
        state.withLock { $0.answers.append(result) }
    }

    /// Waits until it was asked so many times.
    func started(_ count: Int) async {
        await until { self.count >= count }
    }

    /// Waits for an answer.
    func fetch() async throws -> ResolvedCredential {
        state.withLock { $0.count += 1 }
        while true {
            let answer = state.withLock { state in
                if Task.isCancelled { state.wasCancelled = true }
                return state.answers.isEmpty ? nil : state.answers.removeFirst()
            }
            if let answer { return try answer.get() }
            await Task.yield()
        }
    }
}
