import AWSSigning
import Testing

@testable import AWSCredentials

@Suite struct ProfilePlannerTests {
    private static let role = "role_arn = arn:aws:iam::123456789012:role/R\n"
    private static let keys = "aws_access_key_id = AKIA\naws_secret_access_key = secret\n"
    private static let sso = """
        sso_account_id = 1
        sso_role_name = r
        sso_region = eu-west-1
        sso_start_url = https://x.awsapps.com/start

        """
    private static let process = "credential_process = give keys\n"
    private static let identity = role + "web_identity_token_file = /token\n"
    private static let tokenVariables = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/env-token", "AWS_ROLE_ARN": "arn:env"]

    /// What comes first, as in botocore.
    @Test(arguments: [
        Order("role", config: role + "credential_source = EcsContainer\n" + keys + process, credentials: keys),
        Order("role", tokenVariables, config: role + "source_profile = default\n" + keys),
        Order("web identity /env-token", tokenVariables, config: identity + sso),
        Order("web identity /token", config: identity + sso + keys),
        Order("sso", config: sso + process, credentials: keys),
        Order("credentials file", config: process + keys, credentials: keys.replacing("AKIA", with: "AKIACREDENTIALS")),
        Order("process", config: process + keys),
        Order("config file", config: keys),
        Order("nothing", config: "region = eu-west-1\n"),
        Order("nothing", config: "sso_session = s\n[sso-session s]\nsso_region = eu-west-1\n"),
        Order("nothing", ["AWS_ROLE_ARN": "arn:env"]),
    ])
    func order(_ order: Order) throws {
        let configuration = try settings(
            order.environment,
            config: "[default]\n" + order.config,
            credentials: "[default]\n" + order.credentials
        )
        #expect(describe(try ProfilePlanner(configuration: configuration).plan()) == order.expected)
    }

    private func describe(_ plan: ProfilePlan?) -> String {
        guard let plan else { return "nothing" }
        if !plan.roles.isEmpty { return "role" }
        return switch plan.base {
        case .keys(let keys, _): keys.accessKeyID == "AKIA" ? "config file" : "credentials file"
        case .webIdentity(let identity): "web identity \(identity.tokenFile)"
        case .sso: "sso"
        case .process: "process"
        case .named: "named"
        }
    }

    @Test(arguments: [
        ("mfa_serial = arn:mfa\nsource_profile = b\n", "mfa_serial asks for a code"),
        ("duration_seconds = 60\nsource_profile = b\n", "from 900 to 43200"),
        ("source_profile = b\ncredential_source = Environment\n", "exclude each other"),
        ("", "needs source_profile or credential_source"),
        ("credential_source = Nowhere\n", "must be one of Environment, EcsContainer, Ec2InstanceMetadata"),
        ("source_profile = gone\n", "names profile gone, which does not exist"),
        ("source_profile = a\n", "infinite loop: a → a"),
        ("source_profile = c\n[profile c]\nrole_arn = arn:c\nsource_profile = a\n", "infinite loop: a → c → a"),
        ("source_profile = b\n[profile b]\nregion = x\n", "source_profile b has no credentials"),
        ("source_profile = b\n[profile b]\naws_access_key_id = AKIA\n", "aws_secret_access_key is missing"),
        ("source_profile = b\n[profile b]\naws_secret_access_key = secret\n", "aws_access_key_id is missing"),
        ("source_profile = b\n[profile b]\nweb_identity_token_file = /t\n", "role_arn is missing"),
        ("source_profile = b\n[profile b]\nsso_account_id = 1\n", "sso_start_url is missing"),
        ("source_profile = b\n[profile b]\nsso_account_id = 1\nsso_session = gone\n", "[sso-session gone]"),
    ])
    func whatCannotBe(_ text: String, _ words: String) throws {
        let configuration = try settings(
            ["AWS_PROFILE": "a"],
            config: "[profile a]\nrole_arn = arn:a\n" + text
        )
        let error = #expect(throws: CredentialError.self) { try ProfilePlanner(configuration: configuration).plan() }
        let message = try #require(error?.message)
        #expect(error?.code == .invalidConfiguration)
        #expect(message.contains(words), "\(message)")
        #expect(!message.contains("= secret"))
    }

    @Test func aNamedProfileMustExist() throws {
        for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
            let planner = ProfilePlanner(configuration: try settings([variable: "gone"]))
            let error = #expect(throws: CredentialError.self) { try planner.plan() }
            #expect(
                error?.message.hasPrefix("\(variable) names profile gone, which is neither in /home/.aws/config")
                    == true
            )
        }
        #expect(try ProfilePlanner(configuration: try settings()).plan() == nil)
    }

    @Test func rolesOfRolesAreAssumedFromTheInside() throws {
        let configuration = try settings(
            ["AWS_PROFILE": "a"],
            config: """
                [profile a]
                role_arn = arn:a
                source_profile = b
                role_session_name = name
                external_id = id
                duration_seconds = 900
                [profile b]
                role_arn = arn:b
                credential_source = ec2instancemetadata
                """
        )
        let plan = try #require(try ProfilePlanner(configuration: configuration).plan())
        #expect(plan.base == .named(.instanceMetadata, profile: "b"))
        #expect(plan.roles.map(\.arn) == ["arn:b", "arn:a"])
        #expect(plan.roles.last?.sessionName == "name")
        #expect(plan.roles.last?.externalID == "id")
        #expect(plan.roles.last?.durationSeconds == 900)
    }
}

/// What is there, and what is taken of it.
struct Order: Sendable, CustomTestStringConvertible {
    let expected: String
    let environment: [String: String]
    let config: String
    let credentials: String

    init(_ expected: String, _ environment: [String: String] = [:], config: String = "", credentials: String = "") {
        self.expected = expected
        self.environment = environment
        self.config = config
        self.credentials = credentials
    }

    var testDescription: String { expected }
}
