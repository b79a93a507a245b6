import ProcessSupervision
import RunnerTestSupport
import Testing

@testable import SystemEvidence

/// Lines of kernels 4.14 to 6.18.
@Suite struct KernelLogTests {
    @Test(
        "Kills for want of memory",
        arguments: [
            (
                "Memory cgroup out of memory: Killed process 12522 (python3) total-vm:82064kB, anon-rss:72116kB, "
                    + "file-rss:3652kB, shmem-rss:0kB, UID:0 pgtables:208kB oom_score_adj:0",
                Int32(12522), "python3", Int64(75768 * 1024), false
            ),
            (
                "Out of memory: Killed process 7 (a) b (c) total-vm:1kB, anon-rss:1kB, file-rss:2kB, shmem-rss:4kB",
                7, "a) b (c", 7 * 1024, true
            ),
            (
                "Killed process 99 (tail), UID 0, total-vm:1kB, anon-rss:10kB, file-rss:0kB, shmem-rss:0kB", 99, "tail",
                10 * 1024, false
            ),
        ] as [(String, Int32, String, Int64, Bool)]
    )
    func kills(_ message: String, _ processID: Int32, _ name: String, _ bytes: Int64, _ isMachine: Bool) {
        let event = KernelEvent(record: "3,423,813296114,-;" + message)
        #expect(event?.kind == .outOfMemory(residentBytes: bytes, isWholeMachine: isMachine))
        #expect(event?.processID == processID)
        #expect(event?.name == name)
        #expect(event?.text == message)
    }

    @Test func theVictimsGroup() {
        let event = KernelEvent(
            record: "6,422,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
                + "oom_memcg=/pod,task_memcg=/pod/box,task=python3,pid=12522,uid=0"
        )
        #expect(event?.kind == .victim(group: "/pod/box"))
        #expect(event?.processID == 12522)
        #expect(event?.name == "python3")
    }

    @Test(
        "Faults",
        arguments: [
            (
                "python3[12524]: segfault at 0 ip 00007f sp 00007ff error 4 in libc.so.6[1,7f+1]", "python3",
                Int32(12524)
            ),
            ("traps: a[b][77] trap invalid opcode ip:55 sp:7f error:0 in x[55+1]", "a[b]", 77),
            ("traps: python3[8] general protection fault ip:1 sp:2 error:0 in libc.so.6", "python3", 8),
            ("traps: f[9] trap divide error ip:1 sp:2 error:0 in f[1+1]", "f", 9),
        ] as [(String, String, Int32)]
    )
    func faults(_ message: String, _ name: String, _ processID: Int32) {
        let event = KernelEvent(record: "6,1,2,-;" + message)
        #expect(event?.kind == .fault)
        #expect(event?.name == name)
        #expect(event?.processID == processID)
    }

    @Test(
        "Everything else",
        arguments: [
            "", ";", "no record", "6,1,2,-;usb 1-1: new device", "6,1,2,-;systemd[1]: Started x.",
            "6,1,2,-;Killed process x (y)", "6,1,2,-;oom-kill:constraint=", "6,1,2,-;[  12522]     0 12522    20516",
        ]
    )
    func noise(_ record: String) {
        #expect(KernelEvent(record: record) == nil)
    }

    @Test func onlyWhatCameSince() throws {
        try JobFolder.with { folder in
            folder.write("kmsg", "3,1,1,-;Out of memory: Killed process 1 (old) total-vm:1kB, anon-rss:1kB\n")
            let log = KernelLog(path: folder.at("kmsg"))
            #expect(log.newEvents().isEmpty)
            let line = "3,2,2,-;Out of memory: Killed process 2 (new) total-vm:1kB, anon-rss:1kB\n SUBSYSTEM=x\n"
            #expect(folder.shell("printf '%s' '\(line)' >> kmsg").exitCode == 0)
            #expect(log.newEvents().map(\.processID) == [2])
            #expect(log.newEvents().isEmpty)
        }
        #expect(KernelLog(path: "/no/such/device").newEvents().isEmpty)
    }
}

/// Limits, disks and cores.
@Suite struct LimitTests {
    @Test func softLimits() {
        let limits = ResourceLimits(
            text: """
                Limit                     Soft Limit           Hard Limit           Units
                Max cpu time              60                   unlimited            seconds
                Max file size             1024                 2048                 bytes
                Max core file size        0                    unlimited            bytes
                Max processes             unlimited            96365                processes
                Max open files            20000                30000                files
                Max address space         536870912            unlimited            bytes
                """
        )
        #expect(limits.cpuSeconds == 60)
        #expect(limits.fileBytes == 1024)
        #expect(limits.coreBytes == 0)
        #expect(limits.processes == nil)
        #expect(limits.openFiles == 20000)
        #expect(limits.addressSpaceBytes == 536_870_912)
        #expect(ResourceLimits.current().openFiles != nil)
    }

    @Test(
        "Where a core is",
        arguments: [
            ("core", "as /x/core"), ("/var/crash/%e.%p", "as /var/crash/%e.%p"),
            ("|/usr/lib/systemd/systemd-coredump %P %u", "given to /usr/lib/systemd/systemd-coredump on the host"),
        ]
    )
    func cores(_ pattern: String, _ place: String) {
        #expect(CorePattern(pattern).place(inFolder: "/x") == place)
    }

    @Test func disks() throws {
        #expect(DiskSpace.of("/no/such/folder") == nil)
        let space = try #require(DiskSpace.of("/"))
        #expect(space.totalBytes > 0)
        func isFull(_ free: Int64, _ inodes: Int64?) -> Bool {
            DiskSpace(path: "/", freeBytes: free, totalBytes: 1 << 30, freeInodes: inodes).isFull
        }
        #expect(isFull(0, 5) && isFull(1 << 19, nil) && isFull(1 << 29, 0))
        #expect(!isFull(1 << 29, 5) && !isFull(1 << 29, nil))
    }
}
