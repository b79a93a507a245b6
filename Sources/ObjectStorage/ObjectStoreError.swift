/// What a store reports: which object, what went wrong, and whether the object is simply not there.
package struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// The kinds a caller decides on.
    package enum Code: Hashable, Sendable {
        /// No such object, bucket or folder.
        case notFound
        /// The store or the file system said no.
        case accessDenied
        /// The key has no counterpart in this store, e.g. `..` in a local folder.
        case invalidKey
        /// The local file to make is already there, or a part of its path is a file.
        case exists
        /// What arrived is not what was stored: length or checksum differ.
        case damaged
        /// The store cannot be reached or is not one this build speaks to.
        case unavailable
        /// Reading or writing failed.
        case failed
    }

    /// The kind.
    package let code: Code
    /// One sentence: what failed, on what, why.
    package let description: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind.
    ///   - description: One sentence with the object's address.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
