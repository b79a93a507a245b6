import BraketEnvironment
import RunnerCore
import Testing

@Suite struct ScriptEnvironmentTests {
    private func environment(
        _ inputs: Inputs,
        process: [(String, String)] = [],
        sageMaker: [(name: String, value: String)] = []
    ) throws -> ScriptEnvironment {
        ScriptEnvironment(
            try inputs.resolve(),
            process: ProcessEnvironment(process.map { (name: $0.0, value: $0.1) }),
            sageMaker: sageMaker
        )
    }

    private var ownJob: Inputs {
        var inputs = Inputs(document: Inputs.document)
        inputs.options.job = "job.json"
        inputs.options.root = "/r"
        return inputs
    }

    /// Contract §1.1: all of it, and nothing that the process said of another job.
    @Test func aJobOfOurOwnSetsAllOfThem() throws {
        let stale = [
            "SCRIPT_S3_URI", "SCRIPT_ENTRY_POINT", "HP_FILE", "INPUT_DIR", "JOB_RESULTS_DIR", "CHECKPOINT_DIR",
            "JOB_NAME", "DEVICE_ARN", "OUT_S3_BUCKET", "TASK_RESULTS_S3_URI", "JOB_RESULTS_S3_PATH",
        ].map { ("AMZN_BRAKET_\($0)", "stale") }
        for process in [[], stale] {
            let environment = try environment(ownJob, process: process)
            let braket = environment.variables.filter { $0.name.hasPrefix("AMZN_BRAKET_") }
            #expect(
                Dictionary(uniqueKeysWithValues: braket.map { ($0.name, $0.value) }) == [
                    "AMZN_BRAKET_SCRIPT_S3_URI": "s3://b/doc.tar.gz", "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "doc:main",
                    "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE": "GZIP",
                    "AMZN_BRAKET_HP_FILE": "/r/braket/input/config/hyperparameters.json",
                    "AMZN_BRAKET_INPUT_DIR": "/r/braket/input/data", "AMZN_BRAKET_JOB_RESULTS_DIR": "/r/braket/model",
                    "AMZN_BRAKET_CHECKPOINT_DIR": "/r/jobs/ck", "AMZN_BRAKET_JOB_NAME": "doc-job",
                    "AMZN_BRAKET_DEVICE_ARN": "local:doc/sim", "AMZN_BRAKET_OUT_S3_BUCKET": "b",
                    "AMZN_BRAKET_TASK_RESULTS_S3_URI": "s3://b/jobs/doc-job/tasks",
                    "AMZN_BRAKET_JOB_RESULTS_S3_PATH": "doc/out/doc-job/output",
                ]
            )
        }
    }

    @Test func aStaleCompressionIsReplaced() throws {
        let environment = try environment(ownJob, process: [("AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE", "NONE")])
        #expect(environment["AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE"] == "GZIP")
    }

    @Test func resultsInALocalFolderHaveNoBucket() throws {
        var inputs = ownJob
        inputs.options.output = "/results"
        let environment = try environment(inputs)
        for name in ["OUT_S3_BUCKET", "TASK_RESULTS_S3_URI", "JOB_RESULTS_S3_PATH"] {
            #expect(environment["AMZN_BRAKET_\(name)"] == nil)
        }
    }

    @Test func theProcessIsPassedOnButNotOurOptions() throws {
        let process = [
            ("PATH", "/bin"), ("AMZN_BRAKET_JOB_TOKEN", "secret"), ("BRAKET_RUNNER_JOB", "x"), ("BRAKET_RUNNER_", "y"),
            ("SWIFT_BACKTRACE", "enable=no"), ("BRAKET_ENDPOINT", "e"), ("EMPTY", ""), ("AWS_SECRET_ACCESS_KEY", "s"),
        ]
        for inputs in [ownJob, .platform] {
            let environment = try environment(inputs, process: process)
            for name in ["PATH", "AMZN_BRAKET_JOB_TOKEN", "BRAKET_ENDPOINT", "EMPTY", "AWS_SECRET_ACCESS_KEY"] {
                #expect(environment[name] == process.first { $0.0 == name }?.1)
                #expect(environment.variables.first { $0.name == name }?.source == "process")
            }
            for name in ["BRAKET_RUNNER_JOB", "BRAKET_RUNNER_", "SWIFT_BACKTRACE"] { #expect(environment[name] == nil) }
            #expect(environment["PYTHONUNBUFFERED"] == "1")
        }
        #expect(try environment(ownJob, process: [("PYTHONUNBUFFERED", "0")])["PYTHONUNBUFFERED"] == "0")
    }

    /// Where the platform moves the data its variables stand as they are, but for paths below `/opt`.
    @Test(
        arguments: [
            ("/opt", "/opt/braket/model", "/opt/braket/model"), ("/r", "/opt/braket/model", "/r/braket/model"),
            ("/r", "/data/model", "/data/model"), ("/r", "relative", "relative"), ("/r", "/optional", "/optional"),
        ])
    func platformPathsFollowTheRoot(root: String, value: String, expected: String) throws {
        var inputs = Inputs.platform
        inputs.options.root = OptionValue(root, source: "--root")
        let names = ["HP_FILE", "INPUT_DIR", "JOB_RESULTS_DIR", "CHECKPOINT_DIR"].map { "AMZN_BRAKET_\($0)" }
        let others = [
            ("AMZN_BRAKET_JOB_NAME", "/opt/x"), ("OTHER", "/opt/x"), ("AMZN_BRAKET_SCRIPT_S3_URI", "s3://b/env.tar.gz"),
        ]
        let environment = try environment(inputs, process: names.map { ($0, value) } + others)
        for name in names { #expect(environment[name] == expected, "\(name)") }
        for (name, value) in others { #expect(environment[name] == value) }
    }

    @Test func whatThePlatformDidNotSay() throws {
        var inputs = Inputs.platform
        inputs.options.root = "/r"
        let environment = try environment(inputs)
        #expect(environment["AMZN_BRAKET_SCRIPT_S3_URI"] == "s3://b/env.tar.gz")
        #expect(environment["AMZN_BRAKET_SCRIPT_ENTRY_POINT"] == "env:main")
        #expect(environment["AMZN_BRAKET_JOB_RESULTS_DIR"] == "/r/braket/model")
        #expect(environment["AMZN_BRAKET_CHECKPOINT_DIR"] == "/r/braket/checkpoints")
        // Without it no hyperparameters are bound, as today.
        #expect(environment["AMZN_BRAKET_HP_FILE"] == nil)
        #expect(environment["AMZN_BRAKET_JOB_NAME"] == nil)
    }

    @Test(
        arguments: [
            ([], nil, nil), ([("AWS_REGION", "a")], "a", "a"), ([("AWS_DEFAULT_REGION", "b")], "b", "b"),
            ([("AWS_REGION", "a"), ("AWS_DEFAULT_REGION", "b")], "a", "b"),
            ([("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "b")], "b", "b"),
            ([("AWS_REGION", "a"), ("AWS_DEFAULT_REGION", "")], "a", "a"), ([("AWS_REGION", "")], "", nil),
        ] as [([(String, String)], String?, String?)]
    )
    func bothNamesOfTheRegion(process: [(String, String)], region: String?, defaultRegion: String?) throws {
        let environment = try environment(ownJob, process: process)
        #expect(environment["AWS_REGION"] == region)
        #expect(environment["AWS_DEFAULT_REGION"] == defaultRegion)
    }

    /// A flag beside the platform's variables is stronger than they are; what it does not name stays.
    @Test func flagsOverrideThePlatformsVariables() throws {
        let values = [
            "SCRIPT_S3_URI", "SCRIPT_ENTRY_POINT", "SCRIPT_COMPRESSION_TYPE", "JOB_NAME", "DEVICE_ARN",
            "CHECKPOINT_DIR",
            "HP_FILE",
        ].map { ("AMZN_BRAKET_\($0)", "platform") }
        var inputs = Inputs.platform
        #expect(try environment(inputs, process: values).variables.filter { $0.value == "platform" }.count == 7)
        inputs.options.script = "/x/alg.py"
        inputs.options.entryPoint = "flag"
        inputs.options.compression = "GZIP"
        inputs.options.jobName = "flag-job"
        inputs.options.device = "local:flag/sim"
        inputs.options.checkpointDirectory = "/ck"
        inputs.options.hyperparameters = ["a=1"]
        let environment = try environment(inputs, process: values)
        let expected = [
            "/x/alg.py", "flag", "GZIP", "flag-job", "local:flag/sim", "/ck",
            "/opt/braket/input/config/hyperparameters.json",
        ]
        #expect(values.map { environment[$0.0] } == expected)
    }

    @Test func sageMakersVariablesAreAdded() throws {
        let environment = try environment(
            ownJob,
            process: [("SM_HPS", "old"), ("A", "1")],
            sageMaker: [("SM_HPS", "{}"), ("SM_HOSTS", "[]")]
        )
        #expect(environment["SM_HPS"] == "{}")
        #expect(environment["SM_HOSTS"] == "[]")
        #expect(environment.variables.filter { $0.name == "SM_HPS" }.map(\.source) == ["platform files"])
        #expect(Set(environment.variables.map(\.name)).count == environment.variables.count)
    }
}
