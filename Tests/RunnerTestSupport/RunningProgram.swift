import Synchronization

#if canImport(Glibc)
package import Glibc
#elseif canImport(Musl)
package import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What a finished program left behind.
package struct RunnerRun: Sendable {
    /// The exit code; nil when a signal ended the program.
    package let exitCode: Int32?
    /// The signal that ended the program.
    package let signal: Int32?
    /// Every byte of standard output.
    package let standardOutput: [UInt8]
    /// Every byte of standard error.
    package let standardError: [UInt8]
    /// Whether the program was still running at the deadline and was killed; such a run has failed.
    package let timedOut: Bool

    /// Standard output as text.
    package var output: String { String(decoding: standardOutput, as: UTF8.self) }
    /// Standard error as text.
    package var errors: String { String(decoding: standardError, as: UTF8.self) }
    /// The lines of standard output.
    package var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
}

/// A program in a process group of its own whose two outputs are read through pipes.
package final class RunningProgram {
    /// The process.
    package let processID: pid_t
    private var output: Int32
    private var errors: Int32
    private var outputBytes: [UInt8] = []
    private var errorBytes: [UInt8] = []
    private var timedOut = false
    private let deadline: Int

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path.
    ///   - arguments: What follows argv[0].
    ///   - environment: The whole environment.
    ///   - directory: The working directory; nil is the one of the tests.
    ///   - input: What stands on standard input; at most a pipe's buffer.
    ///   - seconds: After how long it is killed.
    package init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String],
        directory: String? = nil,
        input: [UInt8] = [],
        seconds: Int = 120
    ) {
        // env(1) replaces itself, so the process stays the same.
        let words = (directory.map { ["env", "-C", $0] } ?? []) + [program] + arguments
        var argv = words.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        let started = Self.spawn(directory == nil ? program : "/usr/bin/env", &argv, &envp)
        if !input.isEmpty { _ = input.withUnsafeBytes { write(started.input, $0.baseAddress, $0.count) } }
        close(started.input)
        processID = started.processID
        output = started.output
        errors = started.errors
        deadline = Self.now() + seconds * 1000
        if processID < 0 { errorBytes = Array("cannot start \(program)\n".utf8) }
    }

    /// Runs a program to its end.
    ///
    /// - Parameters: As of ``init(_:_:environment:directory:input:seconds:)``.
    /// - Returns: What it left.
    package static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String],
        directory: String? = nil,
        input: [UInt8] = [],
        seconds: Int = 120
    ) -> RunnerRun {
        RunningProgram(
            program,
            arguments,
            environment: environment,
            directory: directory,
            input: input,
            seconds: seconds
        ).finish()
    }

    /// Standard output so far.
    package var outputSoFar: String { String(decoding: outputBytes, as: UTF8.self) }

    /// Standard error so far.
    package var errorsSoFar: String { String(decoding: errorBytes, as: UTF8.self) }

    /// Reads until standard output contains a text.
    ///
    /// - Parameter text: What to wait for.
    /// - Returns: Whether it came before the end and the deadline.
    package func waitForOutput(_ text: String) -> Bool {
        while !outputSoFar.contains(text) {
            guard readSome() else { return false }
        }
        return true
    }

    /// Reads until a condition holds, looking again at least every 20 ms.
    ///
    /// - Parameter condition: What to wait for, such as the existence of a file.
    /// - Returns: Whether it held before the deadline.
    package func wait(until condition: () -> Bool) -> Bool {
        while !condition() {
            guard Self.now() < deadline else { return false }
            if output < 0 && errors < 0 { return condition() }
            _ = readSome(milliseconds: 20)
        }
        return true
    }

    /// Sends a signal to the process alone, as a container engine does.
    ///
    /// - Parameter number: The signal.
    package func send(_ number: Int32) {
        if processID > 0 { kill(processID, number) }
    }

    /// Reads to the end and collects the process.
    ///
    /// - Returns: What it left.
    package func finish() -> RunnerRun {
        while readSome() {}
        var status: Int32 = 0
        if processID > 0 {
            var collected = waitpid(processID, &status, WNOHANG)
            while collected == 0 || (collected < 0 && errno == EINTR) {
                if Self.now() >= deadline && !timedOut {
                    timedOut = true
                    kill(-processID, SIGKILL)
                }
                usleep(1000)
                collected = waitpid(processID, &status, WNOHANG)
            }
        }
        for descriptor in [output, errors] where descriptor >= 0 { close(descriptor) }
        output = -1
        errors = -1
        let byItself = processID > 0 && status & 0x7F == 0
        return RunnerRun(
            exitCode: byItself ? (status >> 8) & 0xFF : nil,
            signal: byItself || processID < 0 ? nil : status & 0x7F,
            standardOutput: outputBytes,
            standardError: errorBytes,
            timedOut: timedOut
        )
    }

    /// Reads what there is; false at the end of both streams.
    private func readSome(milliseconds: Int = 1000) -> Bool {
        if Self.now() >= deadline && !timedOut {
            timedOut = true
            if processID > 0 { kill(-processID, SIGKILL) }
        }
        // A grandchild that left the group can hold the pipes for ever.
        if output < 0 && errors < 0 || Self.now() >= deadline + 10_000 { return false }
        var polled = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&polled, 2, Int32(milliseconds)) > 0 else { return true }
        if polled[0].revents != 0 { Self.drain(&output, into: &outputBytes) }
        if polled[1].revents != 0 { Self.drain(&errors, into: &errorBytes) }
        return true
    }

    private static func drain(_ descriptor: inout Int32, into bytes: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            bytes += buffer[..<count]
        } else if count == 0 || errno != EINTR {
            close(descriptor)
            descriptor = -1
        }
    }

    /// Also keeps a program that does not read its input from ending the tests.
    private static let spawning: Mutex<Void> = {
        signal(SIGPIPE, SIG_IGN)
        return Mutex(())
    }()

    /// Makes a descriptor and marks it close-on-exec before a child is started that would inherit it.
    ///
    /// - Parameter body: Makes the descriptor; must not wait.
    /// - Returns: What `body` returns.
    static func withoutSpawning<R>(_ body: () -> R) -> R { spawning.withLock { _ in body() } }

    /// Starts a child with pipes.
    ///
    /// One at a time: a child that inherited the pipes of another would keep it from seeing the end of its input.
    ///
    /// - Parameters:
    ///   - program: Its path.
    ///   - argv: The words, argv[0] among them, and nil.
    ///   - envp: The environment, and nil.
    ///   - errors: Where standard error goes; nil is a pipe.
    /// - Returns: The process, -1 when it could not be started, and our ends of the pipes.
    static func spawn(
        _ program: String,
        _ argv: inout [UnsafeMutablePointer<CChar>?],
        _ envp: inout [UnsafeMutablePointer<CChar>?],
        errors: Int32? = nil
    ) -> (processID: pid_t, input: Int32, output: Int32, errors: Int32) {
        withoutSpawning {
            let pipes = (0..<3).map { _ in pipe() }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            posix_spawn_file_actions_adddup2(&actions, pipes[0].read, STDIN_FILENO)
            posix_spawn_file_actions_adddup2(&actions, pipes[1].write, STDOUT_FILENO)
            posix_spawn_file_actions_adddup2(&actions, errors ?? pipes[2].write, STDERR_FILENO)
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            var none = sigset_t()
            var all = sigset_t()
            sigemptyset(&none)
            sigfillset(&all)
            posix_spawnattr_setsigmask(&attributes, &none)
            posix_spawnattr_setsigdefault(&attributes, &all)
            posix_spawnattr_setpgroup(&attributes, 0)
            posix_spawnattr_setflags(
                &attributes,
                Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)
            )
            var child: pid_t = -1
            let failure = posix_spawn(&child, program, &actions, &attributes, &argv, &envp)
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
            for descriptor in [pipes[0].read, pipes[1].write, pipes[2].write] { close(descriptor) }
            return (failure == 0 ? child : -1, pipes[0].write, pipes[1].read, pipes[2].read)
        }
    }

    /// A pipe that children do not inherit; to be made within ``withoutSpawning(_:)``.
    static func pipe() -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        let result = makePipe(&ends)
        precondition(result == 0, "no pipe: errno \(errno)")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}

private func makePipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }
