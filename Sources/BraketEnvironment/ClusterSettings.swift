package import MultiInstance
import RunnerCore

/// The options about many hosts, as texts.
package struct ClusterOptions: Sendable {
    /// The hosts: names with commas between them, ranges in brackets.
    package var hosts: OptionValue?
    /// Which of them this is, from 0.
    package var hostIndex: OptionValue?
    /// `auto`, `none`, `mpi` or `torchrun`.
    package var launch: OptionValue?
    /// How many ranks a host takes.
    package var ranksPerHost: OptionValue?
    /// How many hosts to make of this machine.
    package var instances: OptionValue?
    /// How often torchrun may start the workers again.
    package var maxRestarts: OptionValue?
    /// The port of the channel.
    package var channelPort: OptionValue?
    /// How long the start waits for the other hosts, in seconds.
    package var hostTimeout: OptionValue?

    /// Makes options with nothing given.
    package init() {}
}

/// The hosts of a job and how the script is started on them.
package struct ClusterSettings: Hashable, Sendable {
    /// The hosts; nil for a job of one.
    package var cluster: Cluster?
    /// How the script is started.
    package var launch = LaunchPlan(kind: .none, ranksPerHost: 1)
    /// How many hosts this process is to make of its machine; 1 for none but itself.
    package var instances = 1
    /// How long the start waits for the other hosts, in seconds.
    package var hostTimeoutSeconds = 1200

    /// Makes the settings of a job of one host.
    package init() {}
}

extension ConfigurationResolver {
    /// The hosts and the launch.
    ///
    /// - Parameters:
    ///   - hyperparameters: The job's, which may ask for an engine.
    ///   - instanceCount: `instanceConfig.instanceCount`.
    /// - Returns: The settings; what is wrong counts as absent and is a problem.
    mutating func resolveCluster(hyperparameters: JSONObject, instanceCount: Int) -> ClusterSettings {
        var settings = ClusterSettings()
        let options = inputs.options.cluster
        settings.hostTimeoutSeconds =
            number(options.hostTimeout, "host timeout", 1...86_400).map(Int.init) ?? settings.hostTimeoutSeconds
        let port = number(options.channelPort, "channel port", 1...65_535)
        do throws(ClusterProblem) {
            settings.cluster = try Cluster.find(clusterInputs())
            if let port, settings.cluster?.isLocal == false { settings.cluster?.channelPort = UInt16(port) }
            settings.launch = try LaunchPlan.decide(launchInputs(hyperparameters))
        } catch {
            report(error.source, error.message, value: error.value)
        }
        if let cluster = settings.cluster {
            note(
                "hosts",
                "\(cluster.hosts.joined(separator: ",")), this is \(cluster.current)",
                cluster.source.rawValue
            )
        }
        if options.launch != nil || settings.launch.kind != .none {
            note("launch", settings.launch.kind.rawValue, options.launch?.source ?? "hyperparameters")
        }
        settings.instances = instances(instanceCount, settings.cluster)
        return settings
    }

    private mutating func clusterInputs() -> ClusterInputs {
        let environment = inputs.environment
        var given = ClusterInputs(machineName: inputs.machineName) { environment.nonEmpty($0) }
        given.hosts = inputs.options.cluster.hosts.map { ($0.text, $0.source) }
        given.hostIndex = inputs.options.cluster.hostIndex.map { ($0.text, $0.source) }
        given.resourceConfig = inputs.platformResourceConfig
        return given
    }

    private mutating func launchInputs(_ hyperparameters: JSONObject) -> LaunchPlan.Inputs {
        let options = inputs.options.cluster
        var given = LaunchPlan.Inputs(hyperparameters: hyperparameters)
        if let option = options.launch {
            if let choice = LaunchChoice(option.text) {
                given.choice = choice
            } else {
                report(option.source, "must be auto, none, mpi or torchrun", value: option.text)
            }
        }
        given.ranksPerHost = number(options.ranksPerHost, "ranks per host", 1...65_536).map(Int.init)
        given.maxRestarts = number(options.maxRestarts, "restarts", 0...1_000_000).map(Int.init)
        return given
    }

    /// How many hosts to make of this machine: what `--instances` says, else the request's number where a root of our
    /// own says that no service will make them.
    private mutating func instances(_ instanceCount: Int, _ cluster: Cluster?) -> Int {
        let option = inputs.options.cluster.instances
        let given = number(option, "instances", 1...64).map(Int.init)
        guard cluster == nil else { return 1 }
        let count = given ?? (inputs.options.root == nil ? 1 : min(max(instanceCount, 1), 64))
        if count > 1, inputs.options.job?.text == "-" {
            report("--job", "cannot be standard input when there are several hosts: they all read it; give a file")
        }
        return count
    }
}
