import RunnerCore
import RunnerTestSupport
import Testing

/// Every row of the exit-code table, driven through the binary.
@Suite(.timeLimit(.minutes(15)))
struct ExitCodeTests {
    /// A script and the exit code of the runner.
    struct Ending: Sendable, CustomTestStringConvertible {
        let script: String
        let code: Int32
        var testDescription: String { script }
    }

    static let endings = [
        Ending(script: "pass", code: 0),
        Ending(script: "import sys; sys.exit()", code: 0),
        Ending(script: "import sys; sys.exit(0)", code: 0),
        Ending(script: "import sys; sys.exit(256)", code: 0),
        Ending(script: "import sys; sys.exit(7)", code: 7),
        Ending(script: "import sys; sys.exit(300)", code: 44),
        Ending(script: "import sys; sys.exit(-1)", code: 255),
        Ending(script: "import sys; sys.exit(64)", code: 64),
        Ending(script: "import sys; sys.exit('no convergence')", code: 1),
        Ending(script: "import os; os._exit(9)", code: 9),
        Ending(script: "raise ValueError('x')", code: 1),
        Ending(script: "raise KeyboardInterrupt", code: 1),
        Ending(script: "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", code: 137),
        Ending(script: "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", code: 139),
        Ending(script: "import os, signal; os.kill(os.getpid(), signal.SIGTERM)", code: 143),
        Ending(script: "import os; os.abort()", code: 134),
        Ending(script: "import os, signal; os.kill(os.getpid(), signal.SIGUSR1)", code: 138),
    ]

    @Test("The script's own code, and 128+n for a signal, are the runner's", arguments: endings)
    func scriptEnding(_ ending: Ending) throws {
        try JobFolder.with { folder in
            let run = folder.runScript(ending.script)
            #expect(run.exitCode == ending.code, "\(run.errors)")
            try #expect(folder.record()["runner"]?.objectValue?["exitCode"]?.intValue == Int(ending.code))
            #expect((folder.failure == nil) == (ending.code == 0))
            try #expect(folder.record()["status"]?.stringValue == (ending.code == 0 ? "COMPLETED" : "FAILED"))
        }
    }

    @Test("A script of the runner's own code 143 that nobody stopped has failed, not been cancelled")
    func own143() throws {
        try JobFolder.with { folder in
            #expect(folder.runScript("import sys; sys.exit(143)").exitCode == 143)
            try #expect(folder.record()["status"]?.stringValue == "FAILED")
        }
    }

    @Test("A document that is no request: 64")
    func usage() throws {
        try JobFolder.with { folder in
            folder.write("job.json", #"{"jobName": 7}"#)
            let run = folder.run(folder.options + ["--job", folder.at("job.json")])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("jobName"))
        }
    }

    @Test(
        "An unknown option: 64",
        arguments: [["--no-such"], ["run", "--no-such"], ["status", "--no-such"], ["--job"]]
    )
    func unknownOption(_ arguments: [String]) throws {
        try JobFolder.with { folder in
            let run = folder.run(arguments)
            #expect(run.exitCode == 64)
            #expect(run.standardOutput.isEmpty)
            #expect(run.errors.contains(arguments[arguments.count - 1]))
        }
    }

    @Test("A missing script: 65 and today's words in the failure file")
    func missingScript() throws {
        try JobFolder.with { folder in
            folder.makeDirectory("store/bucket")
            let run = folder.run(
                folder.options + [
                    "--script", "s3://bucket/none.tar.gz", "--entry-point", "alg", "--output", "s3://bucket/out",
                    "--job-name", "job",
                ]
            )
            #expect(run.exitCode == 65)
            try #expect(#require(folder.failure).hasPrefix("Unable to download code.\nException: "))
        }
    }

    @Test("A channel without data: 66, naming the channel")
    func missingInput() throws {
        try JobFolder.with { folder in
            folder.makeDirectory("store/bucket")
            let run = folder.runScript("pass", ["--input", "graphs=s3://bucket/none/"])
            #expect(run.exitCode == 66)
            #expect(run.errors.contains("graphs"))
            try #expect(#require(folder.failure).contains("No data found for channel 'graphs'"))
        }
    }

    @Test("A requirement that cannot be installed: 67")
    func requirements() throws {
        try JobFolder.with { folder in
            folder.write("source/requirements.txt", "--no-index\nno-such-package==1.0\n")
            #expect(folder.runScript("print('RAN')").exitCode == 67)
        }
    }

