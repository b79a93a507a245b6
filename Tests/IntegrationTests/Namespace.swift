import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A pid namespace of its own, as a container has one: what is started in it is PID 1.
enum Namespace {
    /// Whether this machine lets us make one; needs root or user namespaces.
    static let isAvailable =
        RunningProgram.run(
            "/usr/bin/unshare",
            ["--fork", "--pid", "--mount-proc", "true"],
            environment: BinaryUnderTest.minimalEnvironment
        ).exitCode == 0

    /// Starts the binary as PID 1.
    ///
    /// - Parameters:
    ///   - arguments: Its command line.
    ///   - folder: Where it starts.
    ///   - shell: A shell command before it, which ends in a use of `"$@"`; nil runs the binary itself.
    ///   - environment: What is added to PATH and HOME.
    /// - Returns: unshare(1), whose one child is PID 1.
    static func start(
        _ arguments: [String],
        in folder: JobFolder,
        shell: String? = nil,
        environment: [String: String] = [:]
    ) -> RunningProgram {
        let before = shell.map { ["sh", "-c", $0, "sh"] } ?? []
        return RunningProgram(
            "/usr/bin/unshare",
            ["--fork", "--pid", "--mount-proc", "--kill-child"] + before + [BinaryUnderTest.path] + arguments,
            environment: BinaryUnderTest.minimalEnvironment.merging(environment) { $1 },
            directory: folder.directory
        )
    }

    /// The number of PID 1 of a namespace, outside of it.
    ///
    /// - Parameter program: unshare(1).
    /// - Returns: nil when it did not start.
    static func initProcess(of program: RunningProgram) -> pid_t? {
        var found: pid_t?
        let children = "/proc/\(program.processID)/task/\(program.processID)/children"
        _ = program.wait {
            found = text(children).split(separator: " ").first.flatMap { pid_t($0) }
            return found != nil
        }
        return found
    }

    /// The text of a small file.
    static func text(_ path: String) -> String {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return "" }
        defer { try? file.close() }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = (try? buffer.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// One number of a file of the form `Name: 12 kB`.
    static func number(_ name: String, of path: String) -> Int? {
        let line = text(path).split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line?.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) }
    }
}

/// Whether a process of this number is there and no zombie.
func isLiving(_ processID: pid_t) -> Bool {
    let stat = Namespace.text("/proc/\(processID)/stat")
    guard let close = stat.lastIndex(of: ")") else { return false }
    return !["Z", "X"].contains(stat[stat.index(close, offsetBy: 2)])
}
