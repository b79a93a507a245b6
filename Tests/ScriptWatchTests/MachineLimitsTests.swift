import RunnerTestSupport
import Testing

@testable import ScriptWatch

/// Limits from files that were recorded in containers.
struct MachineLimitsTests {
    private static let meminfo = "MemTotal:       32614140 kB\nMemFree:         1000 kB\n"

    private func limits(_ files: [String: String], affinity: Int? = 16) throws -> MachineLimits {
        try JobFolder.with { folder in
            for file in files { folder.write(file.key, file.value) }
            return MachineLimits.read(root: folder.directory, affinity: affinity)
        }
    }

    @Test("Without control groups: the machine's")
    func machine() throws {
        let limits = try limits(["proc/meminfo": Self.meminfo])
        #expect(limits == MachineLimits(memoryBytes: 32_614_140 * 1024, cores: 16))
        #expect(try self.limits([:], affinity: nil) == MachineLimits(memoryBytes: nil, cores: nil))
    }

    @Test("Version 2 with a namespace, as Docker makes it: the own group is the root")
    func version2() throws {
        let limits = try limits([
            "proc/meminfo": Self.meminfo,
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo":
                "603 602 0:27 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n",
            "sys/fs/cgroup/memory.max": "2147483648\n", "sys/fs/cgroup/cpu.max": "150000 100000\n",
        ])
        #expect(limits == MachineLimits(memoryBytes: 2_147_483_648, cores: 1.5))
    }

    @Test("Version 2 on a host: the least of the own group and those above it")
    func version2Ancestors() throws {
        let limits = try limits([
            "proc/meminfo": Self.meminfo,
            "proc/self/cgroup": "0::/user.slice/job.scope\n",
            "proc/self/mountinfo": "35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "sys/fs/cgroup/user.slice/memory.max": "1073741824\n",
            "sys/fs/cgroup/user.slice/cpu.max": "400000 100000\n",
            "sys/fs/cgroup/user.slice/job.scope/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/job.scope/cpu.max": "max 100000\n",
        ])
        #expect(limits == MachineLimits(memoryBytes: 1_073_741_824, cores: 4))
    }

    @Test("Version 1 in a container without a namespace: the host's path, but the own group at the mount point")
    func version1() throws {
        let limits = try limits([
            "proc/meminfo": Self.meminfo,
            "proc/self/cgroup": "4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/docker/abc\n",
            "proc/self/mountinfo": """
            35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime master:5 - cgroup cgroup rw,memory
            32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,relatime - cgroup cgroup rw,cpu,cpuacct

            """,
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "3221225472\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        ])
        #expect(limits == MachineLimits(memoryBytes: 3_221_225_472, cores: 0.5))
    }

    @Test("Version 1 without limits: a number near 2^63, and -1")
    func version1Unlimited() throws {
        let limits = try limits([
            "proc/meminfo": Self.meminfo,
            "proc/self/cgroup": "4:memory:/a\n1:cpu:/a\n",
            "proc/self/mountinfo": """
            35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu

            """,
            "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
        ])
        #expect(limits == MachineLimits(memoryBytes: 32_614_140 * 1024, cores: 16))
    }

    @Test("This machine has memory and cores")
    func here() {
        let limits = MachineLimits.read()
        #expect((limits.memoryBytes ?? 0) > 1 << 20)
        #expect((limits.cores ?? 0) > 0)
    }
}
