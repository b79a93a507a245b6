import RunnerTestSupport
import Testing

@testable import SystemEvidence

/// The files of both cgroup hierarchies as machines have them.
@Suite struct SystemReadingTests {
    @Test func unifiedHierarchyInANamespace() throws {
        try RecordedMachine.with(RecordedMachine.unified) { root in
            let reading = SystemReading.current(root: root)
            let memory = reading.memory
            #expect(memory.version == .v2)
            #expect(memory.groupPath == "/")
            #expect(memory.limitBytes == 16 << 30)
            #expect(memory.currentBytes == 1_048_576_000)
            #expect(memory.peakBytes == 16 << 30)
            #expect(memory.oomKills == 2)
            #expect(memory.groupKills == 1)
            #expect(memory.limitHits == 1273)
            #expect(reading.machineBytes == 67_388_624_896)
            #expect(reading.machineAvailableBytes == 32_768_000_000)
            #expect(reading.machineOOMKills == 7)
            #expect(reading.coreLimit == 1.5)
            #expect(reading.processLimit == nil)
            #expect(reading.processLimitHits == 0)
        }
    }

    @Test func firstHierarchyWhoseGroupItselfIsMounted() throws {
        try RecordedMachine.with(RecordedMachine.docker) { root in
            let reading = SystemReading.current(root: root)
            #expect(reading.memory.version == .v1)
            #expect(reading.memory.groupPath == "/docker/ab12")
            #expect(reading.memory.limitBytes == 4 << 30)
            #expect(reading.memory.currentBytes == 1_000_000)
            #expect(reading.memory.peakBytes == 4_290_000_000)
            #expect(reading.memory.oomKills == 1)
            #expect(reading.memory.groupKills == nil)
            #expect(reading.memory.limitHits == 72)
            #expect(reading.coreLimit == nil)
            #expect(reading.machineOOMKills == nil)
        }
    }

    /// A pod's container: the smallest limit is the one of a group above ours, and that group's numbers count.
    @Test func theSmallestLimitOfThoseAbove() throws {
        let files = [
            "/proc/self/cgroup": "0::/pod/box\n",
            "/proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "/sys/fs/cgroup/cgroup.controllers": "memory\n",
            "/sys/fs/cgroup/pod/cgroup.controllers": "memory\n",
            "/sys/fs/cgroup/pod/memory.max": "1000000\n",
            "/sys/fs/cgroup/pod/memory.current": "900000\n",
            "/sys/fs/cgroup/pod/memory.peak": "1000000\n",
            "/sys/fs/cgroup/pod/pids.max": "100\n",
            "/sys/fs/cgroup/pod/box/cgroup.controllers": "memory\n",
            "/sys/fs/cgroup/pod/box/memory.max": "max\n",
            "/sys/fs/cgroup/pod/box/memory.current": "5\n",
            "/sys/fs/cgroup/pod/box/memory.events": "oom_kill 4\n",
            "/sys/fs/cgroup/pod/box/pids.max": "max\n",
            "/sys/fs/cgroup/pod/box/pids.events": "max 3\n",
        ]
        try RecordedMachine.with(files) { root in
            let reading = SystemReading.current(root: root)
            #expect(reading.memory.limitBytes == 1_000_000)
            #expect(reading.memory.currentBytes == 900_000)
            #expect(reading.memory.peakBytes == 1_000_000)
            #expect(reading.memory.oomKills == 4)
            #expect(reading.processLimit == 100)
            #expect(reading.processLimitHits == 3)
        }
    }

    /// No limit, in the three ways to say so; the group's own numbers are shown then.
    @Test(
        "No limit",
        arguments: [
            ("memory.limit_in_bytes", "9223372036854771712"), ("memory.limit_in_bytes", "18446744073709551615"),
            ("memory.limit_in_bytes", "17179869184"),
        ]
    )
    func noLimit(_ name: String, _ text: String) throws {
        var files = RecordedMachine.docker
        files["/sys/fs/cgroup/memory/\(name)"] = text
        files["/sys/fs/cgroup/memory/memory.stat"] = "hierarchical_memory_limit 9223372036854771712\n"
        try RecordedMachine.with(files) { root in
            let memory = SystemReading.current(root: root).memory
            #expect(memory.limitBytes == nil)
            #expect(memory.currentBytes == 1_000_000)
            #expect(memory.oomKills == 1)
        }
    }

