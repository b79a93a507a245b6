import BraketAPI
import RunnerCore

/// Where the script is, what to run of it and how it is packed, each with its source.
struct ScriptSource {
    /// The script's address.
    var uri: OptionValue?
    /// What to run of it.
    var entryPoint: OptionValue?
    /// How it is packed.
    var compression: OptionValue?

    /// Nothing yet.
    init() {}

    /// What the platform says: its variables, and where they are missing the members of the same names in the
    /// hyperparameters, which is how SageMaker's local mode passes them (contract §3.3).
    ///
    /// - Parameters:
    ///   - inputs: Everything that was given.
    ///   - problems: Gets today's words when SM_HPS cannot be read.
    init(platform inputs: ConfigurationInputs, problems: inout [Problem]) {
        let environment = inputs.environment
        func variable(_ name: String) -> OptionValue? {
            environment.nonEmpty(name).map { OptionValue($0, source: name) }
        }
        uri = variable(EnvironmentKey.scriptURI)
        entryPoint = variable(EnvironmentKey.entryPoint)
        compression = variable(EnvironmentKey.compressionType)
        guard uri == nil || entryPoint == nil else { return }
        guard let (fallback, source) = Self.fallback(inputs, &problems) else { return }
        func member(_ name: String) -> OptionValue? {
            fallback[name]?.stringValue.flatMap { $0.isEmpty ? nil : OptionValue($0, source: "\(source) \(name)") }
        }
        uri = uri ?? member(EnvironmentKey.scriptURI)
        entryPoint = entryPoint ?? member(EnvironmentKey.entryPoint)
        compression = compression ?? member(EnvironmentKey.compressionType)
    }

    private static func fallback(
        _ inputs: ConfigurationInputs,
        _ problems: inout [Problem]
    ) -> (JSONObject, String)? {
        guard let text = inputs.environment.nonEmpty(EnvironmentKey.sageMakerHyperparameters) else {
            return inputs.platformHyperparameters.map { ($0, "hyperparameters.json") }
        }
        guard let object = try? JSONText.parse(text, dialect: .python).objectValue else {
            problems.append(Problem(path: "", message: "Hyperparameters not specified in env"))
            return nil
        }
        return (object, EnvironmentKey.sageMakerHyperparameters)
    }
}
