import AWSRequests
import AWSSigning
import RunnerCore
import RunnerHTTP
import Synchronization
import Testing

@testable import AWSCredentials

@Suite struct EnvironmentCredentialsTests {
    @Test func keysTokenAndEnd() async throws {
        let provider = chain(
            try settings([
                "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
                "AWS_CREDENTIAL_EXPIRATION": "2009-02-13T23:31:30Z",
            ])
        )
        let resolved = try await provider.credential()
        #expect(resolved.credential.sessionToken == "t")
        #expect(resolved.expires == Timestamp(milliseconds: 1_234_567_890_000))
        #expect(resolved.source == "environment variables")
    }

    @Test(arguments: [
        (["AWS_ACCESS_KEY_ID": "AKIA"], "AWS_SECRET_ACCESS_KEY is not"),
        (["AWS_SECRET_ACCESS_KEY": "hidden"], "AWS_ACCESS_KEY_ID is not"),
        (["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": " "], "AWS_SECRET_ACCESS_KEY is not"),
        (
            ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hidden", "AWS_CREDENTIAL_EXPIRATION": "soon"],
            "AWS_CREDENTIAL_EXPIRATION must be a time"
        ),
    ])
    func halves(_ environment: [String: String], _ words: String) async throws {
        let provider = chain(try settings(environment))
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.message.contains(words) == true)
        #expect(error?.message.contains("hidden") == false)
    }
}

@Suite struct ContainerCredentialsTests {
    @Test func theTokensFileIsReadAtEachCall() async throws {
        let token = Mutex("first\n")
        let transport = StubTransport { _ in Answer(body: containerAnswer) }
        let source = ContainerCredentials(
            environment: [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not this one",
            ],
            files: { path in path == "/token" ? token.withLock { Array($0.utf8) } : nil },
            sender: .stub(transport)
        )
        _ = try await source.load()
        token.withLock { $0 = "second\r\n" }
        _ = try await source.load()
        #expect(transport.requests.map { $0.headers["Authorization"] } == ["first", "second"])
    }

    @Test(arguments: [
        (["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ".example.com/x"], "must be a path that begins with /"),
        (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"], "over https only"),
        (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1.example.com/x"], "over https only"),
        (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1@example.com/x"], "must be an address"),
        (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "ftp://127.0.0.1/x"], "must be an address"),
        (
            [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "hidden\r\nHost: evil",
            ], "cannot be a header"
        ),
        (
            [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/injection",
            ], "cannot be a header"
        ),
        (
            [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/empty",
            ], "is empty"
        ),
    ])
    func whatIsNeverAsked(_ environment: [String: String], _ words: String) async throws {
        let transport = StubTransport()
        let provider = chain(
            try settings(environment),
            transport,
            files: ["/injection": "hidden\nHost: evil\n", "/empty": "\n"]
        )
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("hidden") == false)
        #expect(transport.requests.isEmpty)
    }

    @Test(arguments: ["localhost", "127.0.0.1:8080", "127.9.9.9", "[::1]", "169.254.170.2", "[fd00:ec2::23]"])
    func hostsThatMayBeAskedInTheClear(_ host: String) async throws {
        let transport = StubTransport { _ in Answer(body: containerAnswer) }
        let provider = chain(try settings(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://\(host)/x"]), transport)
        #expect(try await provider.credential().source == "container credentials")
        #expect(transport.requests.map(\.line) == ["GET http://\(host)/x"])
    }

    @Test(arguments: [
        Answer(status: 403, body: #"{"code": "AccessDenied", "message": "no"}"#), Answer(body: "<html>"),
        Answer(body: #"{"AccessKeyId": "AKIA", "SecretAccessKey": "hidden"}"#),
        Answer(body: #"{"AccessKeyId": "AKIA", "SecretAccessKey": "hidden", "Token": "t", "Expiration": "soon"}"#),
    ])
    func whatIsNoCredential(_ answer: Answer) async throws {
        let transport = StubTransport { _ in answer }
        let environment = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/own-id"]
        let provider = chain(try settings(environment), transport)
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.code == .sourceFailed)
        #expect(error?.message.contains("hidden") == false)
        #expect(error?.message.contains("own-id") == false)
        #expect(transport.requests.count == 1)
    }

    @Test func nobodyAnswers() async throws {
        let transport = StubTransport()
        let environment = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/own-id"]
        let provider = chain(try settings(environment), transport)
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.message.contains("own-id") == false)
        // Three tries, and no other source: it would be somebody else's.
        #expect(transport.requests.count == 3)
    }
}

@Suite struct InstanceMetadataTests {
    private static let role =
        "{\"Code\": \"Success\", \"AccessKeyId\": \"ASIA\", \"SecretAccessKey\": \"hidden\", "
        + "\"Token\": \"t\", \"Expiration\": "

    private func transport(expiration: String = "2009-02-14T05:00:00Z", roleStatus: Int = 200) -> StubTransport {
        StubTransport { request in
            switch request.path {
            case "/latest/api/token": Answer(body: "token")
            case "/latest/meta-data/iam/security-credentials/": Answer(status: roleStatus, body: "job-role\n")
            case "/latest/meta-data/iam/security-credentials/job-role":
                Answer(body: Self.role + "\"\(expiration)\"}")
            case "/latest/meta-data/placement/region": Answer(body: "eu-north-1")
            default: Answer(status: 404)
            }
        }
    }

    @Test func credentialsThatHaveEndedButAreStillServedLiveOn() async throws {
        let provider = chain(try settings(), transport(expiration: "2009-02-13T20:00:00Z"))
        let resolved = try await provider.credential()
        #expect(resolved.expires == Timestamp.testing.adding(minutes: 20))
        #expect(resolved.source == "instance metadata")
    }

    @Test func disabledMeansNoRequest() async throws {
        let transport = transport()
        let provider = chain(try settings(["AWS_EC2_METADATA_DISABLED": "TRUE"]), transport)
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("AWS_EC2_METADATA_DISABLED is true") == true)
        let configuration = try settings(["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(try await configuration.instanceRegion(sender: .stub(transport)) == nil)
        #expect(transport.requests.isEmpty)
    }

    @Test(arguments: [([:], 1), (["AWS_METADATA_SERVICE_NUM_ATTEMPTS": "3"], 3)])
    func whereNobodyAnswersFewTriesAreMade(_ environment: [String: String], _ count: Int) async throws {
        let transport = StubTransport()
        let provider = chain(try settings(environment), transport)
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.message.contains("hop limit") == true)
        #expect(transport.requests.count == count)
    }

    @Test func anInstanceWithoutARole() async throws {
        let provider = chain(try settings(), transport(roleStatus: 404))
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("the instance has no role") == true)
    }

    @Test func theRegionOfTheInstance() async throws {
        #expect(try await settings().instanceRegion(sender: .stub(transport())) == "eu-north-1")
        #expect(try await settings().instanceRegion(sender: .stub(StubTransport())) == nil)
    }
}
