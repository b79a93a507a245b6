import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Scripts that do nothing, and scripts that only look so: `--stall` and what the record says of it.
@Suite(.timeLimit(.minutes(15)))
struct StallTests {
    private func stalls(_ folder: JobFolder) throws -> [JSONObject] {
        try folder.record()["runner"]?.objectValue?["stalls"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }

    private func verdict(_ folder: JobFolder) throws -> String? {
        try folder.record()["runner"]?.objectValue?["verdict"]?.objectValue?["kind"]?.stringValue
    }

    @Test("stop: a sleeping script ends as stalled, with the sleeping line in the record and in the log")
    func stop() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                """
                import os, time
                def wait_for_nobody():
                    time.sleep(1000)  # the line
                open(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"] + "/part", "w").write("1")
                print("READY", flush=True)
                wait_for_nobody()
                """,
                ["--stall", "2:stop"]
            )
            #expect(run.exitCode == 124, "\(run.errors)")
            #expect(try verdict(folder) == "stalled")
            #expect(try folder.record()["status"]?.stringValue == "FAILED")
            let failure = try #require(folder.failure)
            #expect(failure.hasPrefix("Stalled: no output, CPU, I/O or file change for "), "\(failure)")
            let stall = try #require(try stalls(folder).first)
            #expect(stall["action"]?.stringValue == "stop")
            let stacks = try #require(stall["pythonStacks"]?.stringValue)
            #expect(stacks.contains("line 3 in wait_for_nobody"), "\(stacks)")
            #expect(stacks.contains("alg.py"))
            let process = try #require(stall["processes"]?.arrayValue?.first?.objectValue)
            #expect(process["pid"]?.intValue != nil)
            #expect(process["state"]?.stringValue == "sleeping")
            #expect(run.errors.contains("in wait_for_nobody"))
            // What it had written is kept as after any stop.
            #expect(folder.exists("store/bucket/out/output/model.tar.gz"))
        }
    }

    @Test("warn: the script goes on when what it waits for comes, and succeeds with the stall in its record")
    func warn() throws {
        try JobFolder.with { folder in
            folder.makeDirectory("wake")
            folder.write(
                "source/alg.py",
                """
                import os
                os.mkfifo("\(folder.at("wake/fifo"))")
                print("READY", flush=True)
                open("\(folder.at("wake/fifo"))").read()
                print("AWAKE", flush=True)
                """
            )
            let program = folder.start(folder.job("alg") + ["--stall", "2:warn"])
            #expect(program.wait { program.errorsSoFar.contains("stalled: ") })
            folder.write("wake/fifo", "go")
            let run = program.finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("AWAKE"))
            let stall = try #require(try stalls(folder).first)
            #expect(stall["action"]?.stringValue == "warn")
            #expect(stall["pythonStacks"]?.stringValue?.contains("line 4 in <module>") == true)
            #expect(try folder.record()["status"]?.stringValue == "COMPLETED")
        }
    }

    @Test("After a warning it is said that the script goes on, and a second stall is a second entry")
    func resumed() throws {
        try JobFolder.with { folder in
            folder.makeDirectory("wake")
            folder.write(
                "source/alg.py",
                """
                import os
                for name in ("a", "b"):
                    os.mkfifo("\(folder.at("wake"))/" + name)
                    open("\(folder.at("wake"))/" + name).read()
                """
            )
            let program = folder.start(folder.job("alg") + ["--stall", "2"])
            #expect(program.wait { program.errorsSoFar.contains("stalled: ") })
            folder.write("wake/a", "go")
            #expect(program.wait { program.errorsSoFar.contains("the script goes on") })
            #expect(program.wait { program.errorsSoFar.components(of: "stalled: ") == 2 })
            folder.write("wake/b", "go")
            #expect(program.finish().exitCode == 0)
            try #expect(stalls(folder).count == 2)
        }
    }

    @Test(
        "Slow is not stalled: computing without a word, a byte now and then, children, file times",
        arguments: [
            "while time.monotonic() < end: pass",
            "while time.monotonic() < end: time.sleep(0.5); print('.', flush=True)",
            "while time.monotonic() < end: time.sleep(0.5); os.pread(zero, 1, 0)",
            "while time.monotonic() < end: os.spawnlp(os.P_WAIT, 'sleep', 'sleep', '0.5')",
        ]
    )
    func slow(body: String) throws {
        try JobFolder.with { folder in
            // Its own clock ends it: how long it runs is the subject here, not what the test waits for.
            let run = folder.runScript(
                """
                import os, time
                zero = os.open("/dev/zero", os.O_RDONLY)
                end = time.monotonic() + 7
                \(body)
                """,
                ["--stall", "4:stop"]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            try #expect(stalls(folder).isEmpty)
        }
    }

    @Test("A program that waits on a fifo for ever: what it waits for is named, without any Python")
    func fifo() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "#!/bin/sh\nmkfifo f\necho READY\ncat f\n", mode: 0o755)
            let run = folder.run(folder.job("run.sh") + ["--stall", "2:stop"])
            #expect(run.exitCode == 124, "\(run.errors)")
            #expect(run.output.contains("READY\n"))
            let stall = try #require(try stalls(folder).first)
            let names = stall["processes"]?.arrayValue?.compactMap { $0.objectValue?["name"]?.stringValue } ?? []
            #expect(names.contains("cat"), "\(names)")
            #expect(stall["pythonStacks"] == nil)
        }
    }

    @Test(
        "A script that uses SIGUSR1 itself, in whatever way, never gets it from the runner",
        arguments: [
            "signal.signal(signal.SIGUSR1, lambda *a: print('HIT', flush=True))",
            "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])",
            "signal.signal(signal.SIGUSR1, signal.SIG_DFL)",
            "import faulthandler; faulthandler.register(signal.SIGUSR1, file=sys.stdout, chain=True)",
            "import faulthandler; faulthandler.unregister(signal.SIGUSR1)",
        ]
    )
    func taken(statement: String) throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import os, signal, sys, time
                \(statement)
                os.mkfifo("\(folder.at("wake"))")
                open("\(folder.at("wake"))").read()
                pending = signal.SIGUSR1 in signal.sigpending()
                print("PENDING" if pending else "CLEAN", flush=True)
                """
            )
            let program = folder.start(folder.job("alg") + ["--stall", "2:warn"])
            #expect(program.wait { program.errorsSoFar.contains("stalled: ") })
            folder.write("wake", "go")
            let run = program.finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("CLEAN\n"))
            #expect(!run.output.contains("HIT"))
            #expect(!run.output.contains("most recent call first"))
            try #expect(stalls(folder).first?["pythonStacks"] == nil)
            try #expect(stalls(folder).count == 1)
        }
    }

    @Test("A bad --stall is refused with its source and what is right")
    func refused() throws {
        try JobFolder.with { folder in
            let run = folder.runScript("pass", ["--stall", "soon"])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("--stall"))
            #expect(run.errors.contains("SECONDS:stop"))
        }
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(of text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
