import RunnerCore
import RunnerTestSupport
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A memory cgroup of the tests' own; only where the machine lets one be made (root, cgroup v1).
struct MemoryCgroup {
    private static let parent = "/sys/fs/cgroup/memory"
    private static let count = Atomic(0)

    /// Whether one can be made here.
    static let isAvailable: Bool = {
        let folder = "\(parent)/braket-runner-probe-\(getpid())"
        guard access("\(parent)/memory.limit_in_bytes", F_OK) == 0, mkdir(folder, 0o755) == 0 else { return false }
        return rmdir(folder) == 0
    }()

    /// Its folder.
    let folder: String

    /// Makes one with a limit and removes it after `body`.
    ///
    /// - Parameters:
    ///   - limit: As the kernel's file takes it, such as `96M`.
    ///   - body: Gets the words to put before a command that is to run in it.
    /// - Throws: What `body` throws.
    static func with(limit: String, _ body: ([String]) throws -> Void) throws {
        let number = count.add(1, ordering: .relaxed).newValue
        let group = MemoryCgroup(folder: "\(parent)/braket-runner-test-\(getpid())-\(number)")
        try #require(mkdir(group.folder, 0o755) == 0)
        // Processes that were killed leave it only when they are reaped.
        defer { for _ in 0..<200 where rmdir(group.folder) != 0 { usleep(50_000) } }
        let join = "echo \(limit) > \(group.folder)/memory.limit_in_bytes && echo $$ > \(group.folder)/cgroup.procs"
        try body(["-c", join + " && exec \"$@\"", "sh"])
    }
}

/// The kernel's own kills, in a cgroup of 160 MiB.
@Suite(
    .timeLimit(.minutes(15)),
    .enabled("needs a cgroup v1 memory hierarchy that may be written") { MemoryCgroup.isAvailable }
)
struct MemoryCgroupTests {
    /// Who eats memory, and what is said of it.
    struct Row: Sendable, CustomTestStringConvertible {
        let scope: String
        let script: String
        let exitCode: Int32
        let texts: [String]
        var entryPoint = "alg"
        var testDescription: String { "\(scope) of \(entryPoint)" }
    }

    static let eat = "data = []\nwhile True: data.append(bytearray(b'x' * 1000000))\n"

    static let rows = [
        Row(
            scope: "script",
            script: eat,
            exitCode: 137,
            texts: ["Out of memory: the kernel killed python", " (pid ", " at 160.0 of 160.0 MiB after "]
        ),
        Row(
            scope: "grandchild",
            script: """
                import subprocess, sys
                subprocess.run([sys.executable, '-c', "open('/proc/self/oom_score_adj', 'w').write('900')\\ndata = []\\nwhile True: data.append(bytearray(b'x' * 1000000))"], check=True)
                """,
            exitCode: 1,
            texts: ["CalledProcessError: ", "\nOut of memory: the kernel killed ", "at 160.0 of 160.0 MiB"]
        ),
        Row(
            scope: "grandchild",
            script: """
                #!/bin/sh
                echo 900 > /proc/self/oom_score_adj
                \(BinaryUnderTest.python) -c "data = []
                while True: data.append(bytearray(b'x' * 1000000))"
                code=$?
                exit $code
                """,
            exitCode: 137,
            texts: ["Out of memory: the kernel killed ", "The script then ended itself with exit code 137."],
            entryPoint: "run.sh"
        ),
        Row(
            scope: "whole-cgroup",
            script: """
                import os, time
                def adjust(value): open('/proc/self/oom_score_adj', 'w').write(str(value))
                def eat():
                    data = []
                    while True: data.append(bytearray(b'x' * 1000000))
                if os.fork() == 0:
                    adjust(1000)
                    eat()
                os.wait()
                adjust(900)
                eat()
                """,
            exitCode: 137,
            texts: ["Out of memory: the kernel killed ", " and 1 other process at 160.0 of 160.0 MiB"]
        ),
    ]

    @Test("The kernel's kill is told from a signal by hand", arguments: rows)
    func outOfMemory(_ row: Row) throws {
        try JobFolder.with { folder in
            try MemoryCgroup.with(limit: "160M") { prefix in
                folder.write("source/" + (row.entryPoint == "alg" ? "alg.py" : row.entryPoint), row.script, mode: 0o755)
                let run = RunningProgram.run(
                    "/bin/sh",
                    prefix + [BinaryUnderTest.path] + folder.job(row.entryPoint),
                    environment: BinaryUnderTest.minimalEnvironment
                )
                #expect(run.exitCode == row.exitCode, "\(run.errors)")
                let failure = try #require(folder.failure)
                #expect(failure.hasPrefix(row.texts[0]), "\(failure)")
                for text in row.texts { #expect(failure.contains(text), "\(failure)") }
                let verdict = try #require(folder.record()["runner"]?.objectValue?["verdict"]?.objectValue)
                #expect(verdict["kind"]?.stringValue == "out-of-memory")
                #expect(verdict["scope"]?.stringValue == row.scope)
                let memory = verdict["evidence"]?.objectValue?["memory"]?.objectValue
                #expect(memory?["limitBytes"]?.intValue == 160 << 20)
                #expect((memory?["kills"]?.intValue ?? 0) >= 1)
            }
        }
    }

    @Test("A SIGKILL by hand in the same group is none of the kernel's")
    func byHand() throws {
        try JobFolder.with { folder in
            try MemoryCgroup.with(limit: "160M") { prefix in
                folder.write("source/alg.py", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
                let run = RunningProgram.run(
                    "/bin/sh",
                    prefix + [BinaryUnderTest.path] + folder.job("alg"),
                    environment: BinaryUnderTest.minimalEnvironment
                )
                #expect(run.exitCode == 137)
                #expect(
                    folder.failure?.contains("the kernel counted no out-of-memory kill, so somebody sent it") == true
                )
            }
        }
    }
}
