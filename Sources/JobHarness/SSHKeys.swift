import BraketEnvironment
import CLinuxShims
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

/// The keys of one job's ssh connections, made anew for each job and removed with it.
///
/// The leader makes the key that opens the workers' servers, each worker the key that its server proves itself with.
/// Only the public halves leave their host, over the channel; so nothing secret is in an image or on the wire, and
/// mpirun's ssh checks every host's key.
struct SSHKeys: Sendable {
    /// A folder that only this user can read.
    let folder: FilePath
    /// The public half, a line as ssh writes it.
    let publicKey: String
    /// The port for the server, free when it was looked for; 0 on the leader.
    let port: Int

    /// The private half.
    var privateKey: FilePath { folder.appending("key") }

    /// Makes the key of this host.
    ///
    /// - Parameters:
    ///   - isLeader: Whether the key opens servers instead of being one's own.
    ///   - path: The value of PATH.
    /// - Returns: The key, and on a worker a port for its server.
    /// - Throws: `JobFailure` when ssh-keygen is not there or fails.
    static func make(isLeader: Bool, path: String?) async throws(JobFailure) -> SSHKeys {
        guard let program = findExecutable("ssh-keygen", path: path) else {
            throw missing("ssh-keygen", package: "openssh-client")
        }
        var template = Array((getenvText("TMPDIR") ?? "/tmp").utf8CString.dropLast())
        template += "/braket-runner-ssh-XXXXXX".utf8CString
        guard mkdtemp(&template) != nil else {
            throw JobFailure(.runnerFault, .internalFault, "No folder for the ssh keys: \(Errno(rawValue: errno)).")
        }
        let folder = FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        let specification = ProcessSpecification(
            executable: program,
            arguments: ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder.appending("key").string],
            environment: [("PATH", path ?? "/usr/bin:/bin")],
            workingDirectory: folder
        )
        do {
            let run = try await CapturedRun.run(specification, output: nil)
            guard run.exit.shellCode == 0 else { throw SupervisionError(.failed, run.tail.trimmed()) }
            let key = try readSmallFile(folder.appending("key.pub")).trimmed()
            return SSHKeys(folder: folder, publicKey: key, port: isLeader ? 0 : freePort())
        } catch {
            try? removeTree(folder)  // The first error is the one to report.
            throw JobFailure(.runnerFault, .internalFault, "The ssh keys could not be made: \(error).")
        }
    }

    /// Removes the keys.
    func remove() {
        // A temporary folder that only we could read.
        try? removeTree(folder)
    }

    /// The failure of a program that the launch needs.
    static func missing(_ program: String, package: String) -> JobFailure {
        JobFailure(
            .notExecutable,
            .usage,
            "\(program) is not on PATH, and this job's launch needs it.",
            details: ["Install it in the image (Debian: \(package)), or start the script with --launch none."]
        )
    }

    /// A port that nobody listens on just now.
    static func freePort() -> Int {
        let socket = CLinuxShims_peer_listen(0, 0)
        guard socket >= 0 else { return 22_022 }
        defer { close(socket) }
        return Int(CLinuxShims_peer_port(socket))
    }

    private static func getenvText(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
