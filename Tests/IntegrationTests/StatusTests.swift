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

/// `status`: the last record of a root.
@Suite(.timeLimit(.minutes(15)))
struct StatusTests {
    @Test("As text it says how the job ended and why")
    func text() throws {
        try JobFolder.with { folder in
            folder.runScript("raise ValueError('boom')")
            let run = folder.run(["status", "--root", folder.at("root")])
            #expect(run.exitCode == 0)
            for word in ["job", "FAILED", "ValueError: boom", "STARTING_INSTANCE", "RUNNING"] {
                #expect(run.output.contains(word), "\(word)")
            }
        }
    }

    @Test("A runner that was killed is told from one that runs")
    func killed() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                CheckpointTests.counting
                    + "import time\nparent = os.getppid()\nwhile os.getppid() == parent: time.sleep(0.05)\n"
            )
            let program = folder.start(
                folder.job("alg") + ["--checkpoints", "s3://bucket/cp", "--checkpoint-quiet", "0.1"]
            )
            #expect(program.wait { folder.exists("store/bucket/cp/sub/count") }, "\(program.errorsSoFar)")
            let running = folder.run(["status", "--root", folder.at("root")])
            #expect(running.output.contains("job: RUNNING") && !running.output.contains("is gone"))
            program.send(SIGKILL)
            #expect(program.finish().signal == SIGKILL)
            let gone = folder.run(["status", "--root", folder.at("root")])
            #expect(gone.output.contains("Its runner is gone without a word"), "\(gone.output)")
        }
    }

    @Test("As JSON it is the record")
    func json() throws {
        try JobFolder.with { folder in
            folder.runScript("")
            let run = folder.run(
                ["status", "--format", "json"],
                environment: ["BRAKET_RUNNER_ROOT": folder.at("root")]
            )
            #expect(run.exitCode == 0)
            try #expect(JSONText.parse(run.output).objectValue == folder.record())
        }
    }

    @Test("No record, a broken one and a wrong format are said", arguments: ["", "{", "[]"])
    func noRecord(_ text: String) throws {
        try JobFolder.with { folder in
            if !text.isEmpty { folder.write("root/ml/output/job.json", text) }
            let run = folder.run(["status", "--root", folder.at("root")])
            #expect(run.exitCode != 0 && run.exitCode != nil)
            #expect(run.errors.contains("job.json"))
            #expect(folder.run(["status", "--format", "xml", "--root", folder.at("root")]).exitCode == 64)
        }
    }

    @Test("status changes nothing")
    func changesNothing() throws {
        try JobFolder.with { folder in
            folder.runScript("")
            let before = folder.snapshot()
            folder.run(["status", "--root", folder.at("root")])
            #expect(folder.snapshot() == before)
        }
    }
}

extension StatusTests {
    @Test("--health is for a container's check: fine before the first job and after a good one, not after a failure")
    func health() throws {
        try JobFolder.with { folder in
            let check = ["status", "--health", "--root", folder.at("root")]
            #expect(folder.run(check).exitCode == 0)
            folder.runScript("")
            let good = folder.run(check)
            #expect(good.exitCode == 0 && good.output == "COMPLETED\n")
            folder.runScript("raise ValueError('boom')")
            let bad = folder.run(check)
            #expect(bad.exitCode == 1 && bad.output == "FAILED: ValueError: boom\n")
        }
    }
}
