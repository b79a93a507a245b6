/// Nobody can sign: what the credential provider says of it.
package struct NoCredentialError: Error, Sendable, CustomStringConvertible {
    /// The provider's sentence.
    package let description: String

    /// Makes the error of a provider's.
    ///
    /// - Parameter error: What the provider threw.
    init(_ error: any Error) {
        description = "\(error)"
    }
}
