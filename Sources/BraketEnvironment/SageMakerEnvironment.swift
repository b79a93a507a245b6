package import RunnerCore

/// The environment that sagemaker-training 5.1.1 gives the program it starts, byte for byte (contract §1.4, §1.5).
///
/// A customer's script reads these variables, so an encoding that differs from Python's in one blank or in the order
/// of names is a different environment: the tests hold what the toolkit itself wrote.
package struct SageMakerEnvironment: Sendable {
    /// The files in `input/config`.
    package struct Files: Hashable, Sendable {
        /// hyperparameters.json: names and texts.
        package let hyperparameters: JSONObject
        /// inputdataconfig.json: the channels.
        package let inputDataConfig: JSONObject
        /// resourceconfig.json: the hosts.
        package let resourceConfig: JSONObject

        /// Makes a set of files.
        ///
        /// - Parameters:
        ///   - hyperparameters: hyperparameters.json.
        ///   - inputDataConfig: inputdataconfig.json.
        ///   - resourceConfig: resourceconfig.json.
        package init(hyperparameters: JSONObject, inputDataConfig: JSONObject, resourceConfig: JSONObject) {
            self.hyperparameters = hyperparameters
            self.inputDataConfig = inputDataConfig
            self.resourceConfig = resourceConfig
        }
    }

    /// What the toolkit finds on the machine.
    package struct Machine: Hashable, Sendable {
        /// `multiprocessing.cpu_count()`: the host's processors, whatever the container may use.
        package let cpuCount: Int
        /// The lines of `nvidia-smi --list-gpus`.
        package let gpuCount: Int
        /// The cores that `neuron-ls` reports.
        package let neuronCount: Int
        /// Whether `smddprun` is in the search path.
        package var hasSMDDPRun = false
        /// Whether `smddpmprun` is in the search path.
        package var hasSMDDPMPRun = false

        /// Makes a machine without SageMaker's own launchers.
        ///
        /// - Parameters:
        ///   - cpuCount: The host's processors.
        ///   - gpuCount: The graphics processors.
        ///   - neuronCount: The Neuron cores.
        package init(cpuCount: Int, gpuCount: Int, neuronCount: Int) {
            self.cpuCount = cpuCount
            self.gpuCount = gpuCount
            self.neuronCount = neuronCount
        }
    }

    /// The files in `input/config`.
    let files: Files
    /// What is found on the machine.
    let machine: Machine
    /// The folder of the platform.
    let mlDirectory: String
    /// `SAGEMAKER_PROGRAM`.
    let programName: String
    /// The variables of the process.
    let environment: ProcessEnvironment
    /// The hyperparameters, decoded and split.
    let hyperparameters: SageMakerHyperparameters
    /// The hosts and their groups.
    let resources: SageMakerResources

    /// Derives the environment.
    ///
    /// - Parameters:
    ///   - files: The files in `input/config`.
    ///   - machine: What is found on the machine.
    ///   - mlDirectory: The folder of the platform, in containers `/opt/ml`.
    ///   - programName: `SAGEMAKER_PROGRAM`.
    ///   - environment: The variables of the process: `TRAINING_JOB_NAME`, `SAGEMAKER_TRAINING_MODULE`,
    ///     `SM_HP_MP_PARAMETERS` and `AWS_DEFAULT_REGION` count.
    package init(
        files: Files,
        machine: Machine,
        mlDirectory: String = "/opt/ml",
        programName: String = "braket_container.py",
        environment: ProcessEnvironment
    ) {
        self.files = files
        self.machine = machine
        self.mlDirectory = mlDirectory
        self.programName = programName
        self.environment = environment
        hyperparameters = SageMakerHyperparameters(file: files.hyperparameters)
        resources = SageMakerResources(config: files.resourceConfig, hyperparameters: hyperparameters)
    }

    /// The arguments that the toolkit starts the program with; also in `SM_USER_ARGS`.
    package var userArguments: [String] { hyperparameters.arguments }

    /// The arguments as the script gets them: the last one loses the quotes at its ends, as process.py's
    /// `cmd[-1].strip('"')` does (contract §1.5).
    package var scriptArguments: [String] {
        var arguments = userArguments
        guard var last = arguments.popLast()?.unicodeScalars else { return [] }
        while last.first == "\"" { last.removeFirst() }
        while last.last == "\"" { last.removeLast() }
        return arguments + [String(last)]
    }

    /// The "Training Env" that the toolkit prints at the start and others' tests look into (contract §0.2), with the
    /// names of the hyperparameters only: the toolkit prints their values, which may be secrets.
    package var shownTrainingEnvironment: String {
        let names = hyperparameters.user.names.map(JSONValue.string)
        let object: JSONObject = [
            "channels": .array(files.inputDataConfig.names.map(JSONValue.string)),
            "current_host": resources.currentHost,
            "hosts": files.resourceConfig["hosts"] ?? [], "hyperparameter_names": .array(names),
            "module_dir": .string(mlDirectory + "/code"), "user_entry_point": .string(programName),
        ]
        return JSONValue.object(object).serialized(pretty: true)
    }

    /// The `SM_*` variables in the toolkit's order.
    ///
    /// Names are in upper case and otherwise unchanged, so `SM_HP_MY-HP` is one that no POSIX shell can read. Of two
    /// hyperparameters that differ in case the later one wins. A name with `=` or a text with a NUL, at which Python
    /// fails the job, is left out.
    package var variables: [(name: String, value: String)] {
        var result = ProcessEnvironment()
        for (name, value) in values + channelValues + hyperparameterValues {
            let variable = "SM_" + name.uppercased()
            let text = Self.text(of: value)
            guard !variable.utf8.contains(UInt8(ascii: "=")), !variable.utf8.contains(0), !text.utf8.contains(0) else {
                continue
            }
            result[variable] = text
        }
        return result.variables
    }

    /// The other variables that the toolkit sets in its own process and its children inherit (contract §1.3).
    package var processVariables: [(name: String, value: String)] {
        let region = hyperparameters.platform["sagemaker_region"]?.pythonString
        return [
            (EnvironmentKey.sageMakerJobName, hyperparameters.platform["sagemaker_job_name"]?.pythonString ?? ""),
            (EnvironmentKey.currentHost, resources.currentHost.pythonString),
            (EnvironmentKey.sageMakerRegion, region ?? environment[EnvironmentKey.defaultRegion] ?? ""),
        ]
    }

    /// mapping.py, `format_value`: a text as it is, null as nothing, everything else as JSON.
    private static func text(of value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        default: value.pythonDumps()
        }
    }
}
