package import RunnerCore

/// How the script is started on the hosts of a job.
package enum LaunchKind: String, Hashable, Sendable, CaseIterable {
    /// Every host runs the entry point by itself.
    case none
    /// Open MPI's mpirun on the leader.
    case mpi
    /// PyTorch's torchrun on every host.
    case torchrun
}

/// What was asked for: a kind, or what the hyperparameters say.
package enum LaunchChoice: Hashable, Sendable {
    /// By the hyperparameters of contract §6.2.
    case automatic
    /// This one.
    case kind(LaunchKind)

    /// Reads the option.
    ///
    /// - Parameter text: `auto`, `none`, `mpi` or `torchrun`; nil for anything else.
    package init?(_ text: String) {
        if text == "auto" {
            self = .automatic
        } else if let kind = LaunchKind(rawValue: text) {
            self = .kind(kind)
        } else {
            return nil
        }
    }
}

/// The launch of a job: which engine, with how many ranks.
package struct LaunchPlan: Hashable, Sendable {
    /// The engine.
    package var kind: LaunchKind
    /// How many ranks each host takes.
    package var ranksPerHost: Int
    /// How many ranks there are in all; nil is all that the hosts take.
    package var ranks: Int?
    /// What is added to mpirun's options.
    package var customOptions: [String] = []
    /// How often torchrun may start the workers again.
    package var maxRestarts: Int?

    /// Makes a plan without options.
    package init(kind: LaunchKind, ranksPerHost: Int) {
        self.kind = kind
        self.ranksPerHost = ranksPerHost
    }

    /// What the launch is decided by.
    package struct Inputs: Sendable {
        /// `--launch`.
        package var choice: LaunchChoice
        /// The hyperparameters.
        package var hyperparameters: JSONObject
        /// `--ranks-per-host`.
        package var ranksPerHost: Int?
        /// `--max-restarts`.
        package var maxRestarts: Int?

        /// Makes inputs without options.
        package init(choice: LaunchChoice = .automatic, hyperparameters: JSONObject) {
            self.choice = choice
            self.hyperparameters = hyperparameters
        }
    }

    /// The hyperparameters that ask for an engine which no image of the service holds, and what each lacks.
    private static let unsupported: [(name: String, engine: String, missing: String)] = [
        (
            "sagemaker_pytorch_ddp_enabled", "SageMaker's distributed data parallel library",
            "smddprun and the smdistributed package"
        ),
        (
            "sagemaker_distributed_dataparallel_enabled", "SageMaker's distributed data parallel library",
            "smddprun and the smdistributed package"
        ),
        ("sagemaker_pytorch_xla_multi_worker_enabled", "PyTorch/XLA", "the torch_xla package and its launcher"),
    ]

    /// Decides how the script is started.
    ///
    /// - Parameter inputs: Options and hyperparameters.
    /// - Returns: The plan.
    /// - Throws: `ClusterProblem` that names the hyperparameter.
    package static func decide(_ inputs: Inputs) throws(ClusterProblem) -> LaunchPlan {
        let kind = try kind(inputs)
        let values = inputs.hyperparameters
        var plan = LaunchPlan(kind: kind, ranksPerHost: inputs.ranksPerHost ?? 1)
        plan.maxRestarts = inputs.maxRestarts
        guard kind == .mpi else { return plan }
        if inputs.ranksPerHost == nil {
            plan.ranksPerHost = try number("sagemaker_mpi_num_of_processes_per_host", values) ?? 1
        }
        plan.ranks = try number("sagemaker_mpi_num_processes", values)
        let name = "sagemaker_mpi_custom_mpi_options"
        if let text = values[name]?.stringValue, !text.isEmpty {
            guard let words = ShellWords.split(text) else {
                throw ClusterProblem(source: name, value: nil, message: "a quote in it is not closed")
            }
            plan.customOptions = words
        }
        return plan
    }

    private static func kind(_ inputs: Inputs) throws(ClusterProblem) -> LaunchKind {
        if case .kind(let kind) = inputs.choice { return kind }
        let values = inputs.hyperparameters
        if isOn("sagemaker_mpi_enabled", values) { return .mpi }
        if isOn("sagemaker_torch_distributed_enabled", values) { return .torchrun }
        guard let asked = unsupported.first(where: { isOn($0.name, values) }) else { return .none }
        throw ClusterProblem(
            source: asked.name,
            value: nil,
            message: "asks for \(asked.engine), which is not supported: it needs \(asked.missing), which no image of "
                + "the service holds. Use --launch torchrun, --launch mpi or --launch none, or leave it out"
        )
    }

    /// Whether a switch is on; `False` and `false` are off, as is everything that Python's toolkit decodes to false.
    private static func isOn(_ name: String, _ values: JSONObject) -> Bool {
        guard let value = values[name] else { return false }
        if let bool = value.boolValue { return bool }
        let text = (value.stringValue ?? value.serialized()).trimmed().lowercased()
        return !["", "false", "0", "no", "off", "null", "none"].contains(text)
    }

    private static func number(_ name: String, _ values: JSONObject) throws(ClusterProblem) -> Int? {
        guard let value = values[name], !value.isNull else { return nil }
        let text = (value.stringValue ?? value.serialized()).trimmed()
        guard let number = Int(text), (1...65_536).contains(number) else {
            throw ClusterProblem(source: name, value: text, message: "must be a whole number from 1 to 65536")
        }
        return number
    }
}
