import ProcessSupervision
import RunnerTestSupport
import SystemPackage
import Testing

@testable import ScriptWatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Files of /proc and the answers of programs, as they were recorded.
struct ReadingTests {
    private func parsed(stat: String) -> ProcessReading? {
        Array(stat.utf8).withUnsafeBytes { ProcessReading(stat: $0, processID: 214) }
    }

    @Test("/proc/PID/stat, whatever the name holds", arguments: ["python3", "a) S 1 (b", "", ") 9 9 9"])
    func stat(name: String) throws {
        let text =
            "214 (\(name)) D 17 214 214 0 -1 4194560 2000 300 4 5 111 22 33 4 20 0 7 0 48123 104857600 2560 "
            + "18446744073709551615 1 1 0 0 0 0 0 16781312 2 0 0 0 17 1 0 0 0 0 0\n"
        let reading = try #require(parsed(stat: text))
        #expect(reading.processID == 214)
        #expect(reading.parentID == 17)
        #expect(reading.state == UInt8(ascii: "D"))
        #expect(reading.counters.cpuTicks == 111 + 22 + 33 + 4)
        #expect(reading.threads == 7)
        #expect(reading.startTicks == 48_123)
        #expect(reading.residentPages == 2560)
    }

    @Test("What is no such line is no process", arguments: ["", "214", "214 (sh)", "214 (sh) S 1 2 3"])
    func damagedStat(text: String) {
        #expect(parsed(stat: text) == nil)
    }

    @Test("/proc/PID/io")
    func io() {
        var reading = ProcessReading(processID: 1, parentID: 0)
        let text =
            "rchar: 1000\nwchar: 234\nsyscr: 5\nsyscw: 6\nread_bytes: 4096\nwrite_bytes: 8192\n"
            + "cancelled_write_bytes: 7\n"
        Array(text.utf8).withUnsafeBytes { reading.take(io: $0) }
        #expect(reading.counters == ProcessCounters(cpuTicks: 0, transferred: 1234, diskRead: 4096, diskWritten: 8192))
        Array("rchar: 1".utf8).withUnsafeBytes { reading.take(io: $0) }
        #expect(reading.counters.transferred == 1234)
    }

    @Test("nvidia-smi's answer, with what it cannot tell")
    func gpus() {
        let gpus = GPUUsage.parse(
            """
            Warning: infoROM is corrupted at gpu 0000:00:1E.0
            0, Tesla V100-SXM2-16GB, 16160, 5, 97
            1, NVIDIA Odd, Name, 40536, 1000, 0\r
            2, GRID, [N/A], [N/A], [Not Supported]

            """
        )
        #expect(gpus.map(\.name) == ["Tesla V100-SXM2-16GB", "NVIDIA Odd, Name", "GRID"])
        #expect(gpus.map(\.memoryTotalBytes) == [16160 << 20, 40536 << 20, nil])
        #expect(gpus.map(\.utilizationPercent) == [97, 0, nil])
        let later = GPUUsage.parse("0, Tesla V100-SXM2-16GB, 16160, 900, 3")
        let merged = GPUUsage.merging(gpus, later)
        #expect(merged.map(\.peakMemoryBytes) == [900 << 20, 1000 << 20, nil])
        #expect(merged.map(\.peakUtilizationPercent) == [97, 0, nil])
        // The others did not answer this time.
        #expect(merged.map(\.utilizationPercent) == [3, nil, nil])
    }

    @Test("The kernel's stack is read without addresses, and functions get words")
    func waiting() {
        let stack = "[<0>] futex_wait_queue+0x68/0x90\n[<0>] futex_wait+0x150/0x240\n"
        #expect(StalledProcess.kernelFunctions(Array(stack.utf8)) == ["futex_wait_queue", "futex_wait"])
        #expect(waitedFor("futex_wait_queue") == "a lock")
        #expect(waitedFor("hrtimer_nanosleep") == "a time to pass")
        #expect(waitedFor("wait_for_partner") == "the other end of a fifo")
        #expect(waitedFor("something_new") == nil)
    }

    @Test("Numbers are grouped", arguments: [(0, "0"), (999, "999"), (1800, "1,800"), (1_234_567, "1,234,567")])
    func grouped(number: Int, text: String) {
        #expect(groupedDigits(number) == text)
    }

    @Test("Own process: a sampler sees a child, its memory and CPU, and not a helper")
    func sampler() throws {
        let ready = try FileDescriptor.pipe()
        defer { try? ready.readEnd.close() }
        let script = try ChildProcess.spawn(Self.shell("echo; while :; do :; done & wait", output: ready.writeEnd))
        defer { script.signalGroup(SIGKILL) }
        try ready.writeEnd.close()
        // For a moment after its exec the kernel shows a process without any memory: wait until the shell runs.
        var line: [UInt8] = [0]
        try #expect(line.withUnsafeMutableBytes { try ready.readEnd.read(into: $0) } == 1)
        let helpers = GroupSampler(runnerID: getpid()) { ChildProcess.isRunning($0) }
        let sampler = GroupSampler(runnerID: getpid()) { $0 != script.processID && ChildProcess.isRunning($0) }
        let sample = sampler.sample()
        _ = helpers.sample()
        #expect(sampler.members.contains { $0.processID == script.processID })
        #expect(!helpers.members.contains { $0.processID == script.processID })
        #expect(sample.memoryBytes > 100_000)
        #expect(sample.growth.membersChanged)
    }

    private static func shell(_ command: String, output: FileDescriptor) -> ProcessSpecification {
        ProcessSpecification(
            executable: "/bin/sh",
            arguments: ["sh", "-c", command],
            environment: [("PATH", "/usr/bin:/bin")],
            workingDirectory: "/",
            descriptors: [.init(ours: output, theirs: 1)]
        )
    }

    @Test("The newest change is found below any depth, and a folder that is not there is passed over")
    func files() throws {
        try JobFolder.with { place in
            place.write("results/deep/er/file", "x")
            let files = FileActivity(folders: [place.at("results"), place.at("missing")])
            let age = try #require(files.secondsSinceChange())
            let later = FileActivity.realTime() + 5_000_000_000_000
            let laterAge = try #require(files.secondsSinceChange(at: later))
            #expect(laterAge > 4000)
            #expect(age < laterAge)
            #expect(FileActivity(folders: [place.at("missing")]).secondsSinceChange() == nil)
        }
    }
}
