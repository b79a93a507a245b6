import MultiInstance
import RunnerCore
import Testing

/// The hosts of a job from each source, and that all sources give the same ranks.
@Suite struct ClusterTests {
    /// The inputs of a source for host `algo-N` of some.
    struct Row: Sendable {
        /// The source.
        let source: Cluster.Source
        /// What it says on the host of this number, from 1, of so many.
        let inputs: @Sendable (_ host: Int, _ count: Int) -> ClusterInputs
    }

    /// Every source, saying the same job.
    static let sources: [Row] = [
        Row(source: .option) { host, count in
            var inputs = Self.inputs([:])
            inputs.hosts = ("algo-[1-\(count)]", "--hosts")
            inputs.hostIndex = ("\(host - 1)", "--host-index")
            return inputs
        },
        // Kubernetes: the pattern by option, the index by its variable.
        Row(source: .option) { host, count in
            var inputs = Self.inputs(["JOB_COMPLETION_INDEX": "\(host - 1)"])
            inputs.hosts = ((1...count).map { "algo-\($0)" }.joined(separator: ","), "--hosts")
            return inputs
        },
        // By the machine's own name.
        Row(source: .option) { host, count in
            var inputs = Self.inputs([:], name: "algo-\(host)")
            inputs.hosts = ("algo-[1-\(count)]", "--hosts")
            return inputs
        },
        Row(source: .resourceConfig) { host, count in
            var inputs = Self.inputs([:])
            inputs.resourceConfig = Self.resourceConfig(host, count, group: "current_group_name")
            return inputs
        },
        Row(source: .resourceConfig) { host, count in
            var inputs = Self.inputs([:])
            inputs.resourceConfig = Self.resourceConfig(host, count, group: "current_instance_group")
            return inputs
        },
        Row(source: .batch) { host, count in
            Self.inputs([
                "AWS_BATCH_JOB_NUM_NODES": "\(count)", "AWS_BATCH_JOB_NODE_INDEX": "\(host - 1)",
                "AWS_BATCH_JOB_MAIN_NODE_INDEX": "0", "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": "10.0.0.1",
            ])
        },
        Row(source: .slurm) { host, count in
            Self.inputs(["SLURM_STEP_NODELIST": "algo-[1-\(count)]", "SLURM_NODEID": "\(host - 1)"])
        },
        Row(source: .slurm) { host, count in
            Self.inputs(["SLURM_JOB_NODELIST": "algo-[1-\(count)]", "SLURM_NODEID": "\(host - 1)"])
        },
        Row(source: .local) { host, count in
            var inputs = Self.inputs(["BRAKET_RUNNER_CLUSTER_LOCAL_PORTS": "5000 5001"])
            inputs.hosts = ("algo-[1-\(count)]", "--hosts")
            inputs.hostIndex = ("\(host - 1)", "--host-index")
            return inputs
        },
    ]

    private static func inputs(_ variables: [String: String], name: String = "ip-10-0-0-7") -> ClusterInputs {
        ClusterInputs(machineName: name) { variables[$0] }
    }

    private static func resourceConfig(_ host: Int, _ count: Int, group: String) -> JSONObject {
        let hosts = (1...count).map { "algo-\($0)" }.sorted { $0.precedesByCodePoint($1) }
        let list = JSONValue.array(hosts.map(JSONValue.string))
        return [
            "current_host": .string("algo-\(host)"), "hosts": list, "network_interface_name": "eth0",
            group: "homogeneousCluster",
            "instance_groups": [["instance_group_name": "homogeneousCluster", "hosts": list]],
        ]
    }

    @Test(arguments: sources.indices, [2, 3, 10, 12])
    func allSourcesGiveTheSameRanks(_ row: Int, _ count: Int) throws {
        let expected = (1...count).map { "algo-\($0)" }.sorted { $0.precedesByCodePoint($1) }
        for host in 1...count {
            let cluster = try #require(try Cluster.find(Self.sources[row].inputs(host, count)))
            #expect(cluster.source == Self.sources[row].source)
            #expect(cluster.hosts == expected)
            #expect(cluster.current == "algo-\(host)")
            #expect(cluster.isLeader == (host == 1))
        }
    }

