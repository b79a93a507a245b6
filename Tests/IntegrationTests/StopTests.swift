import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Stop requests and the time limit: the script hears of them, and its results are kept.
@Suite(.timeLimit(.minutes(15)))
struct StopTests {
    /// Handles SIGTERM by writing a result.
    static let handling = """
        import os, signal, sys, time
        results = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"]
        def stop(number, frame):
            open(results + "/heard", "w").write(str(number))
            print("HEARD", number)
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print("READY")
        time.sleep(100)
        """
    /// Refuses to stop.
    static let deaf = """
        import os, signal, time
        signal.signal(signal.SIGTERM, lambda *a: print("DEAF"))
        open(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"] + "/part", "w").write("1")
        open(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"] + "/cp.json", "w").write("1")
        print("READY")
        while True: time.sleep(1)
        """

    @Test("A stop reaches the script, its handler's results are stored, 143 and CANCELLED")
    func stop() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.handling)
            let program = folder.start(folder.job("alg"))
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(run.output.contains("HEARD"))
            #expect(folder.shell("tar xzOf store/bucket/out/output/model.tar.gz heard").output == "15")
            let record = try folder.record()
            #expect(record["status"]?.stringValue == "CANCELLED")
            #expect(record["events"]?.arrayValue?.last?.objectValue?["eventType"]?.stringValue == "CANCELLED")
            #expect(folder.failure != nil)
        }
    }

    @Test("Ctrl-C is a stop request too")
    func interrupt() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "import time\nprint('READY')\ntime.sleep(100)")
            let program = folder.start(folder.job("alg"))
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGINT)
            #expect(program.finish().exitCode == 143)
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
        }
    }

    @Test("A second stop ends the grace at once")
    func secondStop() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.deaf)
            let program = folder.start(folder.job("alg") + ["--grace", "100", "--checkpoints", "s3://bucket/cp"])
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGTERM)
            #expect(program.waitForOutput("DEAF\n"))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143)
            #expect(folder.exists("store/bucket/out/output/model.tar.gz"))
            #expect(folder.exists("store/bucket/cp/cp.json"))
        }
    }

    @Test("--grace ends a script that does not stop, and everything is kept")
    func grace() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.deaf)
            let program = folder.start(folder.job("alg") + ["--grace", "2", "--checkpoints", "s3://bucket/cp"])
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143)
            #expect(run.output.contains("DEAF"))
            #expect(folder.exists("store/bucket/out/output/model.tar.gz"))
            #expect(folder.exists("store/bucket/cp/cp.json"))
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
        }
    }

    @Test("The time limit: 124, MAX_RUNTIME_EXCEEDED, the limit in words, results kept")
    func timeLimit() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(Self.handling, ["--max-runtime", "6"])
            #expect(run.exitCode == 124, "\(run.errors)")
            #expect(run.output.contains("HEARD 15"))
            #expect(folder.exists("store/bucket/out/output/model.tar.gz"))
            let record = try folder.record()
            let events = record["events"]?.arrayValue?.compactMap { $0.objectValue?["eventType"]?.stringValue } ?? []
            #expect(events.last == "MAX_RUNTIME_EXCEEDED")
            #expect(events.contains("UPLOADING_RESULTS"))
            try #expect(#require(folder.failure).contains("6 s"))
        }
    }

    @Test("Processes the script left behind are ended with it")
    func grandchildren() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import subprocess, time
                child = subprocess.Popen(["sleep", "1000"])
                print("CHILD", child.pid, "READY")
                time.sleep(100)
                """
            )
            let program = folder.start(folder.job("alg") + ["--grace", "2"])
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143)
            let line = try #require(run.lines.first { $0.hasPrefix("CHILD") })
            let child = line.split(separator: " ")[1]
            // A zombie that nobody has collected yet is gone too.
            let state = folder.shell("sed -n 's/^State:[[:space:]]*//p' /proc/\(child)/status").output
            #expect(state.isEmpty || state.hasPrefix("Z"), "\(state)")
        }
    }

    @Test("A stop while requirements are installed: the script does not start")
    func duringInstall() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            folder.write("source/requirements.txt", "x")
            // Stands for python: says that it installs, and waits.
            folder.write("python", "#!/bin/sh\ntouch '\(folder.at("installing"))'\nexec sleep 100\n", mode: 0o755)
            let program = folder.start(
                folder.job("alg") + ["--python", folder.at("python")],
                environment: ["PATH": "/usr/bin:/bin"]
            )
            #expect(program.wait { folder.exists("installing") })
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(!run.output.contains("Running Code As Process"))
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
        }
    }

    @Test("A stop while inputs are fetched: the script does not start")
    func duringDownload() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "echo RAN\n")
            // A hole of many bytes: it takes a while to copy and no room to keep.
            #expect(folder.shell("mkdir -p store/bucket/d && truncate -s 2G store/bucket/d/big").exitCode == 0)
            let program = folder.start(folder.job("run.sh") + ["--input", "in=s3://bucket/d/"])
            #expect(program.waitForOutput("Additional Requirements Check Finished\n"))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(!run.lines.contains("RAN"))
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
            #expect(folder.shell("find root/ml/input/data -type f").output.isEmpty)
        }
    }

    @Test("Other signals are passed on")
    func otherSignals() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import signal, sys, time
                def heard(number, frame):
                    print("HEARD", number)
                    sys.exit(0)
                signal.signal(signal.SIGUSR1, heard)
                print("READY")
                time.sleep(100)
                """
            )
            let program = folder.start(folder.job("alg"))
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGUSR1)
            let run = program.finish()
            #expect(run.output.contains("HEARD 10"))
            #expect(run.exitCode == 0)
        }
    }

    @Test("A hang-up beside the stop is the same request: the grace goes on")
    func hangUpBesideStop() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import os, signal, sys, time
                def stop(number, frame):
                    print("HEARD")
                    while not os.path.exists("\(folder.at("go"))"): time.sleep(0.01)
                    print("SAVED")
                    sys.exit(0)
                signal.signal(signal.SIGTERM, stop)
                print("READY")
                while True: time.sleep(1)
                """
            )
            let program = folder.start(folder.job("alg"))
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGTERM)
            #expect(program.waitForOutput("HEARD\n"))
            program.send(SIGHUP)
            folder.write("go", "")
            let run = program.finish()
            #expect(run.exitCode == 143)
            #expect(run.output.contains("SAVED"))
        }
    }

    @Test("A stop does not wait for standard input")
    func stopWhileReadingTheDocument() throws {
        try JobFolder.with { folder in
            // A FIFO open for both ends never ends.
            let shell = folder.shell(
                "mkfifo in; exec 3<>in; '\(BinaryUnderTest.path)' \(folder.options.joined(separator: " ")) --job - <&3 >out & "
                    + "until grep -q 'Beginning Setup' out 2>/dev/null; do :; done; kill -TERM $!; wait $!; echo code $?"
            )
            #expect(shell.output.contains("code 143"), "\(shell.output)\(shell.errors)")
        }
    }
}
