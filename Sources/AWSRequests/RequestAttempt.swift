import AWSSigning
import Synchronization

/// One try of an operation: what it used, and how far it came.
package final class RequestAttempt: Sendable {
    private struct State {
        var hasProgressed = false
        var credential: (any CredentialProvider, AWSCredential)?
    }

    private let state = Mutex(State())

    /// Makes a try that did nothing yet.
    init() {}

    /// Bytes arrived that need not be sent again: the next failure counts as the first.
    package func progressed() {
        state.withLock { $0.hasProgressed = true }
    }

    /// Whether bytes arrived.
    var hasProgressed: Bool { state.withLock { $0.hasProgressed } }

    /// The credential that signed last, and where it came from.
    var credential: (any CredentialProvider, AWSCredential)? { state.withLock { $0.credential } }

    /// Remembers what signs.
    ///
    /// - Parameters:
    ///   - credential: The credential.
    ///   - provider: Where it came from.
    func use(_ credential: AWSCredential, of provider: any CredentialProvider) {
        state.withLock { $0.credential = (provider, credential) }
    }
}
