import RunnerTestSupport
import Testing

/// Checkpoints: restored before the script, kept after it (contract §5.5).
@Suite(.timeLimit(.minutes(15)))
struct CheckpointTests {
    static let counting = """
        import os
        path = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"] + "/sub/count"
        count = int(open(path).read()) if os.path.exists(path) else 0
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").write(str(count + 1))
        print("COUNT", count)

        """

    @Test("Everything below the address is restored, by prefix and whatever its depth")
    func restore() throws {
        try JobFolder.with { folder in
            folder.store("cp/a.json", "A")
            folder.store("cp/sub/deep/b", "B")
            let run = folder.runScript(
                "import os; d = os.environ['AMZN_BRAKET_CHECKPOINT_DIR']; "
                    + "print('GOT', open(d + '/a.json').read(), open(d + '/sub/deep/b').read())",
                ["--checkpoints", "s3://bucket/cp"]
            )
            #expect(run.lines.contains("GOT A B"), "\(run.output)\(run.errors)")
        }
    }

    @Test("A second run resumes, also in a fresh root", arguments: [false, true])
    func resume(_ freshRoot: Bool) throws {
        try JobFolder.with { folder in
            for expected in 0..<3 {
                let run = folder.runScript(Self.counting, ["--checkpoints", "s3://bucket/cp"])
                #expect(run.exitCode == 0, "\(run.errors)")
                #expect(run.lines.contains("COUNT \(expected)"), "\(run.output)")
                #expect(folder.text("store/bucket/cp/sub/count") == "\(expected + 1)")
                if freshRoot { folder.remove("root") }
            }
        }
    }

    @Test("Kept whatever ended the run", arguments: ["raise ValueError", "os._exit(3)", "os.kill(os.getpid(), 9)"])
    func always(_ ending: String) throws {
        try JobFolder.with { folder in
            let run = folder.runScript(Self.counting + ending, ["--checkpoints", "s3://bucket/cp"])
            #expect(run.exitCode != 0)
            #expect(folder.text("store/bucket/cp/sub/count") == "1")
        }
    }

    @Test("A local path below /opt is re-rooted, any other is used as it is")
    func localPath() throws {
        try JobFolder.with { folder in
            let print = "import os; d = os.environ['AMZN_BRAKET_CHECKPOINT_DIR']; print('AT', d, os.path.isdir(d))"
            let below = folder.runScript(
                print,
                ["--checkpoints", "s3://bucket/cp", "--checkpoint-dir", "/opt/jobs/checkpoints"]
            )
            #expect(
                below.lines.contains("AT \(folder.at("root/jobs/checkpoints")) True"),
                "\(below.output)\(below.errors)"
            )
            // A folder of /var/tmp, because /tmp is reserved.
            let other = "/var" + folder.directory
            defer { _ = folder.shell("rm -r \(other)") }
            let outside = folder.runScript(print, ["--checkpoints", "s3://bucket/cp", "--checkpoint-dir", other])
            #expect(outside.lines.contains("AT \(other) True"), "\(outside.output)\(outside.errors)")
        }
    }

    @Test("Without an address the folder is there and nothing is stored")
    func noAddress() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(Self.counting)
            #expect(run.exitCode == 0)
            #expect(folder.shell("find store -name count").output.isEmpty)
        }
    }

    @Test("An address without objects is a first run, not a mistake")
    func firstRun() throws {
        try JobFolder.with { folder in
            #expect(folder.runScript("", ["--checkpoints", "s3://nobucket/none/"]).exitCode == 0)
        }
    }

    @Test("Checkpoints of one place do not get into another one's")
    func anotherPlace() throws {
        try JobFolder.with { folder in
            folder.store("B/c.json", "B")
            let write = "open(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'] + '/c.json', 'w').write('A')"
            #expect(folder.runScript("import os\n" + write, ["--checkpoints", "s3://bucket/A"]).exitCode == 0)
            let read = "print('READ', open(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'] + '/c.json').read())"
            let run = folder.runScript("import os\n" + read, ["--checkpoints", "s3://bucket/B"])
            #expect(run.lines.contains("READ B"), "\(run.output)\(run.errors)")
            #expect(folder.text("store/bucket/A/c.json") == "A")
            #expect(folder.text("store/bucket/B/c.json") == "B")
        }
    }

    @Test(
        "A folder that the next run would move is no place for checkpoints",
        arguments: ["ml/model/ck", "ml", "ml/output"]
    )
    func refusedFolders(place: String) throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                "",
                ["--checkpoints", "s3://bucket/A", "--checkpoint-dir", folder.at("root/" + place)]
            )
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("--checkpoint-dir"))
        }
    }

    @Test("What is not this job's is left alone")
    func neighbours() throws {
        try JobFolder.with { folder in
            folder.store("cp2/other", "O")
            folder.store("cp/kept", "K")
            let run = folder.runScript(
                Self.counting + "os.remove(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'] + '/kept')\n"
                    + "print('LIST', sorted(os.listdir(os.environ['AMZN_BRAKET_CHECKPOINT_DIR'])))",
                ["--checkpoints", "s3://bucket/cp"]
            )
            #expect(run.lines.contains("LIST ['sub']"), "\(run.output)")
            // Deletions are mirrored only behind a flag.
            #expect(folder.text("store/bucket/cp/kept") == "K")
            #expect(folder.text("store/bucket/cp2/other") == "O")
        }
    }
}
