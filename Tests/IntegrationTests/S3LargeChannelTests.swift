import RunnerCore
import RunnerTestSupport
import Testing

/// A channel of more keys than are held in memory: its files are named and fetched while it is listed.
@Suite(.timeLimit(.minutes(15)))
struct S3LargeChannelTests {
    /// A little more than 10,000, from which on a channel is not held in memory.
    private static let many = Dictionary(uniqueKeysWithValues: (0..<10_200).map { ("in/\($0 / 100)/\($0)", "\($0)") })

    private func run(_ folder: JobFolder, _ store: ScriptedServer, _ address: String) -> RunnerRun {
        folder.run(
            [
                "--root", folder.at("root"), "--python", BinaryUnderTest.python, "--script", folder.at("source"),
                "--entry-point", "alg", "--input", "data=\(address)", "--endpoint-url", store.endpoint,
            ],
            environment: [
                "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-west-2",
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            ]
        )
    }

    @Test("All files, with the names that a small channel would give them")
    func all() throws {
        let store = try ScriptedServer(FakeBucket(Self.many).answer)
        defer { store.stop() }
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import os
                from pathlib import Path
                data = Path(os.environ["AMZN_BRAKET_INPUT_DIR"], "data")
                files = {str(p.relative_to(data)): p.read_text() for p in data.rglob("*") if p.is_file()}
                print("ALL", len(files), files == {f"{i // 100}/{i}": str(i) for i in range(10200)})
                """
            )
            let run = run(folder, store, "s3://bucket/in")
            #expect(run.lines.contains("ALL 10200 True"), "\(run.output)\(run.errors)")
            let inputs = try folder.record()["runner"]?.objectValue?["phases"]?.arrayValue?.compactMap(\.objectValue)
                .first { $0["phase"]?.stringValue == "inputs" }
            let channel = inputs?["channels"]?.arrayValue?.first?.objectValue
            #expect(channel?["files"]?.intValue == 10_200)
            // Whatever was done with the names, no object was fetched twice.
            let fetched = store.requests.filter { $0.queryValue("list-type") == nil }.map(\.path)
            #expect(fetched.count == Set(fetched).count)
        }
    }

    @Test("A key that is a folder of another: 66 and one sentence")
    func clash() throws {
        var objects = Self.many
        // The largest come first; the rest need not be fetched.
        for key in ["in/0/7", "in/0/7/below"] { objects[key] = "longer than any other" }
        let store = try ScriptedServer(FakeBucket(objects).answer)
        defer { store.stop() }
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            let run = run(folder, store, "s3://bucket/in/")
            #expect(run.exitCode == 66, "\(run.errors)")
            #expect(!run.output.contains("RAN"))
            let failure = try #require(folder.failure)
            for words in ["channel 'data'", "0/7", "cannot both be"] { #expect(failure.contains(words), "\(failure)") }
            #expect(failure.split(separator: "\n").count == 1)
            #expect(!folder.exists("root/ml/input/data/data"))
        }
    }
}
