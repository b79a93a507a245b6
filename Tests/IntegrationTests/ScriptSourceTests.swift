import RunnerTestSupport
import Testing

/// Where a script may come from, and that it is always this run's.
@Suite(.timeLimit(.minutes(15)))
struct ScriptSourceTests {
    private static let script = "print('RAN')\n"

    private func fill(_ folder: JobFolder) {
        folder.write("store/bucket/code/s.tar.gz", SmallArchives.tarGz(files: ["alg.py": Self.script]))
        folder.store("code/alg.py", Self.script)
        folder.store("tree/alg.py", Self.script)
        folder.store("tree/sub/helper.py", "")
        folder.store("tree2/alg.py", "print('WRONG')")
        folder.write("local/alg.py", Self.script)
        folder.write("local.tar.gz", SmallArchives.tarGz(files: ["alg.py": Self.script]))
    }

    private func run(_ folder: JobFolder, _ script: String, _ options: [String] = []) -> RunnerRun {
        folder.run(
            folder.options + [
                "--script", script, "--entry-point", "alg", "--output", "s3://bucket/out", "--job-name", "job",
            ] + options
        )
    }

    static let sources: [(script: String, compression: String)] = [
        ("s3://bucket/code/s.tar.gz", "GZIP"), ("s3://bucket/code/alg.py", "NONE"), ("s3://bucket/tree/", "NONE"),
        ("https://bucket.s3.us-west-2.amazonaws.com/code/s.tar.gz", "GZIP"),
        ("https://bucket.s3.amazonaws.com/code/alg.py", "NONE"), ("local", "NONE"), ("local/alg.py", "NONE"),
        ("local.tar.gz", "GZIP"), ("file:local", "NONE"),
    ]

    @Test("Object, archive, prefix and folder, from the store and from here", arguments: sources)
    func source(_ script: String, _ compression: String) throws {
        try JobFolder.with { folder in
            fill(folder)
            let address = script.hasPrefix("file:") ? "file:" + folder.at(String(script.dropFirst(5))) : script
            let run = run(folder, address, ["--compression", compression])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("RAN"))
        }
    }

    @Test("A prefix without the slash, and file://")
    func spellings() throws {
        try JobFolder.with { folder in
            fill(folder)
            folder.remove("store/bucket/tree2")
            #expect(run(folder, "s3://bucket/tree").lines.contains("RAN"))
            #expect(run(folder, "file://" + folder.at("local")).lines.contains("RAN"))
        }
    }

    @Test("A prefix has its subfolders")
    func prefix() throws {
        try JobFolder.with { folder in
            fill(folder)
            #expect(run(folder, "s3://bucket/tree/").exitCode == 0)
            #expect(folder.exists("root/ml/code/customer_code/extracted/sub/helper.py"))
        }
    }

    @Test("The object of today runs, not the one of the last run, and no file of it stays")
    func stale() throws {
        try JobFolder.with { folder in
            fill(folder)
            let archive = ["--compression", "GZIP"]
            folder.write(
                "store/bucket/code/s.tar.gz",
                SmallArchives.tarGz(files: ["alg.py": "print('OLD')", "old_helper.py": ""])
            )
            #expect(run(folder, "s3://bucket/code/s.tar.gz", archive).lines.contains("OLD"))
            folder.write(
                "store/bucket/code/s.tar.gz",
                SmallArchives.tarGz(files: [
                    "alg.py": "try:\n    import old_helper\n    print('STALE')\nexcept ImportError:\n    print('NEW')"
                ])
            )
            let second = run(folder, "s3://bucket/code/s.tar.gz", archive)
            #expect(second.lines.contains("NEW"), "\(second.output)")
        }
    }

    @Test("A file that lies in the original folder never runs")
    func planted() throws {
        try JobFolder.with { folder in
            fill(folder)
            folder.write("root/ml/code/customer_code/original/alg.py", "print('PLANTED')")
            folder.write("root/ml/code/customer_code/extracted/alg.py", "print('PLANTED')")
            let run = run(folder, "s3://bucket/code/alg.py")
            #expect(run.lines.contains("RAN") && !run.lines.contains("PLANTED"))
        }
    }

    @Test("The sum of what was fetched is logged")
    func sum() throws {
        try JobFolder.with { folder in
            fill(folder)
            let run = run(folder, "s3://bucket/code/s.tar.gz", ["--compression", "GZIP"])
            #expect(run.errors.contains(folder.shell("sha256sum < store/bucket/code/s.tar.gz").output.prefix(64)))
        }
    }

    @Test("The user's folder is not changed by a run from it")
    func untouched() throws {
        try JobFolder.with { folder in
            fill(folder)
            let before = folder.snapshot("local")
            #expect(run(folder, "local").exitCode == 0)
            #expect(folder.snapshot("local") == before)
        }
    }

    @Test(
        "What is not there: 65 with today's first line",
        arguments: [
            "s3://bucket/none.tar.gz", "s3://nobucket/none.tar.gz", "s3://bucket/none/", "none", "file:/none/such",
            "https://bucket.s3.us-west-2.amazonaws.com/none",
        ]
    )
    func missing(_ script: String) throws {
        try JobFolder.with { folder in
            fill(folder)
            #expect(run(folder, script).exitCode == 65)
            try #expect(#require(folder.failure).hasPrefix("Unable to download code."), "\(folder.failure ?? "-")")
        }
    }
}