    @Test func tenHostsAreSortedAsText() throws {
        let cluster = try #require(try Cluster.find(Self.sources[0].inputs(2, 10)))
        #expect(cluster.hosts.prefix(3) == ["algo-1", "algo-10", "algo-2"])
        #expect(cluster.rank == 2)
        #expect(cluster.hostfile(slots: 4).hasPrefix("algo-1 slots=4\nalgo-10 slots=4\n"))
    }

    @Test(arguments: sources.indices)
    func oneHostIsNoCluster(_ row: Int) throws {
        #expect(try Cluster.find(Self.sources[row].inputs(1, 1)) == nil)
    }

    @Test func nothingSaysNothing() throws {
        #expect(try Cluster.find(Self.inputs([:])) == nil)
    }

    @Test func theMainNodeOfBatchLeads() throws {
        let variables = [
            "AWS_BATCH_JOB_NUM_NODES": "3", "AWS_BATCH_JOB_NODE_INDEX": "0", "AWS_BATCH_JOB_MAIN_NODE_INDEX": "2",
            "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": "10.0.0.9",
        ]
        let cluster = try #require(try Cluster.find(Self.inputs(variables)))
        #expect(cluster.leader == "algo-3")
        #expect(cluster.hosts == ["algo-3", "algo-1", "algo-2"])
        #expect(cluster.masterAddress == "10.0.0.9")
    }

    /// Rows: options and variables that are half said, and what is named.
    static let wrong: [(hosts: String?, index: String?, variables: [String: String], source: String)] = [
        ("a,,b", "0", [:], "--hosts"), ("a,b", "2", [:], "--host-index"), ("a,b", "x", [:], "--host-index"),
        ("a,b", nil, [:], "--hosts"), (nil, "0", [:], "--host-index"),
        ("a,b", nil, ["JOB_COMPLETION_INDEX": "9"], "JOB_COMPLETION_INDEX"),
        (nil, nil, ["AWS_BATCH_JOB_NUM_NODES": "2"], "AWS_BATCH_JOB_NODE_INDEX"),
        (
            nil, nil, ["AWS_BATCH_JOB_NUM_NODES": "2", "AWS_BATCH_JOB_NODE_INDEX": "1"],
            "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS"
        ),
        (nil, nil, ["SLURM_NODEID": "0", "SLURM_JOB_NODELIST": "a[1"], "SLURM_JOB_NODELIST"),
        (nil, nil, ["SLURM_NODEID": "7", "SLURM_JOB_NODELIST": "a[1-2]"], "SLURM_NODEID"),
    ]

    @Test(arguments: wrong.indices)
    func namesWhatIsWrong(_ row: Int) {
        let row = Self.wrong[row]
        var inputs = Self.inputs(row.variables)
        inputs.hosts = row.hosts.map { ($0, "--hosts") }
        inputs.hostIndex = row.index.map { ($0, "--host-index") }
        let given = inputs
        #expect { try Cluster.find(given) } throws: { ($0 as? ClusterProblem)?.source == row.source }
    }

    @Test func theScriptIsTold() throws {
        let cluster = try #require(try Cluster.find(Self.sources[3].inputs(2, 2)))
        let variables = cluster.variables(launch: .none, ranksPerHost: 2, hostfile: "/h")
        let values = Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.value) })
        #expect(values["MASTER_ADDR"] == "algo-1")
        #expect(values["RANK"] == "1")
        #expect(values["WORLD_SIZE"] == "2")
        #expect(values["SM_HOSTS"] == #"["algo-1","algo-2"]"# || values["SM_HOSTS"] == #"["algo-1", "algo-2"]"#)
        #expect(values["SM_CURRENT_HOST"] == "algo-2")
        #expect(values["BRAKET_RUNNER_CLUSTER_HOSTFILE"] == "/h")
    }
}
