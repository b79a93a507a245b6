import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Signals in the middle of a transfer: a stop ends it at once and leaves nothing; after a kill the next run cleans up.
@Suite(.timeLimit(.minutes(15)))
struct S3StopTests {
    private static let big = """
        import os, random
        random.seed(1)
        folder = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
        content = random.randbytes(20 << 20)
        for name in folder:
            if not os.path.exists(name + "/big"): open(name + "/big", "wb").write(content)
        import hashlib; print("SHA", hashlib.sha256(open(folder[1] + "/big", "rb").read()).hexdigest())

        """

    @Test("SIGTERM while a download stands still: 143, no half channel", arguments: ["script", "in/x"])
    func download(_ key: String) throws {
        try S3World.with { world in
            try world.put("script", SmallArchives.tarGz(files: ["alg.py": "print('RAN')"]))
            try world.put("in/x", String(repeating: "x", count: 100_000))
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.method == "GET" && request.path.hasSuffix("/" + key) ? .stallAnswer(after: 10) : .pass
            }
            defer { proxy.stop() }
            let program = world.start(
                world.job + [
                    "--script", world.address("script"), "--input", "data=" + world.address("in/"), "--stall-timeout",
                    "3600",
                ],
                endpoint: proxy.endpoint
            )
            #expect(proxy.wait { $0.requests.contains { $0.method == "GET" && $0.path.hasSuffix("/" + key) } })
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(!run.output.contains("RAN"))
            #expect(!world.folder.exists("root/ml/input/data/data"))
            #expect(try world.storedRecord()["status"]?.stringValue == "CANCELLED")
        }
    }

    @Test("SIGTERM while a transfer's upload stands still: 143, nothing unfinished stays")
    func upload() throws {
        try S3World.with { world in
            world.folder.write("big", [UInt8](repeating: 7, count: 20 << 20))
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.queryValue("partNumber") == "2" ? .stallUpload(after: 1000) : .pass
            }
            defer { proxy.stop() }
            let program = world.start(
                ["transfer", "big", world.address("big"), "--stall-timeout", "3600"],
                endpoint: proxy.endpoint
            )
            #expect(proxy.wait { $0.requests.contains { $0.queryValue("partNumber") == "2" } })
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(run.errors.contains("stopped on request"), "\(run.errors)")
            #expect(try world.oracle.uploads(in: world.bucket).isEmpty)
            #expect(try world.keys().isEmpty)
        }
    }

    @Test("SIGTERM while the script of a job runs: what it wrote is stored")
    func scriptStopped() throws {
        try S3World.with { world in
            world.folder.write("source/alg.py", CheckpointTests.counting + "import time\nwhile True: time.sleep(1)\n")
            let program = world.start(world.job + ["--checkpoints", world.address("cp")])
            #expect(program.waitForOutput("COUNT 0"))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            let (count, record) = (try world.text("cp/sub/count"), try world.storedRecord())
            #expect(count == "1")
            #expect(record["status"]?.stringValue == "CANCELLED")
        }
    }

    @Test("SIGTERM while results are stored: they are stored all the same")
    func results() throws {
        try S3World.with { world in
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.queryValue("partNumber") == "2" ? .stallUpload(after: 1000) : .pass
            }
            defer { proxy.stop() }
            world.folder.write("source/alg.py", Self.big)
            let program = world.start(world.job + ["--stall-timeout", "3600"], endpoint: proxy.endpoint)
            #expect(proxy.wait { $0.requests.contains { $0.queryValue("partNumber") == "2" } })
            program.send(SIGTERM)
            proxy.release()
            let run = program.finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try world.oracle.uploads(in: world.bucket).isEmpty)
            let archive = try world.oracle.head("out/output/model.tar.gz", in: world.bucket)
            #expect(archive.size > 20 << 20)
        }
    }

    @Test(
        "SIGKILL within an upload in parts: the next run leaves no unfinished one",
        // A checkpoint is sent under the name of its content.
        arguments: ["model.tar.gz", "/cp/.braket-runner/objects/"]
    )
    func killed(_ name: String) throws {
        try S3World.with { world in
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.queryValue("partNumber") == "2" && request.path.contains(name)
                    ? .stallUpload(after: 1000) : .pass
            }
            defer { proxy.stop() }
            world.folder.write("source/alg.py", Self.big)
            let arguments = world.job + ["--checkpoints", world.address("cp")]
            let program = world.start(arguments + ["--stall-timeout", "3600"], endpoint: proxy.endpoint)
            #expect(
                proxy.wait { $0.requests.contains { $0.queryValue("partNumber") == "2" && $0.path.contains(name) } }
            )
            program.send(SIGKILL)
            #expect(program.finish().signal == SIGKILL)
            #expect(try world.oracle.uploads(in: world.bucket).map(\.key).contains { "/\($0)".contains(name) })
            // On another machine: nothing of this one is left.
            world.folder.remove("root")
            let run = world.run(arguments)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try world.oracle.uploads(in: world.bucket).isEmpty)
            let stored = try world.oracle.digest(of: "cp/big", in: world.bucket)
            #expect(run.lines.contains("SHA \(stored.sha256)"), "\(run.output)")
            world.folder.write("model.tar.gz", try world.oracle.bytes(of: "out/output/model.tar.gz", in: world.bucket))
            #expect(world.folder.shell("tar xzOf model.tar.gz | sha256sum").output.hasPrefix(stored.sha256))
        }
    }
}
