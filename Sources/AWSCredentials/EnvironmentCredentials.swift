import AWSRequests
import AWSSigning
import RunnerCore

/// Keys in environment variables.
struct EnvironmentCredentials: CredentialSource {
    /// The variables.
    let environment: [String: String]

    func load() throws(CredentialError) -> Lookup {
        let key = environment[.accessKeyID]
        let secret = environment[.secretAccessKey]
        guard key != nil || secret != nil else { return .absent("AWS_ACCESS_KEY_ID is not set") }
        guard let key else { throw missing(.accessKeyID, beside: .secretAccessKey) }
        guard let secret else { throw missing(.secretAccessKey, beside: .accessKeyID) }
        let token = environment[.sessionToken] ?? environment[.securityToken]
        return .found(
            ResolvedCredential(
                AWSCredential(accessKeyID: key, secretAccessKey: secret, sessionToken: token),
                expires: try expiration(),
                isRenewable: false,
                source: "environment variables"
            )
        )
    }

    private func expiration() throws(CredentialError) -> Timestamp? {
        guard let text = environment[.credentialExpiration] else { return nil }
        guard let moment = Timestamp(iso8601: text) else {
            throw CredentialError(
                .invalidConfiguration,
                "AWS_CREDENTIAL_EXPIRATION must be a time such as 2026-11-21T23:41:19Z"
            )
        }
        return moment
    }

    private func missing(_ variable: AWSVariable, beside other: AWSVariable) -> CredentialError {
        CredentialError(
            .invalidConfiguration,
            "\(other.rawValue) is set, but \(variable.rawValue) is not or is blank: set both, or neither"
        )
    }
}
