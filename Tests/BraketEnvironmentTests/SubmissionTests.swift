import BraketAPI
import RunnerCore
import SystemPackage
import Testing

@testable import BraketEnvironment

/// From document and flags to the request that is sent, and to what is uploaded first.
struct SubmissionTests {
    static let identity = SubmissionIdentity(
        clientToken: "token",
        time: Timestamp(milliseconds: 1_764_237_600_000),
        region: "us-west-2"
    )

    /// A document that the service takes as it is.
    static let document = #"""
        {"jobName": "bell", "roleArn": "arn:aws:iam::123456789012:role/r",
         "algorithmSpecification": {"scriptModeConfig": {"entryPoint": "bell", "s3Uri": "s3://code/bell.tar.gz",
                                                         "compressionType": "GZIP"}},
         "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 30},
         "outputDataConfig": {"s3Path": "s3://results/out"}, "deviceConfig": {"device": "local:braket/sv"},
         "hyperParameters": {"shots": "100"}}
        """#

    /// Resolves a document with flags, both as a test changes them.
    static func resolve(
        _ edit: (inout JSONObject) -> Void = { _ in },
        identity: SubmissionIdentity = Self.identity,
        variables: [(name: String, value: String)] = [],
        configure: (inout RunOptions, inout SubmissionOptions) -> Void = { _, _ in }
    ) throws -> (submission: Submission?, problems: [String]) {
        var document = try JSONText.parse(Self.document).objectValue ?? [:]
        edit(&document)
        var run = RunOptions()
        run.job = OptionValue("job.json", source: "--job")
        var options = SubmissionOptions()
        configure(&run, &options)
        var inputs = ConfigurationInputs(
            options: run,
            environment: ProcessEnvironment(variables),
            workingDirectory: "/work"
        )
        inputs.document = .object(document)
        var resolver = ConfigurationResolver(inputs)
        let (submission, problems) = resolver.resolveSubmission(options, identity)
        return (submission, problems.map(\.description))
    }

    /// Resolves the document as it is with flags.
    private static func resolveFlags(
        _ configure: (inout RunOptions, inout SubmissionOptions) -> Void
    ) throws -> (submission: Submission?, problems: [String]) {
        try resolve(configure: configure)
    }

    private static func option(_ text: String, _ source: String) -> OptionValue { OptionValue(text, source: source) }

    @Test("A whole document is sent as it is, with a token")
    func asItIs() throws {
        let (submission, problems) = try Self.resolve()
        #expect(problems.isEmpty)
        var expected = try JSONText.parse(Self.document).objectValue ?? [:]
        expected["clientToken"] = "token"
        #expect(submission?.request == expected)
        #expect(submission?.uploads.isEmpty == true)
        #expect(submission?.results == "/work/bell")
        #expect(submission?.pollSeconds == 10)
    }

    @Test("A token of the document's own stays: who sends the document twice wants one job")
    func ownToken() throws {
        let (submission, _) = try Self.resolve({ $0["clientToken"] = "mine" })
        #expect(submission?.request["clientToken"] == "mine")
    }

    @Test("A script of this machine: the SDK's key, GZIP, and its name as the entry point where none is given")
    func localScript() throws {
        let (submission, problems) = try Self.resolve(
            { document in document["algorithmSpecification"] = nil },
            configure: { run, _ in run.script = Self.option("code/qaoa", "--script") }
        )
        #expect(problems.isEmpty)
        let uri = "s3://results/jobs/bell/1764237600000/script/source.tar.gz"
        let script = submission?.request["algorithmSpecification"]?.objectValue?["scriptModeConfig"]
        #expect(script == ["s3Uri": .string(uri), "entryPoint": "qaoa", "compressionType": "GZIP"])
        #expect(
            submission?.uploads == [
                Submission.Upload(
                    role: .script,
                    source: "/work/code/qaoa",
                    target: .object(bucket: "results", key: "jobs/bell/1764237600000/script/source.tar.gz"),
                    flag: "--script"
                )
            ]
        )
    }

    @Test("A script in the store is not uploaded")
    func storedScript() throws {
        let (submission, _) = try Self.resolveFlags { run, _ in
            run.script = Self.option("s3://other/x.tar.gz", "--script")
        }
        #expect(submission?.uploads.isEmpty == true)
        let algorithm = submission?.request["algorithmSpecification"]?.objectValue
        #expect(algorithm?["scriptModeConfig"]?.objectValue?["s3Uri"] == "s3://other/x.tar.gz")
    }

    @Test("Inputs of this machine are uploaded below the channel's name, the others stay")
    func localInputs() throws {
        let (submission, problems) = try Self.resolveFlags { run, _ in
            run.inputs = [
                Self.option("graph=data/graph", "--input"), Self.option("more=s3://there/x", "--input"),
            ]
        }
        #expect(problems.isEmpty)
        let uris = (submission?.request["inputDataConfig"]?.arrayValue ?? []).map {
            $0.objectValue?["dataSource"]?.objectValue?["s3DataSource"]?.objectValue?["s3Uri"]
        }
        #expect(uris == ["s3://results/jobs/bell/1764237600000/data/graph/graph", "s3://there/x"])
        #expect(submission?.uploads.map(\.role) == [.channel("graph")])
        #expect(submission?.uploads.map(\.source) == ["/work/data/graph"])
    }

    /// Where things go when not everything is said.
    struct Place: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var bucket: String?
        var output: String?
        var region: String? = "us-west-2"
        let expected: String?
    }

    static let places = [
        Place(testDescription: "the bucket of the results", output: "s3://results/out", expected: "results"),
        Place(testDescription: "--bucket", bucket: "mine", output: "s3://results/out", expected: "mine"),
        Place(testDescription: "the account's default one", expected: "amazon-braket-us-west-2-123456789012"),
        Place(testDescription: "no region", region: nil, expected: nil),
        Place(
            testDescription: "https",
            output: "https://results.s3.us-west-2.amazonaws.com/out",
            expected: "results"
        ),
    ]

    @Test("The bucket of what is uploaded", arguments: places)
    func place(_ row: Place) throws {
        let identity = SubmissionIdentity(clientToken: "token", time: Self.identity.time, region: row.region)
        let (submission, problems) = try Self.resolve(
            { document in document["outputDataConfig"] = row.output.map { ["s3Path": .string($0)] } },
            identity: identity,
            configure: { run, options in
                run.script = Self.option("code", "--script")
                options.bucket = row.bucket.map { Self.option($0, "--bucket") }
            }
        )
        #expect(submission?.uploads.first?.target.bucket == row.expected)
        #expect(problems.count == (row.expected == nil ? 1 : 0), "\(problems)")
        if row.output == nil, let expected = row.expected {
            let output = submission?.request["outputDataConfig"]?.objectValue?["s3Path"]?.stringValue
            #expect(output == "s3://\(expected)/jobs/bell/1764237600000/data")
        }
    }

    @Test("The role of BRAKET_JOBS_ROLE_ARN, the document's and the flag's, the strongest last")
    func role() throws {
        let variable = [(name: "BRAKET_JOBS_ROLE_ARN", value: "arn:aws:iam::111111111111:role/v")]
        let withoutRole: (inout JSONObject) -> Void = { $0["roleArn"] = nil }
        try #expect(
            Self.resolve(withoutRole, variables: variable).submission?.request["roleArn"]
                == "arn:aws:iam::111111111111:role/v"
        )
        try #expect(
            Self.resolve(variables: variable).submission?.request["roleArn"] == "arn:aws:iam::123456789012:role/r"
        )
        let flagged = try Self.resolve(
            variables: variable,
            configure: { $1.roleARN = Self.option("arn:aws:iam::222222222222:role/f", "--role-arn") }
        )
        #expect(flagged.submission?.request["roleArn"] == "arn:aws:iam::222222222222:role/f")
    }

    @Test("Everything that is wrong, at once: what a local run does not need, too, and the runner's own members")
    func problems() throws {
        let (submission, problems) = try Self.resolve(
            { document in
                document["roleArn"] = nil
                document["instanceConfig"] = nil
                document["jobName"] = "-bad-"
                document["inputDataConfig"] = [
                    [
                        "channelName": "m",
                        "dataSource": ["s3DataSource": ["s3Uri": "s3://b/m", "s3DataType": "ManifestFile"]],
                    ]
                ]
            },
            configure: { run, options in
                run.output = Self.option("./here", "--output")
                options.volumeSize = Self.option("big", "--volume-size")
                options.poll = Self.option("0", "--poll")
                run.storage = Self.option("floppy", "--storage")
            }
        )
        #expect(submission == nil)
        for text in [
            "roleArn", "instanceType", "jobName", "s3DataType", "--output", "--volume-size", "--poll", "--storage",
        ] {
            #expect(problems.contains { $0.contains(text) }, "\(text) is missing in \(problems)")
        }
    }

    @Test("A hyperparameter that looks like a secret is warned of, without its value")
    func secret() throws {
        let (submission, _) = try Self.resolveFlags { run, _ in
            run.hyperparameters = [Self.option("api_key=planted0123456789", "--hyperparameter")]
        }
        #expect(submission?.warnings.count == 1)
        #expect(submission?.warnings.first?.contains("api_key") == true)
        #expect(submission?.warnings.first?.contains("planted") == false)
    }
}
