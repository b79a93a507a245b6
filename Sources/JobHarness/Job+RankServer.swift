import BraketEnvironment
import CLinuxShims
import Logging
import MultiInstance
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension Job {
    /// Starts the ssh server through which mpirun reaches this host; nothing where it does not.
    ///
    /// Only the leader's key of this job opens it, and it ends with the job.
    ///
    /// - Parameter script: The prepared script, whose PATH the engine's daemon is found by.
    /// - Throws: `JobFailure` when there is no server, or it does not come up.
    func startRankServer(_ script: PreparedScript) async throws(JobFailure) {
        guard servesRanks, let cluster, let keys = cluster.keys else { return }
        let path = script.launch.specification.environment.last { $0.name == EnvironmentKey.path }?.value
        guard let program = findExecutable("sshd", path: (path ?? "/usr/bin") + ":/usr/sbin:/usr/local/sbin") else {
            throw SSHKeys.missing("sshd", package: "openssh-server")
        }
        let publicKey = try await phase("waiting for the leader") {
            guard let key = await cluster.session.publicKey.value() else { throw CancellationError() }
            return key
        }
        let file = keys.folder.appending("sshd_config")
        let authorized = keys.folder.appending("authorized_keys")
        let names = [EnvironmentKey.path, "LD_LIBRARY_PATH"]
        let text = EngineCommand.serverConfiguration(
            port: keys.port,
            key: keys.privateKey.string,
            authorized: authorized.string,
            variables: script.launch.specification.environment.filter { names.contains($0.name) }
        )
        do {
            try replaceFile(authorized, with: Array((publicKey + "\n").utf8))
            try replaceFile(file, with: Array(text.utf8))
            // Where sshd has its privileges taken away; it refuses to start without.
            if geteuid() == 0, FileStatus(of: "/run/sshd") == nil { try makeDirectories("/run/sshd") }
            let specification = ProcessSpecification(
                executable: program,
                arguments: [program.string, "-D", "-e", "-f", file.string],
                environment: script.launch.specification.environment.filter { names.contains($0.name) },
                workingDirectory: "/"
            )
            cluster.set(server: try ChildProcess.spawn(specification))
        } catch {
            throw JobFailure(.runnerFault, .internalFault, "The ssh server could not be started: \(error).")
        }
        let port = UInt16(keys.port)
        try await phase("waiting for the ssh server") {
            for _ in 0..<100 {
                if try await BlockingPool.shared.run({ _ in Self.isListening(port) }) { return }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw JobFailure(.runnerFault, .internalFault, "The ssh server on port \(port) does not answer.")
        }
    }

    private static func isListening(_ port: UInt16) -> Bool {
        let socket = CLinuxShims_peer_connect("127.0.0.1", port, 500)
        if socket >= 0 { close(socket) }
        return socket >= 0
    }
}
