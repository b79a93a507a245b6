import RunnerCore

/// Why a request got no complete answer.
///
/// What the answer says, an error status included, is no error here.
package struct HTTPError: Error, Sendable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: Hashable, Sendable {
        /// No connection: no such name, refused, no route, or not in time.
        case cannotConnect
        /// The encrypted connection could not be made: a certificate that is not trusted, a wrong host name.
        case untrusted
        /// The connection ended before the answer was complete.
        case connectionLost
        /// Connected, but no byte moved for the time allowed.
        case stalled
        /// The whole request took longer than allowed.
        case tooSlow
        /// The answer's body is longer than the caller allows.
        case tooLarge
        /// The answer is no HTTP, or the request cannot be sent as it is.
        case malformed
        /// The client was shut down.
        case closed
    }

    /// What went wrong.
    package let code: Code
    /// What failed, where.
    package let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What went wrong.
    ///   - message: What failed, where.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
