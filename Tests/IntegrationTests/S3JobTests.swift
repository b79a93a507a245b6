import RunnerCore
import RunnerTestSupport
import Testing

/// A whole job whose data lie in S3: SeaweedFS takes and gives them, boto3 judges.
@Suite(.timeLimit(.minutes(15)))
struct S3JobTests {
    private static let script = """
        import os
        from pathlib import Path
        cp = Path(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]) / "sub/count"
        count = int(cp.read_text()) if cp.exists() else 0
        cp.parent.mkdir(parents=True, exist_ok=True)
        cp.write_text(str(count + 1))
        data = Path(os.environ["AMZN_BRAKET_INPUT_DIR"])
        names = sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file())
        Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "seen.txt").write_text(f"{count} {' '.join(names)}")

        """

    private func fill(_ world: S3World) throws {
        try world.put("code/source.tar.gz", SmallArchives.tarGz(files: ["pkg/alg.py": Self.script]))
        try world.put("in/train/a.csv", "A")
        try world.put("in/train/sub/b c+d.csv", "B")
        try world.put("in/trainer.csv", "T")
        try world.put("in/list.manifest", #"[{"prefix": "\#(world.address("in/"))"}, "train/a.csv", "trainer.csv"]"#)
        try world.put("cp/sub/count", "41")
        world.folder.write(
            "job.json",
            """
            {"jobName": "whole", "deviceConfig": {"device": "local:none/none"}, "roleArn": "arn:aws:iam::123456789012:role/r",
             "algorithmSpecification": {"scriptModeConfig": {
                "entryPoint": "pkg.alg", "s3Uri": "\(world.address("code/source.tar.gz"))", "compressionType": "GZIP"}},
             "inputDataConfig": [
                \(channel("whole", world.address("in/train"))), \(channel("part", world.address("in/train/"))),
                \(channel("list", world.address("in/list.manifest"), "ManifestFile"))],
             "outputDataConfig": {"s3Path": "\(world.address("out"))"},
             "checkpointConfig": {"s3Uri": "\(world.address("cp"))"},
             "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 1}}
            """
        )
    }

    private func channel(_ name: String, _ address: String, _ type: String = "S3Prefix") -> String {
        #"""
        {"channelName": "\#(name)", "dataSource": {"s3DataSource": {"s3Uri": "\#(address)", "s3DataType": "\#(type)"}}}
        """#
    }

    @Test(
        "Script, channels, checkpoints, results and record",
        arguments: [["--storage", "s3"], [], ["--storage", "s3", "tls"]]
    )
    func wholeJob(_ words: [String]) throws {
        try S3World.with { world in
            try fill(world)
            let run = world.run(
                world.options + ["--job", world.folder.at("job.json")] + words.filter { $0 != "tls" },
                endpoint: words.contains("tls") ? world.server.tlsEndpoint : nil
            )
            #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
            #expect(try world.keys("out/") == ["out/output/job.json", "out/output/model.tar.gz"])
            #expect(try world.text("cp/sub/count") == "42")
            world.folder.write("model.tar.gz", try world.oracle.bytes(of: "out/output/model.tar.gz", in: world.bucket))
            #expect(
                world.folder.shell("tar xzOf model.tar.gz").output
                    == "41 list/train/a.csv list/trainer.csv part/a.csv part/sub/b c+d.csv whole/train/a.csv "
                    + "whole/train/sub/b c+d.csv whole/trainer.csv"
            )
            let record = try world.storedRecord()
            #expect(record["status"]?.stringValue == "COMPLETED")
            #expect(record["runner"]?.objectValue?["credentials"]?.stringValue == "environment variables")
            #expect(try world.oracle.uploads(in: world.bucket).isEmpty)
        }
    }

    @Test("A large result goes up in parts and comes back byte-equal as a channel")
    func largeResult() throws {
        try S3World.with { world in
            world.folder.write(
                "source/alg.py",
                "import os, random; random.seed(1); "
                    + "open(os.environ['AMZN_BRAKET_JOB_RESULTS_DIR'] + '/big', 'wb').write(random.randbytes(20 << 20))"
            )
            #expect(world.run(world.job).exitCode == 0)
            let archive = try world.oracle.head("out/output/model.tar.gz", in: world.bucket)
            #expect(archive.size > 20 << 20)
            world.folder.write(
                "source/alg.py",
                """
                import os, random, tarfile
                archive = os.environ["AMZN_BRAKET_INPUT_DIR"] + "/model/model.tar.gz"
                content = tarfile.open(archive).extractfile("big").read()
                random.seed(1)
                print("EQUAL", content == random.randbytes(20 << 20))
                """
            )
            let run = world.run(world.job + ["--input", "model=" + world.address("out/output/model.tar.gz")])
            #expect(run.lines.contains("EQUAL True"), "\(run.output)\(run.errors)")
        }
    }

    @Test("Where the platform moves the data, only the script is fetched and nothing is stored")
    func managed() throws {
        try S3World.with { world in
            try world.put("code/source.tar.gz", SmallArchives.tarGz(files: ["alg.py": "print('RAN')"]))
            let proxy = try FaultProxy(to: world.server.endpoint)
            defer { proxy.stop() }
            let run = world.run(
                world.options,
                endpoint: proxy.endpoint,
                environment: [
                    "AMZN_BRAKET_SCRIPT_S3_URI": world.address("code/source.tar.gz"),
                    "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "alg", "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE": "GZIP",
                    "AMZN_BRAKET_OUT_S3_BUCKET": world.bucket, "AMZN_BRAKET_JOB_NAME": "managed",
                ]
            )
            #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
            #expect(run.lines.contains("RAN"))
            #expect(Set(proxy.requests.map(\.path)) == ["/\(world.bucket)/code/source.tar.gz"])
            #expect(Set(proxy.requests.map(\.method)).isSubset(of: ["GET", "HEAD"]))
            #expect(try world.keys() == ["code/source.tar.gz"])
        }
    }

    @Test("A script that is a folder of the bucket")
    func folderScript() throws {
        try S3World.with { world in
            try world.put("code/alg.py", "import helper; print('HELPER', helper.x)")
            try world.put("code/helper.py", "x = 7")
            try world.put("code2/alg.py", "print('WRONG')")
            let run = world.run(world.job + ["--script", world.address("code")])
            #expect(run.lines.contains("HELPER 7"), "\(run.output)\(run.errors)")
        }
    }
}
