import RunnerCore

/// The hosts of a job as the toolkit derives them from resourceconfig.json (environment.py, `Environment`).
///
/// Values stay JSON: the toolkit passes on whatever the file holds. Where it would fail for want of `hosts` or
/// `current_host`, the current host is the only one, or nameless.
struct SageMakerResources {
    /// The file.
    let config: JSONObject
    /// The groups that take part in distributed training.
    let distributionGroups: JSONValue

    /// Derives the hosts.
    ///
    /// - Parameters:
    ///   - config: The file's object.
    ///   - hyperparameters: Which may name the groups, or switch distribution on for the current one.
    init(config: JSONObject, hyperparameters: SageMakerHyperparameters) {
        self.config = config
        let current = config["current_group_name"] ?? Self.defaultGroup
        distributionGroups =
            hyperparameters.framework["sagemaker_distribution_instance_groups"]
            ?? .array(hyperparameters.isDistributionEnabled ? [current] : [])
    }

    private static let defaultGroup: JSONValue = "homogeneousCluster"

    /// This host.
    var currentHost: JSONValue { config["current_host"] ?? "" }

    /// All hosts.
    var hosts: JSONValue { config["hosts"] ?? [currentHost] }

    /// The group of this host.
    var currentGroup: JSONValue { config["current_group_name"] ?? Self.defaultGroup }

    /// The type of this host's instance.
    var currentInstanceType: JSONValue { config["current_instance_type"] ?? "local" }

    /// The network interface between the hosts.
    var networkInterface: JSONValue { config["network_interface_name"] ?? "eth0" }

    /// Capacity units of an UltraServer; null in the files of other instances.
    var topology: JSONValue { config["topology"] ?? [] }

    /// The hosts of this host's group.
    var currentGroupHosts: JSONValue {
        groups.first { $0["instance_group_name"] == currentGroup }?["hosts"] ?? []
    }

    /// The names of all groups.
    var groupNames: [JSONValue] { groups.compactMap { $0["instance_group_name"] } }

    /// The groups by their names.
    var groupsByName: JSONValue {
        .object(
            JSONObject(groups.compactMap { group in group.string("instance_group_name").map { ($0, .object(group)) } })
        )
    }

    /// The hosts that take part in distributed training.
    var distributionHosts: [JSONValue] {
        guard !groups.isEmpty else { return hosts.arrayValue ?? [] }
        let names = distributionGroups.arrayValue ?? []
        return groups.filter { group in group["instance_group_name"].map(names.contains) ?? false }
            .flatMap { $0["hosts"]?.arrayValue ?? [] }
    }

    /// The first host that takes part, else the first of all.
    var masterHost: JSONValue {
        distributionHosts.first ?? hosts.arrayValue?.first ?? currentHost
    }

    private var groups: [JSONObject] {
        config["instance_groups"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }
}

extension JSONObject {
    fileprivate func string(_ name: String) -> String? { self[name]?.stringValue }
}
