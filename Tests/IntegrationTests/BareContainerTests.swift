import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Containers that lack what one is used to: rights, a home, a folder for temporary files, memory.
@Suite(.timeLimit(.minutes(15)), .enabled(if: Namespace.isAvailable, "needs namespaces"))
struct BareContainerTests {
    @Test("As nobody, with a read-only root, without HOME and without a writable /tmp")
    func bare() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                "#!/bin/sh\nid -u; echo kept >$AMZN_BRAKET_JOB_RESULTS_DIR/result\n",
                mode: 0o755
            )
            // The job lives on a file system of its own in /mnt; the rest cannot be written.
            let shell = """
                mount -t tmpfs -o mode=1777 none /mnt && cp -r '\(folder.at("source"))' /mnt/source &&
                mount -t tmpfs -o ro none /tmp && mount -o remount,ro,bind / && unset HOME TMPDIR &&
                setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; code=$?
                touch /bin/written 2>/dev/null && echo WRITABLE
                cat /mnt/root/ml/output/job.json; tar xzOf /mnt/store/bucket/out/output/model.tar.gz result; exit $code
                """
            let run = RunningProgram.run(
                "/usr/bin/unshare",
                ["--mount", "sh", "-c", shell, "sh", BinaryUnderTest.path]
                    + [
                        "--root", "/mnt/root", "--storage", "file:/mnt/store", "--script", "/mnt/source",
                        "--entry-point", "run.sh", "--output", "s3://bucket/out", "--job-name", "job",
                    ],
                environment: BinaryUnderTest.minimalEnvironment
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("65534"), "\(run.output)")
            #expect(!run.output.contains("WRITABLE"))
            #expect(run.output.contains("COMPLETED"))
            #expect(run.output.hasSuffix("kept\n"), "\(run.output)")
        }
    }

    @Test("As nobody in a pid namespace: the init needs no right")
    func nobody() throws {
        try JobFolder.with { folder in
            let run = Namespace.start(
                ["sh", "-c", "id -u; exit 4"],
                in: folder,
                shell: #"exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@""#
            ).finish()
            #expect(run.exitCode == 4, "\(run.errors)")
            #expect(run.output == "65534\n")
        }
    }

    @Test("A shell as the parent, as under tini: signals and codes pass")
    func belowAnotherInit() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", StopTests.handling)
            // It forwards as dumb-init does, and waits for one child as tini does.
            let shell = #"trap 'kill -TERM $child' TERM; "$@" & child=$!; wait $child; wait $child; exit $?"#
            let program = RunningProgram(
                "/bin/sh",
                ["-c", shell, "sh", BinaryUnderTest.path] + folder.job("alg"),
                environment: BinaryUnderTest.minimalEnvironment
            )
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(run.output.contains("HEARD 15"))
        }
    }

    /// cgroup v1's memory controller, where this machine lets a group be made.
    private static let memoryGroups = "/sys/fs/cgroup/memory"

    @Test(
        "A script that eats all memory is killed, and the runner says so",
        .enabled(if: access(memoryGroups + "/memory.limit_in_bytes", W_OK) == 0, "needs cgroup v1"),
        arguments: [false, true]
    )
    func outOfMemory(asFirstProcess: Bool) throws {
        try JobFolder.with { folder in
            let group = "\(Self.memoryGroups)/\(folder.path.lastComponent?.string ?? "braket-runner-test")"
            #expect(mkdir(group, 0o755) == 0)
            defer { rmdir(group) }
            folder.write("source/alg.py", "data = []\nwhile True: data.append(bytearray(8 << 20))")
            let enter =
                "echo \(128 << 20) >\(group)/memory.limit_in_bytes && echo $$ >\(group)/cgroup.procs && exec \"$@\""
            let run =
                asFirstProcess
                ? Namespace.start(folder.job("alg"), in: folder, shell: enter).finish()
                : RunningProgram.run(
                    "/bin/sh",
                    ["-c", enter, "sh", BinaryUnderTest.path] + folder.job("alg"),
                    environment: BinaryUnderTest.minimalEnvironment
                )
            #expect(run.exitCode == 137, "\(run.errors)")
            #expect(folder.failure?.isEmpty == false)
            try #expect(folder.record()["status"]?.stringValue == "FAILED")
        }
    }
}