    /// In v1 a limit above what is mounted is told by memory.stat.
    @Test func aLimitThatCannotBeSeen() throws {
        var files = RecordedMachine.docker
        files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712"
        files["/sys/fs/cgroup/memory/memory.stat"] = "hierarchical_memory_limit 2000000\n"
        try RecordedMachine.with(files) { root in
            #expect(SystemReading.current(root: root).memory.limitBytes == 2_000_000)
        }
    }

    @Test func aMachineWithoutGroups() throws {
        try RecordedMachine.with(["/proc/meminfo": "MemTotal: 4 kB\n"]) { root in
            let reading = SystemReading.current(root: root)
            #expect(reading.memory == MemoryReading())
            #expect(reading.machineBytes == 4096)
        }
    }

    @Test func whatChanged() {
        var change = SystemChange()
        #expect(change.oomKills == nil)
        change.before.memory.oomKills = 2
        change.after.memory.oomKills = 5
        change.before.machineOOMKills = 9
        change.after.machineOOMKills = 9
        #expect(change.oomKills == 3)
        #expect(change.machineOOMKills == 0)
        // Moved to a fresh group in between.
        change.after.memory.oomKills = 1
        #expect(change.oomKills == 0)
    }
}

/// Where a group's folder is: path of the group, root and point of the mount, folders that exist, the answer.
@Suite struct ControlGroupTests {
    /// A way in which a hierarchy is mounted.
    struct Row: Sendable, CustomTestStringConvertible {
        let path: String
        let root: String
        let point: String
        let exists: String
        let folders: [String]
        var testDescription: String { "\(path) of \(root) at \(point)" }
    }

    static let rows = [
        Row(path: "/", root: "/", point: "/cg", exists: "/cg", folders: ["/cg"]),
        Row(path: "/a/b", root: "/", point: "/cg", exists: "/cg/a/b", folders: ["/cg/a/b", "/cg/a", "/cg"]),
        Row(path: "/docker/x", root: "/docker/x", point: "/cg", exists: "/cg", folders: ["/cg"]),
        Row(path: "/docker/x/y", root: "/docker/x", point: "/cg", exists: "/cg/y", folders: ["/cg/y", "/cg"]),
        // The host's path, and only the group itself below the mount.
        Row(path: "/docker/x", root: "/", point: "/cg", exists: "/cg", folders: ["/cg"]),
        Row(path: "/../other", root: "/", point: "/cg", exists: "/cg", folders: ["/cg"]),
        Row(path: "/", root: "/", point: "/c g", exists: "/c g", folders: ["/c g"]),
        // A brother with the same beginning is not below.
        Row(path: "/docker/xy", root: "/docker/x", point: "/cg", exists: "/cg", folders: ["/cg"]),
    ]

    @Test("Folder and those above", arguments: rows, [ControlGroup.Version.v1, .v2])
    func folders(_ row: Row, _ version: ControlGroup.Version) throws {
        let isFirst = version == .v1
        let point = row.point == "/c g" ? "/c\\040g" : row.point
        let files = [
            "/proc/self/cgroup": isFirst ? "4:memory:\(row.path)\n0::/else\n" : "0::\(row.path)\n",
            "/proc/self/mountinfo": "1 2 0:3 \(row.root) \(point) rw - "
                + (isFirst ? "cgroup cgroup rw,memory" : "cgroup2 cgroup2 rw") + "\n",
            row.exists + (isFirst ? "/cgroup.procs" : "/cgroup.controllers"): "",
        ]
        try RecordedMachine.with(files) { root in
            let group = try #require(ControlGroup.current("memory", root: root))
            #expect(group.version == version)
            #expect(group.path == row.path)
            #expect(group.folders == row.folders)
        }
    }

    /// Both hierarchies are mounted; the controller is in the first, and the second must not be asked.
    @Test func hybrid() throws {
        var files = RecordedMachine.docker
        files["/proc/self/mountinfo", default: ""] += "12 9 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        files["/sys/fs/cgroup/unified/cgroup.controllers"] = ""
        try RecordedMachine.with(files) { root in
            #expect(ControlGroup.current("memory", root: root)?.version == .v1)
            #expect(ControlGroup.current("pids", root: root)?.version == .v2)
        }
    }
}
