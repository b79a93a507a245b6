import RunnerCore
import RunnerTestSupport
import Testing

/// The dry run: the whole plan and every problem, and nothing changed.
@Suite(.timeLimit(.minutes(15)))
struct DryRunTests {
    private func fill(_ folder: JobFolder) {
        folder.write(
            "store/bucket/code/source.tar.gz",
            SmallArchives.tarGz(files: [
                "pkg/alg.py": "open('imported', 'w')\ndef main(n: int, name: str = 'x', *, flag=False): pass\n",
                "requirements.txt": "numpy==1.0\n", "pkg/requirements.txt": "scipy\n",
            ])
        )
        folder.store("data/a.txt", "12345")
        folder.store("data/sub/b.txt", "123")
        folder.store("cp/last.json", "{}")
        folder.makeDirectory("tmp")
    }

    private func arguments(_ folder: JobFolder) -> [String] {
        folder.options + [
            "--script", "s3://bucket/code/source.tar.gz", "--entry-point", "pkg.alg:main", "--compression", "GZIP",
            "--output", "s3://bucket/out", "--checkpoints", "s3://bucket/cp", "--input", "graph=s3://bucket/data",
            "--hyperparameter", "n=4", "--hyperparameter", "aws_secret_access_key=hunter2hunter2", "--max-runtime",
            "77",
            "--job-name", "plan",
        ]
    }

    /// Everything but the time of the temporary folder, where a folder may come and go.
    private func snapshot(_ folder: JobFolder) -> [String] {
        folder.snapshot().filter { !$0.hasPrefix("./tmp d ") }
    }

    @Test("It changes nothing, also not in TMPDIR", arguments: [["--dry-run"], ["run", "--dry-run"]])
    func changesNothing(_ words: [String]) throws {
        try JobFolder.with { folder in
            fill(folder)
            let before = snapshot(folder)
            let run = folder.run(words + arguments(folder), environment: ["TMPDIR": folder.at("tmp")])
            #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
            #expect(snapshot(folder) == before)
        }
    }

    @Test("It changes nothing in a root that has been used")
    func usedRoot() throws {
        try JobFolder.with { folder in
            folder.runScript("raise ValueError")
            let before = snapshot(folder)
            let run = folder.run(folder.job("alg") + ["--dry-run"])
            #expect(run.exitCode == 0)
            #expect(snapshot(folder) == before)
        }
    }

