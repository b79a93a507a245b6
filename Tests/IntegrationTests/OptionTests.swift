import RunnerCore
import RunnerTestSupport
import Testing

/// Options as flags, as variables and in the document, and which of them wins.
@Suite(.timeLimit(.minutes(15)))
struct OptionTests {
    static let document = """
        {"jobName": "document", "roleArn": "arn:aws:iam::123456789012:role/r", "tags": {"a": "b"},
         "algorithmSpecification": {"scriptModeConfig": {"entryPoint": "alg:main", "s3Uri": "s3://bucket/code/alg.py"}},
         "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 30},
         "outputDataConfig": {"s3Path": "s3://bucket/document"},
         "checkpointConfig": {"s3Uri": "s3://bucket/cp"},
         "hyperParameters": {"a": "document", "b": "document"},
         "stoppingCondition": {"maxRuntimeInSeconds": 500},
         "deviceConfig": {"device": "local:braket/default"}}
        """
    static let script = """
        import os
        def main(a, b): print("GOT", a, b, os.environ["AMZN_BRAKET_JOB_NAME"], os.environ["AMZN_BRAKET_DEVICE_ARN"])
        """

    @Test(
        "--job FILE, -, file: and an address of the store are the same",
        arguments: ["job.json", "-", "file:", "s3://bucket/job.json"]
    )
    func jobSources(_ source: String) throws {
        try JobFolder.with { folder in
            folder.store("code/alg.py", Self.script)
            folder.store("job.json", Self.document)
            folder.write("job.json", Self.document)
            let run = folder.run(
                folder.options + ["--job", source == "file:" ? "file:" + folder.at("job.json") : source],
                input: source == "-" ? Self.document : ""
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("GOT document document document local:braket/default"), "\(run.output)")
            #expect(folder.exists("store/bucket/document/output/model.tar.gz"))
            let record = try folder.record()
            for (name, value) in [("jobName", "document"), ("roleArn", "arn:aws:iam::123456789012:role/r")] {
                #expect(record[name]?.stringValue == value)
            }
            #expect(record["tags"]?.objectValue?["a"]?.stringValue == "b")
            #expect(record["instanceConfig"]?.objectValue?["instanceType"]?.stringValue == "ml.m5.large")
            #expect(record["stoppingCondition"]?.objectValue?["maxRuntimeInSeconds"]?.intValue == 500)
        }
    }

    @Test("A flag beats the variable, and the variable the document")
    func precedence() throws {
        try JobFolder.with { folder in
            folder.store("code/alg.py", Self.script)
            folder.write("job.json", Self.document)
            let run = folder.run(
                folder.options + ["--job", "job.json", "--hyperparameter", "a=flag", "--job-name", "flag"],
                environment: [
                    "BRAKET_RUNNER_JOB_NAME": "variable", "BRAKET_RUNNER_DEVICE": "local:a/variable",
                    "BRAKET_RUNNER_OUTPUT": "s3://bucket/variable",
                ]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("GOT flag document flag local:a/variable"), "\(run.output)")
            #expect(folder.exists("store/bucket/variable/output/model.tar.gz"))
        }
    }

    @Test("Every option is a variable too")
    func variables() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.script)
            folder.write("hp.json", #"{"b": "file"}"#)
            folder.store("in/x", "1")
            let run = folder.run(
                [],
                environment: [
                    "BRAKET_RUNNER_ROOT": folder.at("root"), "BRAKET_RUNNER_STORAGE": "file:" + folder.at("store"),
                    "BRAKET_RUNNER_PYTHON": BinaryUnderTest.python, "BRAKET_RUNNER_SCRIPT": folder.at("source"),
                    "BRAKET_RUNNER_ENTRY_POINT": "alg:main", "BRAKET_RUNNER_OUTPUT": "s3://bucket/out",
                    "BRAKET_RUNNER_JOB_NAME": "variables", "BRAKET_RUNNER_DEVICE": "local:x/y",
                    "BRAKET_RUNNER_HYPERPARAMETER": "a=1", "BRAKET_RUNNER_HYPERPARAMETERS": folder.at("hp.json"),
                    "BRAKET_RUNNER_INPUT": "one=s3://bucket/in/\ntwo=s3://bucket/in/x",
                    "BRAKET_RUNNER_CHECKPOINTS": "s3://bucket/cp", "BRAKET_RUNNER_CHECKPOINT_DIR": "/opt/cp",
                    "BRAKET_RUNNER_MAX_RUNTIME": "100", "BRAKET_RUNNER_LOG_LEVEL": "error",
                ]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("GOT 1 file variables local:x/y"), "\(run.output)")
            for name in ["root/ml/input/data/one/x", "root/ml/input/data/two/x", "root/cp"] {
                #expect(folder.exists(name), "\(name)")
            }
            #expect(run.errors.isEmpty, "--log-level error still logs: \(run.errors)")
        }
    }

    @Test("BRAKET_RUNNER_DRY_RUN changes nothing")
    func dryRunVariable() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            let run = folder.run(
                folder.job("alg"),
                environment: ["BRAKET_RUNNER_DRY_RUN": "1", "BRAKET_RUNNER_FORMAT": "json"]
            )
            #expect(run.exitCode == 0)
            #expect(!folder.exists("root"))
            #expect((try? JSONText.parse(run.output))?.objectValue != nil)
        }
    }

    @Test("Managed storage moves no data: no results are stored, and the record stays at home")
    func managed() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                "import os; open(os.environ['AMZN_BRAKET_JOB_RESULTS_DIR'] + '/r', 'w').write('1')"
            )
            let run = folder.run([
                "--root", folder.at("root"), "--python", BinaryUnderTest.python, "--script", folder.at("source"),
                "--entry-point", "alg",
            ])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text("root/ml/model/r") == "1")
            #expect(folder.exists("root/ml/output/job.json"))
            #expect(!folder.exists("root/ml/input/data"))
            #expect(!folder.exists("store"))
        }
    }
}
