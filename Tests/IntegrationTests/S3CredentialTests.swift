import RunnerCore
import RunnerTestSupport
import Testing

/// Every source of credentials, from the outside: its keys sign the requests, its name is in the record, and nothing
/// of it is anywhere else.
@Suite(.timeLimit(.minutes(15)))
struct S3CredentialTests {
    /// A source that can give credentials.
    struct Source: Sendable, CustomTestStringConvertible {
        /// What the record names.
        let testDescription: String
        /// What signs.
        let keys: PlantedKeys
        /// The variables that lead to it, by the address of ``CredentialServices``; `DIR` is the test's folder.
        let environment: @Sendable (_ services: String) -> [String: String]
    }

    /// Keys of a profile and of the environment.
    private static let own = PlantedKeys("Own")

    static let sources: [Source] = [
        Source(testDescription: "environment variables", keys: own) { services in
            // The first of all, whatever else is there.
            [
                "AWS_ACCESS_KEY_ID": own.id, "AWS_SECRET_ACCESS_KEY": own.secret, "AWS_SESSION_TOKEN": own.token,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": services + "/container", "AWS_PROFILE": "process",
            ]
        },
        Source(testDescription: "keys of profile keys", keys: own) { services in
            [
                "AWS_PROFILE": "keys", "AWS_CONTAINER_CREDENTIALS_FULL_URI": services + "/container",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": services,
            ]
        },
        Source(testDescription: "role of profile role", keys: CredentialServices.role) { services in
            ["AWS_PROFILE": "role", "AWS_ENDPOINT_URL_STS": services]
        },
        Source(testDescription: "web identity", keys: CredentialServices.webIdentity) { services in
            [
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/job", "AWS_WEB_IDENTITY_TOKEN_FILE": "DIR/web-token",
                "AWS_ENDPOINT_URL_STS": services,
            ]
        },
        Source(testDescription: "process of profile process", keys: own) { _ in ["AWS_PROFILE": "process"] },
        Source(testDescription: "container credentials", keys: CredentialServices.container) { services in
            [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": services + "/container",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "DIR/container-token",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": services,
            ]
        },
        Source(testDescription: "instance metadata", keys: CredentialServices.instance) { services in
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": services]
        },
    ]

    private func writeFiles(_ folder: JobFolder) {
        folder.write(
            "aws/config",
            """
            [profile role]
            role_arn = arn:aws:iam::123456789012:role/job
            source_profile = keys
            [profile process]
            credential_process = "\(folder.at("aws/print keys"))" now
            """
        )
        folder.write(
            "aws/credentials",
            """
            [keys]
            aws_access_key_id = \(Self.own.id)
            aws_secret_access_key = \(Self.own.secret)
            aws_session_token = \(Self.own.token)
            """
        )
        folder.write(
            "aws/print keys",
            "#!/bin/sh\n[ \"$1\" = now ] && cat <<'END'\n\(Self.own.document(token: "SessionToken"))\nEND\n",
            mode: 0o755
        )
        folder.write("web-token", CredentialServices.tokens.web + "\n")
        folder.write("container-token", CredentialServices.tokens.container)
        folder.write("source/alg.py", "")
    }

    private func environment(_ source: Source, _ folder: JobFolder, _ services: String) -> [String: String] {
        let own = source.environment(services).mapValues { $0.replacing("DIR", with: folder.directory) }
        return [
            "HOME": folder.directory, "AWS_CONFIG_FILE": folder.at("aws/config"),
            "AWS_SHARED_CREDENTIALS_FILE": folder.at("aws/credentials"), "AWS_REGION": "eu-west-3",
        ]
        .merging(own) { $1 }
    }

    @Test("Its keys sign, its name is recorded, its secrets are nowhere", arguments: sources)
    func source(_ source: Source) throws {
        let oracle = try S3Server.shared().oracle
        let services = try CredentialServices.start()
        let store = try ScriptedServer(FakeBucket(["in/a": "A"]).answer)
        defer {
            services.stop()
            store.stop()
        }
        try JobFolder.with { folder in
            writeFiles(folder)
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--python", BinaryUnderTest.python, "--script", folder.at("source"),
                    "--entry-point", "alg", "--input", "data=s3://bucket/in/", "--log-level", "trace",
                    "--endpoint-url", store.endpoint,
                ],
                environment: environment(source, folder, services.endpoint)
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let record = try folder.record()["runner"]?.objectValue
            #expect(record?["credentials"]?.stringValue == source.testDescription)
            #expect(!store.requests.isEmpty)
            for request in store.requests {
                let problem = try oracle.signatureProblem(
                    of: request,
                    secret: source.keys.secret,
                    token: source.keys.token
                )
                #expect(problem == nil)
                #expect(request.header("authorization")?.contains("=\(source.keys.id)/") == true)
                #expect(request.header("authorization")?.contains("/eu-west-3/s3/") == true)
            }
            for request in services.requests where request.method == "POST" && source.keys.id.hasSuffix("Role") {
                #expect(try oracle.signatureProblem(of: request, secret: Self.own.secret, token: Self.own.token) == nil)
            }
            let traces = run.output + run.errors + folder.shell("grep -r planted root").output
            #expect(!traces.contains("planted"), "\(traces)")
        }
    }

    @Test("A service that refuses ends the job before anything is fetched: 69, one sentence, nobody else's keys")
    func refusal() throws {
        let services = try ScriptedServer { _ in
            .http(
                403,
                text:
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
            )
        }
        let store = try ScriptedServer(FakeBucket(["in/a": "A"]).answer)
        defer {
            services.stop()
            store.stop()
        }
        try JobFolder.with { folder in
            writeFiles(folder)
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--script", folder.at("source"), "--entry-point", "alg", "--input",
                    "data=s3://bucket/in/", "--endpoint-url", store.endpoint,
                ],
                environment: environment(Self.sources[2], folder, services.endpoint)
            )
            #expect(run.exitCode == 69)
            #expect(folder.failure?.contains("STS") == true)
            #expect(folder.failure?.contains("AccessDenied") == true)
            #expect(store.requests.isEmpty)
            #expect(!(run.output + run.errors + folder.shell("grep -r planted root").output).contains("planted"))
        }
    }

    @Test("Keys that end before the time limit are said at the start", arguments: [(3600, true), (90_000, false)])
    func end(seconds: Int64, isSaid: Bool) throws {
        let store = try ScriptedServer(FakeBucket(["in/a": "A"]).answer)
        defer { store.stop() }
        try JobFolder.with { folder in
            writeFiles(folder)
            let end = Timestamp(milliseconds: Timestamp.now().milliseconds + seconds * 1000)
            var variables = environment(Self.sources[0], folder, "http://127.0.0.1:1")
            variables["AWS_CREDENTIAL_EXPIRATION"] = end.description
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--python", BinaryUnderTest.python, "--script", folder.at("source"),
                    "--entry-point", "alg", "--input", "data=s3://bucket/in/", "--max-runtime", "7200",
                    "--endpoint-url", store.endpoint,
                ],
                environment: variables
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.errors.contains("end before the time limit") == isSaid, "\(run.errors)")
        }
    }
}
