import RunnerCore
import RunnerTestSupport
import Testing

/// A script that dies, and what everybody who looks for the reason must find.
struct WayToDie: Sendable, CustomTestStringConvertible {
    /// Its name among the tests.
    let name: String
    /// The script: Python, or a program with a first line of its own.
    let script: String
    /// `runner.verdict.kind` of the record.
    let kind: String
    /// What the runner ends with.
    let exitCode: Int32
    /// Texts of the failure file; the first is its beginning.
    let texts: [String]
    /// The entry point.
    var entryPoint = "alg"
    /// More options.
    var options: [String] = []
    /// More files of the script.
    var files: [String: String] = [:]

    var testDescription: String { name }
}

/// Each end of a script through the built binary: kind, exit code, failure file, record and standard error.
@Suite(.timeLimit(.minutes(15)))
struct WaysToDieTests {
    static let exceptions = [
        WayToDie(
            name: "exception",
            script: "def f():\n    raise ValueError('bad angle')\nf()",
            kind: "user-exception",
            exitCode: 1,
            texts: ["ValueError: bad angle\nat alg.py:2 in f: raise ValueError('bad angle')"]
        ),
        WayToDie(
            name: "chained exception",
            script: "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise RuntimeError('outer') from e",
            kind: "user-exception",
            exitCode: 1,
            texts: ["RuntimeError: outer\n", "alg.py:4"]
        ),
        WayToDie(
            name: "exception with 5,000 characters",
            script: "raise ValueError('\u{e9}\u{1F600}' * 2500)",
            kind: "user-exception",
            exitCode: 1,
            texts: [
                "ValueError: \u{e9}\u{1F600}", "\nat alg.py:1: raise ValueError(",
                "\nFull report: s3://bucket/out/output/job.json",
            ]
        ),
        WayToDie(
            name: "recursion",
            script: "def f(): f()\nf()",
            kind: "user-exception",
            exitCode: 1,
            texts: ["RecursionError: maximum recursion depth exceeded", "alg.py:1 in f"]
        ),
        WayToDie(
            name: "KeyboardInterrupt raised",
            script: "raise KeyboardInterrupt",
            kind: "user-exception",
            exitCode: 1,
            texts: ["KeyboardInterrupt\n", "alg.py:1"]
        ),
        WayToDie(
            name: "a command that fails",
            script: "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'exit(3)'], check=True)",
            kind: "user-exception",
            exitCode: 1,
            texts: ["CalledProcessError: ", "exit status 3", "alg.py:2"]
        ),
        WayToDie(
            name: "a worker that kills itself",
            script: """
                import concurrent.futures, multiprocessing, os
                context = multiprocessing.get_context("fork")
                with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
                    pool.submit(os.kill, 0, 0).cancel()
                    pool.submit(os._exit, 9).result()
                """,
            kind: "user-exception",
            exitCode: 1,
            texts: ["BrokenProcessPool: ", "alg.py:5"]
        ),
        WayToDie(
            name: "a worker that crashes",
            script: """
                import concurrent.futures, ctypes, multiprocessing
                context = multiprocessing.get_context("fork")
                with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
                    pool.submit(ctypes.string_at, 0).result()
                """,
            kind: "user-exception",
            exitCode: 1,
            texts: ["BrokenProcessPool: ", "A Python process of the script crashed: Segmentation fault in "]
        ),
        WayToDie(
            name: "an exception after one in a thread",
            script: """
                import threading
                thread = threading.Thread(target=lambda: 1 / 0)
                thread.start()
                thread.join()
                raise ValueError('main')
                """,
            kind: "user-exception",
            exitCode: 1,
            texts: ["ValueError: main\n", "alg.py:5"]
        ),
    ]

