import BraketEnvironment
import Logging
import MultiInstance
import ObjectStorage
import ProcessSupervision
import RunnerCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A job of several hosts on one machine: this program once more for each, in a process group of its own, with the
/// root `<root>/algo-1` and so on, and the same channel, engines and record as on real hosts.
///
/// This process only starts them, passes signals on, and keeps the job's record and failure text at
/// `<root>/ml/output/`, where those of a job of one are.
struct LocalInstances: Sendable {
    /// The job.
    let configuration: JobConfiguration
    /// The variables of this process.
    let environment: ProcessEnvironment
    /// Its own arguments, without the program.
    let arguments: [String]
    /// The folder it was started in.
    let workingDirectory: FilePath
    /// The signals of the process.
    let signals: JobSignals
    /// The runner's own log.
    let logger: Logger

    private var hosts: [String] { (1...configuration.hosts.instances).map { "algo-\($0)" } }

    /// Runs all hosts to their end.
    ///
    /// - Returns: The exit code of the job.
    func run() async -> Int32 {
        let variables = variables()
        var children: [(host: String, child: ChildProcess)] = []
        var pipes: [(descriptor: Int32, target: FileDescriptor)] = []
        for (index, host) in hosts.enumerated() {
            do {
                let (child, outputs) = try LineMerger.start(specification(index, host, variables))
                children.append((host, child))
                pipes += outputs
            } catch {
                logger.error("a host could not be started", metadata: ["host": "\(host)", "reason": "\(error)"])
                for child in children { child.child.signalGroup(SIGTERM) }
                break
            }
        }
        logger.notice("\(hosts.count) hosts on this machine", metadata: ["root": "\(configuration.paths.root)"])
        let ended = CancellationFlag()
        // Cancelled when they have ended.
        async let _: Void = releaseMemoryOnceQuiet()
        async let merged: Void = LineMerger(pipes).merge(until: ended)
        let exits = await ends(of: children)
        // What a host that was killed has left.
        let swept = await StragglerSweep.endAll(grace: .seconds(1))
        ended.cancel()
        await merged
        if let line = swept.summary { logger.notice("\(line)") }
        return conclude(exits)
    }

    private func variables() -> [(name: String, value: String)] {
        var variables = environment.variables.filter { variable in
            // What a flag of ours replaces, and what would be said twice.
            !["INSTANCES", "ROOT", "HOSTS", "HOST_INDEX"].contains {
                variable.name == EnvironmentKey.runnerPrefix + $0
            }
        }
        let ports = "\(SSHKeys.freePort()) \(SSHKeys.freePort())"
        variables.append((ClusterVariable.localPorts, ports))
        if environment.nonEmpty(ClusterVariable.secret) == nil {
            let secret = PeerProof.challenge().map { String($0, radix: 16) }.joined()
            variables.append((ClusterVariable.secret, secret))
        }
        return variables
    }

    private func specification(
        _ index: Int,
        _ host: String,
        _ variables: [(name: String, value: String)]
    ) -> ProcessSpecification {
        // Of an option that stands twice the last one counts.
        let own = [
            "--root", configuration.paths.root.appending(host).string, "--instances", "1", "--hosts",
            hosts.joined(separator: ","), "--host-index", "\(index)",
        ]
        let given = arguments.first.map { $0.hasPrefix("-") } ?? true ? ["run"] + arguments : arguments
        return ProcessSpecification(
            executable: "/proc/self/exe",
            arguments: ["braket-runner"] + given + own,
            environment: variables,
            workingDirectory: workingDirectory
        )
    }

    /// Passes signals on until all have ended.
    private func ends(of children: [(host: String, child: ChildProcess)]) async -> [String: ProcessExit] {
        let handler: JobSignals.Handler = { signal in
            for child in children { child.child.signalGroup(signal.number) }
        }
        return await signals.withHandler(handler) {
            await withTaskGroup(of: (String, ProcessExit).self) { group in
                for (host, child) in children { group.addTask { (host, await child.wait()) } }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }
    }

    /// Puts the job's record and failure text where those of a job of one are.
    ///
    /// The leader's has all hosts; where the leader was killed, the first host's that lived on.
    private func conclude(_ exits: [String: ProcessExit]) -> Int32 {
        let witness = hosts.first { host in
            if case .exited? = exits[host]?.cause { true } else { false }
        }
        guard let host = witness ?? hosts.first, let exit = exits[host] else {
            return ExitCode.internalFault.rawValue
        }
        let paths = ContainerPaths(root: configuration.paths.root.appending(host))
        for (from, to) in [(paths.record, configuration.paths.record), (paths.failure, configuration.paths.failure)] {
            do {
                try makeDirectories(configuration.paths.output)
                guard FileStatus(of: from) != nil else { continue }
                try replaceFile(to, with: try readSmallFileBytes(from))
            } catch {
                logger.warning("a file of the job is only at its host", metadata: ["reason": "\(error)"])
            }
        }
        return exit.shellCode
    }
}
