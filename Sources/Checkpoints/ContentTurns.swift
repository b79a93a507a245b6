import ObjectStorage
import Synchronization

/// Lets one task at a time store a content: who comes while it is being sent waits, and then finds it in the store.
///
/// Without turns, files of one content are each sent. And when one of them changes while it is read, its blob is removed: that
/// would be the blob that another file of the old content has just stored.
final class ContentTurns: Sendable {
    /// Contents that have their turn, each with those that wait for the next one.
    private let waiting = Mutex<[ContentDigest: [CheckedContinuation<Void, Never>]]>([:])

    /// Runs `body` while nobody else works at this content; waits for those who came before.
    ///
    /// Cancelling does not end the waiting: who has the turn is cancelled, too, and hands it on.
    ///
    /// - Parameters:
    ///   - digest: The content.
    ///   - body: The work; must not ask for another turn of the same content.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func withTurn<Result: Sendable>(
        of digest: ContentDigest,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                guard waiting[digest] != nil else {
                    waiting[digest] = []
                    return true
                }
                waiting[digest]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer { handOn(digest) }
        return try await body()
    }

    private func handOn(_ digest: ContentDigest) {
        waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard var rest = waiting[digest], !rest.isEmpty else {
                waiting[digest] = nil
                return nil
            }
            let next = rest.removeFirst()
            waiting[digest] = rest
            return next
        }?
        .resume()
    }
}
