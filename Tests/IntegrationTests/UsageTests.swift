import RunnerCore
import RunnerTestSupport
import Testing

/// What the record says of memory, CPU, disks and GPUs of the script's processes.
@Suite(.timeLimit(.minutes(15)))
struct UsageTests {
    private func usage(_ folder: JobFolder) throws -> JSONObject {
        try #require(try folder.record()["runner"]?.objectValue?["usage"]?.objectValue)
    }

    private func integer(_ object: JSONObject, _ name: String) -> Int { object[name]?.intValue ?? -1 }

    private func number(_ value: JSONValue) -> Double? {
        guard case .number(let number) = value else { return nil }
        return number.double
    }

    @Test("Memory that two processes of the group hold at once is in the peak, with CPU, disks and a curve")
    func group() throws {
        try JobFolder.with { folder in
            // Each holds 150 MB until a look at the group must have been taken: the looks come every second.
            let run = folder.runScript(
                """
                import multiprocessing, time
                def hold():
                    block = bytearray(150_000_000)
                    for index in range(0, len(block), 4096): block[index] = 1
                    end = time.monotonic() + 2.5
                    while time.monotonic() < end: sum(range(1000))
                if __name__ == "__main__":
                    child = multiprocessing.get_context("spawn").Process(target=hold)
                    child.start()
                    child.join()
                    other = multiprocessing.get_context("spawn").Process(target=hold)
                    other.start()
                    hold()
                    other.join()
                """
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let usage = try usage(folder)
            #expect(integer(usage, "peakMemoryBytes") >= 150_000_000)
            #expect(integer(usage, "memoryLimitBytes") >= integer(usage, "peakMemoryBytes"))
            #expect(integer(usage, "peakProcesses") >= 2)
            #expect((usage["cpuSeconds"].flatMap(number) ?? 0) > 0.5)
            #expect((usage["cpuCount"].flatMap(number) ?? 0) > 0)
            #expect((usage["peakCpus"].flatMap(number) ?? 0) > 0.1)
            let curve = try #require(usage["curve"]?.objectValue)
            let memory = curve["memoryBytes"]?.arrayValue?.compactMap(\.intValue) ?? []
            #expect(memory.count == curve["cpus"]?.arrayValue?.count)
            #expect(memory.max() ?? 0 >= 150_000_000)
            #expect(curve["intervalSeconds"].flatMap(number) == 1)
            let disk = try #require(usage["disks"]?.arrayValue?.first?.objectValue)
            #expect(integer(disk, "totalBytes") >= integer(disk, "freeBytes"))
            #expect(integer(disk, "leastFreeBytes") <= integer(disk, "freeBytes"))
            #expect(run.errors.contains("the script used: peak "))
            #expect(run.errors.contains(" cores"))
        }
    }

    @Test("A script that is over at once has its figures from its end")
    func short() throws {
        try JobFolder.with { folder in
            #expect(folder.runScript("block = bytearray(50_000_000)").exitCode == 0)
            let usage = try usage(folder)
            #expect(integer(usage, "peakMemoryBytes") >= 50_000_000)
            #expect(integer(usage, "peakProcesses") >= 1)
        }
    }

    @Test("GPUs come from nvidia-smi on PATH; a GPU that works keeps a silent script from being called stalled")
    func gpu() throws {
        try JobFolder.with { folder in
            folder.write(
                "bin/nvidia-smi",
                """
                #!/bin/sh
                echo "$@" >> "\(folder.at("asked"))"
                echo "0, Tesla V100-SXM2-16GB, 16160, 1234, 97"

                """,
                mode: 0o755
            )
            let run = folder.runScript(
                "import time; time.sleep(6)",
                ["--stall", "3:stop"],
                environment: ["PATH": folder.at("bin") + ":/usr/bin:/bin"]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let gpu = try #require(try usage(folder)["gpu"]?.arrayValue?.first?.objectValue)
            #expect(gpu["name"]?.stringValue == "Tesla V100-SXM2-16GB")
            #expect(integer(gpu, "memoryBytes") == 16160 << 20)
            #expect(integer(gpu, "peakMemoryBytes") == 1234 << 20)
            #expect(integer(gpu, "peakUtilizationPercent") == 97)
            #expect(folder.text("asked")?.contains("--query-gpu=") == true)
        }
    }
}
