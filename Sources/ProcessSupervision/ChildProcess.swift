import CLinuxShims
import RunnerCore
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A started program with a session and process group of its own.
///
/// Not swift-subprocess: it waits for the children it made and assumes that nobody else does, while a runner must
/// also reap orphans (style.md P1), and what a grandchild writes after the child's end is lost with its pipes (P10).
package final class ChildProcess: Sendable {
    /// The process id, which is also the group's and the session's.
    package let processID: Int32
    private let isReaped = Mutex(false)
    private let cgroup: ScriptCgroup?

    private init(processID: Int32, cgroup: ScriptCgroup?) {
        self.processID = processID
        self.cgroup = cgroup
    }

    /// Whether a process was started here and is not reaped yet; one that only fell to this process when its parent
    /// ended was not.
    ///
    /// - Parameter processID: The process.
    /// - Returns: false also for a process that is none of this one's children.
    package static func isRunning(_ processID: Int32) -> Bool {
        OwnChildren.shared.withNoneStarting { $0.contains(processID) }
    }

    /// Starts a program.
    ///
    /// - Parameter specification: What to start.
    /// - Returns: The running process, with default signal dispositions and no signal blocked.
    /// - Throws: `SupervisionError`, also when the program cannot be executed.
    package static func spawn(_ specification: ProcessSpecification) throws(SupervisionError) -> ChildProcess {
        let arguments = CStringArray(specification.arguments)
        let environment = CStringArray(specification.environment.map { $0.name + "=" + $0.value })
        let descriptors = specification.descriptors.flatMap { [$0.ours.rawValue, $0.theirs] }
        // The arrays own their strings, and Swift releases an object after its last use, not at the end of the scope.
        let (error, processID) = withExtendedLifetime((arguments, environment)) {
            repeatingWhileBusy {
                var processID = pid_t()
                let error = CLinuxShims_spawn(
                    &processID,
                    specification.executable.string,
                    arguments.pointers,
                    environment.pointers,
                    specification.workingDirectory.string,
                    descriptors,
                    Int32(descriptors.count / 2),
                    OutOfMemoryScore.ofChildren,
                    specification.cgroup?.descriptor.rawValue ?? -1
                )
                return (error, processID)
            }
        }
        guard error == 0 else { throw describe(Errno(rawValue: error), specification) }
        return ChildProcess(processID: processID, cgroup: specification.cgroup)
    }

    /// Waits for the end, ends what the script left in its group, and reaps it.
    ///
    /// What it left running in its group gets SIGKILL while the process id is still taken, so that no stranger with
    /// the same number is hit.
    ///
    /// - Returns: How it ended.
    package func wait() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            BlockingPool.shared.submit { [self] in
                _ = CLinuxShims_wait_until_ended(processID)
                signalGroup(SIGKILL)
                continuation.resume(returning: reap())
            }
        }
    }

    /// Waits for the end, reaps it, and ends every other descendant of this process, in whatever group it is.
    ///
    /// Where orphans do not come to this process, it ends the group as ``wait()`` does.
    ///
    /// - Parameter terms: Asked when the process has ended: how much time what it left behind has.
    /// - Returns: How the process ended, and what was ended after it.
    package func waitAndSweep(
        _ terms: @escaping @Sendable () -> StragglerSweep.Terms
    ) async -> (exit: ProcessExit, swept: SweepResult) {
        guard OrphanReaper.isActive else { return (await wait(), SweepResult()) }
        return await withCheckedContinuation { continuation in
            BlockingPool.shared.submit { [self] in
                _ = CLinuxShims_wait_until_ended(processID)
                let terms = terms()
                // Reaped first: as long as it is not, orphans that end wait for it too.
                let exit = reap()
                let sweep = StragglerSweep(group: processID, left: OwnDescendants(), cgroup: cgroup)
                let swept = OrphanReaper.sweeping { sweep.run(terms) }
                cgroup?.remove()
                continuation.resume(returning: (exit, swept))
            }
        }
    }

    private func reap() -> ProcessExit {
        var result = CLinuxShims_exit()
        isReaped.withLock { isReaped in
            OwnChildren.shared.remove(processID) { _ = CLinuxShims_reap(processID, &result) }
            isReaped = true
        }
        return ProcessExit(result)
    }

    /// Sends a signal to every process of the group.
    ///
    /// - Parameter number: The signal.
    /// - Returns: false when the process was reaped: its number may belong to somebody else by now.
    @discardableResult
    package func signalGroup(_ number: Int32) -> Bool {
        isReaped.withLock { isReaped in !isReaped && kill(-processID, number) == 0 }
    }

    /// Repeats a spawn for at most a tenth of a second while the program file is "busy".
    ///
    /// A file that was just written cannot be executed as long as anybody has it open for writing - and a process that
    /// another thread forks in that moment has, until its own exec closes it.
    private static func repeatingWhileBusy(
        _ spawn: () -> (error: Int32, processID: Int32)
    ) -> (error: Int32, processID: Int32) {
        for _ in 0..<20 {
            let result = OwnChildren.shared.start(spawn)
            guard result.error == ETXTBSY else { return result }
            usleep(5000)
        }
        return OwnChildren.shared.start(spawn)
    }

    private static func describe(_ error: Errno, _ specification: ProcessSpecification) -> SupervisionError {
        let program = specification.executable.string.escaped()
        switch error {
        case .noSuchFileOrDirectory:
            // exec(3) says ENOENT for a missing interpreter too, and posix_spawn(3) for a missing directory.
            return SupervisionError(
                .notExecutable,
                "cannot execute \(program) in \(specification.workingDirectory.string.escaped()): the file, the "
                    + "interpreter that its first line names, or the folder does not exist"
            )
        case .permissionDenied:
            return SupervisionError(.notExecutable, "cannot execute \(program): permission denied")
        case .init(rawValue: ENOEXEC):
            return SupervisionError(
                .notExecutable,
                "cannot execute \(program): no program for this machine; a script needs a first line such as #!/bin/sh"
            )
        default:
            return SupervisionError(.failed, "cannot start \(program): \(error)")
        }
    }
}

extension ProcessExit {
    fileprivate init(_ result: CLinuxShims_exit) {
        self.init(
            cause: result.exited != 0
                ? .exited(code: result.value)
                : .signalled(number: result.value, coreDumped: result.core_dumped != 0),
            usage: Usage(
                userSeconds: result.user_seconds,
                systemSeconds: result.system_seconds,
                peakMemoryBytes: result.peak_resident_bytes
            )
        )
    }
}

/// A NULL-ended array of C strings that lives as long as the value.
final class CStringArray {
    /// What posix_spawn(3) and execv(3) take.
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    /// Copies the strings.
    ///
    /// - Parameter strings: Without NUL bytes, at which C would end them.
    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            // A NUL inside would end the string early; the configuration has refused such values.
            pointers[index] = strdup(string)
        }
        pointers[strings.count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}

/// Replaces this process by a program; returns only on failure.
///
/// - Parameters:
///   - executable: The program file.
///   - arguments: Its arguments, its own name first.
/// - Returns: Why it could not be executed.
package func replaceProcess(executable: FilePath, arguments: [String]) -> Errno {
    let strings = CStringArray(arguments)
    return withExtendedLifetime(strings) {
        execv(executable.string, strings.pointers)
        return Errno(rawValue: errno)
    }
}
