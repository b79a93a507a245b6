/// The cgroup of a process for one controller, as far as it can be seen from here: cgroups(7).
package struct ControlGroup: Hashable, Sendable {
    /// The two hierarchies, which count in files of different names.
    package enum Version: String, Sendable {
        /// A hierarchy a controller.
        case v1
        /// The unified hierarchy.
        case v2
    }

    /// Which kind of hierarchy.
    package let version: Version
    /// Its path as the kernel's messages name it, `/` in a namespace of its own.
    package let path: String
    /// Its folder and those above it, the group's own first, up to the mount point.
    package let folders: [String]

    /// The group's own folder.
    package var folder: String { folders.first ?? "/" }

    /// Finds the group of this process that a controller counts in.
    ///
    /// A machine may mount both hierarchies; a controller is in one of them. Inside a container the path is often
    /// that of the host, of which nothing is mounted here but the group itself: then the mount point is the group.
    ///
    /// - Parameters:
    ///   - controller: For instance `memory`.
    ///   - root: Where the kernel's files are read.
    /// - Returns: nil where no hierarchy with the controller is mounted.
    package static func current(_ controller: String, root: FileRoot) -> ControlGroup? {
        // A machine with many containers has some thousand mounts.
        guard let groups = root.text("/proc/self/cgroup"),
            let mounts = root.text("/proc/self/mountinfo", limitBytes: 4 << 20)
        else { return nil }
        var unified: String?
        var own: String?
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].split(separator: ",").contains(Substring(controller)) { own = String(parts[2]) }
            if parts[0] == "0", parts[1].isEmpty { unified = String(parts[2]) }
        }
        let version: Version = own == nil ? .v2 : .v1
        guard let path = own ?? unified else { return nil }
        let candidates = mounts.split(separator: "\n").compactMap { Mount(line: $0) }.filter {
            version == .v2 ? $0.kind == "cgroup2" : $0.kind == "cgroup" && $0.options.contains(controller)
        }
        let marker = version == .v2 ? "/cgroup.controllers" : "/cgroup.procs"
        for mount in candidates {
            let below = mount.relative(path)
            let folders = Self.folders(below, of: mount.point)
            if root.text(folders[0] + marker) != nil {
                return ControlGroup(version: version, path: path, folders: folders)
            }
        }
        return candidates.first.map { ControlGroup(version: version, path: path, folders: [$0.point]) }
    }

    /// The folder of this process's group in the unified hierarchy, where one is mounted.
    ///
    /// - Parameter root: Where the kernel's files are read.
    /// - Returns: nil for none, also where only other groups can be seen from here.
    package static func unifiedFolder(root: FileRoot) -> String? {
        guard let group = current("", root: root), group.version == .v2 else { return nil }
        return root.text(group.folder + "/cgroup.procs").map { _ in group.folder }
    }

    private static func folders(_ relative: String, of point: String) -> [String] {
        var folders = [point]
        for name in relative.split(separator: "/") { folders.append(folders[folders.count - 1] + "/" + name) }
        return folders.reversed()
    }
}

/// A line of `/proc/self/mountinfo`, proc_pid_mountinfo(5).
struct Mount: Hashable, Sendable {
    /// What of the file system is mounted.
    let root: String
    /// Where.
    let point: String
    /// The file system's kind.
    let kind: String
    /// The options of the file system, which name cgroup v1's controllers.
    let options: [String]

    /// Reads a line.
    ///
    /// - Parameter line: For instance `36 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`.
    init?(line: Substring) {
        let halves = line.split(separator: " - ", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        let left = halves[0].split(separator: " ")
        let right = halves[1].split(separator: " ")
        guard left.count >= 5, right.count >= 3 else { return nil }
        root = Self.unescaped(left[3])
        point = Self.unescaped(left[4])
        kind = String(right[0])
        options = right[2].split(separator: ",").map(String.init)
    }

    /// The part of a group's path below what is mounted here; empty when the group itself is mounted, or nothing of it.
    func relative(_ path: String) -> String {
        // `/..` stands before groups outside the namespace, of which nothing is mounted here.
        guard !path.hasPrefix("/..") else { return "" }
        if root == "/" { return path }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count)) : ""
    }

    /// Blanks, tabs, line ends and backslashes are written as `\040`.
    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
