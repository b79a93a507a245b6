import BraketEnvironment
import RunnerCore
import SystemPackage
import Testing

@Suite struct ConfigurationResolverTests {
    // MARK: Precedence

    /// The sources in the order of their strength: each one wins over all before it.
    private static let sources: [(source: String, set: @Sendable (inout Inputs) -> Void)] = [
        (
            "platform",
            { inputs in
                inputs.environment += [
                    ("AMZN_BRAKET_SCRIPT_S3_URI", "s3://b/env.tar.gz"), ("AMZN_BRAKET_SCRIPT_ENTRY_POINT", "env:main"),
                    ("AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE", "NONE"), ("AMZN_BRAKET_JOB_NAME", "env-job"),
                    ("AMZN_BRAKET_DEVICE_ARN", "local:env/sim"), ("AMZN_BRAKET_CHECKPOINT_DIR", "/opt/env/ck"),
                ]
                inputs.platformHyperparameters = ["a": "platform", "p": "platform"]
            }
        ),
        ("job document", { $0.document = Inputs.document }),
        (
            "--flag",
            { inputs in
                inputs.options.script = "s3://b/flag.tar.gz"
                inputs.options.entryPoint = "flag:main"
                inputs.options.compression = "NONE"
                inputs.options.jobName = "flag-job"
                inputs.options.device = "local:flag/sim"
                inputs.options.output = "s3://b/flag/out"
                inputs.options.checkpoints = "s3://b/flag/ck"
                inputs.options.checkpointDirectory = "/flag/ck"
                inputs.options.maxRuntime = "7"
                inputs.options.hyperparameters = ["a=flag"]
            }
        ),
    ]

    @Test(arguments: [[0], [1], [0, 1], [0, 2], [1, 2], [0, 1, 2]])
    func theStrongestSourceWins(given: [Int]) throws {
        var inputs = Inputs()
        for index in given { Self.sources[index].set(&inputs) }
        let configuration = try inputs.resolve()
        let strongest = try #require(given.last)
        let word = ["env", "doc", "flag"][strongest]
        #expect(configuration.entryPoint == "\(word):main")
        #expect(configuration.scriptURI == "s3://b/\(word).tar.gz")
        #expect(configuration.script == .object(bucket: "b", key: "\(word).tar.gz"))
        #expect(configuration.jobName == "\(word)-job")
        #expect(configuration.device == "local:\(word)/sim")
        #expect(configuration.compression == (word == "doc" ? .archive : .none))
        #expect(configuration.checkpointDirectory == ["/opt/env/ck", "/opt/jobs/ck", "/flag/ck"][strongest])
        #expect(configuration.outputPath == [nil, "s3://b/doc/out", "s3://b/flag/out"][strongest])
        #expect(configuration.maxRuntimeSeconds == [nil, 100, 7][strongest])
        #expect(configuration.checkpoints?.key == [nil, "doc/ck", "flag/ck"][strongest])
        let origin = try #require(configuration.origins.first { $0.name == "entry point" })
        #expect(origin.value == "\(word):main")
        #expect(origin.source == ["AMZN_BRAKET_SCRIPT_ENTRY_POINT", "job document", "--flag"][strongest])
    }

