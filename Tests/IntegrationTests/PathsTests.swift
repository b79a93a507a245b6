import RunnerCore
import RunnerTestSupport
import Testing

/// /opt/braket and /opt/ml: the symlink rules of contract §2.1.
@Suite(.timeLimit(.minutes(15)))
struct PathsTests {
    static let writing = """
        import os
        open(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"] + "/r", "w").write("1")
        print("HP", os.path.exists(os.environ["AMZN_BRAKET_HP_FILE"]))
        """

    /// Prepares a root and says what must hold after a run.
    static let roots: [(name: String, preparation: String)] = [
        ("nothing", "true"),
        ("ml only", "mkdir -p root/ml"),
        ("a link to ml", "mkdir -p root/ml && ln -s ml root/braket"),
        ("an absolute link to ml", "mkdir -p root/ml && ln -s \"$PWD/root/ml\" root/braket"),
        ("a link to a missing ml", "mkdir root && ln -s ml root/braket"),
        ("a real directory", "mkdir -p root/braket/checkpoints root/ml"),
        ("a real directory with a child of ours", "mkdir -p root/braket/model root/ml"),
        ("a real directory without ml", "mkdir -p root/braket"),
        ("ml itself a link", "mkdir -p elsewhere root && ln -s ../elsewhere root/ml"),
    ]

    @Test("Results, hyperparameters and code are in one world", arguments: roots)
    func oneWorld(_ name: String, _ preparation: String) throws {
        try JobFolder.with { folder in
            #expect(folder.shell(preparation).exitCode == 0)
            let run = folder.runScript(Self.writing, ["--hyperparameter", "a=1"])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("HP True"), "\(run.output)")
            #expect(folder.shell("tar xzOf store/bucket/out/output/model.tar.gz r").output == "1")
            #expect(folder.text("root/braket/model/r") == "1")
        }
    }

    @Test("A split directory keeps what it holds and is warned about")
    func split() throws {
        try JobFolder.with { folder in
            folder.write("root/braket/checkpoints/kept", "K")
            folder.makeDirectory("root/ml")
            let run = folder.runScript(Self.writing)
            #expect(folder.text("root/braket/checkpoints/kept") == "K")
            #expect(run.errors.contains("warning") && run.errors.contains("braket"), "\(run.errors)")
            #expect(folder.shell("readlink -f root/braket/model").output.hasSuffix("/root/ml/model\n"))
        }
    }

    @Test(
        "A file in the place of a directory is a reason, not a crash",
        arguments: ["root", "root/ml", "root/braket", "root/ml/code"]
    )
    func fileInTheWay(_ path: String) throws {
        try JobFolder.with { folder in
            folder.write(path, "in the way")
            let run = folder.runScript(Self.writing)
            #expect(run.exitCode == 64 || run.exitCode == 70, "\(run.errors)")
            #expect(run.errors.contains(path), "\(run.errors)")
        }
    }

    @Test("A relative root stands below the working directory")
    func relativeRoot() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.writing + "\nprint('CWD', os.getcwd())")
            let run = folder.run([
                "--root", "here/opt", "--storage", "file:store", "--python", BinaryUnderTest.python, "--script",
                "source",
                "--entry-point", "alg", "--output", "s3://bucket/out", "--job-name", "job",
            ])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text("here/opt/ml/model/r") == "1")
            #expect(folder.exists("store/bucket/out/output/model.tar.gz"))
            #expect(run.output.contains("CWD \(folder.at("here/opt/"))"))
        }
    }

    @Test("Blanks and letters of any alphabet in the root and the store")
    func oddNames() throws {
        try JobFolder.with { folder in
            folder.write("s p/alg.py", Self.writing)
            let run = folder.run([
                "--root", folder.at("r t \u{e9}'\"$x"), "--storage", "file:" + folder.at("st \u{1F600}"), "--python",
                BinaryUnderTest.python, "--script", "s p", "--entry-point", "alg", "--output", "s3://bucket/out",
                "--job-name", "job",
            ])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.exists("st \u{1F600}/bucket/out/output/model.tar.gz"))
        }
    }

    @Test("Managed mode makes no input/data: the SDK's copy would land inside it")
    func noInputData() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "open(__import__('os').environ['AMZN_BRAKET_JOB_RESULTS_DIR'] + '/r', 'w')")
            let run = folder.run([
                "--root", folder.at("root"), "--storage", "managed", "--python", BinaryUnderTest.python, "--script",
                folder.at("source"), "--entry-point", "alg",
            ])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(!folder.exists("root/ml/input/data"))
        }
    }

    @Test("The model folder is a real directory")
    func modelDirectory() throws {
        try JobFolder.with { folder in
            folder.runScript(Self.writing)
            #expect(folder.shell("test -d root/ml/model -a ! -L root/ml/model").exitCode == 0)
            #expect(
                folder.shell("test -d root/ml/code/customer_code/extracted -a -d root/ml/additional_setup").exitCode
                    == 0
            )
        }
    }

    @Test("A folder that cannot be prepared is a failure with a text and a record")
    func unpreparable() throws {
        try JobFolder.with { folder in
            folder.write("root/braket", "a file")
            #expect(folder.runScript("").exitCode == 64)
            #expect(folder.failure?.hasPrefix("Symlink failure.") == true)
            try #expect(folder.record()["status"]?.stringValue == "FAILED")
        }
    }

    @Test("Channels of an earlier run are not this one's; somebody's own folder is moved, not removed")
    func channelsOfEarlierRuns() throws {
        try JobFolder.with { folder in
            folder.store("a/1", "1")
            folder.write("root/ml/input/data/mine/precious", "P")
            #expect(folder.runScript("", ["--input", "old=s3://bucket/a/"]).exitCode == 0)
            let run = folder.runScript(
                "import os\nprint('LIST', sorted(os.listdir(os.environ['AMZN_BRAKET_INPUT_DIR'])))",
                ["--input", "mine=s3://bucket/a/"]
            )
            #expect(run.lines.contains("LIST ['mine']"), "\(run.output)")
            #expect(folder.shell("cat root/ml/previous/*/input/mine/precious").output == "P")
        }
    }
}
