/// The files of jobs with several hosts or groups of hosts.
extension SageMakerGolden {
    static let case4 = SageMakerGolden(
        testDescription: "heterogeneous groups with MPI",
        hyperparameters:
            #"{"sagemaker_mpi_enabled": "true", "sagemaker_mpi_num_of_processes_per_host": "2", "sagemaker_mpi_custom_mpi_options": "-x A=b", "sagemaker_container_log_level": "10", "sagemaker_submit_directory": "/opt/x", "sagemaker_region": "us-west-2", "a": "1"}"#,
        inputDataConfig: #"{"input": {"TrainingInputMode": "File"}}"#,
        resourceConfig:
            #"{"current_group_name": "workers", "current_host": "algo-3", "current_instance_type": "ml.c5.xlarge", "hosts": ["algo-1", "algo-2", "algo-3"], "instance_groups": [{"instance_group_name": "leader", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}, {"instance_group_name": "workers", "instance_type": "ml.c5.xlarge", "hosts": ["algo-2", "algo-3"]}], "network_interface_name": "eth0"}"#,
        cpuCount: 2,
        gpuCount: 0,
        neuronCount: 0,
        processEnvironment: ["TRAINING_JOB_NAME": "n", "SAGEMAKER_TRAINING_MODULE": "pkg.training:main"],
        userArguments: [
            "-a",
            "1",
        ],
        variables: [
            ("SM_HOSTS", #"["algo-1","algo-2","algo-3"]"#),
            ("SM_NETWORK_INTERFACE_NAME", "eth0"),
            ("SM_HPS", #"{"a":1}"#),
            ("SM_USER_ENTRY_POINT", "braket_container.py"),
            (
                "SM_FRAMEWORK_PARAMS",
                #"{"sagemaker_mpi_custom_mpi_options":"-x A=b","sagemaker_mpi_enabled":true,"sagemaker_mpi_num_of_processes_per_host":2}"#
            ),
            (
                "SM_RESOURCE_CONFIG",
                #"{"current_group_name":"workers","current_host":"algo-3","current_instance_type":"ml.c5.xlarge","hosts":["algo-1","algo-2","algo-3"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},{"hosts":["algo-2","algo-3"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}],"network_interface_name":"eth0"}"#
            ),
            ("SM_INPUT_DATA_CONFIG", #"{"input":{"TrainingInputMode":"File"}}"#),
            ("SM_OUTPUT_DATA_DIR", "/tmp/sm/ml/output/data"),
            ("SM_CHANNELS", #"["input"]"#),
            ("SM_CURRENT_HOST", "algo-3"),
            ("SM_CURRENT_INSTANCE_TYPE", "ml.c5.xlarge"),
            ("SM_CURRENT_INSTANCE_GROUP", "workers"),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", #"["algo-2","algo-3"]"#),
            ("SM_INSTANCE_GROUPS", #"["leader","workers"]"#),
            (
                "SM_INSTANCE_GROUPS_DICT",
                #"{"leader":{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},"workers":{"hosts":["algo-2","algo-3"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}}"#
            ),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", #"["workers"]"#),
            ("SM_IS_HETERO", "true"),
            ("SM_MODULE_NAME", "braket_container"),
            ("SM_LOG_LEVEL", "10"),
            ("SM_FRAMEWORK_MODULE", "pkg.training:main"),
            ("SM_INPUT_DIR", "/tmp/sm/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/tmp/sm/ml/input/config"),
            ("SM_OUTPUT_DIR", "/tmp/sm/ml/output"),
            ("SM_NUM_CPUS", "2"),
            ("SM_NUM_GPUS", "0"),
            ("SM_NUM_NEURONS", "0"),
            ("SM_MODEL_DIR", "/tmp/sm/ml/model"),
            ("SM_MODULE_DIR", "/opt/x"),
            (
                "SM_TRAINING_ENV",
                #"{"additional_framework_parameters":{"sagemaker_mpi_custom_mpi_options":"-x A=b","sagemaker_mpi_enabled":true,"sagemaker_mpi_num_of_processes_per_host":2},"channel_input_dirs":{"input":"/tmp/sm/ml/input/data/input"},"current_host":"algo-3","current_instance_group":"workers","current_instance_group_hosts":["algo-2","algo-3"],"current_instance_type":"ml.c5.xlarge","distribution_hosts":["algo-2","algo-3"],"distribution_instance_groups":["workers"],"framework_module":"pkg.training:main","hosts":["algo-1","algo-2","algo-3"],"hyperparameters":{"a":1},"input_config_dir":"/tmp/sm/ml/input/config","input_data_config":{"input":{"TrainingInputMode":"File"}},"input_dir":"/tmp/sm/ml/input","instance_groups":["leader","workers"],"instance_groups_dict":{"leader":{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},"workers":{"hosts":["algo-2","algo-3"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}},"is_hetero":true,"is_master":false,"is_modelparallel_enabled":null,"is_smddpmprun_installed":false,"is_smddprun_installed":false,"job_name":"n","log_level":10,"master_hostname":"algo-2","model_dir":"/tmp/sm/ml/model","module_dir":"/opt/x","module_name":"braket_container","network_interface_name":"eth0","num_cpus":2,"num_gpus":0,"num_neurons":0,"output_data_dir":"/tmp/sm/ml/output/data","output_dir":"/tmp/sm/ml/output","output_intermediate_dir":"/tmp/sm/ml/output/intermediate","resource_config":{"current_group_name":"workers","current_host":"algo-3","current_instance_type":"ml.c5.xlarge","hosts":["algo-1","algo-2","algo-3"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},{"hosts":["algo-2","algo-3"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}],"network_interface_name":"eth0"},"topology":[],"user_entry_point":"braket_container.py"}"#
            ),
            ("SM_USER_ARGS", #"["-a","1"]"#),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/tmp/sm/ml/output/intermediate"),
            ("SM_CHANNEL_INPUT", "/tmp/sm/ml/input/data/input"),
            ("SM_HP_A", "1"),
        ]
    )

    static let case5 = SageMakerGolden(
        testDescription: "named distribution groups, topology, model parallelism",
        hyperparameters:
            #"{"sagemaker_distribution_instance_groups": "[\"leader\", \"workers\"]", "sagemaker_submit_directory": "true", "sagemaker_container_log_level": "\"debug\"", "typed": 5, "typedfloat": 1.5, "typedlist": [1, "x"], "typednull": null, "typedbool": true}"#,
        inputDataConfig: "{}",
        resourceConfig:
            #"{"current_group_name": "workers", "current_host": "algo-1", "current_instance_type": "local", "hosts": ["algo-1", "algo-2"], "instance_groups": [{"instance_group_name": "leader", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}, {"instance_group_name": "workers", "instance_type": "ml.c5.xlarge", "hosts": ["algo-2"]}], "topology": [{"hostName": "algo-1", "capacityUnitId": "cu"}]}"#,
        cpuCount: 2,
        gpuCount: 1,
        neuronCount: 0,
        processEnvironment: ["SM_HP_MP_PARAMETERS": #"{"a":1}"#],
        userArguments: [
            "--typed",
            "5",
            "--typedbool",
            "True",
            "--typedfloat",
            "1.5",
            "--typedlist",
            "[1, 'x']",
            "--typednull",
            "",
        ],
        variables: [
            ("SM_HOSTS", #"["algo-1","algo-2"]"#),
            ("SM_NETWORK_INTERFACE_NAME", "eth0"),
            ("SM_HPS", #"{"typed":5,"typedbool":true,"typedfloat":1.5,"typedlist":[1,"x"],"typednull":null}"#),
            ("SM_USER_ENTRY_POINT", "braket_container.py"),
            ("SM_FRAMEWORK_PARAMS", #"{"sagemaker_distribution_instance_groups":["leader","workers"]}"#),
            (
                "SM_RESOURCE_CONFIG",
                #"{"current_group_name":"workers","current_host":"algo-1","current_instance_type":"local","hosts":["algo-1","algo-2"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},{"hosts":["algo-2"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}],"topology":[{"capacityUnitId":"cu","hostName":"algo-1"}]}"#
            ),
            ("SM_INPUT_DATA_CONFIG", "{}"),
            ("SM_OUTPUT_DATA_DIR", "/tmp/sm/ml/output/data"),
            ("SM_CHANNELS", "[]"),
            ("SM_CURRENT_HOST", "algo-1"),
            ("SM_CURRENT_INSTANCE_TYPE", "local"),
            ("SM_CURRENT_INSTANCE_GROUP", "workers"),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", #"["algo-2"]"#),
            ("SM_INSTANCE_GROUPS", #"["leader","workers"]"#),
            (
                "SM_INSTANCE_GROUPS_DICT",
                #"{"leader":{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},"workers":{"hosts":["algo-2"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}}"#
            ),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", #"["leader","workers"]"#),
            ("SM_IS_HETERO", "true"),
            ("SM_MODULE_NAME", "braket_container"),
            ("SM_LOG_LEVEL", "debug"),
            ("SM_FRAMEWORK_MODULE", ""),
            ("SM_INPUT_DIR", "/tmp/sm/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/tmp/sm/ml/input/config"),
            ("SM_OUTPUT_DIR", "/tmp/sm/ml/output"),
            ("SM_NUM_CPUS", "2"),
            ("SM_NUM_GPUS", "1"),
            ("SM_NUM_NEURONS", "0"),
            ("SM_MODEL_DIR", "/tmp/sm/ml/model"),
            ("SM_MODULE_DIR", "True"),
            (
                "SM_TRAINING_ENV",
                #"{"additional_framework_parameters":{"sagemaker_distribution_instance_groups":["leader","workers"]},"channel_input_dirs":{},"current_host":"algo-1","current_instance_group":"workers","current_instance_group_hosts":["algo-2"],"current_instance_type":"local","distribution_hosts":["algo-1","algo-2"],"distribution_instance_groups":["leader","workers"],"framework_module":null,"hosts":["algo-1","algo-2"],"hyperparameters":{"typed":5,"typedbool":true,"typedfloat":1.5,"typedlist":[1,"x"],"typednull":null},"input_config_dir":"/tmp/sm/ml/input/config","input_data_config":{},"input_dir":"/tmp/sm/ml/input","instance_groups":["leader","workers"],"instance_groups_dict":{"leader":{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},"workers":{"hosts":["algo-2"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}},"is_hetero":true,"is_master":true,"is_modelparallel_enabled":true,"is_smddpmprun_installed":false,"is_smddprun_installed":false,"job_name":null,"log_level":"debug","master_hostname":"algo-1","model_dir":"/tmp/sm/ml/model","module_dir":"True","module_name":"braket_container","network_interface_name":"eth0","num_cpus":2,"num_gpus":1,"num_neurons":0,"output_data_dir":"/tmp/sm/ml/output/data","output_dir":"/tmp/sm/ml/output","output_intermediate_dir":"/tmp/sm/ml/output/intermediate","resource_config":{"current_group_name":"workers","current_host":"algo-1","current_instance_type":"local","hosts":["algo-1","algo-2"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"leader","instance_type":"ml.m5.large"},{"hosts":["algo-2"],"instance_group_name":"workers","instance_type":"ml.c5.xlarge"}],"topology":[{"capacityUnitId":"cu","hostName":"algo-1"}]},"topology":[{"capacityUnitId":"cu","hostName":"algo-1"}],"user_entry_point":"braket_container.py"}"#
            ),
            (
                "SM_USER_ARGS",
                #"["--typed","5","--typedbool","True","--typedfloat","1.5","--typedlist","[1, 'x']","--typednull",""]"#
            ),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/tmp/sm/ml/output/intermediate"),
            ("SM_TOPOLOGY", #"[{"capacityUnitId":"cu","hostName":"algo-1"}]"#),
            ("SM_HP_TYPED", "5"),
            ("SM_HP_TYPEDFLOAT", "1.5"),
            ("SM_HP_TYPEDLIST", #"[1,"x"]"#),
            ("SM_HP_TYPEDNULL", ""),
            ("SM_HP_TYPEDBOOL", "true"),
        ]
    )

    static let case6 = SageMakerGolden(
        testDescription: "an MPI switch that is text, and empty model parallelism",
        hyperparameters: #"{"sagemaker_mpi_enabled": "False", "sagemaker_s3_output": "s3://b/x", "x": "1"}"#,
        inputDataConfig: #"{"c": {}}"#,
        resourceConfig: #"{"current_host": "algo-1", "hosts": ["algo-1", "algo-2"], "instance_groups": []}"#,
        cpuCount: 2,
        gpuCount: 0,
        neuronCount: 0,
        processEnvironment: ["SM_HP_MP_PARAMETERS": "{}", "TRAINING_JOB_NAME": ""],
        userArguments: [
            "-x",
            "1",
        ],
        variables: [
            ("SM_HOSTS", #"["algo-1","algo-2"]"#),
            ("SM_NETWORK_INTERFACE_NAME", "eth0"),
            ("SM_HPS", #"{"x":1}"#),
            ("SM_USER_ENTRY_POINT", "braket_container.py"),
            ("SM_FRAMEWORK_PARAMS", #"{"sagemaker_mpi_enabled":"False"}"#),
            ("SM_RESOURCE_CONFIG", #"{"current_host":"algo-1","hosts":["algo-1","algo-2"],"instance_groups":[]}"#),
            ("SM_INPUT_DATA_CONFIG", #"{"c":{}}"#),
            ("SM_OUTPUT_DATA_DIR", "/tmp/sm/ml/output/data"),
            ("SM_CHANNELS", #"["c"]"#),
            ("SM_CURRENT_HOST", "algo-1"),
            ("SM_CURRENT_INSTANCE_TYPE", "local"),
            ("SM_CURRENT_INSTANCE_GROUP", "homogeneousCluster"),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", "[]"),
            ("SM_INSTANCE_GROUPS", "[]"),
            ("SM_INSTANCE_GROUPS_DICT", "{}"),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", #"["homogeneousCluster"]"#),
            ("SM_IS_HETERO", "false"),
            ("SM_MODULE_NAME", "braket_container"),
            ("SM_LOG_LEVEL", "20"),
            ("SM_FRAMEWORK_MODULE", ""),
            ("SM_INPUT_DIR", "/tmp/sm/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/tmp/sm/ml/input/config"),
            ("SM_OUTPUT_DIR", "/tmp/sm/ml/output"),
            ("SM_NUM_CPUS", "2"),
            ("SM_NUM_GPUS", "0"),
            ("SM_NUM_NEURONS", "0"),
            ("SM_MODEL_DIR", "/tmp/sm/ml/model"),
            ("SM_MODULE_DIR", "/tmp/sm/ml/code"),
            (
                "SM_TRAINING_ENV",
                #"{"additional_framework_parameters":{"sagemaker_mpi_enabled":"False"},"channel_input_dirs":{"c":"/tmp/sm/ml/input/data/c"},"current_host":"algo-1","current_instance_group":"homogeneousCluster","current_instance_group_hosts":[],"current_instance_type":"local","distribution_hosts":["algo-1","algo-2"],"distribution_instance_groups":["homogeneousCluster"],"framework_module":null,"hosts":["algo-1","algo-2"],"hyperparameters":{"x":1},"input_config_dir":"/tmp/sm/ml/input/config","input_data_config":{"c":{}},"input_dir":"/tmp/sm/ml/input","instance_groups":[],"instance_groups_dict":{},"is_hetero":false,"is_master":true,"is_modelparallel_enabled":false,"is_smddpmprun_installed":false,"is_smddprun_installed":false,"job_name":"","log_level":20,"master_hostname":"algo-1","model_dir":"/tmp/sm/ml/model","module_dir":"/tmp/sm/ml/code","module_name":"braket_container","network_interface_name":"eth0","num_cpus":2,"num_gpus":0,"num_neurons":0,"output_data_dir":"/tmp/sm/ml/output/data","output_dir":"/tmp/sm/ml/output","output_intermediate_dir":"/tmp/sm/ml/output/intermediate","resource_config":{"current_host":"algo-1","hosts":["algo-1","algo-2"],"instance_groups":[]},"topology":[],"user_entry_point":"braket_container.py"}"#
            ),
            ("SM_USER_ARGS", #"["-x","1"]"#),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/tmp/sm/ml/output/intermediate"),
            ("SM_CHANNEL_C", "/tmp/sm/ml/input/data/c"),
            ("SM_HP_X", "1"),
        ]
    )

    static let case7 = SageMakerGolden(
        testDescription: "an unused group, and a switch that is an empty text",
        hyperparameters:
            #"{"sagemaker_parameter_server_enabled": "\"\"", "sagemaker_torch_distributed_enabled": "0.0"}"#,
        inputDataConfig: "{}",
        resourceConfig:
            #"{"current_group_name": "other", "current_host": "algo-1", "hosts": ["algo-1"], "instance_groups": [{"instance_group_name": "g", "hosts": ["algo-1"]}]}"#,
        cpuCount: 2,
        gpuCount: 0,
        neuronCount: 0,
        processEnvironment: ["SM_HP_MP_PARAMETERS": ""],
        userArguments: [],
        variables: [
            ("SM_HOSTS", #"["algo-1"]"#),
            ("SM_NETWORK_INTERFACE_NAME", "eth0"),
            ("SM_HPS", "{}"),
            ("SM_USER_ENTRY_POINT", "braket_container.py"),
            (
                "SM_FRAMEWORK_PARAMS",
                #"{"sagemaker_parameter_server_enabled":"","sagemaker_torch_distributed_enabled":0.0}"#
            ),
            (
                "SM_RESOURCE_CONFIG",
                #"{"current_group_name":"other","current_host":"algo-1","hosts":["algo-1"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"g"}]}"#
            ),
            ("SM_INPUT_DATA_CONFIG", "{}"),
            ("SM_OUTPUT_DATA_DIR", "/tmp/sm/ml/output/data"),
            ("SM_CHANNELS", "[]"),
            ("SM_CURRENT_HOST", "algo-1"),
            ("SM_CURRENT_INSTANCE_TYPE", "local"),
            ("SM_CURRENT_INSTANCE_GROUP", "other"),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", "[]"),
            ("SM_INSTANCE_GROUPS", #"["g"]"#),
            ("SM_INSTANCE_GROUPS_DICT", #"{"g":{"hosts":["algo-1"],"instance_group_name":"g"}}"#),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", "[]"),
            ("SM_IS_HETERO", "false"),
            ("SM_MODULE_NAME", "braket_container"),
            ("SM_LOG_LEVEL", "20"),
            ("SM_FRAMEWORK_MODULE", ""),
            ("SM_INPUT_DIR", "/tmp/sm/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/tmp/sm/ml/input/config"),
            ("SM_OUTPUT_DIR", "/tmp/sm/ml/output"),
            ("SM_NUM_CPUS", "2"),
            ("SM_NUM_GPUS", "0"),
            ("SM_NUM_NEURONS", "0"),
            ("SM_MODEL_DIR", "/tmp/sm/ml/model"),
            ("SM_MODULE_DIR", "/tmp/sm/ml/code"),
            (
                "SM_TRAINING_ENV",
                #"{"additional_framework_parameters":{"sagemaker_parameter_server_enabled":"","sagemaker_torch_distributed_enabled":0.0},"channel_input_dirs":{},"current_host":"algo-1","current_instance_group":"other","current_instance_group_hosts":[],"current_instance_type":"local","distribution_hosts":[],"distribution_instance_groups":[],"framework_module":null,"hosts":["algo-1"],"hyperparameters":{},"input_config_dir":"/tmp/sm/ml/input/config","input_data_config":{},"input_dir":"/tmp/sm/ml/input","instance_groups":["g"],"instance_groups_dict":{"g":{"hosts":["algo-1"],"instance_group_name":"g"}},"is_hetero":false,"is_master":true,"is_modelparallel_enabled":"","is_smddpmprun_installed":false,"is_smddprun_installed":false,"job_name":null,"log_level":20,"master_hostname":"algo-1","model_dir":"/tmp/sm/ml/model","module_dir":"/tmp/sm/ml/code","module_name":"braket_container","network_interface_name":"eth0","num_cpus":2,"num_gpus":0,"num_neurons":0,"output_data_dir":"/tmp/sm/ml/output/data","output_dir":"/tmp/sm/ml/output","output_intermediate_dir":"/tmp/sm/ml/output/intermediate","resource_config":{"current_group_name":"other","current_host":"algo-1","hosts":["algo-1"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"g"}]},"topology":[],"user_entry_point":"braket_container.py"}"#
            ),
            ("SM_USER_ARGS", "[]"),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/tmp/sm/ml/output/intermediate"),
        ]
    )
}
