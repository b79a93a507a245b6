import AWSRequests
import AWSSigning
import RunnerCore
import RunnerHTTP
import Synchronization
import Testing

@testable import AWSCredentials

@Suite struct CredentialChainTests {
    @Test func nothingFoundSaysWhereWeLooked() async throws {
        let provider = chain(try settings())
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        let message = try #require(error?.message)
        #expect(error?.code == .notFound)
        for words in [
            "AWS_ACCESS_KEY_ID is not set", "/home/.aws/config and /home/.aws/credentials have no profile default",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set", "no instance metadata service answers",
        ] {
            #expect(message.contains(words), "\(message)")
        }
        #expect(!message.contains("\n"))
    }

    @Test func nothingIsReadOrAskedBeforeTheFirstUse() throws {
        let transport = StubTransport()
        let provider = chain(try settings(["AWS_PROFILE": "gone"]), transport)
        #expect(provider.summary == nil)
        #expect(transport.requests.isEmpty)
    }

    @Test func environmentVariablesComeBeforeAll() async throws {
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "p",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x",
        ]
        let config = "[profile p]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n"
        #expect(
            try await chain(try settings(environment, config: config)).credential().credential.accessKeyID == "AKIA"
        )
    }

    @Test func theSourceThatWasFoundIsTheOnlyOneAskedLater() async throws {
        let clock = ManualClock()
        let isUp = Mutex(true)
        let transport = StubTransport { request in
            guard isUp.withLock({ $0 }) else { return Answer(status: 404) }
            return Answer(body: containerAnswer)
        }
        let provider = chain(
            try settings(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]),
            transport,
            now: { clock.now }
        )
        #expect(try await provider.credential().source == "container credentials")
        isUp.withLock { $0 = false }
        clock.advance(minutes: 24 * 60)
        let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
        #expect(error?.code == .sourceFailed)
        #expect(transport.requests.allSatisfy { $0.origin.host == "169.254.170.2" })
    }

    @Test func aCredentialSourceThatIsAbsentIsAnError() async throws {
        for source in ["Environment", "EcsContainer", "Ec2InstanceMetadata"] {
            let config = "[default]\nrole_arn = arn:r\ncredential_source = \(source)\n"
            let provider = chain(try settings(config: config))
            let error = await #expect(throws: CredentialError.self) { try await provider.credential() }
            #expect(error?.code == .sourceFailed)
            #expect(
                error?.message.hasPrefix("credential_source \(source) of profile default has no credentials") == true
            )
        }
    }
}
