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

/// The binary as the first process of a container: an init in front of the runner.
@Suite(.timeLimit(.minutes(15)), .enabled(if: Namespace.isAvailable, "needs a pid namespace"))
struct PIDOneTests {
    @Test(
        "The script's end is the container's",
        arguments: [("pass", 0), ("import os; os._exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
            as [(String, Int32)]
    )
    func exitCodes(script: String, code: Int32) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", script)
            let run = Namespace.start(folder.job("alg"), in: folder).finish()
            #expect(run.exitCode == code, "\(run.errors)")
            try #expect(folder.record()["status"]?.stringValue == (code == 0 ? "COMPLETED" : "FAILED"))
        }
    }

    @Test("docker stop reaches the script's handler, its results are stored: 143 and CANCELLED")
    func stop() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", StopTests.handling)
            let program = Namespace.start(folder.job("alg"), in: folder)
            #expect(program.waitForOutput("READY\n"))
            kill(try #require(Namespace.initProcess(of: program)), SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(run.output.contains("HEARD 15"))
            #expect(folder.shell("tar xzOf store/bucket/out/output/model.tar.gz heard").output == "15")
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
            // It came from outside; that the init passed it on is nobody's business.
            #expect(run.errors.contains("stop request (SIGTERM):"), "\(run.errors)")
        }
    }

    @Test(
        "Behind another init it is the runner only: stop, handler, exit code, no orphan stays",
        .enabled(if: otherInits.allSatisfy { access("/usr/bin/\($0)", X_OK) == 0 }, "needs tini and dumb-init"),
        arguments: otherInits
    )
    func behindAnotherInit(name: String) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.orphans + StopTests.handling)
            let program = Namespace.start(folder.job("alg"), in: folder, shell: "exec \(name) -- \"$@\"")
            #expect(program.waitForOutput("READY\n"), "\(program.errorsSoFar)")
            #expect(program.outputSoFar.contains("ZOMBIES 0\n"))
            let first = try #require(Namespace.initProcess(of: program))
            let children = Namespace.text("/proc/\(first)/task/\(first)/children").split(separator: " ")
            #expect(children.count == 1, "the runner alone is the init's child: \(children)")
            kill(first, SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(run.output.contains("HEARD 15"))
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
        }
    }

    private static let otherInits = ["tini", "dumb-init"]

    @Test("Every other signal passes through as well, with the name of who sent it")
    func forwarding() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import os, signal
                for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT):
                    signal.signal(number, lambda *a: None)
                    signal.pthread_sigmask(signal.SIG_BLOCK, [number])
                    os.kill(1, number)
                    print("GOT", signal.sigwait([number]).value)
                print("ME", os.getpid())
                """
            )
            let run = Namespace.start(folder.job("alg"), in: folder).finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.filter { $0.hasPrefix("GOT") } == ["GOT 10", "GOT 12", "GOT 3"])
            let script = try #require(run.lines.first { $0.hasPrefix("ME ") }?.dropFirst(3))
            #expect(run.errors.contains("passed on SIGUSR1 from process \(script)"), "\(run.errors)")
        }
    }

    @Test("The init is one thread of at most 4 MiB; no zombie is left while the script runs")
    func cost() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.orphans + "print('READY')\ntime.sleep(1000)")
            let program = Namespace.start(folder.job("alg"), in: folder)
            #expect(program.waitForOutput("READY\n"), "\(program.errorsSoFar)")
            #expect(program.outputSoFar.contains("ZOMBIES 0\n"))
            let first = try #require(Namespace.initProcess(of: program))
            #expect(Namespace.number("Threads", of: "/proc/\(first)/status") == 1)
            let pss = try #require(Namespace.number("Pss", of: "/proc/\(first)/smaps_rollup"))
            #expect(pss > 0)
            #expect(pss <= 4096)
            kill(first, SIGTERM)
            #expect(program.finish().exitCode == 143)
        }
    }

    /// Makes 20 double-forked children, waits for their end, and says how many zombies are left within a minute.
    static let orphans = """
        import glob, os, time
        ended, living = os.pipe()
        os.set_inheritable(living, True)
        for _ in range(20):
            if os.fork() == 0:
                if os.fork() == 0:
                    os.setsid()
                    os.execvp("true", ["true"])
                os._exit(0)
            os.wait()
        os.close(living)
        os.read(ended, 1)
        parents = [os.getppid()] + [1] * (open("/proc/1/comm").read() == "braket-runner\\n")
        def zombies():
            count = 0
            for file in glob.glob("/proc/[0-9]*/stat"):
                try: fields = open(file).read().rpartition(")")[2].split()
                except OSError: continue
                count += fields[0] == "Z" and int(fields[1]) in parents
            return count
        deadline = time.time() + 60
        while zombies() and time.time() < deadline: time.sleep(0.01)
        print("ZOMBIES", zombies())

        """

    @Test("tail -f /dev/null, as the SDK's local mode starts the container, ends at SIGTERM")
    func foreignProgram() throws {
        try JobFolder.with { folder in
            let program = Namespace.start(["tail", "-f", "/dev/null"], in: folder)
            let first = try #require(Namespace.initProcess(of: program))
            #expect(
                program.wait {
                    let child = Namespace.text("/proc/\(first)/task/\(first)/children").trimmed()
                    return Namespace.text("/proc/\(child)/comm") == "tail\n"
                }
            )
            kill(first, SIGTERM)
            #expect(program.finish().exitCode == 143)
        }
    }

    @Test("A foreign program has the signals it would have without us, and its code is the container's")
    func foreignMasks() throws {
        try JobFolder.with { folder in
            let command = ["sh", "-c", "grep -E '^Sig(Blk|Ign|Cgt):' /proc/self/status; exit 9"]
            let run = Namespace.start(command, in: folder).finish()
            let direct = RunningProgram.run(
                "/usr/bin/unshare",
                ["--fork", "--pid", "--mount-proc"] + command,
                environment: BinaryUnderTest.minimalEnvironment
            )
            #expect(run.exitCode == 9)
            #expect(run.lines.count == 4)
            #expect(run.output == direct.output)
        }
    }

    @Test("A foreign program also stands behind the init where /proc is not mounted")
    func withoutProc() throws {
        try JobFolder.with { folder in
            let run = Namespace.start(["sh", "-c", "exit 9"], in: folder, shell: #"umount -l /proc; exec "$@""#)
                .finish()
            #expect(run.exitCode == 9, "\(run.errors)")
        }
    }

    @Test("A runner that is killed is named, what it leaves gets SIGTERM, and the code is 137")
    func killedRunner() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import os, signal, sys, time
                def stop(*a):
                    open("\(folder.at("heard"))", "w").write("TERM")
                    sys.exit(0)
                signal.signal(signal.SIGTERM, stop)
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(1000)
                """
            )
            let run = Namespace.start(folder.job("alg"), in: folder).finish()
            #expect(run.exitCode == 137)
            #expect(folder.text("heard") == "TERM")
            let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("braket-runner: init: ") }
            #expect(lines.count == 1 && lines[0].contains("SIGKILL"), "\(run.errors)")
        }
    }

    @Test("What the first program leaves gets SIGTERM, not only the kernel's SIGKILL")
    func leftovers() throws {
        try JobFolder.with { folder in
            let leftover = "trap 'echo heard >heard; exit' TERM; : >ready; while :; do sleep 0.1; done"
            let command = "setsid sh -c \"\(leftover)\" & while [ ! -e ready ]; do sleep 0.05; done; exit 3"
            let run = Namespace.start(["sh", "-c", command], in: folder).finish()
            #expect(run.exitCode == 3, "\(run.errors)")
            #expect(folder.text("heard") == "heard\n")
        }
    }
}
