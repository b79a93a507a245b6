import RunnerTestSupport
import Testing

/// No credentials, or settings that cannot be used: one sentence that says where was looked.
@Suite(.timeLimit(.minutes(15)))
struct S3MissingCredentialTests {
    private static let job = ["--script", "source", "--entry-point", "alg", "--input", "data=s3://bucket/in/"]

    /// Runs a job and a transfer that need credentials.
    private func run(
        _ environment: [String: String],
        _ folder: JobFolder
    ) -> [RunnerRun] {
        folder.write("source/alg.py", "print('RAN')")
        let variables = ["HOME": folder.directory, "AWS_REGION": "eu-west-3"].merging(environment) { $1 }
        return [
            folder.run(["--root", folder.at("root")] + Self.job, environment: variables),
            folder.run(["transfer", "s3://bucket/key", "file"], environment: variables),
        ]
    }

    @Test("None at all, with and without the question for instance metadata", arguments: [true, false])
    func none(isMetadataAsked: Bool) throws {
        // Takes the connection and says nothing, as a firewall does.
        let metadata = try ScriptedServer { _ in .silence }
        defer { metadata.stop() }
        try JobFolder.with { folder in
            let variables =
                isMetadataAsked
                ? ["AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint] : ["AWS_EC2_METADATA_DISABLED": "true"]
            for run in run(variables, folder) {
                #expect(run.exitCode == 69)
                let sentence = run.errors.split(separator: "\n").first { $0.contains("no AWS credentials were found") }
                let looked = [
                    "AWS_ACCESS_KEY_ID", folder.at(".aws/config"), folder.at(".aws/credentials"),
                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                    isMetadataAsked ? metadata.endpoint : "AWS_EC2_METADATA_DISABLED",
                ]
                for place in looked { #expect(sentence?.contains(place) == true, "\(place): \(run.errors)") }
                #expect(!run.output.contains("RAN"))
            }
            #expect(metadata.requests.count == (isMetadataAsked ? 2 : 0))
            #expect(folder.failure?.contains("no AWS credentials were found") == true)
        }
    }

    /// Settings that are there and wrong, and what names them.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let environment: [String: String]
        let words: [String]
    }

    static let mistakes = [
        Mistake(
            testDescription: "a profile that does not exist",
            environment: ["AWS_PROFILE": "nope"],
            words: ["AWS_PROFILE", "nope", ".aws/config"]
        ),
        Mistake(
            testDescription: "half a pair of keys",
            environment: ["AWS_ACCESS_KEY_ID": "AKIAplanted"],
            words: ["AWS_SECRET_ACCESS_KEY"]
        ),
        Mistake(
            testDescription: "a token file that is missing",
            environment: [
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token",
            ],
            words: ["/no/such/token", "AWS_WEB_IDENTITY_TOKEN_FILE"]
        ),
        Mistake(
            testDescription: "a container endpoint that may not have the token",
            environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/planted"],
            words: ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "example.com"]
        ),
        Mistake(
            testDescription: "a time that is none",
            environment: [
                "AWS_ACCESS_KEY_ID": "AKIAplanted", "AWS_SECRET_ACCESS_KEY": "planted",
                "AWS_CREDENTIAL_EXPIRATION": "tomorrow",
            ],
            words: ["AWS_CREDENTIAL_EXPIRATION"]
        ),
        Mistake(
            testDescription: "certificates that are not there",
            environment: [
                "AWS_ACCESS_KEY_ID": "AKIAplanted", "AWS_SECRET_ACCESS_KEY": "planted", "AWS_CA_BUNDLE": "/no/such.pem",
                "AWS_ENDPOINT_URL": "https://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1",
            ],
            words: ["/no/such.pem"]
        ),
    ]

    @Test("What is configured and wrong: 69, and nothing else is tried", arguments: mistakes)
    func mistake(_ mistake: Mistake) throws {
        try JobFolder.with { folder in
            for run in run(mistake.environment.merging(["AWS_EC2_METADATA_DISABLED": "true"]) { $1 }, folder) {
                #expect(run.exitCode == 69, "\(run.errors)")
                for word in mistake.words { #expect(run.errors.contains(word), "\(run.errors)") }
                #expect(!(run.output + run.errors).contains("planted"))
                #expect(!run.output.contains("RAN"))
            }
            #expect(folder.failure?.contains("planted") == false)
        }
    }
}
