import AWSSigning
import RunnerCore

extension ProfilePlanner {
    /// The credentials that a profile has of its own, whatever roles it names.
    ///
    /// - Parameters:
    ///   - profile: The profile's name; it need not exist.
    ///   - environment: The variables that may name a web identity; empty for a source profile, whose role is its own.
    /// - Returns: nil when it has none.
    /// - Throws: What is half there.
    func base(
        _ profile: String,
        webIdentity environment: [String: String]
    ) throws(CredentialError) -> ProfilePlan.Base? {
        let settings = configuration.shared.profile(profile) ?? [:]
        if let identity = try webIdentity(profile, settings, environment) { return .webIdentity(identity) }
        if let sso = try sso(profile, settings) { return .sso(sso) }
        if let keys = try keys(profile, configuration.shared.credentials) { return .keys(keys, profile: profile) }
        if let command = settings.value("credential_process") { return .process(command: command, profile: profile) }
        return try keys(profile, configuration.shared.config).map { .keys($0, profile: profile) }
    }

    private func webIdentity(
        _ profile: String,
        _ settings: ProfileFile.Settings,
        _ environment: [String: String]
    ) throws(CredentialError) -> ProfilePlan.WebIdentity? {
        guard let file = environment[.webIdentityTokenFile] ?? settings.value("web_identity_token_file") else {
            return nil
        }
        guard let role = environment[.roleARN] ?? settings.value("role_arn") else {
            if environment[.webIdentityTokenFile] != nil {
                throw CredentialError(
                    .invalidConfiguration,
                    "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is missing"
                )
            }
            throw problem(profile, "web_identity_token_file is there, but role_arn is missing")
        }
        return ProfilePlan.WebIdentity(
            roleARN: role,
            tokenFile: file,
            sessionName: environment[.roleSessionName] ?? settings.value("role_session_name")
        )
    }

    /// What the profile says of SSO when it names an account or a role; a session alone gives a token for other
    /// programs, no credentials, and botocore passes over it too.
    private func sso(
        _ profile: String,
        _ settings: ProfileFile.Settings
    ) throws(CredentialError) -> ProfilePlan.SSOProfile? {
        guard settings.has("sso_account_id") || settings.has("sso_role_name") else { return nil }
        var merged = settings
        let session = settings.value("sso_session")
        if let session {
            guard let section = configuration.shared.config.ssoSessions[session] else {
                throw problem(profile, "sso_session names section [sso-session \(session.escaped())], which is missing")
            }
            for (name, value) in section {
                if let own = settings.value(name), own != value {
                    throw problem(profile, "\(name) differs from that of [sso-session \(session.escaped())]")
                }
                merged[name] = value
            }
        }
        func need(_ name: String) throws(CredentialError) -> String {
            guard let value = merged.value(name) else { throw problem(profile, "\(name) is missing for SSO") }
            return value
        }
        return ProfilePlan.SSOProfile(
            profile: profile,
            session: session,
            startURL: try need("sso_start_url"),
            region: try need("sso_region"),
            accountID: try need("sso_account_id"),
            roleName: try need("sso_role_name")
        )
    }

    private func keys(_ profile: String, _ file: ProfileFile) throws(CredentialError) -> AWSCredential? {
        let settings = file.profiles[profile] ?? [:]
        let key = settings.value("aws_access_key_id")
        let secret = settings.value("aws_secret_access_key")
        guard key != nil || secret != nil else { return nil }
        guard let key else { throw problem(profile, "aws_access_key_id is missing beside aws_secret_access_key") }
        guard let secret else { throw problem(profile, "aws_secret_access_key is missing beside aws_access_key_id") }
        let token = settings.value("aws_session_token") ?? settings.value("aws_security_token")
        return AWSCredential(accessKeyID: key, secretAccessKey: secret, sessionToken: token)
    }
}
