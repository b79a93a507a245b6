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

/// A program of /bin/sh.
///
/// - Parameters:
///   - script: What the shell runs.
///   - descriptors: What it inherits beside the standard three.
///   - directory: Where it starts.
/// - Returns: The specification, with a small environment.
func shell(
    _ script: String,
    descriptors: [ProcessSpecification.InheritedDescriptor] = [],
    directory: FilePath = "/"
) -> ProcessSpecification {
    ProcessSpecification(
        executable: "/bin/sh",
        arguments: ["sh", "-c", script],
        environment: [("PATH", "/usr/bin:/bin")],
        workingDirectory: directory,
        descriptors: descriptors
    )
}

/// Runs a shell script to its end.
///
/// - Parameter script: What the shell runs.
/// - Returns: Its end and what it wrote.
/// - Throws: What `CapturedRun.run` throws.
func captured(_ script: String) async throws -> CapturedRun {
    try await CapturedRun.run(shell(script), output: nil)
}

/// A shell script that says when it is ready, so that a test need not guess.
struct ReadyChild {
    /// The running shell.
    let child: ChildProcess
    private let pipe: (readEnd: FileDescriptor, writeEnd: FileDescriptor)

    /// Starts the script.
    ///
    /// - Parameter script: Writes a line to descriptor 1 when its traps stand.
    /// - Throws: `Errno` or `SupervisionError` when it cannot be started.
    init(_ script: String) throws {
        pipe = try FileDescriptor.pipe()
        // Children of other tests must not hold the pipe open.
        for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        child = try ChildProcess.spawn(shell(script, descriptors: [.init(ours: pipe.writeEnd, theirs: 1)]))
        try pipe.writeEnd.close()
    }

    /// The next piece of output, as a line; empty at the end.
    func line() async throws -> String {
        try await BlockingPool.shared.run { [end = pipe.readEnd] _ in
            var line: [UInt8] = []
            var byte: [UInt8] = [0]
            while try byte.withUnsafeMutableBytes({ try end.read(into: $0) }) == 1, byte[0] != UInt8(ascii: "\n") {
                line += byte
            }
            return String(decoding: line, as: UTF8.self)
        }
    }

    /// Closes our end of the pipe.
    func close() {
        try? pipe.readEnd.close()
    }
}

/// What a supervisor reported, in order.
final class EventLog: Sendable {
    private let lines = Mutex<[String]>([])

    /// The events so far, as short texts.
    var events: [String] { lines.withLock { $0 } }

    /// Notes an event.
    func note(_ event: SupervisionEvent) {
        let line: String? =
            switch event {
            case .stopping(.timeLimit, _): "time limit"
            case .stopping(.stopRequest(let signal), let grace):
                "stop \(signal.number) grace \(grace.components.seconds)"
            case .told: nil
            case .stopping(.preemption, _): "preemption"
            case .stopping(.stall, _): "stall"
            case .stopping(.cluster, _): "cluster"
            case .stopping(.script, _): "script"
            case .forwarded(let signal): "forwarded \(signal.number)"
            case .killed(let afterGrace): afterGrace ? "killed after grace" : "killed"
            }
        if let line { lines.withLock { $0.append(line) } }
    }
}
