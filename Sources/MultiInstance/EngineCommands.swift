/// The command lines of the engines that start ranks: values, so that a table can test them.
package enum EngineCommand {
    /// What mpirun's command line is made of.
    package struct MPI: Sendable {
        /// Each host's address and how many ranks it takes, by rank.
        package var hosts: [(address: String, slots: Int)]
        /// How many ranks there are.
        package var ranks: Int
        /// The hosts' network interface; nil leaves the choice to Open MPI.
        package var interface: String?
        /// Whether each line of output is to begin with `[1,rank]<stdout>:`, as the platform's reader expects.
        package var tagsOutput: Bool
        /// The names of the variables that every rank gets.
        package var variables: [String]
        /// The ssh client's configuration; nil where all ranks are on this machine.
        package var sshConfiguration: String?
        /// `sagemaker_mpi_custom_mpi_options` as words.
        package var customOptions: [String]
        /// What each rank runs.
        package var command: [String]

        /// Makes a command of one rank on this machine.
        package init(command: [String]) {
            self.command = command
            hosts = []
            ranks = 1
            tagsOutput = false
            variables = []
            customOptions = []
        }
    }

    /// mpirun's arguments: those of today (contract §6.4), without its LD_PRELOAD.
    ///
    /// The hosts stand by their addresses, so it does not matter what a machine calls itself; and every variable is
    /// named, where today the workers append their whole environment to a file.
    ///
    /// - Parameter mpi: The parts.
    /// - Returns: The arguments, the program's name first.
    package static func mpirun(_ mpi: MPI) -> [String] {
        let hosts = mpi.hosts.map { $0.slots == 1 ? $0.address : "\($0.address):\($0.slots)" }
        var words = ["mpirun", "--host", hosts.joined(separator: ","), "-np", "\(mpi.ranks)", "--allow-run-as-root"]
        if mpi.tagsOutput { words += ["--display-map", "--tag-output"] }
        if let interface = mpi.interface {
            words += mca("btl_tcp_if_include", interface) + mca("oob_tcp_if_include", interface)
        }
        words += mca("plm_rsh_no_tree_spawn", "1") + ["-bind-to", "none", "-map-by", "slot"]
        // Inside an allocation of Slurm's mpirun would take its hosts and its way to start them, which do not fit ours:
        // "All nodes which are allocated for this job are already filled".
        words += mca("ras", "^slurm")
        words += mca("pml", "ob1") + mca("btl", "^openib") + mca("orte_abort_on_non_zero_status", "1")
        words += mca("btl_vader_single_copy_mechanism", "none")
        // A host that is cut off without a reset would else hang the engine for ever.
        for (name, value) in [("time", "3"), ("intvl", "2"), ("probes", "2")] {
            words += mca("oob_tcp_keepalive_\(name)", value)
        }
        if let file = mpi.sshConfiguration {
            words += mca("plm", "rsh") + mca("plm_rsh_agent", "ssh") + mca("plm_rsh_args", "-F \(file)")
        }
        words += ["-x", "NCCL_MIN_NRINGS=4"]
        if let interface = mpi.interface { words += ["-x", "NCCL_SOCKET_IFNAME=\(interface)"] }
        if !customNames(mpi.customOptions).contains("NCCL_DEBUG") {
            words += ["-x", "NCCL_DEBUG=\(debugLevel(mpi.customOptions) ?? "INFO")"]
        }
        words += mpi.variables.flatMap { ["-x", $0] }
        return words + withoutDebugLevel(mpi.customOptions) + mpi.command
    }

    /// A command line for the log: values of variables may be secrets.
    package static func shown(_ words: [String]) -> String {
        let harmless = ["NCCL_MIN_NRINGS", "NCCL_SOCKET_IFNAME", "NCCL_DEBUG"]
        return words.enumerated().map { index, word in
            guard index > 0, words[index - 1] == "-x", let end = word.firstIndex(of: "="),
                !harmless.contains(String(word[..<end]))
            else { return word }
            return word[...end] + "…"
        }.joined(separator: " ")
    }

    private static func mca(_ name: String, _ value: String) -> [String] { ["-mca", name, value] }

    /// The names that the custom options themselves set, by `-x NAME=VALUE`.
    package static func customNames(_ words: [String]) -> [String] {
        zip(words, words.dropFirst()).compactMap { option, value in
            option == "-x" ? String(value.prefix { $0 != "=" }) : nil
        }
    }

    /// `--NCCL_DEBUG LEVEL`, which today's toolkit takes out of the custom options.
    private static func debugLevel(_ words: [String]) -> String? {
        words.firstIndex(of: "--NCCL_DEBUG").flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
    }

    private static func withoutDebugLevel(_ words: [String]) -> [String] {
        guard let index = words.firstIndex(of: "--NCCL_DEBUG") else { return words }
        var words = words
        words.removeSubrange(index..<min(index + 2, words.count))
        return words
    }

    /// torchrun's arguments (contract §6.6).
    ///
    /// - Parameters:
    ///   - cluster: The hosts; nil for this one alone.
    ///   - plan: How many ranks and restarts.
    ///   - command: What each rank runs.
    /// - Returns: The arguments, the program's name first.
    package static func torchrun(_ cluster: Cluster?, _ plan: LaunchPlan, command: [String]) -> [String] {
        var words = ["torchrun", "--nnodes", "\(cluster?.size ?? 1)", "--nproc_per_node", "\(plan.ranksPerHost)"]
        if let cluster {
            words += ["--master_addr", cluster.masterAddress, "--master_port", "\(cluster.masterPort)"]
            words += ["--node_rank", "\(cluster.rank)"]
        } else {
            words += ["--standalone"]
        }
        if let restarts = plan.maxRestarts { words += ["--max_restarts", "\(restarts)"] }
        return words + ["--no_python"] + command
    }

    /// The ssh client's configuration: each worker by its address, with its own key and no other.
    ///
    /// - Parameters:
    ///   - doors: Where the workers' servers are.
    ///   - key: The file of the private key.
    ///   - knownHosts: The file of their keys.
    /// - Returns: The text.
    package static func sshConfiguration(doors: [HostDoor], key: String, knownHosts: String) -> String {
        let hosts = doors.map { "Host \($0.address)\n    Port \($0.port)\n" }
        return hosts.joined() + """
            Host *
                IdentityFile \(key)
                IdentitiesOnly yes
                UserKnownHostsFile \(knownHosts)
                GlobalKnownHostsFile /dev/null
                StrictHostKeyChecking yes
                PasswordAuthentication no
                ConnectTimeout 5
                LogLevel ERROR

            """
    }

    /// The file of the workers' keys.
    package static func knownHosts(_ doors: [HostDoor]) -> String {
        doors.map { "[\($0.address)]:\($0.port) \($0.hostKey)\n" }.joined()
    }

    /// The configuration of a worker's ssh server.
    ///
    /// - Parameters:
    ///   - port: Its port.
    ///   - key: The file of its private key.
    ///   - authorized: The file of the leader's public key.
    ///   - variables: What the engine's daemon must find: PATH and LD_LIBRARY_PATH.
    /// - Returns: The text.
    package static func serverConfiguration(
        port: Int,
        key: String,
        authorized: String,
        variables: [(name: String, value: String)]
    ) -> String {
        let set = variables.map { " \"\($0.name)=\($0.value.filter { $0 != "\"" && $0 != "\n" })\"" }.joined()
        return """
            Port \(port)
            HostKey \(key)
            AuthorizedKeysFile \(authorized)
            PidFile none
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            UsePAM no
            StrictModes no
            X11Forwarding no
            AllowTcpForwarding no
            AllowAgentForwarding no
            PrintMotd no
            LogLevel ERROR

            """ + (set.isEmpty ? "" : "SetEnv\(set)\n")
    }
}
