/// What the kernel says about the machine and our part of it, at one moment.
package struct SystemReading: Hashable, Sendable {
    /// Our memory cgroup.
    package var memory = MemoryReading()
    /// The machine's memory.
    package var machineBytes: Int64?
    /// How much of it could be had.
    package var machineAvailableBytes: Int64?
    /// How many processes the kernel has killed for want of memory on the whole machine, since Linux 4.13.
    package var machineOOMKills: Int64?
    /// How many cores' time our cgroup may use; nil for all.
    package var coreLimit: Double?
    /// How many processes and threads our cgroup may have; nil for any number.
    package var processLimit: Int64?
    /// How often that limit kept a process or thread from starting.
    package var processLimitHits: Int64?

    /// Makes a reading with nothing in it.
    package init() {}

    /// Reads all of it.
    ///
    /// Blocks for some twenty reads of the kernel's memory, half a millisecond.
    ///
    /// - Parameter root: Where the kernel's files are read.
    /// - Returns: What can be read; what cannot stays nil.
    package static func current(root: FileRoot = FileRoot()) -> SystemReading {
        var reading = SystemReading()
        let memory = root.fields("/proc/meminfo")
        reading.machineBytes = memory?["MemTotal"].map { $0 * 1024 }
        reading.machineAvailableBytes = memory?["MemAvailable"].map { $0 * 1024 }
        reading.machineOOMKills = root.fields("/proc/vmstat")?["oom_kill"]
        reading.memory = .current(root: root, machineBytes: reading.machineBytes)
        reading.readCores(root)
        reading.readProcesses(root)
        return reading
    }

    private mutating func readCores(_ root: FileRoot) {
        guard let group = ControlGroup.current("cpu", root: root) else { return }
        for folder in group.folders {
            let quota: (microseconds: Int64, period: Int64)? =
                switch group.version {
                case .v1:
                    root.number(folder + "/cpu.cfs_quota_us").flatMap { quota in
                        root.number(folder + "/cpu.cfs_period_us").map { (quota, $0) }
                    }
                case .v2:
                    Self.quota(root.text(folder + "/cpu.max"))
                }
            guard let quota, quota.microseconds > 0, quota.period > 0 else { continue }
            coreLimit = min(coreLimit ?? .infinity, Double(quota.microseconds) / Double(quota.period))
        }
    }

    /// `200000 100000`, or `max 100000` for none.
    private static func quota(_ text: String?) -> (microseconds: Int64, period: Int64)? {
        guard let words = text?.split(separator: " "), words.count == 2, let quota = Int64(words[0]),
            let period = Int64(words[1])
        else { return nil }
        return (quota, period)
    }

    private mutating func readProcesses(_ root: FileRoot) {
        guard let group = ControlGroup.current("pids", root: root) else { return }
        for folder in group.folders {
            guard let limit = root.number(folder + "/pids.max"), limit < processLimit ?? .max else { continue }
            processLimit = limit
        }
        processLimitHits = root.fields(group.folder + "/pids.events")?["max"]
    }
}

/// What changed between two readings.
package struct SystemChange: Hashable, Sendable {
    /// Before the script.
    package var before: SystemReading
    /// After its end.
    package var after: SystemReading

    /// Makes a change.
    package init(before: SystemReading = SystemReading(), after: SystemReading = SystemReading()) {
        self.before = before
        self.after = after
    }

    /// How many processes of our cgroup were killed for want of memory; nil where the kernel does not count.
    package var oomKills: Int64? { Self.difference(before.memory.oomKills, after.memory.oomKills) }
    /// How often our cgroup was killed as a whole.
    package var groupKills: Int64? { Self.difference(before.memory.groupKills, after.memory.groupKills) }
    /// How many processes of the machine were killed for want of memory; nil where the kernel does not count.
    package var machineOOMKills: Int64? { Self.difference(before.machineOOMKills, after.machineOOMKills) }
    /// How often the limit of processes was hit.
    package var processLimitHits: Int64? { Self.difference(before.processLimitHits, after.processLimitHits) }

    /// A counter that goes back belongs to another group, and says nothing.
    private static func difference(_ before: Int64?, _ after: Int64?) -> Int64? {
        guard let after else { return nil }
        return max(0, after - (before ?? 0))
    }
}
