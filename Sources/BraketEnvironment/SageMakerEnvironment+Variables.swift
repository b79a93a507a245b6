import RunnerCore

extension SageMakerEnvironment {
    /// The variables that every job has, by their names without `SM_` (environment.py, `to_env_vars`).
    var values: [(String, JSONValue)] {
        let properties = properties
        var values: [(String, JSONValue)] = [
            "hosts", "network_interface_name", "hps", "user_entry_point", "framework_params", "resource_config",
            "input_data_config", "output_data_dir", "channels", "current_host", "current_instance_type",
            "current_instance_group", "current_instance_group_hosts", "instance_groups", "instance_groups_dict",
            "distribution_instance_groups", "is_hetero", "module_name", "log_level", "framework_module", "input_dir",
            "input_config_dir", "output_dir", "num_cpus", "num_gpus", "num_neurons", "model_dir", "module_dir",
            "training_env", "user_args", "output_intermediate_dir",
        ].map { name in (name, properties[name] ?? special(name, properties)) }
        if resources.topology.isTrueInPython { values.append(("topology", resources.topology)) }
        return values
    }

    /// The variables whose names are not those of a property.
    private func special(_ name: String, _ properties: JSONObject) -> JSONValue {
        switch name {
        case "hps": .object(hyperparameters.user)
        case "framework_params": .object(hyperparameters.framework)
        case "channels":
            .array(files.inputDataConfig.names.sorted { $0.precedesByCodePoint($1) }.map(JSONValue.string))
        case "training_env": .object(properties)
        case "user_args": .array(userArguments.map(JSONValue.string))
        default: .null
        }
    }

    /// One variable for each channel.
    var channelValues: [(String, JSONValue)] {
        files.inputDataConfig.names.map { ("channel_" + $0, .string(channelDirectory($0))) }
    }

    /// One variable for each of the script's hyperparameters.
    var hyperparameterValues: [(String, JSONValue)] {
        hyperparameters.user.members.map { ("hp_" + $0.name, $0.value) }
    }

    /// The 36 public properties of the toolkit's `Environment`, which are `SM_TRAINING_ENV`.
    private var properties: JSONObject {
        let channels = files.inputDataConfig.names.map { ($0, JSONValue.string(channelDirectory($0))) }
        return [
            "additional_framework_parameters": .object(hyperparameters.framework),
            "channel_input_dirs": .object(JSONObject(channels)),
            "current_host": resources.currentHost,
            "current_instance_group": resources.currentGroup,
            "current_instance_group_hosts": resources.currentGroupHosts,
            "current_instance_type": resources.currentInstanceType,
            "distribution_hosts": .array(resources.distributionHosts),
            "distribution_instance_groups": resources.distributionGroups,
            "framework_module": environment[EnvironmentKey.trainingModule].map(JSONValue.string) ?? .null,
            "hosts": resources.hosts,
            "hyperparameters": .object(hyperparameters.user),
            "input_config_dir": .string(directory("input/config")),
            "input_data_config": .object(files.inputDataConfig),
            "input_dir": .string(directory("input")),
            "instance_groups": .array(resources.groupNames),
            "instance_groups_dict": resources.groupsByName,
            "is_hetero": .bool(resources.groupNames.count > 1),
            "is_master": .bool(resources.currentHost == resources.masterHost),
            "is_modelparallel_enabled": isModelParallelEnabled,
            "is_smddpmprun_installed": .bool(machine.hasSMDDPMPRun),
            "is_smddprun_installed": .bool(machine.hasSMDDPRun),
            "job_name": environment[EnvironmentKey.trainingJobName].map(JSONValue.string) ?? .null,
            "log_level": hyperparameters.platform["sagemaker_container_log_level"] ?? 20,
            "master_hostname": resources.masterHost,
            "model_dir": .string(directory("model")),
            "module_dir": .string(moduleDirectory),
            "module_name": .string(moduleName),
            "network_interface_name": resources.networkInterface,
            "num_cpus": .number(JSONNumber(machine.cpuCount)),
            "num_gpus": .number(JSONNumber(machine.gpuCount)),
            "num_neurons": .number(JSONNumber(machine.neuronCount)),
            "output_data_dir": .string(directory("output/data")),
            "output_dir": .string(directory("output")),
            "output_intermediate_dir": .string(directory("output/intermediate")),
            "topology": resources.topology,
            "user_entry_point": .string(programName),
            "resource_config": .object(files.resourceConfig),
        ]
    }

    private var moduleName: String {
        programName.utf8.suffix(3).elementsEqual(".py".utf8) ? String(programName.dropLast(3)) : programName
    }

    private var moduleDirectory: String {
        hyperparameters.platform["sagemaker_submit_directory"]?.pythonString ?? directory("code")
    }

    /// Python's `parameters and parameters != "{}"`: the empty text itself when it is empty.
    private var isModelParallelEnabled: JSONValue {
        guard let parameters = environment[EnvironmentKey.modelParallelParameters] else { return .null }
        return parameters.isEmpty ? "" : .bool(parameters != "{}")
    }

    private func channelDirectory(_ name: String) -> String {
        // os.path.join: an absolute second part replaces the first.
        name.utf8.first == UInt8(ascii: "/") ? name : directory("input/data") + "/" + name
    }

    private func directory(_ name: String) -> String {
        mlDirectory.utf8.last == UInt8(ascii: "/") ? mlDirectory + name : mlDirectory + "/" + name
    }
}