    @Test("S3 without credentials: 69 and one sentence")
    func storage() throws {
        try JobFolder.with { folder in
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--storage", "s3", "--script", folder.at("source"), "--entry-point",
                    "a",
                    "--output", "s3://bucket/out",
                ])
            #expect(run.exitCode == 69)
            #expect(run.errors.contains("no AWS credentials were found"))
            #expect(run.errors.contains("AWS_ACCESS_KEY_ID is not set"))
        }
    }

    @Test("auto with an output is s3: 69")
    func autoStorage() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "pass")
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--script", folder.at("source"), "--entry-point", "alg",
                    "--output", "s3://bucket/out",
                ])
            #expect(run.exitCode == 69)
        }
    }

    @Test("Results that cannot be stored: 74, and the script did run")
    func resultsNotSafe() throws {
        try JobFolder.with { folder in
            folder.store("out", "a file where the results' folder should be")
            let run = folder.runScript("print('RAN')")
            #expect(run.exitCode == 74)
            #expect(run.lines.contains("RAN"))
            #expect(!run.lines.contains("Reporting training SUCCESS"))
            #expect(folder.failure != nil)
            try #expect(folder.record()["status"]?.stringValue == "FAILED")
        }
    }

    @Test("Checkpoints that cannot be stored: 74")
    func checkpointsNotSafe() throws {
        try JobFolder.with { folder in
            folder.makeDirectory("store/bucket/out")
            let run = folder.runScript(
                """
                import os, shutil
                shutil.rmtree("\(folder.at("store"))/other", ignore_errors=True)
                os.mkdir("\(folder.at("store"))/other"); open("\(folder.at("store"))/other/cp", "w").write("in the way")
                open(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"] + "/c.json", "w").write("1")
                """,
                ["--checkpoints", "s3://other/cp"]
            )
            #expect(run.exitCode == 74, "\(run.errors)")
        }
    }

    @Test("A failed script whose results cannot be stored keeps its own code")
    func ownCodeBeats74() throws {
        try JobFolder.with { folder in
            folder.store("out", "in the way")
            let run = folder.runScript(
                """
                import os, sys
                open(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"] + "/r", "w").write("1")
                sys.exit(7)
                """
            )
            #expect(run.exitCode == 7)
            #expect(run.errors.contains("out"))
        }
    }

    @Test("A store whose folder cannot be: 69, naming it")
    func storeUnreachable() throws {
        try JobFolder.with { folder in
            folder.write("file", "no folder")
            let run = folder.run([
                "--root", folder.at("root"), "--storage", "file:" + folder.at("file"), "--python",
                BinaryUnderTest.python,
                "--script", "s3://bucket/alg.py", "--entry-point", "alg", "--output", "s3://bucket/out", "--job-name",
                "job",
            ])
            #expect(run.exitCode == 69, "\(run.errors)")
            #expect(run.errors.contains(folder.at("file")))
        }
    }

    @Test("A Python that is not there: 64, naming it, before anything runs")
    func noSuchPython() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "")
            let run = folder.run(folder.job("alg") + ["--python", "/no/python"])
            #expect(run.exitCode == 64, "\(run.errors)")
            #expect(run.errors.contains("/no/python"), "\(run.errors)")
        }
    }

    @Test("help exit-codes and exit-codes print the table", arguments: [["help", "exit-codes"], ["exit-codes"]])
    func table(_ arguments: [String]) throws {
        try JobFolder.with { folder in
            let run = folder.run(arguments)
            #expect(run.exitCode == 0)
            for code in ExitCode.allCases {
                #expect(
                    run.lines.contains { line in
                        let words = line.split(separator: " ", maxSplits: 1)
                        return words.first.map(String.init) == "\(code.rawValue)"
                    },
                    "\(code.rawValue) is missing"
                )
            }
            #expect(run.output.contains("128+n"))
        }
    }

    @Test("A fault of the runner is 70: a dry run without a place for its temporary folder")
    func fault() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "")
            let run = folder.run(folder.job("alg") + ["--dry-run"], environment: ["TMPDIR": folder.at("missing")])
            #expect(run.exitCode == 70)
            #expect(run.output.contains("Set TMPDIR to a folder that can be written."), "\(run.output)")
        }
    }
}
