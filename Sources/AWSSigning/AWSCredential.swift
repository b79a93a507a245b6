/// The keys that a request is signed with; no description of it shows any of them.
///
/// A key in a log outlives the job. Therefore `print`, interpolation, `String(reflecting:)`, `dump` and the failure
/// text of a test all see `<redacted>`, also when the credential is part of another value.
package struct AWSCredential: Hashable, Sendable {
    /// The name of the key, sent with every request.
    package let accessKeyID: String
    /// The secret half of the key, never sent.
    package let secretAccessKey: String
    /// What goes with keys that end, sent with every request; nil for keys that do not end.
    package let sessionToken: String?

    /// Makes a credential.
    ///
    /// - Parameters:
    ///   - accessKeyID: The name of the key.
    ///   - secretAccessKey: The secret half of the key.
    ///   - sessionToken: What goes with keys that end; nil for keys that do not.
    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

extension AWSCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<redacted>`.
    package var description: String { "<redacted>" }

    /// `<redacted>`.
    package var debugDescription: String { "<redacted>" }

    /// A mirror without children; `dump` and failure texts would read the keys from the one Swift makes.
    package var customMirror: Mirror { Mirror(self, children: [] as [Mirror.Child]) }
}
