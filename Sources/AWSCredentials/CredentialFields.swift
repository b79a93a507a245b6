import AWSRequests
import AWSSigning
import RunnerCore

/// Credentials in JSON objects of processes, containers, the metadata service and SSO.
enum CredentialFields {
    /// How a source spells the members.
    struct Names {
        /// The access key id.
        let key: String
        /// The secret key.
        let secret: String
        /// The session token.
        let token: String
        /// The end, as a text in ISO 8601 or a number of milliseconds since 1970.
        let expiration: String

        /// As the container endpoint and the metadata service spell them.
        static let metadata = Names(
            key: "AccessKeyId",
            secret: "SecretAccessKey",
            token: "Token",
            expiration: "Expiration"
        )
    }

    /// Reads a credential.
    ///
    /// - Parameters:
    ///   - object: The members.
    ///   - names: How they are spelled.
    ///   - sender: Whose object it is, for messages.
    ///   - isEnding: Whether token and end must be there.
    ///   - source: Where the credential comes from, in words for the record.
    /// - Returns: The credential.
    /// - Throws: Which member is missing; never a value.
    static func read(
        _ object: JSONObject,
        _ names: Names,
        of sender: String,
        isEnding: Bool,
        source: String
    ) throws(CredentialError) -> ResolvedCredential {
        func text(_ name: String) -> String? {
            guard let text = object[name]?.stringValue, !text.isEmpty else { return nil }
            return text
        }
        func missing(_ name: String) -> CredentialError {
            CredentialError(.sourceFailed, "\(sender) gave no usable \(name)")
        }
        guard let key = text(names.key) else { throw missing(names.key) }
        guard let secret = text(names.secret) else { throw missing(names.secret) }
        let token = text(names.token)
        if isEnding, token == nil { throw missing(names.token) }
        let expiration = object[names.expiration] ?? .null
        let expires = moment(expiration)
        if expires == nil, isEnding || !expiration.isNull { throw missing(names.expiration) }
        return ResolvedCredential(
            AWSCredential(accessKeyID: key, secretAccessKey: secret, sessionToken: token),
            expires: expires,
            source: source
        )
    }

    private static func moment(_ value: JSONValue) -> Timestamp? {
        if let milliseconds = value.intValue { return Timestamp(milliseconds: Int64(milliseconds)) }
        return value.stringValue.flatMap { Timestamp(iso8601: $0) }
    }
}