    @Test func defaultsOfEverything() throws {
        let configuration = try Inputs.platform.resolve()
        #expect(configuration.jobName == "local-job")
        #expect(configuration.device == "local:none/none")
        #expect(configuration.compression == .none)
        #expect(configuration.checkpointDirectory == "/opt/braket/checkpoints")
        #expect(configuration.paths.root == "/opt")
        #expect(configuration.storage == .managed)
        #expect(configuration.settings.requirements == .fail)
        #expect(configuration.settings.graceSeconds == 120)
        #expect(configuration.hyperparameters.isEmpty)
        #expect(
            configuration.outputPath == nil && configuration.checkpoints == nil && configuration.settings.python == nil
        )
        #expect(configuration.maxRuntimeSeconds == nil && configuration.settings.maxArchiveBytes == nil)
        #expect(!configuration.settings.typedHyperparameters && !configuration.setsSageMakerEnvironment)
    }

    @Test func aFlagBeatsAWrongDocument() throws {
        var inputs = Inputs(document: Inputs.document)
        inputs.document = ["jobName": "not valid!"]
        Self.sources[2].set(&inputs)
        #expect(try inputs.resolve().jobName == "flag-job")
    }

    // MARK: Storage

    /// The rule of the issue: `auto` looks at --job, --input, --output and --checkpoints, and at nothing else.
    @Test(
        arguments: [
            ("nothing", .managed), ("job", .s3), ("input", .s3), ("output", .s3), ("checkpoints", .s3),
            ("script", .managed), ("hyperparameter", .managed), ("checkpointDirectory", .managed), ("root", .managed),
            ("jobName", .managed), ("maxRuntime", .managed), ("platform files", .managed),
        ] as [(String, StorageMode)]
    )
    func automaticStorage(given: String, expected: StorageMode) throws {
        for auto in [nil, "auto"] as [OptionValue?] {
            var inputs = Inputs.platform
            inputs.options.storage = auto
            switch given {
            case "job":
                inputs.options.job = "job.json"
                inputs.document = Inputs.document
            case "input": inputs.options.inputs = ["data=s3://b/data/"]
            case "output": inputs.options.output = "s3://b/out"
            case "checkpoints": inputs.options.checkpoints = "s3://b/ck"
            case "script": inputs.options.script = "/x/alg.py"
            case "hyperparameter": inputs.options.hyperparameters = ["a=1"]
            case "checkpointDirectory": inputs.options.checkpointDirectory = "/ck"
            case "root": inputs.options.root = "/r"
            case "jobName": inputs.options.jobName = "name"
            case "maxRuntime": inputs.options.maxRuntime = "10"
            case "platform files": inputs.hasPlatformFiles = true
            default: ()
            }
            #expect(try inputs.resolve().storage == expected)
        }
    }

    @Test(
        arguments: [
            ("managed", .managed), ("s3", .s3), ("file:/store", .folder("/store")),
            ("file:store", .folder("/work/store")),
            ("file:///store/../x", .folder("/x")),
        ] as [(String, StorageMode)]
    )
    func namedStorage(text: String, mode: StorageMode) throws {
        for brings in [false, true] {
            var inputs = Inputs.platform
            inputs.options.storage = OptionValue(text, source: "--storage")
            if brings { inputs.options.inputs = ["data=/data"] }
            let configuration = try inputs.resolve()
            #expect(configuration.storage == mode)
            #expect(configuration.channels.count == (brings && mode != .managed ? 1 : 0))
        }
    }

    @Test(arguments: ["", "local", "file:", "FILE:/x", "s3://bucket", "file://host/x"])
    func otherStorage(text: String) {
        var inputs = Inputs.platform
        inputs.options.storage = OptionValue(text, source: "--storage")
        #expect(inputs.problems() == ["--storage: \"\(text)\": must be auto, managed, s3 or file:DIR"])
    }

    // MARK: Script

    /// The words and the fallback of today's container (contract §3.3).
    @Test(
        arguments: [
            ([:], ["No customer script specified", "No customer entry point specified"]),
            (["AMZN_BRAKET_SCRIPT_S3_URI": "s3://b/s"], ["No customer entry point specified"]),
            (["AMZN_BRAKET_SCRIPT_ENTRY_POINT": "m"], ["No customer script specified"]),
            (
                ["AMZN_BRAKET_SCRIPT_S3_URI": "s3://b/s", "AMZN_BRAKET_SCRIPT_ENTRY_POINT": ""],
                ["No customer entry point specified"]
            ),
            (
                ["SM_HPS": "not json"],
                [
                    "Hyperparameters not specified in env", "No customer script specified",
                    "No customer entry point specified",
                ]
            ),
            (
                ["SM_HPS": "[1]", "AMZN_BRAKET_SCRIPT_S3_URI": "s3://b/s"],
                ["Hyperparameters not specified in env", "No customer entry point specified"]
            ),
            (["SM_HPS": "{}"], ["No customer script specified", "No customer entry point specified"]),
            // Not looked at when nothing is missing.
            (
                ["SM_HPS": "not json", "AMZN_BRAKET_SCRIPT_S3_URI": "s3://b/s", "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "m"],
                []
            ),
        ] as [([String: String], [String])]
    )
    func todaysWords(environment: [String: String], problems: [String]) {
        #expect(Inputs(environment: environment.map { ($0.key, $0.value) }).problems() == problems)
    }

    @Test(
        arguments: [
            // Only what is missing is taken, and the compression with it.
            (#"{"U": "s3://b/hps", "E": "hps", "C": "GZIP"}"#, [:], "s3://b/hps", "hps", ScriptCompression.archive),
            (#"{"U": "s3://b/hps", "E": "hps", "C": "GZIP"}"#, ["E": "env"], "s3://b/hps", "env", .archive),
            (
                #"{"U": "s3://b/hps", "E": "hps", "C": "GZIP"}"#, ["U": "s3://b/env", "C": "NONE"], "s3://b/env", "hps",
                .none
            ),
            (
                #"{"U": "s3://b/hps", "E": "hps", "C": "GZIP"}"#, ["U": "s3://b/env", "E": "env"], "s3://b/env", "env",
                .none
            ),
            (#"{"U": "s3://b/hps", "E": "hps", "x": NaN}"#, [:], "s3://b/hps", "hps", .none),
        ] as [(String, [String: String], String, String, ScriptCompression)]
    )
    func fallbackToTheHyperparameters(
        hps: String,
        variables: [String: String],
        uri: String,
        entryPoint: String,
        compression: ScriptCompression
    ) throws {
        let names = [
            "U": "AMZN_BRAKET_SCRIPT_S3_URI", "E": "AMZN_BRAKET_SCRIPT_ENTRY_POINT",
            "C": "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE",
        ]
        var text = hps
        for (short, name) in names {
            text = text.split(separator: "\"\(short)\"", omittingEmptySubsequences: false).joined(
                separator: "\"\(name)\""
            )
        }
        var inputs = Inputs(environment: [("SM_HPS", text)])
        for (short, value) in variables { inputs.environment.append((names[short] ?? "", value)) }
        let configuration = try inputs.resolve()
        #expect(configuration.scriptURI == uri)
        #expect(configuration.entryPoint == entryPoint)
        #expect(configuration.compression == compression)
    }

    @Test func thePlatformsFileIsTheLastFallback() throws {
        var inputs = Inputs()
        inputs.platformHyperparameters = [
            "AMZN_BRAKET_SCRIPT_S3_URI": "s3://b/file", "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "file",
        ]
        #expect(try inputs.resolve().scriptURI == "s3://b/file")
        inputs.environment = [("SM_HPS", "{}")]
        #expect(inputs.problems().count == 2)
    }

    @Test func anUnreadableVariableDoesNotMatterToADocument() {
        var inputs = Inputs(environment: [("SM_HPS", "not json")], document: Inputs.document)
        inputs.options.job = "job.json"
        #expect(inputs.problems().isEmpty)
    }

    @Test(
        arguments: [
            ("GZIP", .archive), ("gzip", .archive), (" Gzip\n", .archive), ("ZIP", .archive), ("zip", .archive),
            ("NONE", .none), ("", .none), (nil, .none), ("tar", .none), ("unknown", .none),
        ] as [(String?, ScriptCompression)]
    )
    func compressionOfThePlatform(text: String?, expected: ScriptCompression) throws {
        var inputs = Inputs.platform
        if let text { inputs.environment.append(("AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE", text)) }
        #expect(try inputs.resolve().compression == expected)
    }

    /// Who names a script on the command line need not say how it is packed; a document's default is the service's.
    @Test(
        arguments: [
            (true, false, nil, .automatic), (true, false, "gzip", .archive), (true, false, " none ", .none),
            (false, true, nil, .none), (false, true, "GZIP", .archive), (true, true, nil, .automatic),
        ] as [(Bool, Bool, String?, ScriptCompression)]
    )
    func compressionOfOurOwnJob(script: Bool, document: Bool, flag: String?, expected: ScriptCompression) throws {
        var inputs = Inputs.platform
        inputs.environment.append(("AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE", "GZIP"))
        if script { inputs.options.script = "/x/alg.py" }
        if document {
            var object = try #require(Inputs.document.objectValue)
            object["algorithmSpecification"] = ["scriptModeConfig": ["entryPoint": "m", "s3Uri": "s3://b/alg.py"]]
            inputs.document = .object(object)
        }
        inputs.options.compression = flag.map { OptionValue($0, source: "--compression") }
        #expect(try inputs.resolve().compression == expected)
    }

    // MARK: Hyperparameters

    @Test(
        arguments: [
            (false, false, false, [:]), (true, false, false, ["p": "platform", "a": "platform"]),
            // The document stands in the place of the platform's file.
            (true, true, false, ["a": "doc", "b": "doc"]), (false, true, false, ["a": "doc", "b": "doc"]),
            (false, false, true, ["f": "1.50", "t": "true", "a": "x=y", "e": "x"]),
            (true, false, true, ["p": "platform", "a": "x=y", "f": "1.50", "t": "true", "e": "x"]),
        ] as [(Bool, Bool, Bool, JSONObject)]
    )
    func hyperparametersAreMerged(platform: Bool, document: Bool, flags: Bool, expected: JSONObject) throws {
        var inputs = Inputs.platform
        if platform { inputs.platformHyperparameters = ["p": "platform", "a": "platform"] }
        if document { inputs.document = Inputs.document }
        if flags {
            inputs.options.hyperparametersFile = "hp.json"
            inputs.hyperparametersFile = try JSONText.parse(#"{"f": 1.50, "t": true, "a": "file"}"#)
            inputs.options.hyperparameters = ["a=x=y", "e=x"]
        }
        let values = try inputs.resolve().hyperparameters
        #expect(Set(values.members) == Set(expected.members))
    }

    /// The value may be a secret: neither messages nor the record repeat it.
    @Test func secretsAreNotRepeated() throws {
        var inputs = Inputs.platform
        inputs.platformHyperparameters = ["p": "1"]
        inputs.options.hyperparameters = ["api_key=hunter2hunter2", "n=4"]
        let configuration = try inputs.resolve()
        #expect(configuration.hyperparameters["api_key"] == "hunter2hunter2")
        #expect(configuration.requestMembers["hyperParameters"] == ["p": "1", "api_key": "<redacted>", "n": "4"])
        #expect(!configuration.origins.contains { $0.value.contains("hunter2") })
        inputs.options.hyperparameters = ["hunter2hunter2", "=hunter2", "k=hunter2\nhunter2"]
        let problems = inputs.problems()
        #expect(problems.count == 3)
        #expect(!problems.joined().contains("hunter2"))
    }

    // MARK: Paths

    @Test(
        arguments: [
            (nil, nil, nil, "/r/braket/checkpoints"), (nil, nil, "/opt/env/ck", "/r/env/ck"),
            (nil, "/opt/jobs/ck", "/opt/env/ck", "/r/jobs/ck"), (nil, "/data/ck", nil, "/data/ck"),
            ("ck", "/opt/jobs/ck", nil, "/work/ck"), ("/abs/../ck", nil, nil, "/ck"), ("/opt/ck", nil, nil, "/r/ck"),
        ] as [(String?, String?, String?, String)]
    )
    func checkpointFolder(flag: String?, document: String?, variable: String?, expected: String) throws {
        var inputs = Inputs.platform
        inputs.options.root = "/r"
        inputs.options.checkpointDirectory = flag.map { OptionValue($0, source: "--checkpoint-dir") }
        if let variable { inputs.environment.append(("AMZN_BRAKET_CHECKPOINT_DIR", variable)) }
        if let document {
            var object = try #require(Inputs.document.objectValue)
            object["checkpointConfig"] = ["s3Uri": "s3://b/ck", "localPath": .string(document)]
            inputs.document = .object(object)
        }
        #expect(try inputs.resolve().checkpointDirectory.string == expected)
    }

    @Test(arguments: [("/r", "/r"), ("r", "/work/r"), ("../r/.", "/r"), (nil, "/opt")] as [(String?, String)])
    func root(option: String?, expected: String) throws {
        var inputs = Inputs.platform
        inputs.options.root = option.map { OptionValue($0, source: "--root") }
        #expect(try inputs.resolve().paths.root.string == expected)
    }

    @Test func channelsOfDocumentAndFlags() throws {
        var inputs = Inputs.platform
        var object = try #require(Inputs.document.objectValue)
        object["inputDataConfig"] = [
            [
                "channelName": "one", "contentType": "text/csv",
                "dataSource": ["s3DataSource": ["s3Uri": "https://b.s3.amazonaws.com/x%20y"]],
            ],
            [
                "channelName": "two",
                "dataSource": ["s3DataSource": ["s3Uri": "s3://b/2", "s3DataType": "ManifestFile"]],
            ],
        ]
        inputs.document = .object(object)
        inputs.options.job = "job.json"
        inputs.options.inputs = ["two=data/2", "three=file:///x/3"]
        let channels = try inputs.resolve().channels
        #expect(channels.map(\.name) == ["one", "two", "three"])
        #expect(channels.map(\.location.description) == ["s3://b/x y", "/work/data/2", "/x/3"])
        #expect(channels.map(\.contentType) == ["text/csv", nil, nil])
        // A flag says where the files are, so the document's manifest is not meant any more.
        #expect(channels.map(\.isManifest) == [false, false, false])
    }

    // MARK: Problems

    @Test func everythingWrongIsReportedAtOnce() {
        var inputs = Inputs()
        inputs.document = [
            "jobName": "not valid!",
            "algorithmSpecification": ["scriptModeConfig": ["entryPoint": "m", "s3Uri": "s3://b/s"]],
            "deviceConfig": ["device": "local:a/b"], "outputDataConfig": ["s3Path": "/local/path"],
            "inputDataConfig": [
                ["channelName": "ok", "dataSource": ["s3DataSource": ["s3Uri": "s3://b/x"]]],
                ["channelName": "..", "dataSource": ["s3DataSource": ["s3Uri": "s3://b/x"]]],
            ],
        ]
        inputs.options.storage = OptionValue("nowhere", source: "--storage")
        inputs.options.maxRuntime = OptionValue("soon", source: "BRAKET_RUNNER_MAX_RUNTIME")
        inputs.options.checkpoints = OptionValue("ftp://x", source: "--checkpoints")
        inputs.options.hyperparameters = [OptionValue("novalue", source: "--hyperparameter")]
        inputs.options.inputs = [OptionValue("=x", source: "--input")]
        let problems = inputs.problems()
        let expected = [
            "--storage: \"nowhere\":", "BRAKET_RUNNER_MAX_RUNTIME", "--checkpoints: \"ftp://x\":",
            "--hyperparameter: must",
            "--input: must", "jobName: \"not valid!\":", "outputDataConfig.s3Path: \"/local/path\":",
            "inputDataConfig[1].channelName: \"..\":",
        ]
        for words in expected { #expect(problems.contains { $0.contains(words) }, "\(words) in \(problems)") }
        #expect(problems.count == expected.count, "\(problems)")
    }

    @Test(
        arguments: [
            ["algorithmSpecification": "x"], ["algorithmSpecification": ["scriptModeConfig": []]],
            ["hyperParameters": [1]],
            ["inputDataConfig": [:]], ["stoppingCondition": 5], ["checkpointConfig": "x"],
        ] as [JSONObject]
    )
    func flagsDoNotHideADocumentOfTheWrongShape(wrong: JSONObject) throws {
        var object = try #require(Inputs.document.objectValue)
        for member in wrong.members { object[member.name] = member.value }
        var inputs = Inputs(document: .object(object))
        Self.sources[2].set(&inputs)
        inputs.options.inputs = ["data=/data"]
        let name = try #require(wrong.names.first)
        #expect(inputs.problems().contains { $0.hasPrefix(name) && $0.contains("must be an ") }, "\(inputs.problems())")
    }

    @Test func aChannelIsGivenOnce() {
        var inputs = Inputs.platform
        inputs.options.inputs = [OptionValue("a=/x", source: "--input"), OptionValue("a=/y", source: "--input")]
        #expect(inputs.problems() == ["--input: the channel \"a\" is given twice"])
    }

    @Test func wrongOptionsAreReportedWithAWrongDocument() {
        var inputs = Inputs.platform
        inputs.options.jobName = OptionValue("not valid!", source: "--job-name")
        inputs.options.requirements = OptionValue("maybe", source: "--requirements")
        inputs.options.grace = OptionValue("soon", source: "--grace")
        let problems = inputs.problems()
        #expect(problems.count == 3)
        for option in ["--job-name", "--requirements", "--grace"] {
            #expect(problems.contains { $0.contains(option) }, "\(problems)")
        }
    }

    @Test(
        arguments: [
            ("--grace", "-1"), ("--grace", "86401"), ("--grace", "1.5"), ("--max-archive-entries", "0"),
            ("--max-archive-bytes", "1k"), ("--max-archive-ratio", ""), ("--requirements", "FAIL"),
        ])
    func wrongValuesOfOptions(option: String, value: String) {
        var inputs = Inputs.platform
        let text = OptionValue(value, source: option)
        switch option {
        case "--grace": inputs.options.grace = text
        case "--max-archive-entries": inputs.options.maxArchiveEntries = text
        case "--max-archive-bytes": inputs.options.maxArchiveBytes = text
        case "--max-archive-ratio": inputs.options.maxArchiveRatio = text
        default: inputs.options.requirements = text
        }
        let problems = inputs.problems()
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(option): \"\(value)\": must be ") == true, "\(problems)")
    }

    @Test func rightValuesOfOptions() throws {
        var inputs = Inputs.platform
        inputs.options.grace = "0"
        inputs.options.maxArchiveEntries = "1"
        inputs.options.maxArchiveBytes = "9223372036854775807"
        inputs.options.maxArchiveRatio = "1000000000"
        inputs.options.requirements = "warn"
        inputs.options.python = "python3.11"
        inputs.options.typedHyperparameters = true
        inputs.options.sageMakerEnvironment = true
        let configuration = try inputs.resolve()
        #expect(configuration.settings.graceSeconds == 0)
        #expect(configuration.settings.maxArchiveEntries == 1)
        #expect(configuration.settings.maxArchiveBytes == .max)
        #expect(configuration.settings.maxArchiveRatio == 1_000_000_000)
        #expect(configuration.settings.requirements == .warn)
        #expect(configuration.settings.python == "python3.11")
        #expect(configuration.settings.typedHyperparameters && configuration.setsSageMakerEnvironment)
    }

    @Test(arguments: [["not", "an object"], "text", 1] as [JSONValue])
    func aDocumentIsAnObject(document: JSONValue) {
        var inputs = Inputs.platform
        inputs.document = document
        inputs.options.job = OptionValue("job.json", source: "--job")
        #expect(inputs.problems().contains("--job: must be one JSON object, a CreateJob request"))
    }

    @Test func aHyperparametersFileIsAnObject() {
        var inputs = Inputs.platform
        inputs.hyperparametersFile = [1]
        inputs.options.hyperparametersFile = OptionValue("hp.json", source: "--hyperparameters")
        #expect(inputs.problems() == ["--hyperparameters: must be a file with one JSON object of names and values"])
    }

    @Test func platformFilesMakeItSageMaker() throws {
        var inputs = Inputs.platform
        inputs.hasPlatformFiles = true
        #expect(try inputs.resolve().setsSageMakerEnvironment)
    }

    /// After hours of work it would be too late to say so.
    @Test(arguments: ["https://example.com/out", "s3://b/../out", "s3://../out"])
    func anOutputThatCannotBeWritten(address: String) {
        var inputs = Inputs.platform
        inputs.options.output = OptionValue(address, source: "--output")
        inputs.options.storage = "file:/store"
        let problems = inputs.problems()
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("--output: \"\(address)\": ") == true, "\(problems)")
        inputs.options.output = nil
        inputs.options.checkpoints = OptionValue(address, source: "--checkpoints")
        #expect(inputs.problems().count == 1)
    }
}
