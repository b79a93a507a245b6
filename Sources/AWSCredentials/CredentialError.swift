/// Why there is no credential, in one sentence without any secret.
package struct CredentialError: Error, Sendable, CustomStringConvertible {
    /// The kinds a caller decides on.
    package enum Code: Hashable, Sendable {
        /// No source of the chain has credentials.
        case notFound
        /// A file or variable says something that cannot be: a profile that is not there, half of a key pair.
        case invalidConfiguration
        /// What was signed in once has ended and a person has to sign in again.
        case signInNeeded
        /// A source that is configured did not give a credential: the service refuses or does not answer.
        case sourceFailed
    }

    /// The kind.
    package let code: Code
    /// What is wrong, where, what to do.
    package let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind.
    ///   - message: What is wrong, where, what to do; no secret.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
