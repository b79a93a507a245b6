import AWSRequests

/// What one source of the chain answers.
enum Lookup: Sendable {
    /// A credential.
    case found(ResolvedCredential)
    /// The source does not apply here; why, as part of a sentence: `AWS_ACCESS_KEY_ID is not set`.
    case absent(String)
}

/// One place to look for a credential.
protocol CredentialSource: Sendable {
    /// Looks for a credential.
    ///
    /// - Returns: A credential, or why this source does not apply, which lets the chain go on.
    /// - Throws: `CredentialError` when the source is configured but wrong or failing: going on to another one would
    ///   let the job run as somebody else.
    func load() async throws -> Lookup
}
