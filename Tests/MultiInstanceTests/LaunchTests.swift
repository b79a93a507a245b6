import MultiInstance
import RunnerCore
import Testing

/// Which engine a job is started with, and its command line.
@Suite struct LaunchTests {
    /// Rows: a text and its words, nil for one that no shell would take.
    static let words: [(text: String, words: [String]?)] = [
        ("", []), ("  a  b ", ["a", "b"]), ("-x A=b", ["-x", "A=b"]), ("-x 'A=b c'", ["-x", "A=b c"]),
        (#"-x "A=b c" d"#, ["-x", "A=b c", "d"]), (#"a\ b"#, ["a b"]), (#""a\"b""#, [#"a"b"#]),
        (#"'a\b'"#, [#"a\b"#]), (#""a\b""#, [#"a\b"#]), ("''", [""]), ("a''b", ["ab"]),
        ("$(touch x); `y` | z", ["$(touch", "x);", "`y`", "|", "z"]), ("'a", nil), ("\"a", nil), ("a\\", nil),
    ]

    @Test(arguments: words.indices)
    func splitsAsAShell(_ row: Int) {
        #expect(ShellWords.split(Self.words[row].text) == Self.words[row].words)
    }

    /// Rows: hyperparameters and the engine that they ask for; nil for an error.
    static let automatic: [(values: JSONObject, kind: LaunchKind?)] = [
        ([:], LaunchKind.none), (["sagemaker_mpi_enabled": "true"], .mpi), (["sagemaker_mpi_enabled": "True"], .mpi),
        (["sagemaker_mpi_enabled": "False"], LaunchKind.none), (["sagemaker_mpi_enabled": "false"], LaunchKind.none),
        (["sagemaker_mpi_enabled": ""], LaunchKind.none), (["sagemaker_torch_distributed_enabled": "true"], .torchrun),
        (["sagemaker_mpi_enabled": "true", "sagemaker_torch_distributed_enabled": "true"], .mpi),
        (["sagemaker_distributed_dataparallel_enabled": "true"], nil),
        (["sagemaker_distributed_dataparallel_enabled": "False"], LaunchKind.none),
        (["sagemaker_pytorch_ddp_enabled": "true"], nil), (["sagemaker_pytorch_xla_multi_worker_enabled": "true"], nil),
    ]

    @Test(arguments: automatic.indices)
    func hyperparametersChoose(_ row: Int) {
        let row = Self.automatic[row]
        let kind = (try? LaunchPlan.decide(LaunchPlan.Inputs(hyperparameters: row.values)))?.kind
        #expect(kind == row.kind)
    }

    @Test func theOptionBeatsTheHyperparameters() throws {
        let values: JSONObject = ["sagemaker_distributed_dataparallel_enabled": "true"]
        let plan = try LaunchPlan.decide(.init(choice: .kind(.torchrun), hyperparameters: values))
        #expect(plan.kind == .torchrun)
    }

    @Test func mpiReadsItsHyperparameters() throws {
        let plan = try LaunchPlan.decide(
            .init(hyperparameters: [
                "sagemaker_mpi_enabled": "true", "sagemaker_mpi_num_of_processes_per_host": "3",
                "sagemaker_mpi_num_processes": "5", "sagemaker_mpi_custom_mpi_options": "-x 'A=b c' --NCCL_DEBUG WARN",
            ])
        )
        #expect(plan.ranksPerHost == 3)
        #expect(plan.ranks == 5)
        #expect(plan.customOptions == ["-x", "A=b c", "--NCCL_DEBUG", "WARN"])
    }

    @Test func mpirunIsTodays() {
        var mpi = EngineCommand.MPI(command: ["runner", "rank", "/link"])
        mpi.hosts = [("10.0.0.1", 2), ("10.0.0.2", 2)]
        mpi.ranks = 4
        mpi.interface = "eth0"
        mpi.tagsOutput = true
        mpi.variables = ["AMZN_BRAKET_JOB_NAME", "SM_HOSTS"]
        mpi.sshConfiguration = "/keys/config"
        mpi.customOptions = ["-x", "A=b c", "--NCCL_DEBUG", "WARN"]
        let words = EngineCommand.mpirun(mpi)
        let line = words.joined(separator: " ")
        for part in [
            "mpirun --host 10.0.0.1:2,10.0.0.2:2 -np 4 --allow-run-as-root --display-map --tag-output",
            "-mca btl_tcp_if_include eth0 -mca oob_tcp_if_include eth0 -mca plm_rsh_no_tree_spawn 1",
            "-bind-to none -map-by slot", "-mca pml ob1 -mca btl ^openib", "-mca orte_abort_on_non_zero_status 1",
            // In an allocation of Slurm's it would take that one's hosts.
            "-mca ras ^slurm", "-mca plm rsh -mca plm_rsh_agent ssh",
            "-x AMZN_BRAKET_JOB_NAME -x SM_HOSTS", "-x NCCL_DEBUG=WARN", "-x NCCL_SOCKET_IFNAME=eth0",
        ] {
            #expect(line.contains(part))
        }
        #expect(words.suffix(5) == ["-x", "A=b c", "runner", "rank", "/link"])
        #expect(words.contains("-F /keys/config"))
        #expect(!line.contains("LD_PRELOAD"))
        #expect(!line.contains("--NCCL_DEBUG"))
    }

    @Test func valuesOfVariablesAreNotShown() {
        let line = EngineCommand.shown(["mpirun", "-x", "TOKEN=secret", "-x", "PATH", "-x", "NCCL_DEBUG=INFO", "a=b"])
        #expect(line == "mpirun -x TOKEN=… -x PATH -x NCCL_DEBUG=INFO a=b")
    }

    @Test func torchrunIsOnEveryHost() throws {
        let cluster = try #require(
            Cluster(hosts: ["algo-1", "algo-2"], current: "algo-2", source: .resourceConfig)
        )
        var plan = LaunchPlan(kind: .torchrun, ranksPerHost: 4)
        plan.maxRestarts = 3
        let line = EngineCommand.torchrun(cluster, plan, command: ["x"]).joined(separator: " ")
        #expect(
            line == "torchrun --nnodes 2 --nproc_per_node 4 --master_addr algo-1 --master_port 7777 --node_rank 1 "
                + "--max_restarts 3 --no_python x"
        )
    }

    @Test func theClientKnowsEachHostsKey() {
        let doors = [HostDoor(address: "10.0.0.2", hostKey: "ssh-ed25519 AAAA", port: 4022)]
        #expect(EngineCommand.knownHosts(doors) == "[10.0.0.2]:4022 ssh-ed25519 AAAA\n")
        let text = EngineCommand.sshConfiguration(doors: doors, key: "/k/key", knownHosts: "/k/known")
        #expect(text.contains("Host 10.0.0.2\n    Port 4022\n"))
        #expect(text.contains("StrictHostKeyChecking yes"))
    }
}
