import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A cgroup of the script's own, where this process may make one: the kernel ends all that is in it in one step.
///
/// Without one a process that starts its successor in a new session and ends can outrun who looks for it in `/proc`.
/// Only of version 2 (cgroups(7), `cgroup.kill`, since Linux 5.14), and without any controller: limits and counts stay
/// those of the group above. A container's tree is usually read-only; then there is none.
package final class ScriptCgroup: Sendable {
    /// The folder, open: clone3(2) starts the script in it.
    let descriptor: FileDescriptor
    private let folder: FilePath

    /// Makes a group below another one.
    ///
    /// Blocks for some calls, well below a millisecond.
    ///
    /// - Parameter parent: The folder of this process's group of version 2; nil for none.
    /// - Returns: nil where no group can be made that could be killed.
    package static func make(below parent: String?) -> ScriptCgroup? {
        guard let parent else { return nil }
        let folder = FilePath(parent).appending("braket-runner-\(getpid())")
        // One that is there is left of a runner that was killed and had our number; in use it cannot be removed.
        rmdir(folder.string)
        guard mkdir(folder.string, 0o755) == 0 else { return nil }
        guard access(folder.appending("cgroup.kill").string, W_OK) == 0,
            let descriptor = try? FileDescriptor.open(folder, .readOnly, options: [.directory, .closeOnExec])
        else {
            rmdir(folder.string)
            return nil
        }
        return ScriptCgroup(folder: folder, descriptor: descriptor)
    }

    private init(folder: FilePath, descriptor: FileDescriptor) {
        self.folder = folder
        self.descriptor = descriptor
    }

    deinit {
        // Nothing was written through it that could be lost.
        try? descriptor.close()
    }

    /// Removes the group; one in which something is left stays.
    func remove() { rmdir(folder.string) }

    /// Makes everything in the group stand still, so that it can be seen and named; what is frozen can be killed.
    ///
    /// Blocks for at most a tenth of a second: what waits in the kernel freezes when it comes back.
    func freeze() {
        write("1", to: "cgroup.freeze")
        for _ in 0..<100 where !isFrozen { usleep(1000) }
    }

    private var isFrozen: Bool {
        guard let events = smallFile(folder.appending("cgroup.events").string, limitBytes: 4096) else { return true }
        return String(decoding: events, as: UTF8.self).contains("frozen 1")
    }

    /// Sends SIGKILL to everything in the group, and to what it is about to start.
    func kill() { write("1", to: "cgroup.kill") }

    private func write(_ text: String, to name: String) {
        // A group that somebody removed has nothing in it.
        guard let file = try? FileDescriptor.open(folder.appending(name), .writeOnly, options: .closeOnExec) else {
            return
        }
        // Nor is there anything to do when the kernel refuses: the processes are looked for in /proc as well.
        _ = try? file.closeAfter { try file.writeAll(text.utf8) }
    }
}
