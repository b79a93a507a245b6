import ArgumentParser

/// The options that make or override the job document.
struct JobArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A CreateJob request in JSON: a file, - for standard input, or an address.",
            valueName: "file"
        )
    )
    var job: String?

    @Option(help: ArgumentHelp("The script: s3://, https:// of S3, file:, a folder or a file.", valueName: "address"))
    var script: String?

    @Option(help: ArgumentHelp("module, module:function, or a file of the script.", valueName: "name"))
    var entryPoint: String?

    @Option(help: ArgumentHelp("How the script is packed.", valueName: "NONE|GZIP"))
    var compression: String?

    @Option(
        name: .customLong("hyperparameter"),
        help: ArgumentHelp("A hyperparameter; repeatable.", valueName: "name=value")
    )
    var hyperparameter: [String] = []

    @Option(help: ArgumentHelp("A JSON file of hyperparameters.", valueName: "file"))
    var hyperparameters: String?

    @Option(help: ArgumentHelp("An input channel; repeatable.", valueName: "channel=address"))
    var input: [String] = []

    @Option(help: ArgumentHelp("Where results go: outputDataConfig.s3Path.", valueName: "address"))
    var output: String?

    @Option(help: ArgumentHelp("Where checkpoints are kept: checkpointConfig.s3Uri.", valueName: "address"))
    var checkpoints: String?

    @Option(help: ArgumentHelp("The checkpoint folder of this machine.", valueName: "dir"))
    var checkpointDir: String?

    @Option(help: ArgumentHelp("The job's name.", valueName: "name"))
    var jobName: String?

    @Option(help: ArgumentHelp("The device's ARN or local:provider/name.", valueName: "device"))
    var device: String?

    @Option(help: ArgumentHelp("The time limit in seconds.", valueName: "seconds"))
    var maxRuntime: String?
}

/// The options of the run itself.
struct RunArguments: ParsableArguments {
    @Option(help: ArgumentHelp("What stands for /opt (default: /opt).", valueName: "dir"))
    var root: String?

    @Option(
        help: ArgumentHelp(
            "Who moves the data: the platform, S3, or a folder where s3://bucket/key is DIR/bucket/key. auto is s3 "
                + "when --job, --input, --output or --checkpoints is given, else managed.",
            valueName: "auto|managed|s3|file:DIR"
        )
    )
    var storage: String?

    @Option(help: ArgumentHelp("What a failing install does (default: fail).", valueName: "fail|warn|skip"))
    var requirements: String?

    @Option(help: ArgumentHelp("The Python program (default: python, else python3, on PATH).", valueName: "program"))
    var python: String?

    @Option(help: ArgumentHelp("How long a stop may take in all (default: 120).", valueName: "seconds"))
    var grace: String?

    @Option(
        help: ArgumentHelp(
            "What tells the script to end (default: the signal that came; SIGTERM at the time limit). none: only the "
                + "file that BRAKET_RUNNER_STOP_FILE names appears.",
            valueName: "signal|none"
        )
    )
    var stopSignal: String?

    @Option(
        help: ArgumentHelp(
            "How long a phase may take, of fetch, install and upload; repeatable, or with commas.",
            valueName: "phase=seconds"
        )
    )
    var timeout: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where the script's output is kept (default: auto, <root>/ml/output/log/stdout-stderr.log).",
            valueName: "auto|none|file"
        )
    )
    var logFile: String?

    @Option(
        help: ArgumentHelp("The most bytes of that file, half head, half tail (default: 64 MiB).", valueName: "bytes")
    )
    var logSize: String?

    @Option(
        help: ArgumentHelp(
            "What a script that does nothing for so long brings about (default: 1800:warn); none turns it off.",
            valueName: "seconds[:warn|stop]"
        )
    )
    var stall: String?

    @Option(
        help: ArgumentHelp(
            "A file or folder of the script's working folder to store at the end, or results or data; repeatable.",
            valueName: "path=always|success|failure"
        )
    )
    var upload: [String] = []

    @Option(
        help: ArgumentHelp(
            "What packs and unpacks (default: auto, ISA-L where libisal.so.2 is there).",
            valueName: "auto|isal|zlib"
        )
    )
    var deflate: String?

    @Option(help: ArgumentHelp("The most members of a script archive (default: 1000000).", valueName: "n"))
    var maxArchiveEntries: String?

    @Option(help: ArgumentHelp("The most bytes a script archive unpacks to (default: 1 TiB).", valueName: "bytes"))
    var maxArchiveBytes: String?

    @Option(help: ArgumentHelp("The most times its size a script archive unpacks to (default: 1000).", valueName: "n"))
    var maxArchiveRatio: String?

    @Flag(help: "Set the SM_* variables and the script's arguments although no SageMaker files are there.")
    var sagemakerEnv = false

    @Flag(help: "Ask for the device's status and queues first; end at once when it is offline or retired.")
    var deviceCheck = false

    @Option(help: ArgumentHelp("The job's ARN, to ask for its place in the queue, too.", valueName: "arn"))
    var jobArn: String?

    @Flag(help: "Read bool, list and dict hyperparameters as JSON; without it bool(\"False\") is True, as today.")
    var typedHyperparameters = false
}

