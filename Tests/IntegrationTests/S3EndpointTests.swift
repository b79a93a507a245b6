import RunnerTestSupport
import Testing

/// Where requests go: endpoints by their precedence, buckets in the path or in the host, limits.
@Suite(.timeLimit(.minutes(15)))
struct S3EndpointTests {
    private static let keys = [
        "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-west-2",
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1",
    ]

    /// The endpoint settings from the first to the last.
    private static let settings = [
        "--endpoint-url", "BRAKET_RUNNER_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "endpoint_url",
        "S3_ENDPOINT_URL",
    ]

    @Test("Each setting beats those behind it", arguments: settings.indices)
    func order(_ first: Int) throws {
        let right = try ScriptedServer(FakeBucket(["key": "right"]).answer)
        let wrong = try ScriptedServer(FakeBucket(["key": "wrong"]).answer)
        defer {
            right.stop()
            wrong.stop()
        }
        try JobFolder.with { folder in
            var variables = Self.keys.merging(["AWS_CONFIG_FILE": folder.at("config")]) { $1 }
            var options: [String] = []
            for (index, name) in Self.settings.enumerated().dropFirst(first) {
                let endpoint = index == first ? right.endpoint : wrong.endpoint
                switch name {
                case "--endpoint-url": options = [name, endpoint]
                case "endpoint_url": folder.write("config", "[default]\nendpoint_url = \(endpoint)\n")
                default: variables[name] = endpoint
                }
            }
            let run = folder.run(["transfer", "s3://bucket/key", "file"] + options, environment: variables)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text("file") == "right")
            #expect(wrong.requests.isEmpty)
        }
    }

    @Test("A number has no names below it: the bucket is in the path", arguments: ["auto", "path", "virtual"])
    func number(_ style: String) throws {
        let store = try ScriptedServer(FakeBucket(["key": "K"]).answer)
        defer { store.stop() }
        try JobFolder.with { folder in
            let run = folder.run(
                ["transfer", "s3://bucket/key", "file", "--s3-addressing", style, "--endpoint-url", store.endpoint],
                environment: Self.keys
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(store.requests.allSatisfy { $0.path == "/bucket/key" })
        }
    }

    @Test(
        "A name with a dot: the bucket is in the host unless the path is asked for",
        arguments: [
            ("auto", "bucket.s3.localhost", "/key"), ("virtual", "bucket.s3.localhost", "/key"),
            ("path", "s3.localhost", "/bucket/key"),
        ]
    )
    func name(style: String, host: String, path: String) throws {
        let store = try ScriptedServer(FakeBucket(["key": "K"]).answer)
        defer { store.stop() }
        try JobFolder.with { folder in
            let port = store.endpoint.split(separator: ":").last ?? ""
            let run = folder.run(
                ["transfer", "s3://bucket/key", "file", "--s3-addressing", style],
                environment: Self.keys.merging(["AWS_ENDPOINT_URL": "http://s3.localhost:\(port)"]) { $1 }
            )
            // Not every machine finds names below localhost; then the message names the host.
            if let request = store.requests.first {
                #expect(run.exitCode == 0, "\(run.errors)")
                #expect(request.header("host") == "\(host):\(port)")
                #expect(request.path == path)
            } else {
                #expect(run.exitCode == 69)
                #expect(run.errors.contains("//\(host):\(port)"), "\(run.errors)")
            }
        }
    }

    @Test("A bucket that lies elsewhere: the region is learnt from the answer, once")
    func redirect() throws {
        let bucket = FakeBucket(["in/a": "A", "in/b": "B"])
        let store = try ScriptedServer { request in
            request.header("authorization")?.contains("/eu-south-2/") == true
                ? bucket.answer(request)
                : .error(400, "AuthorizationHeaderMalformed", fields: [("Region", "eu-south-2")])
        }
        defer { store.stop() }
        try JobFolder.with { folder in
            let run = folder.run(
                ["transfer", "s3://bucket/in/", "copy", "--endpoint-url", store.endpoint],
                environment: Self.keys
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text("copy/a") == "A" && folder.text("copy/b") == "B")
            #expect(store.requests.count { $0.header("authorization")?.contains("/us-west-2/") == true } == 1)
        }
    }

    @Test("No more connections at once than --connections", arguments: [1, 3])
    func connections(_ limit: Int) throws {
        let objects = Dictionary(uniqueKeysWithValues: (0..<20).map { ("in/\($0)", "\($0)") })
        let store = try ScriptedServer(FakeBucket(objects).answer)
        defer { store.stop() }
        try JobFolder.with { folder in
            let run = folder.run(
                [
                    "transfer", "s3://bucket/in/", "copy", "--connections", "\(limit)", "--endpoint-url",
                    store.endpoint,
                ],
                environment: Self.keys
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            for (key, text) in objects { #expect(folder.text("copy/" + key.dropFirst(3)) == text) }
            #expect(store.traffic.mostConnections <= limit)
        }
    }

    @Test("A store that takes the connection and says nothing is given up after --stall-timeout")
    func stall() throws {
        let store = try ScriptedServer { _ in .silence }
        defer { store.stop() }
        try JobFolder.with { folder in
            let run = folder.run(
                ["transfer", "s3://bucket/key", "file", "--stall-timeout", "1", "--endpoint-url", store.endpoint],
                environment: Self.keys
            )
            #expect(run.exitCode != 0)
            #expect(run.errors.contains("s3://bucket/key"), "\(run.errors)")
            #expect(!folder.exists("file"))
        }
    }
}