    @Test("The plan says everything the issue lists")
    func plan() throws {
        try JobFolder.with { folder in
            fill(folder)
            let run = folder.run(
                arguments(folder) + ["--dry-run"],
                environment: ["BRAKET_RUNNER_DEVICE": "local:a/b", "MY_VARIABLE": "my-value"]
            )
            for words in [
                // Variables and where each came from.
                "--job-name", "BRAKET_RUNNER_DEVICE", "local:a/b",
                // What is fetched: object, entries, entry point, signature, requirements.
                "s3://bucket/code/source.tar.gz", "3 entries", "pkg/alg.py", "n: int", "name: str", "requirements.txt",
                "pkg/requirements.txt", "numpy==1.0", "scipy",
                // Channels with files, bytes and local names.
                "graph", "s3://bucket/data", "2 files", "a.txt", "sub/b.txt",
                // Checkpoints, command line, environment names.
                "last.json", "braket_container.py", "MY_VARIABLE", "AMZN_BRAKET_HP_FILE",
                // Destinations and the limit.
                "s3://bucket/out/output/model.tar.gz", "s3://bucket/out/output/job.json", "s3://bucket/cp", "77",
                // The hyperparameter that looks like a key.
                "aws_secret_access_key",
            ] { #expect(run.output.contains(words), "the plan does not say \(words):\n\(run.output)") }
            #expect(!(run.output + run.errors).contains("hunter2"))
            #expect(!(run.output + run.errors).contains("my-value"))
        }
    }

    @Test("As JSON it is one object that names the same things")
    func json() throws {
        try JobFolder.with { folder in
            fill(folder)
            let run = folder.run(arguments(folder) + ["--dry-run", "--format", "json"])
            #expect(run.exitCode == 0)
            let plan = try #require(JSONText.parse(run.output).objectValue)
            #expect(!plan.isEmpty)
            for words in ["pkg/alg.py", "sub/b.txt", "s3://bucket/out/output/model.tar.gz", "requirements.txt"] {
                #expect(run.output.replacing(#"\/"#, with: "/").contains(words), "\(words)")
            }
            #expect(!run.output.contains("hunter2"))
        }
    }

    /// Options that make one mistake, its exit code in a run, and a word of the problem.
    static let mistakes: [(options: [String], code: Int32, word: String)] = [
        (["--max-runtime", "0"], 64, "max-runtime"),
        (["--script", "s3://bucket/code/none.tar.gz"], 65, "none.tar.gz"),
        (["--entry-point", "pkg.nothing:main"], 65, "nothing"),
        (["--entry-point", "pkg.alg:nothing"], 65, "nothing"),
        (["--input", "none=s3://bucket/none/"], 66, "none"),
        (["--storage", "s3"], 69, "s3"),
    ]

    @Test("It ends with the code the run would end with, and names the problem", arguments: mistakes)
    func exitCodes(_ options: [String], _ code: Int32, _ word: String) throws {
        try JobFolder.with { folder in
            fill(folder)
            let run = folder.run(arguments(folder).filter { $0 != "" } + options + ["--dry-run"])
            #expect(run.exitCode == code, "\(run.output)\(run.errors)")
            #expect((run.output + run.errors).contains(word))
        }
    }

    @Test(
        "The run of the same mistake ends with the same code",
        arguments: mistakes.filter { !$0.options.contains("pkg.alg:nothing") }
    )
    func sameCode(_ options: [String], _ code: Int32, _ word: String) throws {
        try JobFolder.with { folder in
            fill(folder)
            let run = folder.run(arguments(folder) + ["--requirements", "skip"] + options)
            #expect(run.exitCode == code, "\(run.errors)")
            #expect((run.output + run.errors).contains(word))
        }
    }

    @Test("Every problem is found at once")
    func allAtOnce() throws {
        try JobFolder.with { folder in
            fill(folder)
            let run = folder.run(
                folder.options + [
                    "--script", "s3://bucket/code/source.tar.gz", "--entry-point", "pkg.nothing", "--output",
                    "s3://bucket/out", "--input", "first=s3://bucket/1/", "--input", "second=s3://bucket/2/",
                    "--max-runtime",
                    "9999999", "--dry-run",
                ]
            )
            #expect(run.exitCode == 64)
            for word in ["pkg.nothing", "'first'", "'second'", "9999999"] {
                #expect(run.output.contains(word), "\(word): \(run.output)")
            }
        }
    }

    @Test("The user's code is not imported")
    func noImport() throws {
        try JobFolder.with { folder in
            let marker = folder.at("imported")
            folder.write("source/alg.py", "open('\(marker)', 'w')\ndef main(alpha): pass\n")
            let run = folder.run(folder.job("alg:main") + ["--dry-run"])
            #expect(run.output.contains("alpha"))
            #expect(!folder.exists("imported"))
        }
    }

    @Test("A hostile archive is refused without a trace: 65")
    func hostile() throws {
        try JobFolder.with { folder in
            folder.write("store/bucket/code/source.tar.gz", SmallArchives.tarGz([.file("../escaped", "x")]))
            folder.makeDirectory("tmp")
            let before = snapshot(folder)
            let run = folder.run(arguments(folder) + ["--dry-run"], environment: ["TMPDIR": folder.at("tmp")])
            #expect(run.exitCode == 65 || run.exitCode == 66)
            #expect(run.output.contains("../escaped"))
            #expect(snapshot(folder) == before)
        }
    }
}