/// The options about many hosts.
struct ClusterArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The hosts of the job, where no platform says them: names with commas, ranges such as algo-[1-3].",
            valueName: "list"
        )
    )
    var hosts: String?

    @Option(help: ArgumentHelp("Which of --hosts this is, from 0 (default: by its name).", valueName: "i"))
    var hostIndex: String?

    @Option(
        help: ArgumentHelp(
            "How the script is started on the hosts (default: auto, as the hyperparameters say).",
            valueName: "auto|none|mpi|torchrun"
        )
    )
    var launch: String?

    @Option(help: ArgumentHelp("How many ranks each host takes (default: 1).", valueName: "n"))
    var ranksPerHost: String?

    @Option(
        help: ArgumentHelp("Make so many hosts of this machine, with roots <root>/algo-1 and so on.", valueName: "n")
    )
    var instances: String?

    @Option(help: ArgumentHelp("How often torchrun may start the workers again (default: 0).", valueName: "n"))
    var maxRestarts: String?

    @Option(help: ArgumentHelp("The port on which the hosts find each other (default: 7790).", valueName: "port"))
    var channelPort: String?

    @Option(help: ArgumentHelp("How long the start waits for the other hosts (default: 1200).", valueName: "seconds"))
    var hostTimeout: String?
}

/// The options about checkpoints.
struct CheckpointArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How often the checkpoint folder is looked at in any case (default: 30).",
            valueName: "seconds"
        )
    )
    var checkpointInterval: String?

    @Option(
        help: ArgumentHelp(
            "How long a checkpoint must be the same before it is taken for finished (default: 1).",
            valueName: "seconds"
        )
    )
    var checkpointQuiet: String?

    @Option(
        help: ArgumentHelp(
            "After how long without a safe point that is said loudly (default: 300).",
            valueName: "seconds"
        )
    )
    var checkpointLagWarning: String?

    @Option(
        help: ArgumentHelp(
            """
            Which of a stored and a different local checkpoint counts at the start (default: newest; of several hosts \
            at one place remote).
            """,
            valueName: "newest|local|remote"
        )
    )
    var resume: String?

    @Flag(help: "Delete checkpoints in the store that the script deletes.")
    var checkpointDelete = false

    @Flag(help: "Keep each host's checkpoints in a folder of its own below the checkpoint URI, not all at one place.")
    var checkpointPerHost = false
}

/// The options of the object store.
struct StoreArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("The region, before AWS_REGION, AWS_DEFAULT_REGION and the profile.", valueName: "region")
    )
    var region: String?

    @Option(help: ArgumentHelp("The store's address, before AWS_ENDPOINT_URL_S3 and its like.", valueName: "url"))
    var endpointUrl: String?

    @Option(help: ArgumentHelp("Where a request names the bucket (default: auto).", valueName: "auto|path|virtual"))
    var s3Addressing: String?

    @Option(
        help: ArgumentHelp(
            "Which uploads are hashed for the signature (default: auto, those that go over plain HTTP).",
            valueName: "auto|always|never"
        )
    )
    var payloadSigning: String?

    @Option(help: ArgumentHelp("The account that every bucket must belong to.", valueName: "account"))
    var expectedBucketOwner: String?

    @Option(help: ArgumentHelp("The storage class of what is stored.", valueName: "class"))
    var storageClass: String?

    @Option(help: ArgumentHelp("A tag of every object that is stored; repeatable.", valueName: "name=value"))
    var objectTag: [String] = []

    @Option(help: ArgumentHelp("The most requests at once (default: 32).", valueName: "n"))
    var connections: String?

    @Option(help: ArgumentHelp("The most bytes of upload buffers (default: 64 MiB).", valueName: "bytes"))
    var transferMemory: String?

    @Option(help: ArgumentHelp("How long a connection may stand still (default: 30).", valueName: "seconds"))
    var stallTimeout: String?
}