    static let setups = [
        WayToDie(
            name: "import error",
            script: "import no_such_module",
            kind: "import-error",
            exitCode: 1,
            texts: ["ModuleNotFoundError: No module named 'no_such_module'\n", "alg.py:1: import no_such_module"]
        ),
        WayToDie(
            name: "missing entry module",
            script: "",
            kind: "missing-entry-point",
            exitCode: 65,
            texts: ["ImportError: No module named nosuch"],
            entryPoint: "nosuch"
        ),
        WayToDie(
            name: "missing function",
            script: "",
            kind: "missing-entry-point",
            exitCode: 65,
            texts: ["AttributeError: module 'alg' has no attribute 'main'"],
            entryPoint: "alg:main"
        ),
        WayToDie(
            name: "binding error",
            script: "def main(angle): pass",
            kind: "binding-error",
            exitCode: 1,
            texts: ["TypeError: main() missing 1 required positional argument: 'angle'\n", "alg.py:1"],
            entryPoint: "alg:main"
        ),
        WayToDie(
            name: "syntax error",
            script: "def main(: pass",
            kind: "user-exception",
            exitCode: 1,
            texts: ["SyntaxError: ", "alg.py:1"],
            entryPoint: "alg:main"
        ),
        WayToDie(
            name: "failing requirement",
            script: "pass",
            kind: "requirement-failed",
            exitCode: 67,
            texts: [],
            options: ["--requirements", "fail"],
            files: ["requirements.txt": "./no/such/folder\n"]
        ),
        WayToDie(
            name: "missing input",
            script: "pass",
            kind: "input-missing",
            exitCode: 66,
            texts: ["No data found for channel 'data'"],
            options: ["--input", "data=s3://bucket/no/such"]
        ),
        WayToDie(
            name: "no such interpreter",
            script: "#!/no/such/interpreter\n",
            kind: "not-executable",
            exitCode: 65,
            texts: ["The entry point could not be started.\n"],
            entryPoint: "run.sh"
        ),
    ]

    static let exits = [
        WayToDie(
            name: "sys.exit(3)",
            script: "import sys; sys.exit(3)",
            kind: "exit-with-code",
            exitCode: 3,
            texts: ["The script ended itself with exit code 3.\n", "alg.py:1: import sys; sys.exit(3)"]
        ),
        WayToDie(
            name: "sys.exit(text)",
            script: "import sys; sys.exit('no convergence')",
            kind: "exit-with-text",
            exitCode: 1,
            texts: ["SystemExit: no convergence\n"]
        ),
        WayToDie(
            name: "os._exit(9)",
            script: "import os; os._exit(9)",
            kind: "exit-with-code",
            exitCode: 9,
            texts: ["The script ended itself with exit code 9.\n"]
        ),
        WayToDie(
            name: "137 without evidence",
            script: "import os; os._exit(137)",
            kind: "exit-with-code",
            exitCode: 137,
            texts: ["The script ended itself with exit code 137.\n"]
        ),
        WayToDie(
            name: "shell script's exit 7",
            script: "#!/bin/sh\nexit 7\n",
            kind: "exit-with-code",
            exitCode: 7,
            texts: ["The script ended itself with exit code 7.\n"],
            entryPoint: "run.sh"
        ),
        WayToDie(
            name: "command not found",
            script: "#!/bin/sh\nno-such-command\n",
            kind: "exit-with-code",
            exitCode: 127,
            texts: [
                "The script ended itself with exit code 127.\nA shell ends with 127 when it does not find a command."
            ],
            entryPoint: "run.sh"
        ),
    ]

    static let signals = [
        WayToDie(
            name: "SIGKILL",
            script: "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            kind: "signal",
            exitCode: 137,
            texts: ["Killed (SIGKILL, signal 9) after ", "somebody sent it"]
        ),
        WayToDie(
            name: "SIGTERM",
            script: "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
            kind: "signal",
            exitCode: 143,
            texts: ["Ended by SIGTERM (signal 15) after ", "did not come through the runner"]
        ),
        WayToDie(
            name: "SIGSEGV",
            script: "import ctypes\ndef fall():\n    ctypes.string_at(0)\nfall()",
            kind: "segmentation-fault",
            exitCode: 139,
            texts: [
                "Segmentation fault in alg.py:3 in fall (SIGSEGV, signal 11) after ",
                "\nat alg.py:3 in fall: ctypes.string_at(0)\n",
            ]
        ),
        WayToDie(
            name: "abort",
            script: "import os\nos.abort()",
            kind: "abort",
            exitCode: 134,
            texts: ["Aborted in alg.py:2 (SIGABRT, signal 6) after "]
        ),
        WayToDie(
            name: "SIGILL",
            script: "import os, signal\nos.kill(os.getpid(), signal.SIGILL)",
            kind: "illegal-instruction",
            exitCode: 132,
            texts: ["Illegal instruction in alg.py:2 (SIGILL, signal 4)"]
        ),
        WayToDie(
            name: "SIGBUS",
            script: """
                import mmap, tempfile
                file = tempfile.TemporaryFile()
                file.truncate(8192)
                memory = mmap.mmap(file.fileno(), 8192)
                file.truncate(0)
                memory[5000]
                """,
            kind: "bus-error",
            exitCode: 135,
            texts: ["Bus error in alg.py:6 (SIGBUS, signal 7)"]
        ),
        WayToDie(
            name: "SIGFPE",
            script: "import os, signal\nos.kill(os.getpid(), signal.SIGFPE)",
            kind: "signal",
            exitCode: 136,
            texts: ["Arithmetic fault in alg.py:2 (SIGFPE, signal 8)"]
        ),
        WayToDie(
            name: "CPU limit",
            script: "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 5))\nwhile True: pass",
            kind: "signal",
            exitCode: 152,
            texts: ["Ended by SIGXCPU (signal 24)", "limit of CPU time", "(ulimit -t)"]
        ),
        WayToDie(
            name: "file size limit",
            script: "#!/bin/sh\nulimit -f 1\nexec dd if=/dev/zero of=big bs=65536 count=4\n",
            kind: "signal",
            exitCode: 153,
            texts: ["Ended by SIGXFSZ (signal 25)", "file size limit", "(ulimit -f)"],
            entryPoint: "run.sh"
        ),
    ]

