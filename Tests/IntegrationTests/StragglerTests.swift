import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What a script leaves running, and whose child it is: the runner stands below a test here, not as PID 1.
@Suite(.timeLimit(.minutes(15)))
struct StragglerTests {
    /// A program that runs `$1`, tells its number in the file `$2`, runs `$3` and goes on for ever.
    private static let worker = """
        #!/bin/sh
        eval "$1"; echo $$ >"$2.tmp"; mv "$2.tmp" "$2"; eval "$3"
        while :; do sleep 0.1; done

        """

    @Test(
        "Nothing stays alive",
        arguments: [
            "./worker : pid &", "nohup ./worker : pid >/dev/null 2>&1 &", "setsid ./worker : pid &",
            "(./worker : pid &)", "(setsid ./worker : pid &)", #"(setsid ./worker 'trap "" TERM' pid &)"#,
            "(setsid ./worker : pid 'kill -STOP $$' &)",
        ]
    )
    func kinds(command: String) throws {
        try JobFolder.with { folder in
            folder.write("source/worker", Self.worker, mode: 0o755)
            folder.write(
                "source/run.sh",
                """
                #!/bin/sh
                \(command)
                while [ ! -s pid ]; do sleep 0.05; done
                cp pid '\(folder.directory)'
                exit 5

                """,
                mode: 0o755
            )
            let run = folder.run(folder.job("run.sh"))
            #expect(run.exitCode == 5, "\(run.errors)")
            let process = try #require(folder.text("pid").flatMap { pid_t($0.trimmed()) }, "\(run.errors)")
            #expect(!isLiving(process))
            #expect(run.errors.contains("that the script left behind: "), "\(run.errors)")
            #expect(run.errors.contains("worker (\(process))"), "\(run.errors)")
        }
    }

    /// Whether the tests run in a group of the unified hierarchy that they may write to.
    private static let hasUnifiedGroup =
        Namespace.text("/proc/self/cgroup").split(separator: "\n").contains("0::/")
        && ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].contains {
            access($0 + "/cgroup.controllers", R_OK) == 0 && access($0 + "/cgroup.procs", W_OK) == 0
        }

    @Test(
        "Nothing that goes on by forking stays alive either, in new sessions where a cgroup holds it together",
        arguments: hasUnifiedGroup ? ["pass", "os.setsid()"] : ["pass"]
    )
    func forking(each: String) throws {
        try JobFolder.with { folder in
            // Each one starts the next and ends; the mark finds them all.
            folder.write(
                "source/chain.py",
                """
                import os, sys, time
                open(sys.argv[1] + "/chain", "w").close()
                while True:
                    if os.fork(): os._exit(0)
                    \(each)
                    time.sleep(0.001)
                """
            )
            folder.write(
                "source/alg.py",
                """
                import os, subprocess, sys, time
                subprocess.Popen([sys.executable, "chain.py", "\(folder.directory)"])
                while not os.path.exists("\(folder.at("chain"))"): time.sleep(0.01)
                """
            )
            let run = folder.run(folder.job("alg"))
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.errors.contains("that the script left behind: "), "\(run.errors)")
            let left = folder.shell("grep -lz 'chain.py' /proc/[0-9]*/cmdline | xargs grep -lz '\(folder.directory)$'")
                .output
            #expect(left.isEmpty, "\(left)")
        }
    }

    @Test(
        "The script has a cgroup of its own, of which nothing is left",
        .enabled(if: hasUnifiedGroup, "needs a writable cgroup of version 2")
    )
    func cgroup() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                "import os\nprint(os.getppid(), [l for l in open('/proc/self/cgroup') if l.startswith('0::')][0], end='')"
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let words = try #require(run.lines.first { $0.contains("0::") }).split(separator: " ")
            #expect(words[1] == "0::/braket-runner-\(words[0])")
            #expect(folder.shell("find /sys/fs/cgroup -maxdepth 3 -name 'braket-runner-\(words[0])'").output == "")
        }
    }

    @Test("A straggler hears SIGTERM and has time to write what it has; its results are stored")
    func handler() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                """
                #!/bin/sh
                (setsid sh -c 'trap "sleep 1; echo saved >$AMZN_BRAKET_JOB_RESULTS_DIR/late; exit" TERM
                  : >started; while :; do sleep 0.1; done' &)
                while [ ! -e started ]; do sleep 0.05; done
                """,
                mode: 0o755
            )
            let run = folder.run(folder.job("run.sh"))
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(
                folder.shell("tar xzOf store/bucket/out/output/model.tar.gz late").output == "saved\n",
                "\(run.errors)"
            )
        }
    }

    @Test("What ends with the script is no straggler, and no line is written")
    func quiet() throws {
        try JobFolder.with { folder in
            let run = folder.runScript("import os\nprint(os.popen('echo X').read())")
            #expect(run.exitCode == 0)
            #expect(!run.errors.contains("left behind"), "\(run.errors)")
        }
    }

    @Test("Orphans come to the runner and are reaped while the script runs")
    func orphans() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                PIDOneTests.orphans + """
                    read, write = os.pipe()
                    if os.fork() == 0:
                        parent = os.getpid()
                        if os.fork() == 0:
                            while os.getppid() == parent: time.sleep(0.01)
                            os.write(write, str(os.getppid()).encode())
                        os._exit(0)
                    os.wait()
                    print("ADOPTED", int(os.read(read, 100)) == os.getppid())
                    """
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("ZOMBIES 0"))
            #expect(run.lines.contains("ADOPTED True"))
        }
    }

    @Test("The script is the first to go when memory is out, and what it starts is as well")
    func outOfMemoryScore() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                """
                import os
                score = lambda who: int(open(f"/proc/{who}/oom_score_adj").read())
                print("SCRIPT", score("self"))
                print("CHILD", os.popen("cat /proc/self/oom_score_adj").read().strip())
                print("RUNNER", score(os.getppid()))
                """
            )
            let own = try #require(Int(Namespace.text("/proc/self/oom_score_adj").trimmed()))
            let raised = min(1000, own + 500)
            #expect(run.lines.contains("SCRIPT \(raised)"), "\(run.output)")
            #expect(run.lines.contains("CHILD \(raised)"), "\(run.output)")
            let runner = try #require(run.lines.first { $0.hasPrefix("RUNNER ") }.flatMap { Int($0.dropFirst(7)) })
            #expect(runner <= own)
        }
    }

    @Test("The script has a session and a group of its own, no signal blocked and none ignored")
    func signals() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                """
                #!/bin/sh
                grep -E '^Sig(Blk|Ign)' /proc/self/status
                set -- $(cat /proc/$$/stat)
                echo OWN $(( $1 == $5 && $1 == $6 ))
                """,
                mode: 0o755
            )
            // nohup's SIGHUP and a parent's mask are not the script's.
            let run = RunningProgram.run(
                "/usr/bin/env",
                ["--ignore-signal=HUP,USR1", "--block-signal=TERM", BinaryUnderTest.path] + folder.job("run.sh"),
                environment: BinaryUnderTest.minimalEnvironment
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("SigBlk:\t0000000000000000"), "\(run.output)")
            #expect(run.lines.contains("SigIgn:\t0000000000000000"), "\(run.output)")
            #expect(run.lines.contains("OWN 1"), "\(run.output)")
        }
    }
}
