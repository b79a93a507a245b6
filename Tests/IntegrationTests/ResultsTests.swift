import RunnerCore
import RunnerTestSupport
import Testing

/// model.tar.gz, output.tar.gz and when they are stored (contract §5.2).
@Suite(.timeLimit(.minutes(15)))
struct ResultsTests {
    static let writing = """
        import os, sys
        results = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"]
        open(results + "/results.json", "w").write("{}")
        os.makedirs(results + "/sub/empty")
        open(results + "/sub/\u{e9} b.txt", "w").write("B")
        os.chmod(results + "/results.json", 0o600)
        open(results + "/tool", "w").write("x"); os.chmod(results + "/tool", 0o755)

        """

    @Test("The archive's layout is the service's")
    func layout() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(Self.writing)
            #expect(run.exitCode == 0, "\(run.errors)")
            let listing = RunningProgram.run(
                BinaryUnderTest.python,
                [
                    "-c",
                    """
                    import sys, tarfile, gzip
                    data = gzip.open(sys.argv[1]).read()
                    print(data[257:263] == b"ustar\\0", len(data) % 512)
                    for m in tarfile.open(sys.argv[1], "r:gz"):
                        print(m.name, m.type.decode(), oct(m.mode), m.uid, m.gid, repr(m.uname), m.size)
                    print(sorted({bytes(data[i+100:i+108]) for i in [0]}))
                    """, folder.at("store/bucket/out/output/model.tar.gz"),
                ],
                environment: BinaryUnderTest.minimalEnvironment
            )
            #expect(listing.exitCode == 0, "\(listing.errors)")
            #expect(listing.lines[0] == "True 0")
            let names = listing.lines.dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) }
            #expect(names.contains("results.json"))
            #expect(!names.contains { $0.hasPrefix("./") || $0.hasPrefix("/") || $0 == "." })
            #expect(
                listing.lines.contains { $0.hasPrefix("results.json 0 ") && $0.contains(" 0 0 ") && $0.hasSuffix(" 2") }
            )
            #expect(listing.output.contains("sub/\u{e9} b.txt"))
            // The type's bits stand in the mode field too.
            #expect(listing.output.contains("b'0100600"), "\(listing.output)")
            let gnu = folder.shell("mkdir x && tar xzf store/bucket/out/output/model.tar.gz -C x && cat x/sub/*.txt")
            #expect(gnu.exitCode == 0 && gnu.output == "B" && gnu.errors.isEmpty, "\(gnu.errors)")
        }
    }

    @Test(
        "Stored whatever ended the run",
        arguments: [
            "", "raise ValueError", "sys.exit(3)", "os._exit(3)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 11)",
        ]
    )
    func always(_ ending: String) throws {
        try JobFolder.with { folder in
            folder.runScript(Self.writing + ending)
            #expect(folder.shell("tar xzOf store/bucket/out/output/model.tar.gz results.json").output == "{}")
            #expect(folder.exists("store/bucket/out/output/job.json"))
        }
    }

    @Test("Failed and empty: no archive, but the record")
    func failedEmpty() throws {
        try JobFolder.with { folder in
            folder.runScript("raise ValueError")
            #expect(!folder.exists("store/bucket/out/output/model.tar.gz"))
            #expect(!folder.exists("store/bucket/out/output/output.tar.gz"))
            try #expect(folder.storedRecord()["status"]?.stringValue == "FAILED")
        }
    }

    @Test("Succeeded and empty: an empty archive")
    func succeededEmpty() throws {
        try JobFolder.with { folder in
            folder.runScript("")
            let listing = folder.shell("tar tzf store/bucket/out/output/model.tar.gz")
            #expect(listing.exitCode == 0 && listing.output.isEmpty)
            #expect(!folder.exists("store/bucket/out/output/output.tar.gz"))
        }
    }

    @Test("output/data becomes output.tar.gz")
    func outputData() throws {
        try JobFolder.with { folder in
            folder.runScript("open('\(folder.at("root/ml/output/data"))/d.txt', 'w').write('D')")
            #expect(folder.shell("tar xzOf store/bucket/out/output/output.tar.gz d.txt").output == "D")
        }
    }

    @Test("The address is joined by plain concatenation")
    func trailingSlash() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "")
            let run = folder.run(
                folder.options + [
                    "--script", folder.at("source"), "--entry-point", "alg", "--job-name", "job", "--output",
                    "s3://bucket/out/",
                ]
            )
            #expect(run.exitCode == 0)
            try #expect(
                folder.record()["runner"].map { "\($0.serialized())" }?.contains("s3://bucket/out//output/model.tar.gz")
                    == true
            )
        }
    }

    @Test("A link that leaves the folder is not followed, and does not cost the results")
    func links() throws {
        try JobFolder.with { folder in
            folder.write("secret.txt", "secret")
            let run = folder.runScript(
                Self.writing + "os.symlink('\(folder.at("secret.txt"))', results + '/leak')\n"
                    + "os.symlink('/no/such', results + '/dangling')\nos.symlink('results.json', results + '/inside')\n"
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.shell("tar xzOf store/bucket/out/output/model.tar.gz results.json").output == "{}")
            #expect(!folder.shell("zcat store/bucket/out/output/model.tar.gz | grep -c secret$").output.contains("1"))
        }
    }

    @Test("The results of an earlier run are not this run's")
    func stale() throws {
        try JobFolder.with { folder in
            folder.runScript(Self.writing)
            folder.runScript("")
            #expect(folder.shell("tar tzf store/bucket/out/output/model.tar.gz").output.isEmpty)
        }
    }

    @Test("No part of a file stays in the store")
    func atomic() throws {
        try JobFolder.with { folder in
            folder.runScript(Self.writing)
            #expect(
                folder.shell("find store -type f -printf '%f\\n' | sort").lines == ["job.json", "model.tar.gz", ""]
            )
        }
    }
}
