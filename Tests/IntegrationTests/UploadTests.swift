import RunnerCore
import RunnerTestSupport
import Testing

/// `--upload`, and what is said when results went elsewhere.
@Suite(.timeLimit(.minutes(15)))
struct UploadTests {
    static let writing = """
        import os, sys
        os.makedirs("out/plots", exist_ok=True)
        open("out/plots/p.txt", "w").write("P")
        open("single.npy", "w").write("N")

        """

    private func run(_ folder: JobFolder, _ script: String, _ options: [String]) -> RunnerRun {
        folder.write("source/alg.py", script)
        return folder.run(
            folder.options + [
                "--script", folder.at("source"), "--entry-point", "alg", "--job-name", "job", "--output",
                "s3://bucket/out",
            ] + options
        )
    }

    @Test("Folders and files are stored as their policy says", arguments: [true, false])
    func policies(_ succeeds: Bool) throws {
        try JobFolder.with { folder in
            let options = [
                "--upload", "out=always", "--upload", "single.npy=success", "--upload", "out/plots=failure",
                "--upload", "no/such=always",
            ]
            let run = run(folder, Self.writing + (succeeds ? "" : "sys.exit(3)"), options)
            #expect(run.exitCode == (succeeds ? 0 : 3), "\(run.errors)")
            let uploads = "store/bucket/out/output/uploads/"
            #expect(folder.shell("tar xzOf \(uploads)out.tar.gz plots/p.txt").output == "P")
            #expect(folder.exists(uploads + "single.npy.tar.gz") == succeeds)
            #expect(folder.exists(uploads + "out/plots.tar.gz") == !succeeds)
            if succeeds { #expect(folder.shell("tar xzOf \(uploads)single.npy.tar.gz").output == "N") }
            #expect(!folder.exists(uploads + "no/such.tar.gz"))
            #expect(run.errors.contains("nothing is there to be stored"))
            try #expect(folder.record()["runner"].map { $0.serialized().contains("uploads/out.tar.gz") } == true)
        }
    }

    @Test("Where the platform stores results, --upload stores nothing, and that is said")
    func managed() throws {
        try JobFolder.with { folder in
            let run = run(folder, Self.writing, ["--storage", "managed", "--upload", "out=always"])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.errors.contains("nothing is stored for --upload"), "\(run.errors)")
            #expect(!folder.exists("store"))
        }
    }

    @Test("The usual folders have a policy, too")
    func usual() throws {
        try JobFolder.with { folder in
            let script = "import os; open(os.environ['AMZN_BRAKET_JOB_RESULTS_DIR'] + '/r', 'w')\n"
            #expect(run(folder, script, ["--upload", "results=failure"]).exitCode == 0)
            #expect(!folder.exists("store/bucket/out/output/model.tar.gz"))
            #expect(folder.exists("store/bucket/out/output/job.json"))
            #expect(run(folder, script + "raise ValueError", ["--upload", "results=failure"]).exitCode == 1)
            #expect(folder.exists("store/bucket/out/output/model.tar.gz"))
        }
    }

    @Test(
        "An empty results folder and files elsewhere: said with the folder and the flag, on the log and in the record"
    )
    func hint() throws {
        try JobFolder.with { folder in
            let run = run(folder, Self.writing, [])
            let expected =
                "your script wrote 1 file to ./single.npy (1 B), 1 file to ./out (1 B): add --upload single.npy=always"
            #expect(run.exitCode == 0 && run.errors.contains(expected), "\(run.errors)")
            let hint = try folder.record()["runner"]?.objectValue?["hint"]?.stringValue
            #expect(hint?.hasPrefix("results folder is empty") == true)
            let quiet = self.run(folder, "pass", [])
            #expect(!quiet.errors.contains("results folder is empty"), "\(quiet.errors)")
            let stored = self.run(folder, Self.writing, ["--upload", "out=always", "--upload", "single.npy=always"])
            #expect(!stored.errors.contains("results folder is empty"), "\(stored.errors)")
        }
    }

    @Test("Wrong values are problems with source and value")
    func wrong() throws {
        try JobFolder.with { folder in
            let run = run(folder, "pass", ["--upload", "out=never", "--deflate", "lzma"])
            #expect(run.exitCode == 64)
            for text in ["--upload", "out=never", "--deflate", "must be auto, isal or zlib"] {
                #expect(run.errors.contains(text), "\(run.errors)")
            }
        }
    }

    @Test("The same results by every engine", arguments: ["auto", "isal", "zlib"])
    func engines(_ engine: String) throws {
        try JobFolder.with { folder in
            let script = """
                import os, random
                results = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"]
                open(results + "/noise", "wb").write(random.Random(7).randbytes(1_000_000))
                open(results + "/text", "w").write("energy -1.137\\n" * 100_000)
                """
            #expect(run(folder, script, ["--deflate", engine]).exitCode == 0)
            let archive = "store/bucket/out/output/model.tar.gz"
            #expect(
                folder.shell("gzip -t \(archive) && tar xzOf \(archive) text | md5sum").output
                    == folder.shell("for i in $(seq 100000); do echo 'energy -1.137'; done | md5sum").output
            )
            #expect(folder.shell("tar xzOf \(archive) noise | cmp - root/ml/model/noise").exitCode == 0)
        }
    }
}
