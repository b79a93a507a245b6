import RunnerCore
import RunnerTestSupport
import Testing

/// A dry run against S3: it asks, and changes nothing; a job without S3 does not even ask.
@Suite(.timeLimit(.minutes(15)))
struct S3DryRunTests {
    @Test("It lists what is there and sends nothing that changes", arguments: ["text", "json"])
    func plan(_ format: String) throws {
        try S3World.with { world in
            try world.put("code/source.tar.gz", SmallArchives.tarGz(files: ["alg.py": "def main(): pass"]))
            try world.put("in/a", "12345")
            try world.put("in/b", "123")
            try world.put("cp/last", "{}")
            let proxy = try FaultProxy(to: world.server.endpoint)
            defer { proxy.stop() }
            let run = world.run(
                world.job + [
                    "--script", world.address("code/source.tar.gz"), "--entry-point", "alg:main", "--input",
                    "data=" + world.address("in/"), "--input", "gone=" + world.address("gone/"), "--checkpoints",
                    world.address("cp"), "--dry-run", "--format", format,
                ],
                endpoint: proxy.endpoint
            )
            #expect(run.exitCode == 66, "\(run.output)\(run.errors)")
            for text in ["in/", "gone/", "code/source.tar.gz", "out/output/model.tar.gz"] {
                #expect(run.output.contains(world.address("").dropLast() + "/" + text), "\(text): \(run.output)")
            }
            #expect(Set(proxy.requests.map(\.method)).isSubset(of: ["GET", "HEAD"]))
            #expect(!world.folder.exists("root"))
            #expect(try world.keys() == ["code/source.tar.gz", "cp/last", "in/a", "in/b"])
        }
    }

    @Test("Without credentials it says so, and 69")
    func noCredentials() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "def main(): pass")
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--script", folder.at("source"), "--entry-point", "alg:main",
                    "--input", "data=s3://bucket/in/", "--dry-run",
                ],
                environment: ["HOME": folder.directory, "AWS_EC2_METADATA_DISABLED": "true"]
            )
            #expect(run.exitCode == 69, "\(run.output)\(run.errors)")
            #expect(run.output.contains("no AWS credentials were found"))
        }
    }

    @Test("A job on local folders reads no AWS settings and opens no socket")
    func localJob() throws {
        try JobFolder.with { folder in
            folder.write(".aws/config", "[broken\n= nonsense")
            folder.store("in/a", "A")
            folder.write(
                "source/alg.py",
                """
                import os
                fds = f"/proc/{os.getppid()}/fd"
                for n in os.listdir(fds): print(os.readlink(f"{fds}/{n}"))
                """
            )
            let run = folder.run(
                folder.job("alg") + ["--input", "data=s3://bucket/in/", "--checkpoints", "s3://bucket/cp"],
                environment: [
                    "HOME": folder.directory, "AWS_PROFILE": "nope", "AWS_MAX_ATTEMPTS": "none",
                    "AWS_ENDPOINT_URL": "nonsense",
                ]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            // `swift test` has sockets that all children inherit.
            let inherited = Set(folder.shell("for f in /proc/$$/fd/*; do readlink $f; done").lines)
            let open = Set(run.lines.filter { $0.hasPrefix("socket:") || $0.hasPrefix("pipe:") })
            #expect(!open.isEmpty)
            #expect(open.filter { $0.hasPrefix("socket:") }.isSubset(of: inherited), "\(run.output)")
            let record = try folder.storedRecord()
            #expect(record["runner"]?.objectValue?["credentials"] == nil)
        }
    }
}
