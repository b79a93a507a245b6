import AWSSigning
import RunnerCore
import RunnerTestSupport
import Testing

@testable import AWSCredentials

/// Others' cases for how a profile comes to its credential.
@Suite struct ProfilePlanConformanceTests {
    private static let rows = Suites.rows(of: "credentials-tables/assume-role-tests.json")

    @Test(.enabled(if: !rows.isEmpty, "\(Suites.absent)"), arguments: rows)
    func assumeRoleRow(_ row: Row) throws {
        let input = row.row("input")
        let configuration = try settings(["AWS_PROFILE": try input.text("selected_profile")], config: config(input))
        let planner = ProfilePlanner(configuration: configuration)
        guard let expected = row.row("output").object["ProfileChain"]?.arrayValue else {
            // The words are the Rust SDK's; the kind is ours. A selected profile without any credentials is no error of
            // ours: as in boto3 the chain goes on.
            do {
                #expect(try planner.plan() == nil)
            } catch {
                #expect(error.code == .invalidConfiguration)
            }
            return
        }
        if isTokenOnly(expected) {
            // By design: a session alone gives a token for other services. The Rust SDK plans it and fails later;
            // boto3 passes over it, and so do we.
            #expect(try planner.plan() == nil)
            return
        }
        let plan = try #require(try planner.plan())
        #expect(steps(plan) == expected.map(withoutAccount))
    }

    private func isTokenOnly(_ chain: [JSONValue]) -> Bool {
        guard let sso = chain.first?.objectValue?["Sso"]?.objectValue else { return false }
        return sso["sso_account_id"] == nil
    }

    private func config(_ input: Row) -> String {
        let sections = [("profile", "profiles"), ("sso-session", "sso_sessions")]
        return sections.flatMap { prefix, member in
            input.row(member).object.members.map { section in
                let lines = Row(object: section.value.objectValue ?? [:]).texts.map { "\($0) = \($1)" }
                return "[\(prefix) \(section.name)]\n" + lines.joined(separator: "\n")
            }
        }
        .joined(separator: "\n")
    }

    /// The row's step in the order of our names; an account's number is nothing that we use.
    private func withoutAccount(_ step: JSONValue) -> JSONValue {
        guard let member = step.objectValue?.members.first, var values = member.value.objectValue else { return step }
        values["account_id"] = nil
        let sorted = values.members.sorted { $0.name < $1.name }.map { ($0.name, $0.value) }
        return .object([member.name: .object(JSONObject(sorted))])
    }

    private func steps(_ plan: ProfilePlan) -> [JSONValue] {
        let roles = plan.roles.map { role in
            step(
                "AssumeRole",
                ["external_id": role.externalID, "role_arn": role.arn, "role_session_name": role.sessionName]
            )
        }
        return [first(plan.base)] + roles
    }

    private func first(_ base: ProfilePlan.Base) -> JSONValue {
        switch base {
        case .keys(let keys, _):
            step(
                "AccessKey",
                [
                    "access_key_id": keys.accessKeyID, "secret_access_key": keys.secretAccessKey,
                    "session_token": keys.sessionToken,
                ]
            )
        case .webIdentity(let identity):
            step(
                "WebIdentityToken",
                [
                    "role_arn": identity.roleARN, "role_session_name": identity.sessionName,
                    "web_identity_token_file": identity.tokenFile,
                ]
            )
        case .sso(let profile):
            step(
                "Sso",
                [
                    "sso_account_id": profile.accountID, "sso_region": profile.region,
                    "sso_role_name": profile.roleName, "sso_session": profile.session,
                    "sso_start_url": profile.startURL,
                ]
            )
        case .process(let command, _): ["CredentialProcess": .string(command)]
        case .named(let source, _): ["NamedSource": .string(source.rawValue)]
        }
    }

    private func step(_ name: String, _ values: [String: String?]) -> JSONValue {
        let present = values.compactMap { name, value in value.map { (name, JSONValue.string($0)) } }
        return .object([name: .object(JSONObject(present.sorted { $0.0 < $1.0 }))])
    }
}
