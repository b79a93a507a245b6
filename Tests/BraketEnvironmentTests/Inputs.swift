import BraketAPI
import BraketEnvironment
import RunnerCore
import SystemPackage

/// The inputs of a configuration, for tests: each starts from these and adds what it is about.
struct Inputs {
    /// The options, from flags.
    var options = RunOptions()
    /// The process's variables.
    var environment: [(name: String, value: String)] = []
    /// The job document.
    var document: JSONValue?
    /// The content of `--hyperparameters FILE`.
    var hyperparametersFile: JSONValue?
    /// The platform's hyperparameters.json.
    var platformHyperparameters: JSONObject?
    /// Whether the platform wrote resourceconfig.json.
    var hasPlatformFiles = false

    /// A document with everything that a local run needs.
    static let document: JSONValue = [
        "jobName": "doc-job",
        "algorithmSpecification": [
            "scriptModeConfig": ["entryPoint": "doc:main", "s3Uri": "s3://b/doc.tar.gz", "compressionType": "GZIP"]
        ],
        "deviceConfig": ["device": "local:doc/sim"],
        "outputDataConfig": ["s3Path": "s3://b/doc/out"],
        "checkpointConfig": ["s3Uri": "s3://b/doc/ck", "localPath": "/opt/jobs/ck"],
        "hyperParameters": ["a": "doc", "b": "doc"],
        "stoppingCondition": ["maxRuntimeInSeconds": 100],
    ]

    /// Inputs as the platform gives them: script and entry point as variables.
    static let platform = Inputs(
        environment: [
            ("AMZN_BRAKET_SCRIPT_S3_URI", "s3://b/env.tar.gz"), ("AMZN_BRAKET_SCRIPT_ENTRY_POINT", "env:main"),
        ])

    /// Resolves the configuration.
    func resolve() throws(ConfigurationError) -> JobConfiguration {
        var inputs = ConfigurationInputs(
            options: options,
            environment: ProcessEnvironment(environment),
            workingDirectory: "/work"
        )
        inputs.document = document
        inputs.hyperparametersFile = hyperparametersFile
        inputs.platformHyperparameters = platformHyperparameters
        inputs.hasPlatformFiles = hasPlatformFiles
        var resolver = ConfigurationResolver(inputs)
        return try resolver.resolve()
    }

    /// The problems of the configuration, one a line; none when there are none.
    func problems() -> [String] {
        do {
            _ = try resolve()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }
}

extension OptionValue: ExpressibleByStringLiteral {
    /// Makes a value of a flag.
    public init(stringLiteral text: String) {
        self.init(text, source: "--flag")
    }
}
