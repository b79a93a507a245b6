import Testing

/// What sagemaker-training 5.1.1 made of seven sets of files under CPython 3.11.7, measured with
/// `SAGEMAKER_BASE_DIR=/tmp/sm/ml`, `SAGEMAKER_PROGRAM=braket_container.py` and its three device counters replaced.
struct SageMakerGolden: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let hyperparameters: String
    let inputDataConfig: String
    let resourceConfig: String
    let cpuCount: Int
    let gpuCount: Int
    let neuronCount: Int
    let processEnvironment: [String: String]
    let userArguments: [String]
    let variables: [(name: String, value: String)]
}

extension SageMakerGolden {
    static let all: [SageMakerGolden] = [
        case1,
        case2,
        case3,
        case4,
        case5,
        case6,
        case7,
    ]

    private static let case1 = SageMakerGolden(
        testDescription: "single host of the service",
        hyperparameters:
            #"{"n_qubits": "4", "eta": "1e-3", "flag": "true", "off": "False", "name": "abc", "zero": "007", "nothing": "null", "quoted": "\"q\"", "sagemaker_mpi_enabled": "false", "sagemaker_program": "ignored.py", "sagemaker_job_name": "j", "_tuning_objective_metric": "loss", "default_user_module_name": "m"}"#,
        inputDataConfig:
            #"{"input": {"ContentType": "text/csv", "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}}"#,
        resourceConfig:
            #"{"current_group_name": "homogeneousCluster", "current_host": "algo-1", "current_instance_type": "ml.c5.xlarge", "hosts": ["algo-1"], "instance_groups": [{"hosts": ["algo-1"], "instance_group_name": "homogeneousCluster", "instance_type": "ml.c5.xlarge"}], "network_interface_name": "eth0", "topology": null}"#,
        cpuCount: 4,
        gpuCount: 0,
        neuronCount: 0,
        processEnvironment: ["TRAINING_JOB_NAME": "BraketJob-123456789012-x"],
        userArguments: [
            "--eta",
            "0.001",
            "--flag",
            "True",
            "--n_qubits",
            "4",
            "--name",
            "abc",
            "--nothing",
            "",
            "--off",
            "False",
            "--quoted",
            "q",
            "--zero",
            "007",
        ],
        variables: [
            ("SM_HOSTS", #"["algo-1"]"#),
            ("SM_NETWORK_INTERFACE_NAME", "eth0"),
            (
                "SM_HPS",
                #"{"eta":0.001,"flag":true,"n_qubits":4,"name":"abc","nothing":null,"off":"False","quoted":"q","zero":"007"}"#
            ),
            ("SM_USER_ENTRY_POINT", "braket_container.py"),
            ("SM_FRAMEWORK_PARAMS", #"{"sagemaker_mpi_enabled":false}"#),
            (
                "SM_RESOURCE_CONFIG",
                #"{"current_group_name":"homogeneousCluster","current_host":"algo-1","current_instance_type":"ml.c5.xlarge","hosts":["algo-1"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.c5.xlarge"}],"network_interface_name":"eth0","topology":null}"#
            ),
            (
                "SM_INPUT_DATA_CONFIG",
                #"{"input":{"ContentType":"text/csv","RecordWrapperType":"None","S3DistributionType":"FullyReplicated","TrainingInputMode":"File"}}"#
            ),
            ("SM_OUTPUT_DATA_DIR", "/tmp/sm/ml/output/data"),
            ("SM_CHANNELS", #"["input"]"#),
            ("SM_CURRENT_HOST", "algo-1"),
            ("SM_CURRENT_INSTANCE_TYPE", "ml.c5.xlarge"),
            ("SM_CURRENT_INSTANCE_GROUP", "homogeneousCluster"),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", #"["algo-1"]"#),
            ("SM_INSTANCE_GROUPS", #"["homogeneousCluster"]"#),
            (
                "SM_INSTANCE_GROUPS_DICT",
                #"{"homogeneousCluster":{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.c5.xlarge"}}"#
            ),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", "[]"),
            ("SM_IS_HETERO", "false"),
            ("SM_MODULE_NAME", "braket_container"),
            ("SM_LOG_LEVEL", "20"),
            ("SM_FRAMEWORK_MODULE", ""),
            ("SM_INPUT_DIR", "/tmp/sm/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/tmp/sm/ml/input/config"),
            ("SM_OUTPUT_DIR", "/tmp/sm/ml/output"),
            ("SM_NUM_CPUS", "4"),
            ("SM_NUM_GPUS", "0"),
            ("SM_NUM_NEURONS", "0"),
            ("SM_MODEL_DIR", "/tmp/sm/ml/model"),
            ("SM_MODULE_DIR", "/tmp/sm/ml/code"),
            (
                "SM_TRAINING_ENV",
                #"{"additional_framework_parameters":{"sagemaker_mpi_enabled":false},"channel_input_dirs":{"input":"/tmp/sm/ml/input/data/input"},"current_host":"algo-1","current_instance_group":"homogeneousCluster","current_instance_group_hosts":["algo-1"],"current_instance_type":"ml.c5.xlarge","distribution_hosts":[],"distribution_instance_groups":[],"framework_module":null,"hosts":["algo-1"],"hyperparameters":{"eta":0.001,"flag":true,"n_qubits":4,"name":"abc","nothing":null,"off":"False","quoted":"q","zero":"007"},"input_config_dir":"/tmp/sm/ml/input/config","input_data_config":{"input":{"ContentType":"text/csv","RecordWrapperType":"None","S3DistributionType":"FullyReplicated","TrainingInputMode":"File"}},"input_dir":"/tmp/sm/ml/input","instance_groups":["homogeneousCluster"],"instance_groups_dict":{"homogeneousCluster":{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.c5.xlarge"}},"is_hetero":false,"is_master":true,"is_modelparallel_enabled":null,"is_smddpmprun_installed":false,"is_smddprun_installed":false,"job_name":"BraketJob-123456789012-x","log_level":20,"master_hostname":"algo-1","model_dir":"/tmp/sm/ml/model","module_dir":"/tmp/sm/ml/code","module_name":"braket_container","network_interface_name":"eth0","num_cpus":4,"num_gpus":0,"num_neurons":0,"output_data_dir":"/tmp/sm/ml/output/data","output_dir":"/tmp/sm/ml/output","output_intermediate_dir":"/tmp/sm/ml/output/intermediate","resource_config":{"current_group_name":"homogeneousCluster","current_host":"algo-1","current_instance_type":"ml.c5.xlarge","hosts":["algo-1"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.c5.xlarge"}],"network_interface_name":"eth0","topology":null},"topology":null,"user_entry_point":"braket_container.py"}"#
            ),
            (
                "SM_USER_ARGS",
                #"["--eta","0.001","--flag","True","--n_qubits","4","--name","abc","--nothing","","--off","False","--quoted","q","--zero","007"]"#
            ),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/tmp/sm/ml/output/intermediate"),
            ("SM_CHANNEL_INPUT", "/tmp/sm/ml/input/data/input"),
            ("SM_HP_N_QUBITS", "4"),
            ("SM_HP_ETA", "0.001"),
            ("SM_HP_FLAG", "true"),
            ("SM_HP_OFF", "False"),
            ("SM_HP_NAME", "abc"),
            ("SM_HP_ZERO", "007"),
            ("SM_HP_NOTHING", ""),
            ("SM_HP_QUOTED", "q"),
        ]
    )

    private static let case2 = SageMakerGolden(
        testDescription: "nothing but hosts",
        hyperparameters: "{}",
        inputDataConfig: "{}",
        resourceConfig: #"{"current_host": "algo-1-ab3de", "hosts": ["algo-1-ab3de"]}"#,
        cpuCount: 1,
        gpuCount: 0,
        neuronCount: 0,
        processEnvironment: [:],
        userArguments: [],
        variables: [
            ("SM_HOSTS", #"["algo-1-ab3de"]"#),
            ("SM_NETWORK_INTERFACE_NAME", "eth0"),
            ("SM_HPS", "{}"),
            ("SM_USER_ENTRY_POINT", "braket_container.py"),
            ("SM_FRAMEWORK_PARAMS", "{}"),
            ("SM_RESOURCE_CONFIG", #"{"current_host":"algo-1-ab3de","hosts":["algo-1-ab3de"]}"#),
            ("SM_INPUT_DATA_CONFIG", "{}"),
            ("SM_OUTPUT_DATA_DIR", "/tmp/sm/ml/output/data"),
            ("SM_CHANNELS", "[]"),
            ("SM_CURRENT_HOST", "algo-1-ab3de"),
            ("SM_CURRENT_INSTANCE_TYPE", "local"),
            ("SM_CURRENT_INSTANCE_GROUP", "homogeneousCluster"),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", "[]"),
            ("SM_INSTANCE_GROUPS", "[]"),
            ("SM_INSTANCE_GROUPS_DICT", "{}"),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", "[]"),
            ("SM_IS_HETERO", "false"),
            ("SM_MODULE_NAME", "braket_container"),
            ("SM_LOG_LEVEL", "20"),
            ("SM_FRAMEWORK_MODULE", ""),
            ("SM_INPUT_DIR", "/tmp/sm/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/tmp/sm/ml/input/config"),
            ("SM_OUTPUT_DIR", "/tmp/sm/ml/output"),
            ("SM_NUM_CPUS", "1"),
            ("SM_NUM_GPUS", "0"),
            ("SM_NUM_NEURONS", "0"),
            ("SM_MODEL_DIR", "/tmp/sm/ml/model"),
            ("SM_MODULE_DIR", "/tmp/sm/ml/code"),
            (
                "SM_TRAINING_ENV",
                #"{"additional_framework_parameters":{},"channel_input_dirs":{},"current_host":"algo-1-ab3de","current_instance_group":"homogeneousCluster","current_instance_group_hosts":[],"current_instance_type":"local","distribution_hosts":["algo-1-ab3de"],"distribution_instance_groups":[],"framework_module":null,"hosts":["algo-1-ab3de"],"hyperparameters":{},"input_config_dir":"/tmp/sm/ml/input/config","input_data_config":{},"input_dir":"/tmp/sm/ml/input","instance_groups":[],"instance_groups_dict":{},"is_hetero":false,"is_master":true,"is_modelparallel_enabled":null,"is_smddpmprun_installed":false,"is_smddprun_installed":false,"job_name":null,"log_level":20,"master_hostname":"algo-1-ab3de","model_dir":"/tmp/sm/ml/model","module_dir":"/tmp/sm/ml/code","module_name":"braket_container","network_interface_name":"eth0","num_cpus":1,"num_gpus":0,"num_neurons":0,"output_data_dir":"/tmp/sm/ml/output/data","output_dir":"/tmp/sm/ml/output","output_intermediate_dir":"/tmp/sm/ml/output/intermediate","resource_config":{"current_host":"algo-1-ab3de","hosts":["algo-1-ab3de"]},"topology":[],"user_entry_point":"braket_container.py"}"#
            ),
            ("SM_USER_ARGS", "[]"),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/tmp/sm/ml/output/intermediate"),
        ]
    )

    private static let case3 = SageMakerGolden(
        testDescription: "odd names and values",
        hyperparameters:
            #"{"my-hp": "x", "MY-HP": "y", "k": "1", "\u00e9": "\u00fc\ud83d\ude00", "stra\u00dfe": "1", "sp ace": " 1 ", "dot.key": "a=b", "nested": "{\"b\": [1, 2.0, null, true, \"it's\", \"\\u00e9\"], \"a\": {\"z\": 1e16}, \"c\": null}", "list": "[1, \"a\", 'b']", "list2": "[1, \"a'b\", \"q\\\"'\", null, true, false, 1.50, {\"k\": [\"\\n\\u200b\\u00e9\\\\\"]}]", "big": "123456789012345678901234567890", "exp": "1E5", "inf": "Infinity", "ninf": "-Infinity", "nan": "NaN", "huge": "1e400", "negzero": "-0", "negzerof": "-0.0", "bom": "\ufeff1", "blank": "", "del": "\u007f", "space": " ", "ws": " 5\n", "dup": "{\"a\":1,\"a\":2}", "surr": "\"\\ud83d\\ude00\"", "Zed": "zed", "listfloat": "[1e-7, 1e22, -0.0, 12345678901234567890.5]", "listinf": "[Infinity, NaN]", "deepdict": "{\"x\": {\"y\": \"z'\"}, \"w\": true, \"v\": \"plain\"}"}"#,
        inputDataConfig:
            #"{"my-ch.a": {"TrainingInputMode": "File"}, "Zeta": {}, "data2": {"n": 1.5}, "data": {"\u00e9": "\u00fc"}}"#,
        resourceConfig:
            #"{"current_host": "algo-2", "hosts": ["algo-1", "algo-10", "algo-2"], "network_interface_name": "ethwe", "extra": [1.0, {"b": 1, "a": 2}]}"#,
        cpuCount: 96,
        gpuCount: 8,
        neuronCount: 2,
        processEnvironment: ["TRAINING_JOB_NAME": "n"],
        userArguments: [
            "--MY-HP",
            "y",
            "--Zed",
            "zed",
            "--big",
            "123456789012345678901234567890",
            "--blank",
            "",
            "--bom",
            "\u{FEFF}1",
            "--deepdict",
            #"v=plain,w=True,x={'y': "z'"}"#,
            "--del",
            "\u{7F}",
            "--dot.key",
            "a=b",
            "--dup",
            "a=2",
            "--exp",
            "100000.0",
            "--huge",
            "inf",
            "--inf",
            "inf",
            "-k",
            "1",
            "--list",
            #"[1, "a", 'b']"#,
            "--list2",
            #"[1, "a'b", 'q"\'', None, True, False, 1.5, {'k': ['\n\u200bé\\']}]"#,
            "--listfloat",
            "[1e-07, 1e+22, -0.0, 1.2345678901234567e+19]",
            "--listinf",
            "[inf, nan]",
            "--my-hp",
            "x",
            "--nan",
            "nan",
            "--negzero",
            "0",
            "--negzerof",
            "-0.0",
            "--nested",
            #"a={'z': 1e+16},b=[1, 2.0, None, True, "it's", 'é'],c=None"#,
            "--ninf",
            "-inf",
            "--sp ace",
            "1",
            "--space",
            " ",
            "--straße",
            "1",
            "--surr",
            "😀",
            "--ws",
            "5",
            "-é",
            "ü😀",
        ],
        variables: [
            ("SM_HOSTS", #"["algo-1","algo-10","algo-2"]"#),
            ("SM_NETWORK_INTERFACE_NAME", "ethwe"),
            (
                "SM_HPS",
                #"{"MY-HP":"y","Zed":"zed","big":123456789012345678901234567890,"blank":"","bom":"\ufeff1","deepdict":{"v":"plain","w":true,"x":{"y":"z'"}},"del":"\u007f","dot.key":"a=b","dup":{"a":2},"exp":100000.0,"huge":Infinity,"inf":Infinity,"k":1,"list":"[1, \"a\", 'b']","list2":[1,"a'b","q\"'",null,true,false,1.5,{"k":["\n\u200b\u00e9\\"]}],"listfloat":[1e-07,1e+22,-0.0,1.2345678901234567e+19],"listinf":[Infinity,NaN],"my-hp":"x","nan":NaN,"negzero":0,"negzerof":-0.0,"nested":{"a":{"z":1e+16},"b":[1,2.0,null,true,"it's","\u00e9"],"c":null},"ninf":-Infinity,"sp ace":1,"space":" ","stra\u00dfe":1,"surr":"\ud83d\ude00","ws":5,"\u00e9":"\u00fc\ud83d\ude00"}"#
            ),
            ("SM_USER_ENTRY_POINT", "braket_container.py"),
            ("SM_FRAMEWORK_PARAMS", "{}"),
            (
                "SM_RESOURCE_CONFIG",
                #"{"current_host":"algo-2","extra":[1.0,{"a":2,"b":1}],"hosts":["algo-1","algo-10","algo-2"],"network_interface_name":"ethwe"}"#
            ),
            (
                "SM_INPUT_DATA_CONFIG",
                #"{"Zeta":{},"data":{"\u00e9":"\u00fc"},"data2":{"n":1.5},"my-ch.a":{"TrainingInputMode":"File"}}"#
            ),
            ("SM_OUTPUT_DATA_DIR", "/tmp/sm/ml/output/data"),
            ("SM_CHANNELS", #"["Zeta","data","data2","my-ch.a"]"#),
            ("SM_CURRENT_HOST", "algo-2"),
            ("SM_CURRENT_INSTANCE_TYPE", "local"),
            ("SM_CURRENT_INSTANCE_GROUP", "homogeneousCluster"),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", "[]"),
            ("SM_INSTANCE_GROUPS", "[]"),
            ("SM_INSTANCE_GROUPS_DICT", "{}"),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", "[]"),
            ("SM_IS_HETERO", "false"),
            ("SM_MODULE_NAME", "braket_container"),
            ("SM_LOG_LEVEL", "20"),
            ("SM_FRAMEWORK_MODULE", ""),
            ("SM_INPUT_DIR", "/tmp/sm/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/tmp/sm/ml/input/config"),
            ("SM_OUTPUT_DIR", "/tmp/sm/ml/output"),
            ("SM_NUM_CPUS", "96"),
            ("SM_NUM_GPUS", "8"),
            ("SM_NUM_NEURONS", "2"),
            ("SM_MODEL_DIR", "/tmp/sm/ml/model"),
            ("SM_MODULE_DIR", "/tmp/sm/ml/code"),
            (
                "SM_TRAINING_ENV",
                #"{"additional_framework_parameters":{},"channel_input_dirs":{"Zeta":"/tmp/sm/ml/input/data/Zeta","data":"/tmp/sm/ml/input/data/data","data2":"/tmp/sm/ml/input/data/data2","my-ch.a":"/tmp/sm/ml/input/data/my-ch.a"},"current_host":"algo-2","current_instance_group":"homogeneousCluster","current_instance_group_hosts":[],"current_instance_type":"local","distribution_hosts":["algo-1","algo-10","algo-2"],"distribution_instance_groups":[],"framework_module":null,"hosts":["algo-1","algo-10","algo-2"],"hyperparameters":{"MY-HP":"y","Zed":"zed","big":123456789012345678901234567890,"blank":"","bom":"\ufeff1","deepdict":{"v":"plain","w":true,"x":{"y":"z'"}},"del":"\u007f","dot.key":"a=b","dup":{"a":2},"exp":100000.0,"huge":Infinity,"inf":Infinity,"k":1,"list":"[1, \"a\", 'b']","list2":[1,"a'b","q\"'",null,true,false,1.5,{"k":["\n\u200b\u00e9\\"]}],"listfloat":[1e-07,1e+22,-0.0,1.2345678901234567e+19],"listinf":[Infinity,NaN],"my-hp":"x","nan":NaN,"negzero":0,"negzerof":-0.0,"nested":{"a":{"z":1e+16},"b":[1,2.0,null,true,"it's","\u00e9"],"c":null},"ninf":-Infinity,"sp ace":1,"space":" ","stra\u00dfe":1,"surr":"\ud83d\ude00","ws":5,"\u00e9":"\u00fc\ud83d\ude00"},"input_config_dir":"/tmp/sm/ml/input/config","input_data_config":{"Zeta":{},"data":{"\u00e9":"\u00fc"},"data2":{"n":1.5},"my-ch.a":{"TrainingInputMode":"File"}},"input_dir":"/tmp/sm/ml/input","instance_groups":[],"instance_groups_dict":{},"is_hetero":false,"is_master":false,"is_modelparallel_enabled":null,"is_smddpmprun_installed":false,"is_smddprun_installed":false,"job_name":"n","log_level":20,"master_hostname":"algo-1","model_dir":"/tmp/sm/ml/model","module_dir":"/tmp/sm/ml/code","module_name":"braket_container","network_interface_name":"ethwe","num_cpus":96,"num_gpus":8,"num_neurons":2,"output_data_dir":"/tmp/sm/ml/output/data","output_dir":"/tmp/sm/ml/output","output_intermediate_dir":"/tmp/sm/ml/output/intermediate","resource_config":{"current_host":"algo-2","extra":[1.0,{"a":2,"b":1}],"hosts":["algo-1","algo-10","algo-2"],"network_interface_name":"ethwe"},"topology":[],"user_entry_point":"braket_container.py"}"#
            ),
            (
                "SM_USER_ARGS",
                #"["--MY-HP","y","--Zed","zed","--big","123456789012345678901234567890","--blank","","--bom","\ufeff1","--deepdict","v=plain,w=True,x={'y': \"z'\"}","--del","\u007f","--dot.key","a=b","--dup","a=2","--exp","100000.0","--huge","inf","--inf","inf","-k","1","--list","[1, \"a\", 'b']","--list2","[1, \"a'b\", 'q\"\\'', None, True, False, 1.5, {'k': ['\\n\\u200b\u00e9\\\\']}]","--listfloat","[1e-07, 1e+22, -0.0, 1.2345678901234567e+19]","--listinf","[inf, nan]","--my-hp","x","--nan","nan","--negzero","0","--negzerof","-0.0","--nested","a={'z': 1e+16},b=[1, 2.0, None, True, \"it's\", '\u00e9'],c=None","--ninf","-inf","--sp ace","1","--space"," ","--stra\u00dfe","1","--surr","\ud83d\ude00","--ws","5","-\u00e9","\u00fc\ud83d\ude00"]"#
            ),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/tmp/sm/ml/output/intermediate"),
            ("SM_CHANNEL_MY-CH.A", "/tmp/sm/ml/input/data/my-ch.a"),
            ("SM_CHANNEL_ZETA", "/tmp/sm/ml/input/data/Zeta"),
            ("SM_CHANNEL_DATA2", "/tmp/sm/ml/input/data/data2"),
            ("SM_CHANNEL_DATA", "/tmp/sm/ml/input/data/data"),
            ("SM_HP_MY-HP", "y"),
            ("SM_HP_K", "1"),
            ("SM_HP_É", "ü😀"),
            ("SM_HP_STRASSE", "1"),
            ("SM_HP_SP ACE", "1"),
            ("SM_HP_DOT.KEY", "a=b"),
            ("SM_HP_NESTED", #"{"a":{"z":1e+16},"b":[1,2.0,null,true,"it's","\u00e9"],"c":null}"#),
            ("SM_HP_LIST", #"[1, "a", 'b']"#),
            ("SM_HP_LIST2", #"[1,"a'b","q\"'",null,true,false,1.5,{"k":["\n\u200b\u00e9\\"]}]"#),
            ("SM_HP_BIG", "123456789012345678901234567890"),
            ("SM_HP_EXP", "100000.0"),
            ("SM_HP_INF", "Infinity"),
            ("SM_HP_NINF", "-Infinity"),
            ("SM_HP_NAN", "NaN"),
            ("SM_HP_HUGE", "Infinity"),
            ("SM_HP_NEGZERO", "0"),
            ("SM_HP_NEGZEROF", "-0.0"),
            ("SM_HP_BOM", "\u{FEFF}1"),
            ("SM_HP_BLANK", ""),
            ("SM_HP_DEL", "\u{7F}"),
            ("SM_HP_SPACE", " "),
            ("SM_HP_WS", "5"),
            ("SM_HP_DUP", #"{"a":2}"#),
            ("SM_HP_SURR", "😀"),
            ("SM_HP_ZED", "zed"),
            ("SM_HP_LISTFLOAT", "[1e-07,1e+22,-0.0,1.2345678901234567e+19]"),
            ("SM_HP_LISTINF", "[Infinity,NaN]"),
            ("SM_HP_DEEPDICT", #"{"v":"plain","w":true,"x":{"y":"z'"}}"#),
        ]
    )
}
