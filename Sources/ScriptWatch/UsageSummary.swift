import ProcessSupervision
package import RunnerCore

/// What the script's processes have used so far: the record's `runner.usage` and the line of the verdict.
package struct UsageSummary: Sendable {
    /// What they may use.
    package var limits = MachineLimits(memoryBytes: nil, cores: nil)
    /// The most memory they held at once, in bytes.
    package private(set) var peakMemoryBytes: Int64 = 0
    /// Their CPU time.
    package private(set) var cpuSeconds = 0.0
    /// The most cores they kept busy between two looks.
    package private(set) var peakCores = 0.0
    /// The most of them at once.
    package private(set) var peakProcesses = 0
    /// The most threads they had at once.
    package private(set) var peakThreads = 0
    /// Bytes they read from disks.
    package private(set) var readBytes: Int64 = 0
    /// Bytes they wrote to disks.
    package private(set) var writtenBytes: Int64 = 0
    /// What nvidia-smi said.
    package var gpus: [GPUUsage] = []
    /// The course of memory and CPU.
    package private(set) var curve = UsageCurve()
    /// The file systems of results and checkpoints.
    var disks: [DiskUsage] = []

    /// Makes a summary of nothing.
    init() {}

    /// Adds a look at the group.
    ///
    /// - Parameters:
    ///   - sample: What was seen.
    ///   - seconds: How long ago the look before was.
    mutating func add(_ sample: GroupSample, seconds: Double) {
        guard seconds > 0 else { return }
        peakMemoryBytes = max(peakMemoryBytes, sample.memoryBytes)
        cpuSeconds += sample.cpuSeconds
        // Ticks of 10 ms can say 4.01 of 4 cores.
        peakCores = max(peakCores, min(sample.cpuSeconds / seconds, limits.cores ?? .infinity))
        peakProcesses = max(peakProcesses, sample.processes)
        peakThreads = max(peakThreads, sample.threads)
        readBytes += sample.growth.counters.diskRead
        writtenBytes += sample.growth.counters.diskWritten
        curve.add(seconds: seconds, memoryBytes: sample.memoryBytes, cpuSeconds: sample.cpuSeconds)
    }

    /// Adds what wait4(2) said at the end: a script that was over before the first look has only that, and what came
    /// after the last look is in it.
    ///
    /// - Parameters:
    ///   - usage: What the script and the descendants it waited for used.
    ///   - seconds: How long the script ran.
    mutating func add(_ usage: ProcessExit.Usage, ofSeconds seconds: Double) {
        peakMemoryBytes = max(peakMemoryBytes, usage.peakMemoryBytes)
        cpuSeconds = max(cpuSeconds, usage.userSeconds + usage.systemSeconds)
        peakProcesses = max(peakProcesses, 1)
        if curve.cores.isEmpty, seconds > 0 {
            peakCores = min(cpuSeconds / seconds, limits.cores ?? .infinity)
        }
    }

    /// The peaks in one line: `peak 3.1 of 30 GiB, 1.2 of 16 cores`.
    package var line: String {
        let cores = Self.decimal(peakCores)
        let ofCores = limits.cores.map { "\(cores) of \(Self.decimal($0)) cores" } ?? "\(cores) cores"
        return "peak \(memoryText), \(ofCores)"
    }

    private var memoryText: String {
        let units = [("GiB", Double(1 << 30)), ("MiB", Double(1 << 20)), ("KiB", Double(1 << 10))]
        func unit(_ bytes: Int64) -> (name: String, bytes: Double) {
            units.first { Double(bytes) >= $0.1 } ?? ("B", 1)
        }
        func text(_ bytes: Int64, _ unit: (name: String, bytes: Double)) -> String {
            Self.decimal(Double(bytes) / unit.bytes)
        }
        let own = unit(peakMemoryBytes)
        guard let limit = limits.memoryBytes else { return "\(text(peakMemoryBytes, own)) \(own.name)" }
        let its = unit(limit)
        let peak = text(peakMemoryBytes, its)
        // 20 MiB are not "0 of 30 GiB".
        let shown = own.name == its.name ? peak : "\(text(peakMemoryBytes, own)) \(own.name)"
        return "\(shown) of \(text(limit, its)) \(its.name)"
    }

    /// One decimal, none where it would be zero.
    private static func decimal(_ value: Double) -> String {
        let tenths = Int((min(value, 1e15) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// The record's `runner.usage`.
    package var json: JSONValue {
        var object: JSONObject = ["peakMemoryBytes": .number(JSONNumber(peakMemoryBytes))]
        if let limit = limits.memoryBytes { object["memoryLimitBytes"] = .number(JSONNumber(limit)) }
        object["cpuSeconds"] = Self.number(cpuSeconds)
        if let cores = limits.cores { object["cpuCount"] = Self.number(cores) }
        object["peakCpus"] = Self.number(peakCores)
        object["peakProcesses"] = .number(JSONNumber(peakProcesses))
        object["peakThreads"] = .number(JSONNumber(peakThreads))
        object["readBytes"] = .number(JSONNumber(readBytes))
        object["writtenBytes"] = .number(JSONNumber(writtenBytes))
        object["disks"] = .array(disks.map(\.json))
        if !gpus.isEmpty { object["gpu"] = .array(gpus.map(\.json)) }
        object["curve"] = [
            "intervalSeconds": Self.number(curve.intervalSeconds),
            "memoryBytes": .array(curve.memoryBytes.map { .number(JSONNumber($0)) }),
            "cpus": .array(curve.cores.map(Self.number)),
        ]
        return .object(object)
    }

    private static func number(_ value: Double) -> JSONValue {
        .number(JSONNumber((value * 100).rounded() / 100))
    }
}

extension DiskUsage {
    /// The record's element of `disks`.
    fileprivate var json: JSONValue {
        [
            "path": .string(path), "totalBytes": .number(JSONNumber(totalBytes)),
            "freeBytes": .number(JSONNumber(freeBytes)), "leastFreeBytes": .number(JSONNumber(leastFreeBytes)),
        ]
    }
}

extension GPUUsage {
    /// The record's element of `gpu`.
    fileprivate var json: JSONValue {
        var object: JSONObject = ["index": .number(JSONNumber(index)), "name": .string(name)]
        if let memoryTotalBytes { object["memoryBytes"] = .number(JSONNumber(memoryTotalBytes)) }
        if let peakMemoryBytes { object["peakMemoryBytes"] = .number(JSONNumber(peakMemoryBytes)) }
        if let percent = peakUtilizationPercent { object["peakUtilizationPercent"] = .number(JSONNumber(percent)) }
        return .object(object)
    }
}
