import RunnerCore
import RunnerTestSupport
import Testing

/// Input channels: every row and trap of contract §5.4.
@Suite(.timeLimit(.minutes(15)))
struct ChannelTests {
    /// An address, the objects of the bucket, and the files the channel must hold.
    struct Row: Sendable, CustomTestStringConvertible {
        let address: String
        let keys: [String]
        let files: [String]
        var testDescription: String { "\(address) of \(keys)" }
    }

    static let rows = [
        Row(address: "s3://bucket/data/", keys: ["data/a.txt", "data/sub/b.txt"], files: ["a.txt", "sub/b.txt"]),
        Row(address: "s3://bucket/data", keys: ["data/a.txt", "data/sub/b.txt"], files: ["a.txt", "sub/b.txt"]),
        Row(address: "s3://bucket/data/a.txt", keys: ["data/a.txt"], files: ["a.txt"]),
        Row(address: "s3://bucket/data/a", keys: ["data/a.txt", "data/ab/c"], files: ["a.txt", "ab/c"]),
        Row(
            address: "s3://bucket/input",
            keys: ["input.csv", "input-dir/file-1.txt"],
            files: ["input-dir/file-1.txt", "input.csv"]
        ),
        Row(address: "s3://bucket/data", keys: ["data/x", "data2/y"], files: ["data/x", "data2/y"]),
        Row(address: "s3://bucket/data/", keys: ["data/x", "data2/y"], files: ["x"]),
        Row(address: "s3://bucket/p/data", keys: ["p/data/x", "p/data2/y"], files: ["data/x", "data2/y"]),
        Row(address: "s3://bucket/data/a.txt", keys: ["data/a.txt", "data/a.txt.bak"], files: ["a.txt", "a.txt.bak"]),
        Row(address: "https://bucket.s3.us-west-2.amazonaws.com/data/", keys: ["data/a.txt"], files: ["a.txt"]),
        Row(address: "https://bucket.s3.us-west-2.amazonaws.com/data/a.txt", keys: ["data/a.txt"], files: ["a.txt"]),
        Row(address: "s3://bucket/d\u{e9}/", keys: ["d\u{e9}/\u{1F600} x.txt"], files: ["\u{1F600} x.txt"]),
        Row(address: "s3://bucket/deep/", keys: ["deep/1/2/3/4/5/f"], files: ["1/2/3/4/5/f"]),
        Row(address: "s3://bucket", keys: ["top.txt", "d/x"], files: ["d/x", "top.txt"]),
        Row(address: "s3://bucket/", keys: ["top.txt", "d/x"], files: ["d/x", "top.txt"]),
    ]

