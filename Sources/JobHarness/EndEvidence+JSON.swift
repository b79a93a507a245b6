import ProcessSupervision
import RunnerCore
import SystemEvidence

extension EndEvidence {
    /// The numbers for the record.
    ///
    /// - Parameter end: How the script ended.
    /// - Returns: Only what is known.
    func json(_ end: ProcessExit) -> JSONObject {
        var object = JSONObject()
        if let elapsed {
            let (seconds, attoseconds) = elapsed.components
            object["seconds"] = .number(
                JSONNumber(Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1000)
            )
        }
        switch end.cause {
        case .exited(let code):
            object["exitCode"] = .number(JSONNumber(Int(code)))
        case .signalled(let number, let coreDumped):
            object["signal"] = .string(signalName(number))
            object["coreDumped"] = .bool(coreDumped)
        }
        object["largestProcessBytes"] = .number(JSONNumber(end.usage.peakMemoryBytes))
        // Without any reading this is a test's value, or the runner could not look.
        if system.after.machineBytes != nil || system.after.memory.version != nil { object["memory"] = .object(memory) }
        if !disks.isEmpty { object["disks"] = .array(disks.map { .object($0.json) }) }
        let limits = self.limits.json
        if !limits.isEmpty { object["limits"] = .object(limits) }
        if let hits = system.processLimitHits, hits > 0 { object["processLimitHits"] = .number(JSONNumber(hits)) }
        if let cores = system.after.coreLimit { object["coreLimit"] = .number(JSONNumber(cores)) }
        let log = kernelLines
        if !log.isEmpty { object["kernelLog"] = .array(log.map(JSONValue.string)) }
        if let lastLine { object["lastLine"] = .string(lastLine.escaped(limit: 1000)) }
        if let lastSafeCheckpoint { object["lastSafeCheckpoint"] = .string(lastSafeCheckpoint) }
        return object
    }

    private var memory: JSONObject {
        let reading = system.after.memory
        var object = JSONObject()
        if let version = reading.version { object["cgroup"] = .string(version.rawValue) }
        let numbers: [(String, Int64?)] = [
            ("limitBytes", reading.limitBytes), ("peakBytes", reading.peakBytes), ("atEndBytes", reading.currentBytes),
            ("kills", system.oomKills), ("groupKills", system.groupKills), ("machineKills", system.machineOOMKills),
            ("machineBytes", system.after.machineBytes), ("machineAvailableBytes", system.after.machineAvailableBytes),
        ]
        for (name, number) in numbers { object.set(name, number) }
        return object
    }

    /// The kernel's lines about this job; those about others are not ours to store.
    private var kernelLines: [String] {
        let own = kernelEvents.filter { event in
            event.kind == .fault
                && (kernelCountsAsWeDo ? event.processID == processID : event.name == program.prefix(15))
        }
        return (memoryVictims + own).suffix(10).map(\.text)
    }
}

extension DiskSpace {
    /// The space for the record.
    var json: JSONObject {
        var object: JSONObject = [
            "path": .string(path), "freeBytes": .number(JSONNumber(freeBytes)),
            "totalBytes": .number(JSONNumber(totalBytes)),
        ]
        object.set("freeInodes", freeInodes)
        return object
    }
}

extension ResourceLimits {
    /// The limits for the record, without those that limit nothing.
    var json: JSONObject {
        var object = JSONObject()
        let numbers: [(String, Int64?)] = [
            ("openFiles", openFiles), ("fileBytes", fileBytes), ("processes", processes),
            ("addressSpaceBytes", addressSpaceBytes), ("cpuSeconds", cpuSeconds), ("coreBytes", coreBytes),
        ]
        for (name, number) in numbers { object.set(name, number) }
        return object
    }
}

extension JSONObject {
    /// Sets a member that is known.
    fileprivate mutating func set(_ name: String, _ number: Int64?) {
        if let number { self[name] = .number(JSONNumber(number)) }
    }
}
