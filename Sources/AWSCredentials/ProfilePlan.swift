import AWSSigning

/// How a profile comes to its credential: a first one, then the roles assumed with it, one after the other.
struct ProfilePlan: Hashable, Sendable {
    /// Where the first credential comes from.
    enum Base: Hashable, Sendable {
        /// Keys in a file, of this profile.
        case keys(AWSCredential, profile: String)
        /// A token of an identity provider, such as a Kubernetes cluster.
        case webIdentity(WebIdentity)
        /// A person's sign-in.
        case sso(SSOProfile)
        /// A program that prints credentials, of this profile.
        case process(command: String, profile: String)
        /// What `credential_source` names, in this profile.
        case named(NamedSource, profile: String)
    }

    /// The values of `credential_source`.
    enum NamedSource: String, Sendable, CaseIterable {
        case environment = "Environment"
        case container = "EcsContainer"
        case instanceMetadata = "Ec2InstanceMetadata"
    }

    /// A role to assume.
    struct Role: Hashable, Sendable {
        /// The profile that names it.
        let profile: String
        /// The role's ARN.
        let arn: String
        /// What the session is called in CloudTrail; nil for a name of ours.
        let sessionName: String?
        /// What the role's owner demands from third parties.
        let externalID: String?
        /// How long the credential is to hold; nil for the service's default of an hour.
        let durationSeconds: Int?
    }

    /// A role for the bearer of a token.
    struct WebIdentity: Hashable, Sendable {
        /// The role's ARN.
        let roleARN: String
        /// The file that holds the token.
        let tokenFile: String
        /// What the session is called in CloudTrail; nil for a name of ours.
        let sessionName: String?
    }

    /// What a profile says about single sign-on.
    struct SSOProfile: Hashable, Sendable {
        /// The profile that says it.
        let profile: String
        /// The `sso-session` section, whose name names the cached token's file; nil for the older form.
        let session: String?
        /// Where the person signs in.
        let startURL: String
        /// The region of the directory.
        let region: String
        /// The account.
        let accountID: String
        /// The permission set.
        let roleName: String
    }

    /// Where the first credential comes from.
    let base: Base
    /// The roles, the first to assume first.
    let roles: [Role]
}