    static let shortages = [
        WayToDie(
            name: "disk full",
            script: "file = open('/dev/full', 'w')\nfile.write('x' * 10)\nfile.flush()",
            kind: "disk-full",
            exitCode: 1,
            texts: [
                "OSError: [Errno 28] No space left on device\n", "alg.py:3",
                "\nNo space was left; no folder of the job is full now: ", " free.\n",
            ]
        ),
        WayToDie(
            name: "disk full behind another exception",
            script: """
                try:
                    raise OSError(28, 'No space left on device', '/dev/shm/big.npz')
                except OSError as error:
                    raise RuntimeError('cannot save') from error
                """,
            kind: "disk-full",
            exitCode: 1,
            texts: ["RuntimeError: cannot save\n", "No space was left for /dev/shm/big.npz; now /dev/shm has "]
        ),
        WayToDie(
            name: "too many open files",
            script: """
                import resource
                resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
                files = []
                while True: files.append(open('/dev/null'))
                """,
            kind: "too-many-files",
            exitCode: 1,
            texts: ["OSError: [Errno 24] Too many open files: '/dev/null'\n", "alg.py:4", "(64, ulimit -n)"]
        ),
        WayToDie(
            name: "MemoryError under a limit",
            script: """
                import resource
                resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
                data = bytearray(1 << 30)
                """,
            kind: "out-of-memory",
            exitCode: 1,
            texts: [
                "MemoryError\n", "alg.py:3", "Out of memory: the address space of ", "limited to 512.0 MiB (ulimit -v)",
            ]
        ),
        WayToDie(
            name: "MemoryError of more than there is",
            script: "data = bytearray(1 << 60)",
            kind: "user-exception",
            exitCode: 1,
            texts: ["MemoryError\n", "alg.py:1"]
        ),
        WayToDie(
            name: "access denied",
            script: """
                class ClientError(Exception):
                    response = {"Error": {"Code": "AccessDenied"}}
                raise ClientError("An error occurred (AccessDenied) when calling GetDevice")
                """,
            kind: "access-denied",
            exitCode: 1,
            texts: ["ClientError: An error occurred (AccessDenied)", "AWS answered AccessDenied"]
        ),
        WayToDie(
            name: "expired keys",
            script: """
                class ClientError(Exception):
                    response = {"Error": {"Code": "ExpiredTokenException"}}
                raise ClientError("An error occurred")
                """,
            kind: "expired-keys",
            exitCode: 1,
            texts: ["ClientError: An error occurred\n", "AWS answered ExpiredTokenException"]
        ),
    ]

    @Test("Kind, exit code, failure file, record", arguments: exceptions + setups + exits + signals + shortages)
    func dies(_ way: WayToDie) throws {
        try JobFolder.with { folder in
            let isProgram = way.script.hasPrefix("#!")
            folder.write(isProgram ? "source/run.sh" : "source/alg.py", way.script, mode: isProgram ? 0o755 : 0o644)
            for (name, text) in way.files { folder.write("source/" + name, text) }
            folder.makeDirectory("store/bucket")
            folder.write("termination-log", "")
            let run = folder.run(
                folder.job(way.entryPoint) + way.options,
                environment: ["BRAKET_RUNNER_TERMINATION_LOG": folder.at("termination-log")]
            )
            #expect(run.exitCode == way.exitCode, "\(run.errors)")
            try expect(way, folder, run)
        }
    }

