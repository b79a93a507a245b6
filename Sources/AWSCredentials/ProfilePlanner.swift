import RunnerCore

/// Finds out, without reading or asking anything, how a profile comes to its credential.
///
/// The order is botocore's: a role to assume, web identity, SSO, keys of the credentials file, a process, keys of the
/// config file.
struct ProfilePlanner {
    /// The settings and the profile in use.
    let configuration: AWSConfiguration

    private var shared: SharedConfiguration { configuration.shared }

    /// The plan of the profile in use; AWS_WEB_IDENTITY_TOKEN_FILE and its sisters count as settings of it.
    ///
    /// - Returns: nil when the profile names no credentials.
    /// - Throws: What is wrong with the profile or one that it refers to.
    func plan() throws(CredentialError) -> ProfilePlan? {
        let name = configuration.profileName
        let settings = shared.profile(name)
        if settings == nil, configuration.isProfileNamed { throw missingProfile(name) }
        if let settings, isRole(settings) { return try planRoles(from: name) }
        return try base(name, webIdentity: configuration.environment).map { ProfilePlan(base: $0, roles: []) }
    }

    /// Follows `source_profile` from one role to the next until a profile has credentials of its own.
    private func planRoles(from first: String) throws(CredentialError) -> ProfilePlan {
        var roles: [ProfilePlan.Role] = []
        var visited: [String] = []
        var name = first
        while true {
            visited.append(name)
            let settings = shared.profile(name) ?? [:]
            roles.insert(try role(name, settings), at: 0)
            guard let source = try sourceProfile(name, settings) else {
                let named = try namedSource(name, settings)
                return ProfilePlan(base: .named(named, profile: name), roles: roles)
            }
            guard let sourceSettings = shared.profile(source) else {
                throw problem(name, "source_profile names profile \(source.escaped()), which does not exist")
            }
            let hasKeys = sourceSettings["aws_access_key_id"] != nil || sourceSettings["aws_secret_access_key"] != nil
            if visited.contains(source), source != name || !hasKeys {
                let loop = (visited + [source]).joined(separator: " → ")
                throw problem(first, "source_profile forms an infinite loop: \(loop.escaped())")
            }
            if hasKeys || !isRole(sourceSettings) {
                guard let base = try base(source, webIdentity: [:]) else {
                    throw problem(name, "its source_profile \(source.escaped()) has no credentials")
                }
                return ProfilePlan(base: base, roles: roles)
            }
            name = source
        }
    }

    private func isRole(_ settings: ProfileFile.Settings) -> Bool {
        settings.has("role_arn") && !settings.has("web_identity_token_file")
    }

    private func role(
        _ profile: String,
        _ settings: ProfileFile.Settings
    ) throws(CredentialError) -> ProfilePlan.Role {
        if settings.has("mfa_serial") {
            throw problem(profile, "mfa_serial asks for a code that a person types; a job has nobody to ask")
        }
        let duration = settings.value("duration_seconds")
        if let duration, !(900...43_200).contains(Int(duration) ?? 0) {
            throw problem(profile, "duration_seconds must be a number from 900 to 43200")
        }
        return ProfilePlan.Role(
            profile: profile,
            arn: settings.value("role_arn") ?? "",
            sessionName: settings.value("role_session_name"),
            externalID: settings.value("external_id"),
            durationSeconds: duration.flatMap { Int($0) }
        )
    }

    private func sourceProfile(
        _ profile: String,
        _ settings: ProfileFile.Settings
    ) throws(CredentialError) -> String? {
        let source = settings.value("source_profile")
        switch (source != nil, settings.has("credential_source")) {
        case (true, true): throw problem(profile, "source_profile and credential_source exclude each other")
        case (false, false): throw problem(profile, "role_arn needs source_profile or credential_source beside it")
        case (true, false), (false, true): return source
        }
    }

    private func namedSource(
        _ profile: String,
        _ settings: ProfileFile.Settings
    ) throws(CredentialError) -> ProfilePlan.NamedSource {
        let name = settings.value("credential_source") ?? ""
        // botocore compares without regard to case.
        let match = ProfilePlan.NamedSource.allCases.first { $0.rawValue.lowercased() == name.lowercased() }
        guard let match else {
            let known = ProfilePlan.NamedSource.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem(profile, "credential_source is \(name.escaped()), but must be one of \(known)")
        }
        return match
    }

    private func missingProfile(_ name: String) -> CredentialError {
        let variable = configuration.environment[.defaultProfile] != nil ? AWSVariable.defaultProfile : .profile
        return CredentialError(
            .invalidConfiguration,
            "\(variable.rawValue) names profile \(name.escaped()), which is neither in "
                + "\(shared.configPath.escaped()) nor in \(shared.credentialsPath.escaped())"
        )
    }

    /// An error of a profile.
    ///
    /// - Parameters:
    ///   - profile: The profile's name.
    ///   - words: What is wrong.
    /// - Returns: The error.
    func problem(_ profile: String, _ words: String) -> CredentialError {
        CredentialError(.invalidConfiguration, "profile \(profile.escaped()): \(words)")
    }
}

extension ProfileFile.Settings {
    /// A setting; nil when it is not there or empty.
    ///
    /// - Parameter name: The setting's name.
    /// - Returns: The value.
    func value(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether a setting is there and not empty.
    ///
    /// - Parameter name: The setting's name.
    /// - Returns: false for an empty one.
    func has(_ name: String) -> Bool { value(name) != nil }
}
