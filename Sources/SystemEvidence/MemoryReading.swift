/// What the kernel says about the memory of our cgroup, at one moment.
package struct MemoryReading: Hashable, Sendable {
    /// Which kind of hierarchy counted; nil where there is none.
    package var version: ControlGroup.Version?
    /// The group's path, for the kernel's messages.
    package var groupPath: String?
    /// The smallest limit of the group and those above it; nil when only the machine limits.
    package var limitBytes: Int64?
    /// What the group with that limit holds.
    package var currentBytes: Int64?
    /// The most that it held; nil before Linux 5.19 in cgroup v2.
    package var peakBytes: Int64?
    /// How many of the group's processes the kernel has killed for want of memory, by whatever limit.
    package var oomKills: Int64?
    /// How often it killed the whole group (`memory.oom.group`).
    package var groupKills: Int64?
    /// How often the limit was hit.
    package var limitHits: Int64?

    /// Makes a reading with nothing in it.
    package init() {}

    /// Reads the memory cgroup of this process.
    ///
    /// Blocks for some ten reads of the kernel's memory, a third of a millisecond.
    ///
    /// - Parameters:
    ///   - root: Where the kernel's files are read.
    ///   - machineBytes: The machine's memory; a limit above it limits nothing.
    /// - Returns: What can be read; an empty reading where there is no such group.
    package static func current(root: FileRoot, machineBytes: Int64?) -> MemoryReading {
        guard let group = ControlGroup.current("memory", root: root) else { return MemoryReading() }
        var reading = MemoryReading()
        reading.version = group.version
        reading.groupPath = group.path
        let names = FileNames(group.version)
        var limited = group.folder
        for folder in group.folders {
            guard let limit = root.number(folder + names.limit), limit < min(reading.limitBytes ?? .max, 1 << 62) else {
                continue
            }
            reading.limitBytes = limit
            limited = folder
        }
        // The groups above may lie outside what is mounted here; v1 tells the smallest limit of them all.
        if let inherited = root.fields(group.folder + "/memory.stat")?["hierarchical_memory_limit"],
            inherited < min(reading.limitBytes ?? .max, 1 << 62)
        {
            reading.limitBytes = inherited
        }
        if let limit = reading.limitBytes, let machineBytes, limit >= machineBytes {
            reading.limitBytes = nil
            limited = group.folder
        }
        reading.currentBytes = root.number(limited + names.current)
        reading.peakBytes = root.number(limited + names.peak)
        reading.readEvents(group, root)
        return reading
    }

    private mutating func readEvents(_ group: ControlGroup, _ root: FileRoot) {
        switch group.version {
        case .v1:
            // Not summed over the groups below, but over nothing else either.
            oomKills = root.fields(group.folder + "/memory.oom_control")?["oom_kill"]
            limitHits = root.number(group.folder + "/memory.failcnt")
        case .v2:
            let events = root.fields(group.folder + "/memory.events")
            oomKills = events?["oom_kill"]
            groupKills = events?["oom_group_kill"]
            limitHits = events?["max"]
        }
    }

    private struct FileNames {
        let limit: String
        let current: String
        let peak: String

        init(_ version: ControlGroup.Version) {
            let isFirst = version == .v1
            limit = isFirst ? "/memory.limit_in_bytes" : "/memory.max"
            current = isFirst ? "/memory.usage_in_bytes" : "/memory.current"
            peak = isFirst ? "/memory.max_usage_in_bytes" : "/memory.peak"
        }
    }
}
