package import RunnerCore

/// The hyperparameters as sagemaker-training 5.1.1 reads, splits and passes them (contract §1.5).
package struct SageMakerHyperparameters: Hashable, Sendable {
    /// The script's own, with decoded values.
    package let user: JSONObject
    /// Those that start with `sagemaker_` and are not among the toolkit's nine.
    package let framework: JSONObject
    /// The toolkit's nine and the framework's.
    package let platform: JSONObject

    /// The toolkit's own names (params.py, `SAGEMAKER_HYPERPARAMETERS`).
    private static let toolkitNames: Set<String> = [
        "sagemaker_program", "sagemaker_submit_directory", "sagemaker_enable_cloudwatch_metrics", "sagemaker_region",
        "sagemaker_container_log_level", "sagemaker_job_name", "default_user_module_name", "_tuning_objective_metric",
        "sagemaker_s3_output",
    ]

    /// Decodes and splits the contents of hyperparameters.json.
    ///
    /// - Parameter file: The file's object: names and texts.
    package init(file: JSONObject) {
        let decoded = file.members.map { ($0.name, Self.decode($0.value)) }
        func isPlatform(_ name: String) -> Bool {
            name.utf8.starts(with: "sagemaker_".utf8) || Self.toolkitNames.contains(name)
        }
        user = JSONObject(decoded.filter { !isPlatform($0.0) })
        platform = JSONObject(decoded.filter { isPlatform($0.0) })
        framework = JSONObject(decoded.filter { isPlatform($0.0) && !Self.toolkitNames.contains($0.0) })
    }

    /// `json.loads` of a text; what is no text or no JSON stays as it is.
    private static func decode(_ value: JSONValue) -> JSONValue {
        guard let text = value.stringValue else { return value }
        return (try? JSONText.parse(text, dialect: .python)) ?? value
    }

    /// The arguments that the toolkit starts the program with: `--name value`, `-n value`, sorted by name.
    ///
    /// The toolkit strips `"` from both ends of the last one when it starts the process; that is the caller's to do.
    package var arguments: [String] {
        user.members.sorted { $0.name.precedesByCodePoint($1.name) }.flatMap { member in
            [Self.argumentName(member.name), Self.argumentValue(member.value)]
        }
    }

    private static func argumentName(_ name: String) -> String {
        switch name.unicodeScalars.count {
        case 0: ""
        case 1: "-" + name
        default: "--" + name
        }
    }

    /// mapping.py, `arg_value`: an object becomes `a=1,b=2`, null becomes nothing.
    private static func argumentValue(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .object(let object):
            object.members.sorted { $0.name.precedesByCodePoint($1.name) }
                .map { "\($0.name)=\($0.value.pythonString)" }.joined(separator: ",")
        default: value.pythonString
        }
    }

    /// Whether one of the seven switches for distributed training is on, as Python sees it.
    var isDistributionEnabled: Bool {
        let switches = [
            "mpi", "parameter_server", "distributed_dataparallel", "pytorch_ddp", "pytorch_xla_multi_worker",
            "multi_worker_mirrored_strategy", "torch_distributed",
        ]
        return switches.contains { framework["sagemaker_\($0)_enabled"]?.isTrueInPython ?? false }
    }
}
