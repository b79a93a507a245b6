import AWSRequests
import AWSSigning
import RunnerCore
import RunnerHTTP
import Testing

@testable import AWSCredentials

/// What a profile's plan does when it is carried out.
@Suite struct ProfileSourceTests {
    private static let answer = """
        <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
        <SessionToken>role-token</SessionToken><Expiration>2009-02-14T05:00:00Z</Expiration>
        </Credentials></AssumeRoleResult></AssumeRoleResponse>
        """

    private static let config = """
        [default]
        role_arn = arn:aws:iam::123456789012:role/a b
        source_profile = base
        role_session_name = me@here
        external_id = x/y
        duration_seconds = 3600
        region = eu-west-1
        [profile base]
        aws_access_key_id = AKIABASE
        aws_secret_access_key = hidden

        """

    @Test func assumeRoleIsSignedByTheSource() async throws {
        let transport = StubTransport { _ in Answer(body: Self.answer) }
        let resolved = try await chain(try settings(config: Self.config), transport).credential()
        #expect(resolved.credential.accessKeyID == "ASIAROLE")
        #expect(resolved.source == "role of profile default")
        let request = try #require(transport.requests.first)
        #expect(request.line == "POST https://sts.eu-west-1.amazonaws.com/")
        #expect(
            request.text
                == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa%20b"
                + "&RoleSessionName=me%40here&DurationSeconds=3600&ExternalId=x%2Fy"
        )
        let authorization = try #require(request.headers["Authorization"])
        #expect(authorization.contains("Credential=AKIABASE/20090213/eu-west-1/sts/aws4_request"))
    }

    @Test func webIdentityIsNotSigned() async throws {
        let body = Self.answer.replacing("AssumeRole", with: "AssumeRoleWithWebIdentity")
        let transport = StubTransport { _ in Answer(body: body) }
        let environment = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:r", "AWS_ROLE_SESSION_NAME": "me",
        ]
        let resolved = try await chain(try settings(environment), transport, files: ["/token": "jwt\n"]).credential()
        #expect(resolved.source == "web identity")
        let request = try #require(transport.requests.first)
        #expect(request.headers["Authorization"] == nil)
        #expect(request.line == "POST https://sts.amazonaws.com/")
        #expect(request.text.hasSuffix("&RoleArn=arn%3Ar&RoleSessionName=me&WebIdentityToken=jwt"))
    }

    @Test(arguments: [
        Answer(
            status: 403,
            body:
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>"
        ),
        Answer(body: "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"), Answer(body: ""),
        Answer(body: Self.answer.replacing("2009-02-14T05:00:00Z", with: "never")),
    ])
    func stsThatGivesNone(_ answer: Answer) async throws {
        let provider = chain(try settings(config: Self.config), StubTransport { _ in answer })
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.code == .sourceFailed)
        #expect(error?.message.contains("role arn:aws:iam::123456789012:role/a b") == true)
        #expect(error?.message.contains("hidden") == false)
        #expect(error?.message.contains("role-secret") == false)
    }

    @Test(
        arguments: [
            (Int32(0), #"{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "hidden"}"#, nil),
            (0, #"{"Version": 2, "AccessKeyId": "AKIA", "SecretAccessKey": "hidden"}"#, "Version is not 1"),
            (0, #"{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": 7}"#, "no usable SecretAccessKey"),
            (
                0, #"{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "hidden", "Expiration": "soon"}"#,
                "no usable Expiration"
            ),
            (0, "hidden", "no JSON object"), (3, "hidden", "exit status 3"),
        ] as [(Int32, String, String?)]
    )
    func process(_ status: Int32, _ output: String, _ words: String?) async throws {
        let configuration = try settings(config: "[default]\ncredential_process = '/opt/my tool' --for \"a b\"\n")
        let provider = chain(configuration) { words in
            #expect(words == ["/opt/my tool", "--for", "a b"])
            return ProcessOutput(status: status, standardOutput: Array(output.utf8))
        }
        guard let words else {
            let resolved = try await provider.credential()
            #expect(resolved.source == "process of profile default")
            #expect(resolved.expires == nil)
            return
        }
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("hidden") == false)
    }

    private static let sso = """
        [profile p]
        sso_start_url = https://x.awsapps.com/start
        sso_region = cn-north-1
        sso_account_id = 1
        sso_role_name = a b
        """

    @Test(
        arguments: [
            (#"{"accessToken": "hidden", "expiresAt": "2009-02-13T22:00:00Z"}"#, "has expired"),
            (#"{"accessToken": "hidden"}"#, "lacks accessToken or expiresAt"),
            ("hidden", "lacks accessToken or expiresAt"), (nil, "is not there"),
            (#"{"accessToken": "hidden", "expiresAt": "2010-01-01T00:00:00Z"}"#, "is no longer accepted"),
        ] as [(String?, String)]
    )
    func signInAgain(_ token: String?, _ words: String) async throws {
        let configuration = try settings(["AWS_PROFILE": "p"], config: Self.sso)
        let plan = try #require(try ProfilePlanner(configuration: configuration).plan())
        guard case .sso(let profile) = plan.base else {
            Issue.record("no SSO")
            return
        }
        let path = SSOCredentials.tokenPath(profile, configuration.environment)
        let transport = StubTransport { _ in Answer(status: 401) }
        let provider = chain(configuration, transport, files: token.map { [path: $0] } ?? [:])
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.code == .signInNeeded)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("run `aws sso login --profile p`") == true)
        #expect(error?.message.contains("hidden") == false)
    }
}

@Suite struct ShellWordsTests {
    @Test(
        arguments: [
            ("", []), ("  a  b\t", ["a", "b"]), (#"a "b c" d"#, ["a", "b c", "d"]), (#"'a b'c"d e""#, ["a bcd e"]),
            (#"a\ b"#, ["a b"]), (#""a\"b\\c\d""#, [#"a"b\c\d"#]), (#"'a\'"#, [#"a\"#]), ("''", [""]),
            ("a | b; $c", ["a", "|", "b;", "$c"]), ("'a", nil), ("\"a", nil), (#"a\"#, nil),
        ] as [(String, [String]?)]
    )
    func words(_ text: String, _ expected: [String]?) {
        #expect(shellWords(text) == expected)
    }
}
