import RunnerCore

/// The hosts of one job, and which of them this is: the one truth that everything else is derived from.
///
/// Ranks follow the names in the order of their code points (`algo-10` before `algo-2`), as the service sorts them
/// (contract §6.1), whatever the source says them in: so the same job has the same ranks on every platform. Only a
/// scheduler that says itself who leads (AWS Batch) puts that host first.
package struct Cluster: Hashable, Sendable {
    /// Where the hosts are known from, as a word for messages and the record.
    package enum Source: String, Hashable, Sendable, CaseIterable {
        /// `--hosts`, with the index from `--host-index`, Kubernetes, or the machine's own name.
        case option = "--hosts"
        /// The platform's resourceconfig.json.
        case resourceConfig = "resourceconfig.json"
        /// AWS Batch, a multi-node parallel job.
        case batch = "AWS Batch"
        /// Slurm.
        case slurm = "Slurm"
        /// `--instances`: process groups on this machine.
        case local = "--instances"
    }

    /// The hosts by rank; the first one leads.
    package let hosts: [String]
    /// Which of them this is.
    package let rank: Int
    /// Where this is known from.
    package let source: Source
    /// The network interface that the hosts share; nil when nobody says.
    package var interface: String?
    /// Where the leader is reached when not by its name.
    package var leaderAddress: String?
    /// The port of the channel.
    package var channelPort: UInt16 = 7790
    /// The port that is free for the script's own rendezvous: MASTER_PORT, SageMaker's (contract §6.2).
    package var masterPort: UInt16 = 7777

    /// Makes a cluster.
    ///
    /// - Parameters:
    ///   - hosts: The hosts in any order, none twice.
    ///   - current: This host's name, one of them.
    ///   - source: Where this is known from.
    ///   - leader: The host that leads; nil is the first by name.
    package init?(hosts: [String], current: String, source: Source, leader: String? = nil) {
        var sorted = hosts.sorted { $0.precedesByCodePoint($1) }
        if let leader, let index = sorted.firstIndex(of: leader) { sorted.insert(sorted.remove(at: index), at: 0) }
        guard let rank = sorted.firstIndex(of: current), Set(hosts).count == hosts.count else { return nil }
        self.hosts = sorted
        self.rank = rank
        self.source = source
    }

    /// This host's name.
    package var current: String { hosts[rank] }
    /// The leader's name.
    package var leader: String { hosts[0] }
    /// Whether this host leads.
    package var isLeader: Bool { rank == 0 }
    /// How many hosts there are.
    package var size: Int { hosts.count }
    /// Whether all hosts are process groups of one machine.
    package var isLocal: Bool { source == .local }
    /// Where the script reaches the leader: MASTER_ADDR.
    package var masterAddress: String { leaderAddress ?? leader }

    /// The text of a hostfile, as Open MPI reads it.
    ///
    /// - Parameter slots: How many ranks a host takes.
    /// - Returns: A line a host.
    package func hostfile(slots: Int) -> String {
        hosts.map { "\($0) slots=\(slots)\n" }.joined()
    }

    /// What the script is told of the cluster, beside its own variables; README has the table.
    ///
    /// - Parameters:
    ///   - launch: How the script is started.
    ///   - ranksPerHost: How many ranks a host takes.
    ///   - hostfile: Where the hostfile lies.
    /// - Returns: Names and values.
    package func variables(
        launch: LaunchKind,
        ranksPerHost: Int,
        hostfile: String
    ) -> [(name: String, value: String)] {
        [
            (ClusterVariable.masterAddress, masterAddress), (ClusterVariable.masterPort, "\(masterPort)"),
            (ClusterVariable.rank, "\(rank)"), (ClusterVariable.worldSize, "\(size)"),
            (ClusterVariable.sageMakerHosts, JSONValue.array(hosts.map(JSONValue.string)).serialized()),
            (ClusterVariable.sageMakerCurrentHost, current),
            (ClusterVariable.hosts, hosts.joined(separator: ",")), (ClusterVariable.host, current),
            (ClusterVariable.leader, leader), (ClusterVariable.hostRank, "\(rank)"),
            (ClusterVariable.size, "\(size)"), (ClusterVariable.launch, launch.rawValue),
            (ClusterVariable.ranksPerHost, "\(ranksPerHost)"), (ClusterVariable.hostfile, hostfile),
            (ClusterVariable.source, source.rawValue),
        ]
    }
}

/// The names of the variables about many hosts, ours and the schedulers'.
package enum ClusterVariable {
    /// Where the script reaches the leader.
    package static let masterAddress = "MASTER_ADDR"
    /// The port that is free for it.
    package static let masterPort = "MASTER_PORT"
    /// This host's rank; under mpi and torchrun the process's own.
    package static let rank = "RANK"
    /// How many hosts there are; under mpi and torchrun how many processes.
    package static let worldSize = "WORLD_SIZE"
    /// The process's number on its host.
    package static let localRank = "LOCAL_RANK"
    /// The hosts as a JSON list.
    package static let sageMakerHosts = "SM_HOSTS"
    /// This host's name.
    package static let sageMakerCurrentHost = "SM_CURRENT_HOST"
    /// The hosts by rank with commas between them.
    package static let hosts = "BRAKET_RUNNER_CLUSTER_HOSTS"
    /// This host's name.
    package static let host = "BRAKET_RUNNER_CLUSTER_HOST"
    /// The first host's name.
    package static let leader = "BRAKET_RUNNER_CLUSTER_LEADER"
    /// This host's rank.
    package static let hostRank = "BRAKET_RUNNER_CLUSTER_RANK"
    /// How many hosts there are.
    package static let size = "BRAKET_RUNNER_CLUSTER_SIZE"
    /// `none`, `mpi` or `torchrun`.
    package static let launch = "BRAKET_RUNNER_CLUSTER_LAUNCH"
    /// How many ranks a host takes.
    package static let ranksPerHost = "BRAKET_RUNNER_CLUSTER_RANKS_PER_HOST"
    /// The hostfile.
    package static let hostfile = "BRAKET_RUNNER_CLUSTER_HOSTFILE"
    /// Where the hosts are known from.
    package static let source = "BRAKET_RUNNER_CLUSTER_SOURCE"

    /// A secret that all hosts of a job share: never printed, never the script's.
    package static let secret = "BRAKET_RUNNER_CLUSTER_SECRET"
    /// What `--instances` tells its hosts: the channel's and the script's port.
    package static let localPorts = "BRAKET_RUNNER_CLUSTER_LOCAL_PORTS"

    /// AWS Batch: which node this is, from 0.
    static let batchIndex = "AWS_BATCH_JOB_NODE_INDEX"
    /// AWS Batch: how many nodes there are.
    static let batchCount = "AWS_BATCH_JOB_NUM_NODES"
    /// AWS Batch: which of them leads.
    static let batchMainIndex = "AWS_BATCH_JOB_MAIN_NODE_INDEX"
    /// AWS Batch: the address of the main node, on all others.
    static let batchMainAddress = "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS"
    /// Slurm: the hosts of this step.
    static let slurmStepNodes = "SLURM_STEP_NODELIST"
    /// Slurm: the hosts of the job.
    static let slurmJobNodes = "SLURM_JOB_NODELIST"
    /// Slurm: which of them this is, from 0.
    static let slurmIndex = "SLURM_NODEID"
    /// Kubernetes: which pod of an indexed job this is, from 0.
    static let kubernetesIndex = "JOB_COMPLETION_INDEX"
}
