import CLinuxShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The first process of a container: starts this program once more, passes every signal on, and reaps what ends.
///
/// One thread and no `await`: whoever waits for any child must be the only one that waits, while the runner waits for
/// the children that it made (style.md P1). What PID 1 owes its container - `docker stop` in no time, no zombies - is
/// owed to a foreign program too, so `tail -f /dev/null` stands behind the init as well: as PID 1 itself it would
/// ignore SIGTERM.
package enum JobInit {
    /// How long what is left has between SIGTERM and SIGKILL once the runner has ended.
    static let graceMilliseconds = 2000

    /// The command line, the program's name first; also where `/proc` is not mounted.
    package static var arguments: [String] {
        guard var next = CLinuxShims_argument_vector() else { return CommandLine.arguments }
        var arguments: [String] = []
        while let argument = next.pointee {
            arguments.append(String(cString: argument))
            next += 1
        }
        return arguments
    }

    /// Whether this process is the first of its pid namespace.
    package static var isNeeded: Bool { getpid() == 1 }

    /// Runs the program as a child to its end and then ends what is left in the namespace.
    ///
    /// Must be the first thing in `main`: what the process has touched until then it holds to the end.
    ///
    /// - Returns: The exit code of the process: the child's, or 128 + the signal's number.
    package static func run() -> Int32 {
        CLinuxShims_init_take_signals()
        var child = pid_t()
        let error = CLinuxShims_init_start_self(
            &child,
            CLinuxShims_argument_vector() ?? CommandLine.unsafeArgv,
            environ
        )
        guard child > 0 else {
            say("cannot start the runner: errno \(error)")
            return startFailureCode
        }
        // After the start: the runner keeps the score that it lowers itself, and the script's counts from there.
        lowerOutOfMemoryScore()
        CLinuxShims_init_release_memory()
        let end = waitFor(child)
        if error != 0 { say("cannot execute /proc/self/exe, nor the name it was started by: errno \(error)") }
        if let words = end.complaint(runner: child) { say(words) }
        endTheRest()
        return end.exitCode
    }

    /// Passes signals on and reaps until the child has ended.
    private static func waitFor(_ child: pid_t) -> ReapedProcess {
        while true {
            var sender = pid_t()
            let number = CLinuxShims_init_wait(-1, &sender)
            if isForwarded(number) { CLinuxShims_init_forward(child, number, sender) }
            // Signals of one kind are counted once, so one SIGCHLD may stand for many ends.
            while let reaped = ReapedProcess.next() {
                if reaped.processID == child { return reaped }
            }
        }
    }

    /// Ends every other process of the namespace: SIGTERM, then SIGKILL, which the kernel would send at our end anyway.
    ///
    /// A process that another one brought in (`docker exec`) is no child of ours and its end no event: it is looked
    /// for every tenth of a second.
    private static func endTheRest() {
        guard isNeeded, kill(-1, SIGTERM) == 0 else { return }
        kill(-1, SIGCONT)
        var remaining = graceMilliseconds
        var started = milliseconds()
        while remaining > 0 {
            while ReapedProcess.next() != nil {}
            guard kill(-1, 0) == 0 else { return }
            var sender = pid_t()
            _ = CLinuxShims_init_wait(Int32(min(remaining, 100)), &sender)
            let now = milliseconds()
            remaining -= now - started
            started = now
        }
        kill(-1, SIGKILL)
        // The exit of PID 1 waits for them all by itself.
    }

    private static func milliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    /// Asks the kernel to rather kill something else when memory is short; needs CAP_SYS_RESOURCE, and without it
    /// everything stays as it is: the init is small.
    private static func lowerOutOfMemoryScore() {
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        write(line: "-500", to: file)
        close(file)
    }

    private static func say(_ words: String) {
        write(line: "braket-runner: init: " + words, to: STDERR_FILENO)
    }

    private static func write(line: String, to file: Int32) {
        var line = line + "\n"
        // One write a line; a closed standard error is no reason not to end.
        line.withUTF8 { _ = writeBytes(file, $0.baseAddress, $0.count) }
    }
}

private func writeBytes(_ file: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int {
    write(file, bytes, count)
}
