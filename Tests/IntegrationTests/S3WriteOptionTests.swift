import RunnerCore
import RunnerTestSupport
import Testing

/// Encryption, tags, class and owner: on every kind of request that stores something.
@Suite(.timeLimit(.minutes(15)))
struct S3WriteOptionTests {
    private static let options = [
        "--object-tag", "team=q c", "--object-tag", "a+b=ü/1", "--storage-class", "STANDARD_IA",
        "--expected-bucket-owner", "123456789012",
    ]

    /// The requests that make an object: PutObject, CreateMultipartUpload.
    private func creating(_ requests: [RecordedRequest]) -> [RecordedRequest] {
        requests.filter { request in
            request.method == "PUT" && request.queryValue("partNumber") == nil
                || request.method == "POST" && request.queryValue("uploads") != nil
        }
    }

    @Test("Whole puts and uploads in parts carry all of them")
    func job() throws {
        try S3World.with { world in
            let proxy = try FaultProxy(to: world.server.endpoint)
            defer { proxy.stop() }
            world.folder.write(
                "source/alg.py",
                """
                import os
                open(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"] + "/big", "wb").write(os.urandom(20 << 20))
                open(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"] + "/small", "w").write("s")
                """
            )
            let run = world.run(
                world.job + ["--checkpoints", world.address("cp")] + Self.options,
                endpoint: proxy.endpoint
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let stored = creating(proxy.requests)
            #expect(
                Set(stored.map { "\($0.method) \($0.path)" }.filter { !$0.contains("/.braket-runner/") })
                    == [
                        "POST /\(world.bucket)/out/output/model.tar.gz", "PUT /\(world.bucket)/cp/small",
                        "PUT /\(world.bucket)/out/output/job.json",
                    ]
            )
            for request in stored {
                #expect(request.header("x-amz-storage-class") == "STANDARD_IA", "\(request.target)")
                #expect(request.header("x-amz-tagging") == "team=q%20c&a%2Bb=%C3%BC%2F1", "\(request.target)")
            }
            for request in proxy.requests {
                #expect(request.header("x-amz-expected-bucket-owner") == "123456789012", "\(request.target)")
                #expect(try world.oracle.signatureProblem(of: request) == nil, "\(request.target)")
            }
            let tags = try world.oracle.call(
                "get_object_tagging",
                ["Bucket": .string(world.bucket), "Key": "out/output/job.json"]
            )
            let names = tags["TagSet"]?.arrayValue?.compactMap { $0.objectValue?["Key"]?.stringValue }.sorted()
            #expect(names == ["a+b", "team"])
        }
    }

    @Test(
        "Over plain HTTP the signature covers the body unless it shall not",
        arguments: [("auto", true), ("always", true), ("never", false)]
    )
    func payload(_ choice: String, isSigned: Bool) throws {
        let fake = try ScriptedServer(FakeBucket([:]).answer)
        defer { fake.stop() }
        let server = try S3Server.shared()
        try JobFolder.with { folder in
            folder.write("file", "content")
            let run = folder.run(
                ["transfer", "file", "s3://bucket/key", "--payload-signing", choice],
                environment: server.environment(endpoint: fake.endpoint)
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let put = try #require(fake.requests.first { $0.method == "PUT" })
            #expect((put.header("x-amz-content-sha256") != "UNSIGNED-PAYLOAD") == isSigned)
            // Of which botocore also compares the hash with the body.
            #expect(try server.oracle.signatureProblem(of: put) == nil)
        }
    }

    @Test("kmsKeyId of the document")
    func encryption() throws {
        let fake = try ScriptedServer(FakeBucket([:]).answer)
        defer { fake.stop() }
        try S3World.with { world in
            world.folder.write("source/alg.py", "")
            world.folder.write(
                "job.json",
                """
                {"jobName": "kms", "deviceConfig": {"device": "local:none/none"},
                 "roleArn": "arn:aws:iam::123456789012:role/r",
                 "algorithmSpecification": {"scriptModeConfig": {"entryPoint": "alg", "s3Uri": "s3://bucket/x"}},
                 "outputDataConfig": {"s3Path": "s3://bucket/out", "kmsKeyId": "alias/of-mine"},
                 "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 1}}
                """
            )
            let run = world.run(
                world.options + ["--job", world.folder.at("job.json"), "--script", world.folder.at("source")],
                endpoint: fake.endpoint
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let stored = creating(fake.requests)
            #expect(stored.count == 2)
            for request in stored {
                #expect(request.header("x-amz-server-side-encryption") == "aws:kms")
                #expect(request.header("x-amz-server-side-encryption-aws-kms-key-id") == "alias/of-mine")
            }
        }
    }

    @Test(
        "What is no such option: 64, said before anything is done",
        arguments: [
            ["--object-tag", "no-equals"], ["--expected-bucket-owner", "12345"], ["--connections", "0"],
            ["--transfer-memory", "1000"], ["--stall-timeout", "never"], ["--s3-addressing", "host"],
            ["--payload-signing", "sometimes"], ["--endpoint-url", "ftp://x"],
        ]
    )
    func refused(_ words: [String]) throws {
        try JobFolder.with { folder in
            for arguments in [folder.job("alg"), ["transfer", folder.at("source"), folder.at("to")]] {
                let run = folder.run(arguments + words)
                #expect(run.exitCode == 64, "\(run.errors)")
                #expect(run.errors.contains(words[0]), "\(run.errors)")
            }
        }
    }
}
