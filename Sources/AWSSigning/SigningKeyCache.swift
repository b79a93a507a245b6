import RunnerCore
import Synchronization

/// The signing keys that were used last.
///
/// A key holds for a day, and deriving it costs five times what signing costs; a run signs a hundred thousand requests
/// with two or three keys: those of S3, of the logs, and of STS where roles are assumed.
final class SigningKeyCache: Sendable {
    /// The keys of this process: signers come and go with every refreshed credential, their keys need not.
    static let shared = SigningKeyCache()

    private static let capacity = 8

    private struct Entry {
        let secretAccessKey: String
        let scope: CredentialScope
        let key: SigningKey
    }

    private let entries = Mutex<[Entry]>([])

    /// The key for a secret and a scope, derived when it is not among the last ones.
    ///
    /// - Parameters:
    ///   - secretAccessKey: The secret half of the credential.
    ///   - scope: What the key is for.
    /// - Returns: The key.
    func key(for secretAccessKey: String, scope: CredentialScope) -> SigningKey {
        let known = entries.withLock { entries in
            entries.first { $0.scope == scope && $0.secretAccessKey.hasSameBytes(as: secretAccessKey) }?.key
        }
        if let known { return known }
        // Derived outside the lock: two threads may derive the same key at once, and both are right.
        let key = SigningKey(secretAccessKey: secretAccessKey, scope: scope)
        entries.withLock { entries in
            if entries.count == Self.capacity { entries.removeFirst() }
            entries.append(Entry(secretAccessKey: secretAccessKey, scope: scope, key: key))
        }
        return key
    }
}
