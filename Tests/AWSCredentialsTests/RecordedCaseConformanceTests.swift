import AWSRequests
import AWSSigning
import FoundationEssentials
import RunnerCore
import RunnerTestSupport
import Testing

@testable import AWSCredentials

/// Whole cases of the Rust SDK: variables, files and recorded traffic.
@Suite struct RecordedCaseConformanceTests {
    private static let cases = RecordedCase.all(in: [
        "credentials-default-chain", "credentials-profile-provider", "credentials-default-chain-sso-optional",
        "credentials-profile-provider-sso-optional",
    ])

    /// What we say where the Rust SDK says something else; of other messages only the kind counts.
    private static let words = [
        "No such file or directory": "does not exist",
        "failed to read": "is not there",
        "the credential provider was not enabled": "no AWS credentials were found",
        "IMDS is disabled": "switched off",
        "but `role_arn` was missing": "role_arn is missing",
        "InvalidIdentityToken": "InvalidIdentityToken",
        "resolve an access token instead": "neither sso_account_id nor sso_role_name",
        "external process exited with code": "ended with exit status 1",
        "an error occurred while loading": "503",
    ]

    @Test(.enabled(if: !cases.isEmpty, "\(Suites.absent)"), arguments: cases)
    func recordedCase(_ test: RecordedCase) async throws {
        let recording = Recording(test.exchanges)
        let transport = StubTransport { try recording.answer($0) }
        let configuration = try AWSConfiguration.load(environment: test.environment, files: test.files)
        let resolve = provider(test, configuration, .stub(transport))
        if test.result.has("Ok") {
            let expected = test.result.row("Ok")
            let resolved = try await resolve()
            let credential = AWSCredential(
                accessKeyID: try expected.text("access_key_id"),
                secretAccessKey: try expected.text("secret_access_key"),
                sessionToken: expected.texts["session_token"]
            )
            #expect(resolved.credential == credential)
            #expect(resolved.expires.map { Int($0.milliseconds / 1000) } == expected.object["expiry"]?.intValue)
            #expect(recording.unused == 0)
        } else {
            let theirs = try test.result.text("ErrorContains")
            let error = await #expect(throws: CredentialError.self) { try await resolve() }
            let message = try #require(error?.message)
            let known = Self.words.filter { theirs.contains($0.key) }.map(\.value)
            // Two of their phrases can be in one message: the path that cannot be read and why.
            #expect(known.isEmpty || known.contains { message.contains($0) }, "\(message)")
        }
    }

    private func provider(
        _ test: RecordedCase,
        _ configuration: AWSConfiguration,
        _ sender: RequestSender
    ) -> @Sendable () async throws -> ResolvedCredential {
        if test.isOfProfile {
            let profile = ProfileCredentials(
                configuration: configuration,
                sender: sender,
                files: test.files,
                run: Self.shell,
                now: { .testing }
            )
            return { try await CredentialChain([profile]).resolve() }
        }
        let provider = CredentialChain.provider(
            configuration: configuration,
            sender: sender,
            files: test.files,
            runProcess: Self.shell,
            now: { .testing }
        )
        return { try await provider.credential() }
    }

    /// Does what a shell would do.
    ///
    /// The Rust SDK gives the command to one; boto3 and we do not, for which `echo TEXT | base64 --decode` is one
    /// program with four arguments. What the pipe would do is done here.
    private static let shell: ProcessRunner = { words in
        if words.first == "exit" { return ProcessOutput(status: Int32(words[1]) ?? 1, standardOutput: []) }
        guard words.first == "echo", words.contains("base64"), let data = Data(base64Encoded: words[1]) else {
            return ProcessOutput(status: 127, standardOutput: [])
        }
        return ProcessOutput(status: 0, standardOutput: Array(data))
    }
}
