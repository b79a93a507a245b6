import RunnerTestSupport
import SystemEvidence
import SystemPackage

/// A folder that stands for `/` with files as a machine had them.
enum RecordedMachine {
    /// Writes the files and removes them after `body`.
    ///
    /// - Parameters:
    ///   - files: The texts by their absolute paths.
    ///   - body: Gets the root.
    /// - Throws: What `body` throws.
    static func with(_ files: [String: String], _ body: (FileRoot) throws -> Void) throws {
        try JobFolder.with { folder in
            for (path, text) in files { folder.write("root" + path, text) }
            try body(FileRoot(folder.at("root")))
        }
    }

    /// cgroup v2 in a container of its own namespace, as Docker and Kubernetes make it.
    static let unified = [
        "/proc/self/cgroup": "0::/\n",
        "/proc/self/mountinfo":
            "700 650 0:64 / / rw,relatime - overlay overlay rw\n"
            + "705 704 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n",
        "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
        "/sys/fs/cgroup/memory.max": "17179869184\n",
        "/sys/fs/cgroup/memory.current": "1048576000\n",
        "/sys/fs/cgroup/memory.peak": "17179869184\n",
        "/sys/fs/cgroup/memory.events": "low 0\nhigh 0\nmax 1273\noom 3\noom_kill 2\noom_group_kill 1\n",
        "/sys/fs/cgroup/cpu.max": "150000 100000\n",
        "/sys/fs/cgroup/pids.max": "max\n",
        "/sys/fs/cgroup/pids.events": "max 0\n",
        "/proc/meminfo": "MemTotal:       65809204 kB\nMemFree:  100 kB\nMemAvailable:   32000000 kB\n",
        "/proc/vmstat": "nr_free_pages 12\noom_kill 7\n",
    ]

    /// cgroup v1 in Docker without a namespace: the path is the host's, and the group itself is mounted.
    static let docker = [
        "/proc/self/cgroup": "9:name=systemd:/docker/ab12\n6:cpu,cpuacct:/docker/ab12\n4:memory:/docker/ab12\n0::/\n",
        "/proc/self/mountinfo":
            "10 9 0:30 /docker/ab12 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
            + "11 9 0:32 /docker/ab12 /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n",
        "/sys/fs/cgroup/memory/cgroup.procs": "1\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "4294967296\n",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000\n",
        "/sys/fs/cgroup/memory/memory.max_usage_in_bytes": "4290000000\n",
        "/sys/fs/cgroup/memory/memory.failcnt": "72\n",
        "/sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
        "/sys/fs/cgroup/memory/memory.stat": "cache 0\nhierarchical_memory_limit 4294967296\n",
        "/sys/fs/cgroup/cpu,cpuacct/cgroup.procs": "1\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "/proc/meminfo": "MemTotal:       16000000 kB\n",
    ]
}
