package import AWSSigning
package import RunnerCore

/// A credential, where it came from and until when it holds.
package struct ResolvedCredential: Sendable {
    /// What signs requests.
    package let credential: AWSCredential
    /// When the service stops taking it; nil for keys that do not end.
    package let expires: Timestamp?
    /// Whether the source may give another one when this one ends.
    package let isRenewable: Bool
    /// Where it came from, in words for the record: `environment variables`, `container credentials`.
    package let source: String

    /// Makes a resolved credential.
    ///
    /// - Parameters:
    ///   - credential: What signs requests.
    ///   - expires: When the service stops taking it; nil for keys that do not end.
    ///   - isRenewable: Whether the source may give another one when this one ends.
    ///   - source: Where it came from, in words for the record, without any value.
    package init(
        _ credential: AWSCredential,
        expires: Timestamp? = nil,
        isRenewable: Bool = true,
        source: String
    ) {
        self.credential = credential
        self.expires = expires
        self.isRenewable = isRenewable
        self.source = source
    }
}

/// Gives credentials to whoever signs requests.
package protocol CredentialProvider: Sendable {
    /// The credential to sign with now.
    ///
    /// - Returns: A credential that holds for some minutes more, where the source gives such.
    /// - Throws: `CredentialError` of the provider when there is none; `CancellationError`.
    func credential() async throws -> ResolvedCredential

    /// A credential in place of one that a service no longer takes (ExpiredToken, ExpiredTokenException).
    ///
    /// - Parameter rejected: What the service refused; when another caller has replaced it already, that one is given.
    /// - Returns: A credential; the rejected one itself when the source has no other.
    /// - Throws: As `credential()`.
    func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential
}
