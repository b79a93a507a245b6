import CLinuxShims
import ProcessSupervision
import RunnerCore

/// How much memory and how many cores this process may use: the machine's, or less by its control groups.
package struct MachineLimits: Hashable, Sendable {
    /// The least of the machine's memory and the limits of the own control group and those above it that can be seen.
    package var memoryBytes: Int64?
    /// The least of the cores this process may run on and the quotas of its control groups.
    package var cores: Double?

    /// Makes limits.
    package init(memoryBytes: Int64?, cores: Double?) {
        self.memoryBytes = memoryBytes
        self.cores = cores
    }

    /// Reads the limits.
    ///
    /// Blocks for some ten small reads.
    ///
    /// - Parameters:
    ///   - root: What stands before `/proc` and `/sys`; empty on a real machine.
    ///   - affinity: How many cores sched_getaffinity(2) allows.
    /// - Returns: The limits; nil inside where nothing says any.
    package static func read(root: String = "", affinity: Int? = allowedCores()) -> MachineLimits {
        let groups = ControlGroups(root: root)
        var memory = text(root + "/proc/meminfo").flatMap(memoryTotal)
        var cores = affinity.map(Double.init)
        for folder in groups.folders(of: "memory") {
            for name in ["memory.max", "memory.limit_in_bytes"] {
                guard let limit = text("\(folder)/\(name)").flatMap({ Int64(trimmed($0)) }) else { continue }
                memory = min(memory ?? limit, limit)
            }
        }
        for folder in groups.folders(of: "cpu") {
            guard let quota = quota(in: folder) else { continue }
            cores = min(cores ?? quota, quota)
        }
        return MachineLimits(memoryBytes: memory, cores: cores)
    }

    /// How many cores this process may run on; nil when the kernel does not say.
    package static func allowedCores() -> Int? {
        let count = CLinuxShims_allowed_cores()
        return count > 0 ? Int(count) : nil
    }

    /// `cpu.max` of version 2 (`200000 100000`, `max 100000`), or the two files of version 1, where -1 is no limit.
    private static func quota(in folder: String) -> Double? {
        if let numbers = text("\(folder)/cpu.max")?.split(separator: " "), numbers.count == 2,
            let quota = Double(numbers[0]), let period = Double(trimmed(String(numbers[1]))), period > 0
        {
            return quota / period
        }
        guard let quota = text("\(folder)/cpu.cfs_quota_us").flatMap({ Double(trimmed($0)) }), quota > 0,
            let period = text("\(folder)/cpu.cfs_period_us").flatMap({ Double(trimmed($0)) }), period > 0
        else { return nil }
        return quota / period
    }

    /// `MemTotal` of /proc/meminfo, which counts in KiB.
    private static func memoryTotal(_ text: String) -> Int64? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
    }
}

/// The control groups of this process and where their files lie, cgroups(7).
struct ControlGroups {
    private let root: String
    /// Controllers (none for version 2) and the path of the own group, of /proc/self/cgroup.
    private let memberships: [(controllers: [Substring], path: String)]
    /// Where hierarchies are mounted, of /proc/self/mountinfo.
    private let mounts: [(controllers: [Substring]?, group: String, point: String)]

    /// Reads which groups there are.
    ///
    /// - Parameter root: What stands before `/proc` and the mount points.
    init(root: String) {
        self.root = root
        memberships = (text(root + "/proc/self/cgroup") ?? "").split(separator: "\n").compactMap { line in
            // `4:memory:/docker/abc`, or `0::/docker/abc` for version 2.
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            return fields.count == 3 ? (fields[1].split(separator: ","), String(fields[2])) : nil
        }
        mounts = (text(root + "/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line in
            // `35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`
            guard let separator = line.firstRange(of: " - ") else { return nil }
            let places = line[..<separator.lowerBound].split(separator: " ")
            let kind = line[separator.upperBound...].split(separator: " ")
            guard places.count >= 5, kind.count >= 3, kind[0] == "cgroup" || kind[0] == "cgroup2" else { return nil }
            let controllers = kind[0] == "cgroup2" ? nil : kind[2].split(separator: ",")
            return (controllers, String(places[3]), String(places[4]))
        }
    }

    /// The folders of the own group and of those above it, as far as they can be seen, the own one first.
    ///
    /// - Parameter controller: `memory` or `cpu`.
    /// - Returns: The folders of version 1, if the controller is there, and those of version 2.
    func folders(of controller: Substring) -> [String] {
        mounts.flatMap { mount -> [String] in
            let membership = memberships.first { membership in
                mount.controllers == nil ? membership.controllers.isEmpty : membership.controllers.contains(controller)
            }
            guard mount.controllers?.contains(controller) ?? true, let membership else { return [] }
            return chain(from: membership.path, mount)
        }
    }

    /// A container without a namespace for control groups sees its host's path, but its own group at the mount point.
    private func chain(
        from path: String,
        _ mount: (controllers: [Substring]?, group: String, point: String)
    ) -> [String] {
        var path = path
        if mount.group != "/" { path = path.hasPrefix(mount.group) ? String(path.dropFirst(mount.group.count)) : "" }
        var parts = path.split(separator: "/").filter { $0 != ".." }
        var folders: [String] = []
        while true {
            folders.append(([root + mount.point] + parts.map(String.init)).joined(separator: "/"))
            guard parts.popLast() != nil else { return folders }
        }
    }
}

private func text(_ path: String) -> String? {
    smallFile(path).map { String(decoding: $0, as: UTF8.self) }
}

private func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " }.prefix { $0 != "\n" && $0 != " " })
}
