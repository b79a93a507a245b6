import AWSRequests
import RunnerCore

/// Credentials of the profile in use, by its plan.
struct ProfileCredentials: CredentialSource {
    /// The settings.
    let configuration: AWSConfiguration
    /// Sends requests.
    let sender: RequestSender
    /// Reads tokens.
    let files: FileReader
    /// Runs the program of a `credential_process`.
    let run: ProcessRunner
    /// The clock.
    let now: @Sendable () -> Timestamp

    func load() async throws -> Lookup {
        guard let plan = try ProfilePlanner(configuration: configuration).plan() else { return .absent(absence) }
        let tokens = SecurityTokenService(configuration: configuration, sender: sender, now: now)
        var credential = try await first(plan.base, tokens)
        for role in plan.roles { credential = try await tokens.assume(role, with: credential) }
        return .found(credential)
    }

    private func first(
        _ base: ProfilePlan.Base,
        _ tokens: SecurityTokenService
    ) async throws -> ResolvedCredential {
        switch base {
        case .keys(let credential, let profile):
            return ResolvedCredential(credential, source: "keys of profile \(profile.escaped())")
        case .webIdentity(let identity):
            let token = try readToken(identity.tokenFile, files, for: .webIdentityTokenFile)
            return try await tokens.assume(identity, token: token)
        case .sso(let profile):
            let portal = SSOCredentials(configuration: configuration, files: files, sender: sender, now: now)
            return try await portal.load(profile)
        case .process(let command, let profile):
            return try await ProcessCredentials(run: run).load(command, profile: profile)
        case .named(let source, let profile):
            return try await named(source, profile)
        }
    }

    private func named(_ source: ProfilePlan.NamedSource, _ profile: String) async throws -> ResolvedCredential {
        let environment = configuration.environment
        let lookup =
            switch source {
            case .environment: try EnvironmentCredentials(environment: environment).load()
            case .container:
                try await ContainerCredentials(environment: environment, files: files, sender: sender).load()
            case .instanceMetadata:
                try await InstanceMetadata(configuration: configuration, sender: sender, now: now).load()
            }
        switch lookup {
        case .found(let credential): return credential
        case .absent(let reason):
            throw CredentialError(
                .sourceFailed,
                "credential_source \(source.rawValue) of profile \(profile.escaped()) has no credentials: \(reason)"
            )
        }
    }

    private var absence: String {
        let name = configuration.profileName
        let shared = configuration.shared
        let places = "\(shared.configPath.escaped()) and \(shared.credentialsPath.escaped())"
        guard let settings = shared.profile(name) else { return "\(places) have no profile \(name.escaped())" }
        if settings.has("sso_session") {
            return "profile \(name.escaped()) has an sso_session, but neither sso_account_id nor sso_role_name"
        }
        return "profile \(name.escaped()) in \(places) names no credentials"
    }
}
