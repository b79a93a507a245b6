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

/// Checkpoints while the script runs: stored continuously, whole, and said up to where.
@Suite(.timeLimit(.minutes(15)))
struct CheckpointSafetyTests {
    /// A script that waits until something stands in the store.
    private func waiting(for place: String, _ before: String) -> String {
        """
        import os, time
        d = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
        \(before)
        while not os.path.exists("\(place)"): time.sleep(0.02)
        print("SEEN", open("\(place)").read(), flush=True)

        """
    }

    private static let quick = ["--checkpoints", "s3://bucket/cp", "--checkpoint-quiet", "0.1"]

    @Test("What is written is stored while the script runs: in place, by rename, in new folders")
    func continuous() throws {
        try JobFolder.with { folder in
            let cases = [
                ("plain", "open(d + '/plain', 'w').write('P')"),
                ("renamed", "open(d + '/x.tmp', 'w').write('R'); os.rename(d + '/x.tmp', d + '/renamed')"),
                ("new/deep/file", "os.makedirs(d + '/new/deep'); open(d + '/new/deep/file', 'w').write('N')"),
            ]
            let script = cases.map { waiting(for: folder.at("store/bucket/cp/\($0)"), $1) }.joined()
            let run = folder.runScript(script, Self.quick)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.filter { $0.hasPrefix("SEEN") } == ["SEEN P", "SEEN R", "SEEN N"])
            #expect(run.errors.contains("checkpoints: 1 of 1 file safe, newest "), "\(run.errors)")
            #expect(run.errors.contains("checkpoints: SAFE: 3 files, 3 B, generation "), "\(run.errors)")
            let safe = try folder.storedRecord()["runner"]?.objectValue?["safe"]?.objectValue
            #expect(safe?["safeFiles"]?.intValue == 3 && safe?["lagBytes"]?.intValue == 0)
            #expect(safe?["verdict"]?.stringValue?.hasPrefix("SAFE: ") == true)
        }
    }

    @Test("The reason of a failure says up to where the checkpoints are safe")
    func failureReason() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(CheckpointTests.counting + "raise ValueError('x')", Self.quick)
            #expect(run.exitCode == 1)
            #expect(
                folder.failure?.contains("checkpoints: 1 of 1 file safe, newest ") == true,
                "\(folder.failure ?? "")"
            )
        }
    }

    @Test("A set that a runner did not come to finish is not restored")
    func unfinishedSet() throws {
        try JobFolder.with { folder in
            let write = "open(d + '/model', 'w').write(t); open(d + '/optimizer', 'w').write(t)"
            let first = folder.runScript(
                "import os\nd = os.environ['AMZN_BRAKET_CHECKPOINT_DIR']; t = 'A'; " + write,
                Self.quick
            )
            #expect(first.exitCode == 0, "\(first.errors)")
            // Whatever a killed runner or somebody else left at a plain name is not of the set.
            folder.store("cp/model", "B")
            folder.remove("root")
            let run = folder.runScript(
                "import os\nd = os.environ['AMZN_BRAKET_CHECKPOINT_DIR']\n"
                    + "print('GOT', open(d + '/model').read(), open(d + '/optimizer').read())",
                Self.quick
            )
            #expect(run.lines.contains("GOT A A"), "\(run.output)\(run.errors)")
        }
    }

    @Test("A damaged set: the one before is restored, and that is said")
    func damagedSet() throws {
        try JobFolder.with { folder in
            for tag in ["first", "second"] {
                let script = "import os\nopen(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'] + '/a', 'w').write('\(tag)')"
                #expect(folder.runScript(script, Self.quick).exitCode == 0)
            }
            #expect(
                folder.shell(
                    "cd store/bucket/cp; grep -rl second .braket-runner/objects a | while read f; do echo broken > $f; done"
                ).exitCode == 0
            )
            folder.remove("root")
            let run = folder.runScript(
                "import os\nprint('GOT', open(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'] + '/a').read())",
                Self.quick
            )
            #expect(run.lines.contains("GOT first"), "\(run.output)\(run.errors)")
            #expect(run.errors.contains("generation 2 cannot be restored"), "\(run.errors)")
        }
    }

    @Test("A store that takes nothing: warned of while the script runs, NOT SAFE and 74 at its end")
    func notSafe() throws {
        try JobFolder.with { folder in
            folder.makeDirectory("store/bucket/out")
            folder.write("store/other/cp", "in the way")
            folder.write(
                "source/alg.py",
                CheckpointTests.counting + "print(flush=True)\n" + waiting(for: folder.at("go"), "")
            )
            let program = folder.start(
                folder.job("alg") + [
                    "--checkpoints", "s3://other/cp", "--checkpoint-quiet", "0.1", "--checkpoint-lag-warning", "1",
                ]
            )
            #expect(program.wait { program.errorsSoFar.contains("CHECKPOINTS ARE NOT SAFE: 0 of 1 file safe") })
            folder.write("go", "")
            let run = program.finish()
            #expect(run.exitCode == 74, "\(run.errors)")
            #expect(run.errors.contains("checkpoints: NOT SAFE: 1 file, 1 B, "), "\(run.errors)")
            #expect(folder.failure?.contains("sub/count") == true)
            let safe = try folder.record()["runner"]?.objectValue?["safe"]?.objectValue
            #expect(safe?["verdict"]?.stringValue?.hasPrefix("NOT SAFE: 1 file") == true)
        }
    }

    @Test("Deletions are mirrored by --checkpoint-delete only; a restore never brings what was deleted")
    func deletions() throws {
        try JobFolder.with { folder in
            let rotating = """
                import os
                d = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
                print("HAS", sorted(os.listdir(d)))
                n = len([f for f in os.listdir(d)])
                for f in os.listdir(d): os.remove(d + "/" + f)
                open(d + f"/step-{os.getpid()}", "w").write("x")

                """
            for (options, count) in [([], 1), ([], 2), (["--checkpoint-delete"], 2)] {
                let run = folder.runScript(rotating, Self.quick + options)
                #expect(run.exitCode == 0, "\(run.errors)")
                #expect(folder.shell("ls store/bucket/cp | wc -l").output.contains("\(count)"))
                folder.remove("root")
            }
            let run = folder.runScript(rotating, Self.quick)
            let has = run.lines.first { $0.hasPrefix("HAS ['step-") }
            #expect(has?.contains(",") == false, "\(run.output)")
        }
    }

    @Test("--resume", arguments: [("newest", "local"), ("local", "local"), ("remote", "stored")])
    func resume(_ mode: String, _ winner: String) throws {
        try JobFolder.with { folder in
            let write = "import os\nopen(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'] + '/a', 'w').write('stored')"
            #expect(folder.runScript(write, Self.quick).exitCode == 0)
            // As after a kill of runner and machine before this was stored.
            folder.write("root/ml/checkpoints/a", "local")
            let run = folder.runScript(
                "import os\nprint('GOT', open(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'] + '/a').read())",
                Self.quick + ["--resume", mode]
            )
            #expect(run.lines.contains("GOT \(winner)"), "\(run.output)\(run.errors)")
            #expect(folder.text("store/bucket/cp/a") == winner)
        }
    }

    @Test("Hosts get folders of their own by option")
    func perHost() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(CheckpointTests.counting, Self.quick + ["--checkpoint-per-host"])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text("store/bucket/cp/algo-1/sub/count") == "1")
        }
    }

    @Test("Another run at the same place is said")
    func twoRuns() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", CheckpointTests.counting + waiting(for: folder.at("go"), ""))
            let first = folder.start(folder.job("alg") + Self.quick)
            #expect(first.wait { folder.exists("store/bucket/cp/.braket-runner/lease.json") })
            let second = folder.start(folder.job("alg") + Self.quick + ["--root", folder.at("root2")])
            #expect(second.wait { second.errorsSoFar.contains("another run stores checkpoints at the same place") })
            folder.write("go", "")
            #expect(first.finish().exitCode == 0)
            #expect(second.finish().exitCode == 0)
        }
    }

    @Test(
        "Options that are wrong",
        arguments: [
            ("--checkpoint-interval", "0"), ("--checkpoint-quiet", "-1"), ("--checkpoint-quiet", "soon"),
            ("--checkpoint-lag-warning", "1.5"), ("--resume", "both"),
        ]
    )
    func wrongOptions(_ option: String, _ value: String) throws {
        try JobFolder.with { folder in
            let run = folder.runScript("", [option + "=" + value])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("\(option): \"\(value)\""), "\(run.errors)")
        }
    }
}