    @Test("Local names follow the prefix rules", arguments: rows)
    func localNames(_ row: Row) throws {
        try JobFolder.with { folder in
            for key in row.keys { folder.store(key, "content of " + key) }
            // Folder markers and empty folders are no files.
            folder.makeDirectory("store/bucket/data/empty")
            folder.write("source/run.sh", "#!/bin/sh\ncd $AMZN_BRAKET_INPUT_DIR/ch && find . -type f | sort\n")
            let run = folder.run(folder.job("run.sh") + ["--input", "ch=" + row.address])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.filter { $0.hasPrefix("./") } == row.files.map { "./" + $0 }.sorted(), "\(run.output)")
            for file in row.files {
                let text = folder.text("root/ml/input/data/ch/" + file)
                #expect(
                    text?.hasPrefix("content of ") == true && text?.hasSuffix(file) == true,
                    "\(file): \(text ?? "-")"
                )
            }
        }
    }

    @Test("A local folder and a local file are channels too, by path and by file: address")
    func localAddresses() throws {
        try JobFolder.with { folder in
            folder.write("in/a.txt", "A")
            folder.write("in/sub/b.txt", "B")
            folder.write("source/alg.py", "")
            let run = folder.run(
                folder.job("alg") + [
                    "--input", "d=" + folder.at("in"), "--input", "f=" + folder.at("in/a.txt"), "--input", "r=in",
                    "--input", "u=file:" + folder.at("in"),
                ]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            for name in ["d/a.txt", "f/a.txt", "r/a.txt", "u/a.txt"] {
                #expect(folder.text("root/ml/input/data/" + name) == "A", "\(name)")
            }
            #expect(folder.text("root/ml/input/data/d/sub/b.txt") == "B")
            #expect(folder.text("root/ml/input/data/u/sub/b.txt") == "B")
        }
    }

    @Test(
        "Nothing found: 66, the channel's name, and the script does not run",
        arguments: [
            "s3://bucket/none/", "s3://bucket/none", "s3://nobucket/x", "s3://bucket/data/empty/", "none-such-folder",
        ]
    )
    func nothingFound(_ address: String) throws {
        try JobFolder.with { folder in
            folder.store("data/x", "1")
            folder.makeDirectory("store/bucket/data/empty")
            let run = folder.runScript(
                "print('RAN')",
                ["--input", "good=s3://bucket/data/", "--input", "bad=" + address]
            )
            #expect(run.exitCode == 66)
            #expect(!run.lines.contains("RAN"))
            let failure = try #require(folder.failure)
            #expect(failure.contains("bad") && !failure.contains("good"), "\(failure)")
        }
    }

    @Test(
        "A channel name that leaves the folder, or comes twice, is a mistake of the configuration",
        arguments: [
            ["..=s3://bucket/d/"], [".=s3://bucket/d/"], ["a/b=s3://bucket/d/"], ["=s3://bucket/d/"], ["a"], ["a="],
            ["a=s3://bucket/d/", "a=s3://bucket/e/"],
        ]
    )
    func names(_ inputs: [String]) throws {
        try JobFolder.with { folder in
            folder.store("d/x", "1")
            let run = folder.runScript("print('RAN')", inputs.flatMap { ["--input", $0] })
            #expect(run.exitCode == 64)
            #expect(!run.lines.contains("RAN"))
            #expect(run.errors.contains("input"), "\(run.errors)")
        }
    }

    @Test(
        "A key cannot leave the store's folder",
        arguments: ["s3://bucket/../secret/", "s3://../secret/", "s3://bucket/a/../../../secret/"]
    )
    func escape(_ address: String) throws {
        try JobFolder.with { folder in
            folder.write("secret/x", "secret")
            folder.write("store/secret/x", "secret")
            folder.store("a/x", "1")
            let run = folder.runScript("print('RAN')", ["--input", "ch=" + address])
            #expect(run.exitCode == 66 || run.exitCode == 64)
            #expect(!folder.exists("root/ml/input/data/ch/x"))
        }
    }

    @Test("A manifest names its objects one by one")
    func manifest() throws {
        try JobFolder.with { folder in
            for key in ["p/one", "p/sub/two", "p/three"] { folder.store(key, key) }
            folder.store("list.manifest", #"[{"prefix": "s3://bucket/p/"}, "one", "sub/two"]"#)
            folder.write("source/alg.py", "")
            folder.write(
                "job.json",
                """
                {"jobName": "job",
                 "algorithmSpecification": {"scriptModeConfig": {"entryPoint": "alg", "s3Uri": "s3://bucket/s.py"}},
                 "inputDataConfig": [{"channelName": "ch", "dataSource": {"s3DataSource":
                   {"s3Uri": "s3://bucket/list.manifest", "s3DataType": "ManifestFile"}}}],
                 "outputDataConfig": {"s3Path": "s3://bucket/out"}, "deviceConfig": {"device": "local:none/none"}}
                """
            )
            let run = folder.run(folder.options + ["--job", folder.at("job.json"), "--script", folder.at("source")])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text("root/ml/input/data/ch/one") == "p/one")
            #expect(folder.text("root/ml/input/data/ch/sub/two") == "p/sub/two")
            #expect(!folder.exists("root/ml/input/data/ch/three"))
            #expect(!folder.exists("root/ml/input/data/ch/list.manifest"))
        }
    }

    @Test("The two configuration files are written in the platform's shape")
    func configurationFiles() throws {
        try JobFolder.with { folder in
            folder.store("d/x", "1")
            folder.runScript("", ["--input", "b=s3://bucket/d/", "--input", "a=s3://bucket/d/x"])
            let channels = try #require(
                JSONText.parse(folder.text("root/ml/input/config/inputdataconfig.json") ?? "").objectValue
            )
            #expect(channels.names.sorted() == ["a", "b"])
            #expect(channels["a"]?.objectValue?["TrainingInputMode"]?.stringValue == "File")
            #expect(channels["a"]?.objectValue?["S3DistributionType"]?.stringValue == "FullyReplicated")
            #expect(channels["a"]?.objectValue?["RecordWrapperType"]?.stringValue == "None")
            let resources = try #require(
                JSONText.parse(folder.text("root/ml/input/config/resourceconfig.json") ?? "").objectValue
            )
            #expect(resources["current_host"]?.stringValue == "algo-1")
            #expect(resources["hosts"]?.arrayValue?.count == 1)
            #expect(resources["network_interface_name"]?.stringValue != nil)
        }
    }

    @Test("The platform's files stay as they are")
    func platformFiles() throws {
        try JobFolder.with { folder in
            folder.store("d/x", "1")
            let texts = [
                "inputdataconfig": #"{"theirs":{"TrainingInputMode":"File"}}"#,
                "resourceconfig": #"{"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"eth7"}"#,
            ]
            for (name, text) in texts { folder.write("root/ml/input/config/\(name).json", text) }
            folder.runScript("", ["--input", "b=s3://bucket/d/"])
            for (name, text) in texts { #expect(folder.text("root/ml/input/config/\(name).json") == text) }
        }
    }

    @Test("A second run does not see a file that is no longer in the channel")
    func staleInput() throws {
        try JobFolder.with { folder in
            folder.store("d/old", "1")
            folder.store("d/kept", "1")
            folder.runScript("", ["--input", "b=s3://bucket/d/"])
            folder.remove("store/bucket/d/old")
            let run = folder.runScript(
                "import os; print('GOT', sorted(os.listdir(os.environ['AMZN_BRAKET_INPUT_DIR'] + '/b')))",
                ["--input", "b=s3://bucket/d/"]
            )
            #expect(run.lines.contains("GOT ['kept']"), "\(run.output)")
        }
    }

    @Test("A thousand objects arrive with their bytes")
    func many() throws {
        try JobFolder.with { folder in
            for index in 0..<1000 { folder.store("d/\(index % 10)/\(index)", String(repeating: "x", count: index)) }
            let run = folder.runScript(
                "import os; print('GOT', sum(os.path.getsize(os.path.join(d, f)) == int(f) "
                    + "for d, _, fs in os.walk(os.environ['AMZN_BRAKET_INPUT_DIR'] + '/b') for f in fs))",
                ["--input", "b=s3://bucket/d/"]
            )
            #expect(run.lines.contains("GOT 1000"), "\(run.output)")
        }
    }
}
