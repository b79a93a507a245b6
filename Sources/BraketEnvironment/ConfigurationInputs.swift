package import RunnerCore
package import SystemPackage

/// What a configuration is made from: everything was read before, so that the rules are pure.
package struct ConfigurationInputs: Sendable {
    /// The options.
    package var options: RunOptions
    /// The variables of the process.
    package var environment: ProcessEnvironment
    /// The job document, when one was given.
    package var document: JSONValue?
    /// The content of `--hyperparameters FILE`.
    package var hyperparametersFile: JSONValue?
    /// The platform's hyperparameters.json, when the platform wrote one.
    package var platformHyperparameters: JSONObject?
    /// Whether the platform wrote resourceconfig.json, the sign of a SageMaker container (contract §0.1).
    package var hasPlatformFiles: Bool
    /// The platform's resourceconfig.json, when there is one.
    package var platformResourceConfig: JSONObject?
    /// This machine's own name.
    package var machineName = "localhost"
    /// What relative paths are relative to.
    package var workingDirectory: FilePath

    /// Makes inputs with nothing but options and environment.
    package init(options: RunOptions, environment: ProcessEnvironment, workingDirectory: FilePath) {
        self.options = options
        self.environment = environment
        self.workingDirectory = workingDirectory
        hasPlatformFiles = false
    }

    /// What stands for `/opt`, before anything else is known: the platform's files lie below it.
    package var root: FilePath {
        let root = options.root.map { FilePath($0.text) } ?? "/opt"
        return workingDirectory.pushing(root).lexicallyNormalized()
    }
}
