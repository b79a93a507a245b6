import EntryPoint
import ProcessSupervision
import RunnerCore
import SystemEvidence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension EndRules {
    /// Why a signal ended the script.
    ///
    /// - Parameters:
    ///   - number: The signal.
    ///   - coreDumped: Whether the kernel wrote a core.
    /// - Returns: The failure.
    func signalled(_ number: Int32, coreDumped: Bool) -> JobFailure {
        if number == SIGKILL, let memory = killedScript() {
            return JobFailure(.outOfMemory, code: exit.shellCode, memory.sentence, details: sideEvidence)
                .scoped(memory.scope)
        }
        let (kind, cause) = meaning(of: number)
        let what = cause.what ?? "Ended by \(signalName(number))"
        let name = cause.what == nil ? " (signal \(number))" : " (\(signalName(number)), signal \(number))"
        let reason = cause.reason.map { "; \($0)" } ?? ""
        let place = crashPlace.map { " in \($0)" } ?? ""
        return JobFailure(
            kind,
            code: exit.shellCode,
            "\(what)\(place)\(name)\(evidence.afterTime)\(reason)\(evidence.progress).",
            details: faultDetails(number, coreDumped: coreDumped)
        )
    }

    /// The line of Python that was running; for faults only.
    private var crashPlace: PythonFrame? { report?.crash?.place(in: evidence.scriptFolder) }

    /// The kind of a signal's end, the fault's name if it is one, and what is known of its reason.
    private func meaning(of number: Int32) -> (JobFailure.Kind, (what: String?, reason: String?)) {
        switch number {
        case SIGSEGV: (.segmentationFault, ("Segmentation fault", nil))
        case SIGABRT: (.abort, ("Aborted", nil))
        case SIGILL: (.illegalInstruction, ("Illegal instruction", nil))
        case SIGBUS: (.busError, ("Bus error", nil))
        case SIGFPE: (.signalled, ("Arithmetic fault", nil))
        case SIGSYS: (.signalled, ("Forbidden system call", nil))
        case SIGXCPU: (.signalled, (nil, cpuReason))
        case SIGXFSZ: (.signalled, (nil, fileSizeReason))
        case SIGPIPE: (.signalled, (nil, "it wrote to a pipe whose reader had ended"))
        case SIGKILL: (.signalled, ("Killed", killReason))
        default: (.signalled, (nil, senderReason(number)))
        }
    }

    private var killReason: String {
        let used = exit.usage.userSeconds + exit.usage.systemSeconds
        if let limit = evidence.limits.cpuSeconds, used >= Double(limit) {
            return "it used more CPU time than its limit of \(limit) s (ulimit -t)"
        }
        let near = evidence.cameToMemoryLimit ? ", though the memory limit was reached" : ""
        return evidence.countsMemoryKills
            ? "the kernel counted no out-of-memory kill\(near), so somebody sent it"
            : "this machine does not tell whether the kernel ran out of memory or somebody sent it"
    }

    private var cpuReason: String {
        let limit = evidence.limits.cpuSeconds.map { "of \($0) s " } ?? "that the script set itself "
        return "its limit of CPU time \(limit)is used up (ulimit -t)"
    }

    private var fileSizeReason: String {
        let limit = evidence.limits.fileBytes.map { "of \(binarySizes(of: $0)) " } ?? "that the script set itself "
        return "it wrote beyond the file size limit \(limit)(ulimit -f)"
    }

    private func senderReason(_ number: Int32) -> String {
        if let signal = evidence.forwarded.last(where: { $0.number == number }) {
            let sender =
                signal.senderProcessID > 0
                ? "process \(signal.senderProcessID)\(signal.senderName.map { " (\($0.escaped(limit: 40)))" } ?? "")"
                : "outside the container"
            return "the runner had passed it on from \(sender)"
        }
        return "it did not come through the runner, so the script itself or another process sent it"
    }

    private func faultDetails(_ number: Int32, coreDumped: Bool) -> [String] {
        var details: [String] = []
        if let place = crashPlace, let source = evidence.crashSource {
            details.append("at \(place): \(source.escaped(limit: 120))")
        }
        if [SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGTRAP].contains(number), let event = faultEvent {
            details.append("The kernel's log: \(event.text.escaped(limit: 200))")
        }
        if coreDumped {
            let place = evidence.corePattern.map { " \($0.place(inFolder: evidence.workingFolder))" } ?? ""
            details.append("A core was written\(place).")
        }
        details.append("Its largest process held \(humanBytes(exit.usage.peakMemoryBytes)) at the most.")
        return details + evidence.fullDisks.map { "The disk is full now: \(spaceWords($0))." }
    }

    /// The kernel's line about the script's own fault.
    private var faultEvent: KernelEvent? {
        evidence.kernelEvents.last { event in
            guard event.kind == .fault else { return false }
            // In a container the numbers are the host's; then the name must do.
            return evidence.kernelCountsAsWeDo
                ? event.processID == evidence.processID
                : event.name == String(evidence.program.prefix(15))
        }
    }

    /// `/opt/ml/output has 0 B and 1200 inodes free`.
    func spaceWords(_ disk: DiskSpace) -> String {
        let inodes = disk.freeInodes.map { " and \($0) inodes" } ?? ""
        return "\(disk.path.escaped(limit: 120)) has \(humanBytes(disk.freeBytes))\(inodes) free"
    }
}
