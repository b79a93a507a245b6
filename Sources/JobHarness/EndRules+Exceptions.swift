import EntryPoint
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
    /// Why Python's exception ended the script.
    ///
    /// The first line is today's text, whatever the kind: `Type: message` (contract §3.10).
    ///
    /// - Parameters:
    ///   - reported: The exception.
    ///   - code: The exit code of the process.
    /// - Returns: The failure.
    func exception(_ reported: LaunchReport.Failure, _ code: Int32) -> JobFailure {
        let place = [reported.place.map { "at \($0)" }, reported.hint].compactMap { $0 }
        func failure(_ kind: JobFailure.Kind, _ more: [String] = []) -> JobFailure {
            JobFailure(kind, code: code, reported.line, details: place + more + context)
        }
        switch reported.kind {
        // The job is wrong, not the script: no function of it ran.
        case .missingEntry: return JobFailure(.entryPointMissing, .scriptArchive, reported.line, details: place)
        case .importError:
            let isMissing = ["ModuleNotFoundError", "ImportError"].contains(reported.type)
            let installs = isMissing ? failedRequirements.map { "An install failed before: \($0)" } : []
            return failure(.importError, installs)
        case .binding: return failure(.bindingError)
        case .exit: return exit(reported, code, place)
        case .exception: break
        }
        if let memory = lostProcess(reported) ?? refusedMemory(reported) {
            // Its sentence tells the time already.
            return JobFailure(.outOfMemory, code: code, reported.line, details: place + [memory.sentence])
                .scoped(memory.scope)
        }
        if let (kind, explanation) = Self.shortage(reported, self) ?? refusal(reported) {
            return failure(kind, [explanation])
        }
        return failure(.userException, explanations(reported))
    }

    private func exit(_ reported: LaunchReport.Failure, _ code: Int32, _ place: [String]) -> JobFailure {
        let isCode = Int(reported.message) != nil
        let failure = JobFailure(
            isCode ? .exitWithCode : .exitWithText,
            code: code,
            isCode ? "The script ended itself with exit code \(code)." : reported.line,
            details: place + besides + sideEvidence + context
        )
        // A child's `-9` handed on by sys.exit(), or a shell's 137.
        guard [137, 247, 9].contains(code), let memory = killedDescendant() else { return failure }
        return JobFailure(.outOfMemory, code: code, memory.sentence, details: [failure.firstLine] + place)
            .scoped(memory.scope)
    }

    // MARK: Memory

    /// The kernel killed a child, and the exception speaks of a process that is gone.
    private func lostProcess(_ reported: LaunchReport.Failure) -> MemoryFinding? {
        let classes: Set<String> = [
            "BrokenProcessPool", "CalledProcessError", "ChildProcessError", "BrokenPipeError", "EOFError",
            "ConnectionResetError", "ConnectionRefusedError", "ProcessExitedException", "ProcessRaisedException",
            "TerminatedWorkerError", "WorkerCrashedError", "OutOfMemoryError", "ChildFailedError", "KilledWorker",
        ]
        let words = ["SIGKILL", "killed", "Killed", "exited unexpectedly", "terminated abruptly", "exit code -9"]
        let speaks =
            classes.contains(reported.type) || !classes.isDisjoint(with: reported.causes.classes)
            || words.contains { reported.message.contains($0) }
        return speaks ? killedDescendant() : nil
    }

    private func refusedMemory(_ reported: LaunchReport.Failure) -> MemoryFinding? {
        let isRefused =
            reported.type == "MemoryError" || reported.causes.classes.contains("MemoryError")
            || reported.causes.errorNumber == ENOMEM
        return isRefused ? refusedMemory(limits: reported.causes.limits) : nil
    }

    // MARK: Disks and files

    /// No space or no descriptor left, by the number of the error or the words of a library that hides it.
    private static func shortage(
        _ reported: LaunchReport.Failure,
        _ rules: EndRules
    ) -> (JobFailure.Kind, String)? {
        let number = reported.causes.errorNumber
        if number == ENOSPC || number == EDQUOT || reported.message.contains("No space left on device") {
            let what = number == EDQUOT ? "The disk quota is used up" : "No space was left"
            let file = reported.causes.file.map { " for \($0.escaped(limit: 120))" } ?? ""
            let full = rules.evidence.fullDisks
            let shown = full.isEmpty ? Array(rules.evidence.disks.prefix(1)) : full
            let space = shown.map { rules.spaceWords($0) }.joined(separator: ", ")
            // A file in memory or of a device has a file system of its own, and a script may remove what filled the disk.
            let now = full.isEmpty && reported.causes.file == nil ? "; no folder of the job is full now: " : "; now "
            return (.diskFull, "\(what)\(file)\(space.isEmpty ? "" : now + space).")
        }
        if number == EMFILE || reported.message.contains("Too many open files") {
            let limit = reported.causes.limits["nofile"] ?? rules.evidence.limits.openFiles
            let words = limit.map { " (\($0), ulimit -n)" } ?? ""
            return (.tooManyFiles, "The process had as many files open as its limit allows\(words).")
        }
        if number == ENFILE { return (.tooManyFiles, "The machine has as many files open as it allows (fs.file-max).") }
        return nil
    }

    // MARK: Services

    /// A service said no to the script's own request.
    private func refusal(_ reported: LaunchReport.Failure) -> (JobFailure.Kind, String)? {
        guard let code = reported.causes.serviceCode else { return nil }
        return RefusedRequest(serviceCode: code).map { ($0.kind, $0.advice) }
    }

    // MARK: Details

    private func explanations(_ reported: LaunchReport.Failure) -> [String] {
        var lines = besides
        if reported.causes.errorNumber == EFBIG, let limit = reported.causes.limits["fsize"] {
            lines.append("The file size is limited to \(binarySizes(of: limit)) (ulimit -f).")
        }
        return lines + sideEvidence
    }

    /// An out-of-memory kill that the exception does not speak of.
    private var besides: [String] {
        killedDescendant().map { ["Besides: \($0.sentence)"] } ?? []
    }
}
