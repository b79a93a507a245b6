package import RunnerCore

/// What a cluster is found from: everything was read before, so that the rules are pure.
package struct ClusterInputs: Sendable {
    /// `--hosts` and where it was said.
    package var hosts: (text: String, source: String)?
    /// `--host-index` and where it was said.
    package var hostIndex: (text: String, source: String)?
    /// The platform's resourceconfig.json; nil when there is none of the platform's.
    package var resourceConfig: JSONObject?
    /// The value of a variable that is not empty.
    package var variable: @Sendable (String) -> String?
    /// This machine's own name.
    package var machineName: String

    /// Makes inputs without options and files.
    ///
    /// - Parameters:
    ///   - machineName: This machine's own name.
    ///   - variable: The value of a variable that is not empty.
    package init(machineName: String, variable: @escaping @Sendable (String) -> String?) {
        self.machineName = machineName
        self.variable = variable
    }
}

/// What is wrong with what was said about the hosts.
package struct ClusterProblem: Error, Hashable, Sendable {
    /// The option, variable or file.
    package let source: String
    /// The value; nil when it would not help.
    package let value: String?
    /// What is wrong and what to do.
    package let message: String
}

extension Cluster {
    /// Finds the hosts of a job.
    ///
    /// - Parameter inputs: What was given; options first, then the platform's file, AWS Batch, Slurm.
    /// - Returns: nil for a job of one host.
    /// - Throws: `ClusterProblem` for what is half said or contradicts itself.
    package static func find(_ inputs: ClusterInputs) throws(ClusterProblem) -> Cluster? {
        let found: Cluster?
        if inputs.hosts != nil || inputs.hostIndex != nil {
            found = try named(inputs)
        } else if let config = inputs.resourceConfig {
            found = try platform(config)
        } else if inputs.variable(ClusterVariable.batchCount) != nil {
            found = try batch(inputs)
        } else if inputs.variable(ClusterVariable.slurmIndex) != nil {
            found = try slurm(inputs)
        } else {
            found = nil
        }
        return found.flatMap { $0.size > 1 ? $0 : nil }
    }

    /// `--hosts`, also as the service name pattern of Kubernetes' indexed jobs: `train-[0-3].train`.
    private static func named(_ inputs: ClusterInputs) throws(ClusterProblem) -> Cluster? {
        guard let given = inputs.hosts else {
            throw ClusterProblem(source: "--host-index", value: nil, message: "needs --hosts beside it")
        }
        guard let hosts = HostList.expand(given.text) else {
            throw ClusterProblem(
                source: given.source,
                value: given.text,
                message: "must be different host names with commas between them, or ranges such as algo-[1-3]"
            )
        }
        let ports = inputs.variable(ClusterVariable.localPorts)?.split(separator: " ").compactMap { UInt16($0) } ?? []
        let isLocal = ports.count == 2
        let current = try hosts[ownIndex(inputs, among: hosts)]
        var cluster = Cluster(hosts: hosts, current: current, source: isLocal ? .local : .option)
        if isLocal {
            cluster?.leaderAddress = "127.0.0.1"
            cluster?.channelPort = ports[0]
            cluster?.masterPort = ports[1]
            cluster?.interface = "lo"
        }
        return cluster
    }

    private static func ownIndex(_ inputs: ClusterInputs, among hosts: [String]) throws(ClusterProblem) -> Int {
        let kubernetes = inputs.variable(ClusterVariable.kubernetesIndex).map { ($0, ClusterVariable.kubernetesIndex) }
        if let (text, source) = inputs.hostIndex ?? kubernetes {
            guard let index = Int(text), hosts.indices.contains(index) else {
                throw ClusterProblem(
                    source: source,
                    value: text,
                    message: "must be from 0 to \(hosts.count - 1), the place of this host in --hosts"
                )
            }
            return index
        }
        let own = hosts.firstIndex { $0 == inputs.machineName || $0.hasPrefix(inputs.machineName + ".") }
        guard let own else {
            throw ClusterProblem(
                source: "--hosts",
                value: nil,
                message: "this machine's name, \(inputs.machineName.escaped(limit: 64)), is none of them; "
                    + "say which one it is with --host-index"
            )
        }
        return own
    }

    /// The service's file; SageMaker's leader is its first host (contract §6.3), in either spelling of the group's key.
    private static func platform(_ config: JSONObject) throws(ClusterProblem) -> Cluster? {
        let name = Source.resourceConfig.rawValue
        let group = (config["current_group_name"] ?? config["current_instance_group"])?.stringValue
        let groups = (config["instance_groups"]?.arrayValue ?? []).compactMap(\.objectValue)
        let own = groups.first { $0["instance_group_name"]?.stringValue == group }
        let hosts = strings(config["hosts"]) ?? strings(own?["hosts"]) ?? []
        guard hosts.count > 1 else { return nil }
        guard let current = config["current_host"]?.stringValue,
            hosts.allSatisfy(HostList.isHostName),
            var cluster = Cluster(hosts: hosts, current: current, source: .resourceConfig, leader: hosts.first)
        else {
            throw ClusterProblem(
                source: name,
                value: config["current_host"]?.stringValue,
                message: "current_host must be one of hosts, and no host may be there twice"
            )
        }
        cluster.interface = config["network_interface_name"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        return cluster
    }

    private static func strings(_ value: JSONValue?) -> [String]? {
        value?.arrayValue.map { $0.compactMap(\.stringValue) }
    }

    /// AWS Batch names no host: they are called as the service calls them, and the main node leads, because it is the
    /// only one whose address the others are told.
    private static func batch(_ inputs: ClusterInputs) throws(ClusterProblem) -> Cluster? {
        let count = try number(ClusterVariable.batchCount, inputs, 1...HostList.mostHosts)
        guard count > 1 else { return nil }
        let index = try number(ClusterVariable.batchIndex, inputs, 0...(count - 1))
        let main = try number(ClusterVariable.batchMainIndex, inputs, 0...(count - 1), otherwise: 0)
        let hosts = (1...count).map { "algo-\($0)" }
        var cluster = Cluster(hosts: hosts, current: hosts[index], source: .batch, leader: hosts[main])
        cluster?.leaderAddress = inputs.variable(ClusterVariable.batchMainAddress)
        if index != main, cluster?.leaderAddress == nil {
            throw ClusterProblem(
                source: ClusterVariable.batchMainAddress,
                value: nil,
                message: "is not there, so this node cannot find the main one"
            )
        }
        return cluster
    }

    private static func slurm(_ inputs: ClusterInputs) throws(ClusterProblem) -> Cluster? {
        let name =
            inputs.variable(ClusterVariable.slurmStepNodes) == nil
            ? ClusterVariable.slurmJobNodes : ClusterVariable.slurmStepNodes
        guard let list = inputs.variable(name) else { return nil }
        guard let hosts = HostList.expand(list) else {
            throw ClusterProblem(source: name, value: list, message: "is no list of hosts")
        }
        let index = try number(ClusterVariable.slurmIndex, inputs, 0...(hosts.count - 1))
        return Cluster(hosts: hosts, current: hosts[index], source: .slurm)
    }

    private static func number(
        _ variable: String,
        _ inputs: ClusterInputs,
        _ range: ClosedRange<Int>,
        otherwise: Int? = nil
    ) throws(ClusterProblem) -> Int {
        let text = inputs.variable(variable)
        if text == nil, let otherwise { return otherwise }
        guard let number = text.flatMap({ Int($0) }), range.contains(number) else {
            throw ClusterProblem(
                source: variable,
                value: text,
                message: "must be a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}
