import RunnerCore
import RunnerTestSupport
import Testing

/// Nothing of the output is lost, damaged or out of order, whoever writes it and however it is read (users' list 6).
@Suite(.timeLimit(.minutes(15)))
struct OutputOrderTests {
    private func command(_ folder: JobFolder, _ entryPoint: String, _ more: [String] = []) -> String {
        ([BinaryUnderTest.path] + folder.job(entryPoint) + more).map { "'\($0)'" }.joined(separator: " ")
    }

    @Test("A gigabyte of random lines from four writers: every line whole, none missing")
    func severalWriters() throws {
        try JobFolder.with { folder in
            // Each write is one line of PIPE_BUF bytes, which the kernel keeps whole (pipe(7)).
            folder.write(
                "source/run.sh",
                """
                #!/bin/bash
                for n in 1 2 3 4; do
                  ( head -c 4000000 /dev/urandom | base64 -w 4095 | head -c 4194304 > \(folder.directory)/part$n
                    for i in {1..64}; do dd if=\(folder.directory)/part$n bs=4096 status=none; done ) &
                done
                wait
                """,
                mode: 0o755
            )
            let run = folder.shell(
                command(folder, "run.sh") + " | LC_ALL=C awk 'length($0) == 4095 {count[$0]++; lines++}"
                    + " END {for (line in count) if (count[line] != 64) bad++; printf \"%d %d\\n\", lines, bad}'"
            )
            #expect(run.output == "262144 0\n", "\(run.errors)")
        }
    }

    @Test(
        "A quarter of a gigabyte: the same SHA-256",
        arguments: ["> whole 2> errors", "> whole 2>&1", "2>&1 | cat > whole"]
    )
    func hash(_ target: String) throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                """
                #!/bin/bash
                head -c 16777216 /dev/urandom > \(folder.directory)/random
                for i in {1..16}; do cat \(folder.directory)/random; echo "mark $i"; done
                """,
                mode: 0o755
            )
            folder.write(
                "compare.py",
                """
                import hashlib
                whole = open("whole", "rb").read()
                start = whole.index(b"Running Code As Process\\n") + len(b"Running Code As Process\\n")
                end = whole.rindex(b"mark 16\\n") + 8
                random = open("random", "rb").read()
                expected = hashlib.sha256()
                for i in range(1, 17): expected.update(random + b"mark %d\\n" % i)
                print(hashlib.sha256(whole[start:end]).hexdigest() == expected.hexdigest(), end - start)
                """
            )
            let run = folder.shell(command(folder, "run.sh") + " \(target); python3 compare.py")
            #expect(run.output == "True 268435575\n", "\(run.output.suffix(500)) \(run.errors)")
        }
    }

    @Test("Both streams in one place: exactly the order in which the script wrote")
    func order() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                "import os\nfor i in range(10_000): os.write(1 + i % 2, b'line %d\\n' % i)"
            )
            let expected = (0..<10_000).map { "line \($0)" }
            for target in ["> both 2>&1", "2>&1 | cat > both"] {
                _ = folder.shell(command(folder, "alg") + " \(target)")
                let lines = try #require(folder.text("both")).split(separator: "\n").filter { $0.hasPrefix("line ") }
                #expect(lines.map(String.init) == expected)
            }
        }
    }

    @Test("A child that is killed within a line, and one that was forked twice, lose nothing they wrote")
    func descendants() throws {
        try JobFolder.with { folder in
            // The grandchild is no child of the script any more, writes after its end, and holds the pipe.
            folder.write(
                "source/run.sh",
                """
                #!/bin/bash
                sh -c 'printf "cut off"; kill -9 $$'
                ( ( sleep 0.3; echo from a grandchild; touch \(folder.directory)/wrote; sleep 100 ) & )
                until [ -e \(folder.directory)/wrote ]; do sleep 0.02; done
                head -c 3000000 /dev/zero | tr '\\0' m
                """,
                mode: 0o755
            )
            let run = folder.run(folder.job("run.sh"))
            #expect(!run.timedOut)
            let million = String(repeating: "m", count: 3_000_000)
            #expect(run.output.contains("cut offfrom a grandchild\n" + million + "Code Run Finished\n"))
        }
    }

    @Test("A process in a session of its own that holds the output does not hold the job")
    func outOfReach() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                "setsid sh -c 'echo $$ > \(folder.directory)/pid; exec sleep 100' &\n"
                    + "until [ -s \(folder.directory)/pid ]; do sleep 0.02; done; echo end\n"
            )
            let run = folder.run(folder.job("run.sh") + ["--grace", "5"])
            _ = folder.shell("kill -9 $(cat pid)")
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("end\nCode Run Finished\n"))
        }
    }

    @Test("A slow reader holds the script, as a pipe does, and gets everything")
    func slowReader() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                "head -c 20000000 /dev/zero | tr '\\0' '~'; echo; echo x > \(folder.directory)/written\n"
            )
            // The reader looks whether the script could write all of it before it reads.
            let run = folder.shell(
                command(folder, "run.sh")
                    + " | { until [ -e root/ml/output/log/stdout-stderr.log ]; do sleep 0.05; done;"
                    + " sleep 0.5; test -e written || echo held >&2; tr -dc '~' | wc -c; }"
            )
            #expect(run.output.trimmed() == "20000000", "\(run.output)")
            #expect(run.errors.contains("held"))
        }
    }

    @Test("A reader that goes away in the middle: the log has everything, and it is said once")
    func readerGone() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "seq 1 300000\n")
            let run = folder.shell("{ \(command(folder, "run.sh")); echo \"code $?\" >&2; } | head -n 20 > /dev/null")
            #expect(run.errors.contains("code 0"), "\(run.errors)")
            #expect(
                folder.shell("seq 1 300000 | cmp - root/ml/output/log/stdout-stderr.log && echo same").output
                    == "same\n"
            )
            #expect(run.errors.split(separator: "\n").count { $0.contains("nobody reads standard output") } == 1)
        }
    }

    @Test("A terminal is given to the script, unless the log is asked for", arguments: [false, true])
    func terminal(_ isAsked: Bool) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "import sys\nprint('tty', sys.stdout.isatty())")
            let more = isAsked ? ["--log-file", "auto"] : []
            folder.write("go.sh", command(folder, "alg", more) + "\n")
            let run = folder.shell("python3 -c \"import pty; pty.spawn(['/bin/sh', 'go.sh'])\"")
            #expect(run.output.contains("tty \(isAsked ? "False" : "True")"), "\(run.output)")
            #expect(folder.exists("root/ml/output/log/stdout-stderr.log") == isAsked)
        }
    }
}