    /// What is common to all: the same words everywhere, within the limits.
    private func expect(_ way: WayToDie, _ folder: JobFolder, _ run: RunnerRun) throws {
        let failure = try #require(folder.failure)
        #expect(failure.utf8.count <= 980)
        if let beginning = way.texts.first { #expect(failure.hasPrefix(beginning), "\(failure)") }
        for text in way.texts { #expect(failure.contains(text), "\(failure)") }
        let record = try folder.record()
        #expect(record["failureReason"]?.stringValue == failure)
        let runner = try #require(record["runner"]?.objectValue)
        #expect(runner["exitCode"]?.intValue == Int(way.exitCode))
        let verdict = try #require(runner["verdict"]?.objectValue)
        #expect(verdict["kind"]?.stringValue == way.kind)
        #expect(verdict["sentence"]?.stringValue?.isEmpty == false)
        #expect(verdict["sentence"]?.stringValue?.contains("\n") == false)
        // What ran has evidence, and what Python raised its place.
        #expect((verdict["evidence"] != nil) == (runner["script"] != nil))
        if let exception = verdict["exception"]?.objectValue, exception["file"]?.stringValue != nil {
            #expect(exception["line"]?.intValue != nil)
        }
        #expect(folder.text("termination-log")?.hasPrefix(failure.prefix { $0 != "\n" }.prefix(40)) == true)
        #expect(run.errors.contains("verdict=\(way.kind)"))
    }

    @Test("An archive that is none is refused")
    func refusedArchive() throws {
        try JobFolder.with { folder in
            folder.store("code/script.tar.gz", "no archive")
            let run = folder.run(
                folder.options + [
                    "--script", "s3://bucket/code/script.tar.gz", "--entry-point", "alg", "--output", "s3://bucket/out",
                    "--compression", "GZIP",
                ]
            )
            #expect(run.exitCode == 65)
            let verdict = try folder.record()["runner"]?.objectValue?["verdict"]?.objectValue
            #expect(verdict?["kind"]?.stringValue == "archive-refused")
        }
    }

    @Test(
        "Threads, atexit and forked children decide nothing",
        arguments: [
            "import threading; threading.Thread(target=lambda: 1 / 0).start()",
            "import atexit; atexit.register(lambda: 1 / 0)",
            "import os\nif os.fork() == 0: os._exit(9)\nos.wait()",
            "import os\nif os.fork() == 0: raise ValueError('in the child')\nos.wait()",
            "import os\nif os.fork() == 0: os.abort()\nos.wait()",
            "import sys; sys.exit(0)",
        ]
    )
    func lives(_ script: String) throws {
        try JobFolder.with { folder in
            let run = folder.runScript(script)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.failure == nil)
            try #expect(folder.record()["runner"]?.objectValue?["verdict"] == nil)
        }
    }

    @Test("Nothing of Python's own is added to standard error, and faulthandler is the user's when they ask for it")
    func standardErrorStaysPythons() throws {
        try JobFolder.with { folder in
            let crash = "import ctypes; ctypes.string_at(0)"
            let run = folder.runScript(crash)
            #expect(!run.errors.contains("Fatal Python error"))
            let asked = folder.runScript(crash, environment: ["PYTHONFAULTHANDLER": "1"])
            #expect(asked.errors.contains("Fatal Python error: Segmentation fault"))
            #expect(asked.exitCode == 139)
        }
    }

    @Test("A termination log that does not exist is not made")
    func terminationLog() throws {
        try JobFolder.with { folder in
            folder.runScript("1 / 0", environment: ["BRAKET_RUNNER_TERMINATION_LOG": folder.at("none")])
            #expect(!folder.exists("none"))
            folder.write("log", String(repeating: "old", count: 3000))
            folder.runScript(
                "raise ValueError('\u{e9}' * 9000)",
                environment: ["BRAKET_RUNNER_TERMINATION_LOG": folder.at("log")]
            )
            let bytes = try #require(folder.bytes("log"))
            #expect(bytes.count <= 4096 && bytes.count > 3900)
            let text = try #require(String(validating: bytes, as: UTF8.self))
            #expect(text.hasPrefix("ValueError: \u{e9}") && text.contains("\nat alg.py:1: "))
        }
    }
}
