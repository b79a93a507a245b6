import RunnerCore
import RunnerTestSupport
import Testing

/// Everything wrong is reported at once, each with its source: 64.
@Suite(.timeLimit(.minutes(15)))
struct ConfigurationProblemsTests {
    static let seeded = """
        {"jobName": "-bad-", "roleArn": "nope", "clientToken": "",
         "algorithmSpecification": {
           "scriptModeConfig": {"s3Uri": "ftp://x/y", "entryPoint": "", "compressionType": "ZIP"},
           "containerImage": {"uri": "docker.io/x"}},
         "inputDataConfig": [{"channelName": "a", "dataSource": {"s3DataSource": {"s3Uri": "s3://b/k"}}},
           {"channelName": "..", "dataSource": {"s3DataSource": {}}},
           {"channelName": "a", "contentType": "", "dataSource": {"s3DataSource": {"s3Uri": "s3://b/k"}}},
           {"channelName": "sl/ash", "dataSource": {"s3DataSource": {"s3Uri": 7}}}],
         "instanceConfig": {"instanceType": "ml.m5.huge", "volumeSizeInGb": 0, "instanceCount": 2},
         "outputDataConfig": {}, "hyperParameters": {"e": "", "n": "a\\nb", "num": 5},
         "deviceConfig": {"device": "arn:aws:braket:::device/qpu/x/y"},
         "stoppingCondition": {"maxRuntimeInSeconds": 999999}, "checkpointConfig": {"localPath": "/opt/ml/x"},
         "associations": [{"arn": "x", "type": "y"}, {}], "tags": {"a": 1}, "extra": 1}
        """

    @Test("All mistakes of a document, with their places")
    func seededMistakes() throws {
        try JobFolder.with { folder in
            folder.write("job.json", Self.seeded)
            let run = folder.run(folder.options + ["--job", folder.at("job.json")])
            #expect(run.exitCode == 64)
            for problem in [
                #"jobName: "-bad-":"#, #"roleArn: "nope":"#, "clientToken: ",
                #"algorithmSpecification.scriptModeConfig.s3Uri: "ftp://x/y":"#,
                "algorithmSpecification.scriptModeConfig.entryPoint: ",
                #"algorithmSpecification.scriptModeConfig.compressionType: "ZIP":"#,
                "algorithmSpecification.containerImage.uri: ", #"inputDataConfig[1].channelName: "..":"#,
                "inputDataConfig[1].dataSource.s3DataSource.s3Uri: ", #"inputDataConfig[2].channelName: "a":"#,
                "inputDataConfig[2].contentType: ", #"inputDataConfig[3].channelName: "sl/ash":"#,
                "inputDataConfig[3].dataSource.s3DataSource.s3Uri: ", #"instanceConfig.instanceType: "ml.m5.huge":"#,
                "instanceConfig.volumeSizeInGb: 0:", "instanceConfig.instanceCount: 2:", "outputDataConfig.s3Path: ",
                "hyperParameters.e: ", "hyperParameters.n: ", "hyperParameters.num: ",
                "stoppingCondition.maxRuntimeInSeconds: 999999:", "checkpointConfig.s3Uri: ",
                #"checkpointConfig.localPath: "/opt/ml/x":"#, "associations: ", #"associations[0].arn: "x":"#,
                #"associations[0].type: "y":"#, "associations[1].arn: ", "tags.a: ", "extra: ",
            ] { #expect(run.errors.contains(problem), "not reported: \(problem)\n\(run.errors)") }
            #expect(!folder.exists("root/ml/code/customer_code"))
        }
    }

    @Test("Mistakes of flags, variables and the document come together")
    func allSources() throws {
        try JobFolder.with { folder in
            folder.write("job.json", #"{"jobName": "-bad-", "roleArn": "nope"}"#)
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--storage", "cloud", "--job", folder.at("job.json"), "--grace",
                    "soon",
                    "--requirements", "maybe", "--hyperparameter", "no-equals", "--input", "x",
                ],
                environment: ["BRAKET_RUNNER_MAX_RUNTIME": "never", "BRAKET_RUNNER_DEVICE": "nonsense"]
            )
            #expect(run.exitCode == 64)
            for word in [
                "roleArn", "jobName", "--storage", "cloud", "--grace", "soon", "--requirements", "maybe",
                "--hyperparameter",
                "--input", "BRAKET_RUNNER_MAX_RUNTIME", "never", "BRAKET_RUNNER_DEVICE",
            ] { #expect(run.errors.contains(word), "not reported: \(word)\n\(run.errors)") }
        }
    }

    @Test("A document that is no JSON: the place and 64", arguments: ["", "{", "[]", "7", #"{"a": 1,}"#, "\u{FEFF}x"])
    func noJSON(_ text: String) throws {
        try JobFolder.with { folder in
            folder.write("job.json", text)
            let run = folder.run(folder.options + ["--job", folder.at("job.json")])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("--job"), "\(run.errors)")
            #expect(folder.run(folder.options + ["--job", "-"], input: text).exitCode == 64)
        }
    }

    @Test("A document that is not there: 64, naming it", arguments: ["none.json", "s3://bucket/none.json", "/"])
    func noDocument(_ source: String) throws {
        try JobFolder.with { folder in
            folder.makeDirectory("store/bucket")
            let run = folder.run(folder.options + ["--job", source])
            #expect(run.exitCode == 64 || run.exitCode == 69, "\(run.errors)")
            #expect(run.errors.contains(source))
        }
    }

    @Test("Members a local run does not need may be absent; nothing else may")
    func required() throws {
        try JobFolder.with { folder in
            folder.write("job.json", "{}")
            let run = folder.run(folder.options + ["--job", folder.at("job.json")])
            #expect(run.exitCode == 64)
            for name in ["roleArn", "clientToken", "instanceConfig", "containerImage", "tags"] {
                #expect(!run.errors.contains(name), "\(name)")
            }
        }
    }

    @Test("A configuration that fails has a record and a failure file")
    func traces() throws {
        try JobFolder.with { folder in
            folder.write("job.json", Self.seeded)
            folder.run(folder.options + ["--job", folder.at("job.json")])
            try #expect(folder.record()["status"]?.stringValue == "FAILED")
            let failure = try #require(folder.bytes("root/ml/output/failure"))
            #expect(failure.count <= 980)
        }
    }
}
