import RunnerCore
import RunnerTestSupport
import Testing

/// What the script finds in its environment (contract §1.1, §1.4).
@Suite(.timeLimit(.minutes(15)))
struct EnvironmentTests {
    static let printing = """
        import json, os, sys
        print("ENV" + json.dumps(dict(os.environ)))
        print("ARGV" + json.dumps(sys.argv))
        """

    private func environment(_ run: RunnerRun) throws -> JSONObject {
        let line = try #require(run.lines.first { $0.hasPrefix("ENV") }, "\(run.output)\(run.errors)")
        return try #require(JSONText.parse(String(line.dropFirst(3))).objectValue)
    }

    @Test("The AMZN_BRAKET variables of a job of our own")
    func ownJob() throws {
        try JobFolder.with { folder in
            folder.store("d/x", "1")
            let run = folder.runScript(
                Self.printing,
                [
                    "--device", "local:braket/default", "--checkpoints", "s3://bucket/cp", "--input",
                    "in=s3://bucket/d/",
                    "--hyperparameter", "a=1", "--compression", "NONE",
                ],
                environment: ["KEPT": "kept", "AWS_DEFAULT_REGION": "us-west-2"]
            )
            let environment = try environment(run)
            for (name, value) in [
                "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "alg", "AMZN_BRAKET_JOB_NAME": "job",
                "AMZN_BRAKET_DEVICE_ARN": "local:braket/default", "AMZN_BRAKET_OUT_S3_BUCKET": "bucket",
                "AMZN_BRAKET_TASK_RESULTS_S3_URI": "s3://bucket/jobs/job/tasks", "KEPT": "kept",
                "AMZN_BRAKET_JOB_RESULTS_S3_PATH": "out/job/output", "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE": "NONE",
                "AMZN_BRAKET_HP_FILE": folder.at("root/braket/input/config/hyperparameters.json"),
                "AMZN_BRAKET_INPUT_DIR": folder.at("root/braket/input/data"),
                "AMZN_BRAKET_JOB_RESULTS_DIR": folder.at("root/braket/model"), "AWS_REGION": "us-west-2",
                "AWS_DEFAULT_REGION": "us-west-2",
            ] { #expect(environment[name]?.stringValue == value, "\(name)") }
            #expect(environment["AMZN_BRAKET_CHECKPOINT_DIR"]?.stringValue?.isEmpty == false)
            #expect(environment["AMZN_BRAKET_JOB_TOKEN"] == nil)
            #expect(!environment.names.contains { $0.hasPrefix("SM_") })
        }
    }

    @Test("With the platform's files: SM_*, arguments, and AMZN_* unchanged")
    func platform() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.printing)
            folder.write(
                "root/ml/input/config/hyperparameters.json",
                #"{"n": "4", "text": "a b; $(x)", "flag": "true", "sagemaker_job_name": "\"x\""}"#
            )
            folder.write("root/ml/input/config/inputdataconfig.json", #"{"my-ch": {"TrainingInputMode": "File"}}"#)
            folder.write(
                "root/ml/input/config/resourceconfig.json",
                """
                {"current_group_name": "homogeneousCluster", "current_host": "algo-1",
                 "current_instance_type": "ml.c5.xlarge",
                 "hosts": ["algo-1"], "instance_groups": [{"hosts": ["algo-1"],
                 "instance_group_name": "homogeneousCluster", "instance_type": "ml.c5.xlarge"}],
                 "network_interface_name": "eth0", "topology": null}
                """
            )
            let given = [
                "AMZN_BRAKET_SCRIPT_S3_URI": "file:" + folder.at("source/alg.py"),
                "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "alg", "AMZN_BRAKET_JOB_TOKEN": "t",
                "TRAINING_JOB_NAME": "BraketJob-1",
                "AMZN_BRAKET_JOB_RESULTS_S3_PATH": "odd/path", "AMZN_BRAKET_TASK_RESULTS_S3_URI": "s3://odd/x",
                "AMZN_BRAKET_HP_FILE": folder.at("root/braket/input/config/hyperparameters.json"),
            ]
            let run = folder.run(
                ["train", "--root", folder.at("root"), "--python", BinaryUnderTest.python],
                environment: given
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let environment = try environment(run)
            for (name, value) in given { #expect(environment[name]?.stringValue == value, "\(name)") }
            for (name, value) in [
                "SM_HOSTS": #"["algo-1"]"#, "SM_CURRENT_HOST": "algo-1", "SM_CURRENT_INSTANCE_TYPE": "ml.c5.xlarge",
                "SM_HPS": #"{"flag":true,"n":4,"text":"a b; $(x)"}"#, "SM_HP_N": "4", "SM_HP_FLAG": "true",
                "SM_HP_TEXT": "a b; $(x)", "SM_CHANNELS": #"["my-ch"]"#, "SM_IS_HETERO": "false",
                "SM_CHANNEL_MY-CH": folder.at("root/ml/input/data/my-ch"), "SM_NUM_GPUS": "0", "SM_LOG_LEVEL": "20",
                "SM_USER_ENTRY_POINT": "braket_container.py", "SM_MODULE_NAME": "braket_container",
                "SM_MODEL_DIR": folder.at("root/ml/model"), "SM_NETWORK_INTERFACE_NAME": "eth0",
                "SM_USER_ARGS": #"["--flag","True","-n","4","--text","a b; $(x)"]"#,
            ] { #expect(environment[name]?.stringValue == value, "\(name): \(environment[name]?.stringValue ?? "-")") }
            #expect(environment["SM_HP_SAGEMAKER_JOB_NAME"] == nil)
            #expect(environment["SM_TOPOLOGY"] == nil)
            #expect(
                run.output.contains(#"ARGV["braket_container.py", "--flag", "True", "-n", "4", "--text", "a b; $(x)"]"#)
            )
            #expect(
                run.output.contains(#""user_entry_point": "braket_container.py""#),
                "the Training Env is not in the log"
            )
        }
    }

    @Test("--sagemaker-env asks for SM_* and arguments without the platform")
    func asked() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(Self.printing, ["--sagemaker-env", "--hyperparameter", "n=4"])
            let environment = try environment(run)
            #expect(environment["SM_HP_N"]?.stringValue == "4")
            #expect(environment["SM_TRAINING_ENV"]?.stringValue?.contains("braket_container") == true)
            #expect(run.output.contains(#"ARGV["braket_container.py", "-n", "4"]"#), "\(run.output)")
        }
    }

    @Test("The parameters may stand in SM_HPS, as the containers' own tests give them")
    func fallback() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            let run = folder.run(
                ["train", "--root", folder.at("root"), "--python", BinaryUnderTest.python],
                environment: [
                    "SM_HPS": #"{"AMZN_BRAKET_SCRIPT_S3_URI": "file:\#(folder.at("source/alg.py"))","#
                        + #" "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "alg"}"#
                ]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("RAN"))
        }
    }

    @Test("The runner's own variables and descriptors are not the script's")
    func descriptors() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                "ls -v /proc/self/fd | tr '\\n' ' '; grep -E '^Sig(Blk|Ign)' /proc/self/status\n"
            )
            let run = folder.run(folder.job("run.sh"))
            #expect(run.exitCode == 0)
            let line = try #require(run.lines.first { $0.hasPrefix("0 1 2") })
            // What the test inherits itself is not the runner's: only the small numbers are looked at.
            #expect(!line.hasPrefix("0 1 2 3 4 5 "), "\(line)")
            #expect(run.output.contains("SigBlk:\t0000000000000000"), "\(run.output)")
        }
    }
}
