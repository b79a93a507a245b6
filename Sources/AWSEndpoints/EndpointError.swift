/// What keeps a request from having an address.
package struct EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds a caller decides on.
    package enum Code: Hashable, Sendable {
        /// A setting or a name is wrong, or two of them exclude each other.
        case invalid
        /// It names something real that this program does not speak to.
        case unsupported
    }

    /// The kind.
    package let code: Code
    /// One sentence: what is wrong and what to write instead; it holds no secret.
    package let description: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind.
    ///   - description: One sentence: what is wrong and what to write instead.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
