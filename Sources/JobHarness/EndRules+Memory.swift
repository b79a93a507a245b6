import ProcessSupervision
import RunnerCore
import SystemEvidence

/// Who was killed for want of memory, or was refused it.
struct MemoryFinding: Sendable {
    /// How far it reached; stands in the record.
    enum Scope: String, Sendable, CaseIterable {
        /// The script's own process.
        case script
        /// A process that the script started, and the script failed of it.
        case grandchild
        /// The script and other processes of the job.
        case wholeGroup = "whole-cgroup"
        /// The machine had no memory left, whatever the job's limit.
        case machine
    }

    /// How far it reached.
    let scope: Scope
    /// One sentence with the numbers.
    let sentence: String
}

extension EndRules {
    /// Whether the kernel killed the script for want of memory.
    ///
    /// SIGKILL alone is no proof: anybody can send it. The kernel's counter or its log must say so.
    ///
    /// - Returns: nil when SIGKILL came from elsewhere.
    func killedScript() -> MemoryFinding? {
        let victims = evidence.memoryVictims
        var kills = evidence.memoryKills
        if kills == 0, evidence.system.oomKills == nil {
            // The first cgroup of a machine has no counter; then only the machine's tells.
            kills = Int(clamping: evidence.system.machineOOMKills ?? 0)
        }
        guard kills > 0 else { return nil }
        let own = victims.first { $0.processID == evidence.processID }
        // The log has the victims by number, and the script is not among them: somebody else killed it.
        if evidence.kernelCountsAsWeDo, !victims.isEmpty, own == nil { return nil }
        let victim = own ?? victims.last
        let name = "\(victim?.name ?? evidence.program) (pid \(evidence.processID))"
        if isWholeMachine(victim) {
            return MemoryFinding(scope: .machine, sentence: machineSentence(name, victim))
        }
        let others = kills - 1
        if (evidence.system.groupKills ?? 0) > 0 || others > 0 {
            let more = others > 0 ? " and \(counted(others, "other process", plural: "other processes"))" : ""
            let whom = (evidence.system.groupKills ?? 0) > 0 ? "the whole cgroup with " : ""
            return MemoryFinding(scope: .wholeGroup, sentence: sentence("\(whom)\(name)\(more)"))
        }
        return MemoryFinding(scope: .script, sentence: sentence(name))
    }

    /// Whether the kernel killed a process that the script had started.
    func killedDescendant() -> MemoryFinding? {
        guard evidence.memoryKills > 0 else { return nil }
        let victims = evidence.memoryVictims
        let number = evidence.kernelCountsAsWeDo ? victims.last.map { "pid \($0.processID), " } ?? "" : ""
        var name = victims.last.map { "\($0.name.escaped(limit: 40)) (\(number)started by the script)" }
        if evidence.memoryKills > 1 {
            let others = evidence.memoryKills - 1
            name = name.map { "\($0) and \(counted(others, "other process", plural: "other processes"))" }
        }
        let whom = name ?? counted(evidence.memoryKills, "process of the script", plural: "processes of the script")
        return MemoryFinding(
            scope: .grandchild,
            sentence: isWholeMachine(victims.last) ? machineSentence(whom, victims.last) : sentence(whom)
        )
    }

    /// Whether a MemoryError is the fault of a limit: the address space's, or our cgroup's that was reached.
    ///
    /// - Parameter limits: The process's own limits as Python reported them.
    /// - Returns: nil when no limit was near: then the script asked for more than there is.
    func refusedMemory(limits: [String: Int64]) -> MemoryFinding? {
        let time = "\(evidence.afterTime)\(evidence.progress)."
        if let limit = limits["as"] ?? evidence.limits.addressSpaceBytes {
            return MemoryFinding(
                scope: .script,
                sentence: "Out of memory: the address space of \(evidence.program) (pid \(evidence.processID)) is "
                    + "limited to \(binarySizes(of: limit)) (ulimit -v)\(time)"
            )
        }
        if let limit = limits["data"] {
            return MemoryFinding(
                scope: .script,
                sentence: "Out of memory: the data of \(evidence.program) (pid \(evidence.processID)) is limited to "
                    + "\(binarySizes(of: limit)) (ulimit -d)\(time)"
            )
        }
        guard evidence.cameToMemoryLimit else { return nil }
        return MemoryFinding(
            scope: .script,
            sentence: "Out of memory: \(evidence.program) (pid \(evidence.processID)) was refused memory\(usage)\(time)"
        )
    }

    /// ` at 15.8 of 16.0 GiB`, or nothing.
    private var usage: String {
        let memory = evidence.system.after.memory
        guard let limit = memory.limitBytes else { return "" }
        guard let peak = memory.peakBytes else { return " at the limit of \(binarySizes(of: limit))" }
        return " at \(binarySizes(min(peak, limit), of: limit))"
    }

    private func sentence(_ whom: String) -> String {
        "Out of memory: the kernel killed \(whom)\(usage)\(evidence.afterTime)\(evidence.progress)."
    }

    private func isWholeMachine(_ victim: KernelEvent?) -> Bool {
        if case .outOfMemory(_, let isWholeMachine)? = victim?.kind { return isWholeMachine }
        return evidence.system.after.memory.limitBytes == nil
    }

    private func machineSentence(_ whom: String, _ victim: KernelEvent?) -> String {
        var held = ""
        if case .outOfMemory(let bytes, _)? = victim?.kind, let whole = evidence.system.after.machineBytes {
            held = ", which held \(binarySizes(bytes, of: whole)),"
        }
        let time = "\(evidence.afterTime)\(evidence.progress)"
        return "Out of memory: the machine had none left and the kernel killed \(whom)\(held)\(time)."
    }
}
