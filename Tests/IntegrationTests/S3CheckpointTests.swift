import RunnerCore
import RunnerTestSupport
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Checkpoints and copies on the real S3 server, and under its faults.
@Suite(.timeLimit(.minutes(15)))
struct S3CheckpointTests {
    private static let waiting = """
        import os, time
        d = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
        print("HAS", sorted(os.listdir(d)), flush=True)
        open(d + "/a", "w").write("first")
        while not os.path.exists(os.environ["GO"]): time.sleep(0.02)

        """

    @Test("Stored while the script runs; after SIGKILL of the runner a fresh machine has it")
    func killed() throws {
        try S3World.with { world in
            world.folder.write("source/alg.py", Self.waiting + "os._exit(0)")
            let arguments = world.job + ["--checkpoints", world.address("cp"), "--checkpoint-quiet", "0.1"]
            let go = ["GO": world.folder.at("go")]
            let program = world.start(arguments, environment: go)
            #expect(program.wait { (try? world.keys("cp/a")) == ["cp/a"] })
            program.send(SIGKILL)
            world.folder.write("go", "")
            #expect(program.finish().signal == SIGKILL)
            world.folder.remove("root")
            let run = world.run(arguments, environment: go)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("HAS ['a']"), "\(run.output)\(run.errors)")
            // The lease is given back, and nothing half remains.
            let own = try world.keys("cp/.braket-runner/").map { $0.split(separator: "/")[2] }
            #expect(own == ["generations", "objects"], "\(own)")
        }
    }

    @Test("A store that is down for a while costs nothing but time")
    func downThenUp() throws {
        try S3World.with { world in
            let proxy = try FaultProxy(to: world.server.endpoint)
            defer { proxy.stop() }
            // Nothing is written before the store is down.
            world.folder.write(
                "source/alg.py",
                """
                import os, time
                print("READY", flush=True)
                while not os.path.exists(os.environ["DOWN"]): time.sleep(0.01)
                open(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"] + "/a", "w").write("first")
                while not os.path.exists(os.environ["GO"]): time.sleep(0.01)
                """
            )
            let program = world.start(
                world.job + [
                    "--checkpoints", world.address("cp"), "--checkpoint-quiet", "0.1", "--checkpoint-lag-warning", "1",
                ],
                endpoint: proxy.endpoint,
                environment: [
                    "GO": world.folder.at("go"), "DOWN": world.folder.at("down"), "AWS_MAX_ATTEMPTS": "2",
                ]
            )
            #expect(program.waitForOutput("READY"))
            try proxy.takeDown()
            world.folder.write("down", "")
            #expect(program.wait { program.errorsSoFar.contains("CHECKPOINTS ARE NOT SAFE: 0 of 1 file safe") })
            try proxy.refuseConnections(false)
            #expect(program.wait { (try? world.keys("cp/a")) == ["cp/a"] })
            world.folder.write("go", "")
            let run = program.finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.errors.contains("checkpoints: SAFE: 1 file, 5 B, generation 1"), "\(run.errors)")
        }
    }

    @Test("A renamed file is copied in the store, a touched one costs nothing")
    func requests() throws {
        try S3World.with { world in
            let proxy = try FaultProxy(to: world.server.endpoint)
            defer { proxy.stop() }
            let script = """
                import os
                d = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
                if os.path.exists(d + "/a"):
                    os.rename(d + "/a", d + "/b"); os.utime(d + "/t", (1, 1))
                else:
                    for n in "at": open(d + "/" + n, "w").write(n * 100)

                """
            world.folder.write("source/alg.py", script)
            let arguments = world.job + ["--checkpoints", world.address("cp"), "--checkpoint-quiet", "30"]
            #expect(world.run(arguments).exitCode == 0)
            let run = world.run(arguments, endpoint: proxy.endpoint)
            #expect(run.exitCode == 0, "\(run.errors)")
            let puts = proxy.requests.filter { $0.method == "PUT" && $0.path.contains("/cp/") }
            #expect(puts.filter { $0.path.contains("/objects/") }.isEmpty)
            let copies = puts.filter { $0.header("x-amz-copy-source") != nil }
            #expect(copies.map(\.path) == ["/\(world.bucket)/cp/b"])
            #expect(try world.text("cp/b") == String(repeating: "a", count: 100))
        }
    }

    // MARK: Copies

    @Test("From bucket to bucket nothing passes through this machine")
    func transfer() throws {
        try S3World.with { world in
            let other = try world.server.makeBucket()
            let proxy = try FaultProxy(to: world.server.endpoint)
            defer { proxy.stop() }
            try world.put("in/a b+ü", "A")
            try world.put("in/sub/b", "B")
            let run = world.run(["transfer", world.address("in/"), "s3://\(other)/to"], endpoint: proxy.endpoint)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.errors.contains("copied 2 of 2 files"), "\(run.errors)")
            let keys = try world.oracle.list(other).map(\.key).sorted()
            #expect(keys == ["to/a b+ü", "to/sub/b"])
            #expect(String(decoding: try world.oracle.bytes(of: "to/a b+ü", in: other), as: UTF8.self) == "A")
            #expect(!proxy.requests.contains { $0.method == "GET" && $0.path.contains("/in/") })
        }
    }

    @Test("An error inside a 200 is no success: CopyObject", arguments: [1, 100])
    func errorInsideSuccess(times: Int) throws {
        try S3World.with { world in
            try world.put("a", "A")
            let failures = Mutex(0)
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                guard request.header("x-amz-copy-source") != nil else { return .pass }
                let number = failures.withLock { failures in
                    failures += 1
                    return failures
                }
                let text = "<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>not now</Message></Error>"
                return number <= times ? .answerEarly(.http(200, text: text)) : .pass
            }
            defer { proxy.stop() }
            let run = world.run(
                ["transfer", world.address("a"), world.address("b")],
                endpoint: proxy.endpoint,
                environment: ["AWS_MAX_ATTEMPTS": "3"]
            )
            if times == 1 {
                #expect(run.exitCode == 0, "\(run.errors)")
                #expect(try world.text("b") == "A")
                #expect(failures.withLock { $0 } == 2)
            } else {
                #expect(run.exitCode != 0)
                #expect(run.errors.contains("SlowDown"), "\(run.errors)")
                #expect(try world.keys() == ["a"])
            }
        }
    }

    @Test("An error inside a 200 is no success: CompleteMultipartUpload")
    func errorInsideCompletion() throws {
        try S3World.with { world in
            let bytes = (0..<(9 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            world.folder.write("big", bytes)
            let failures = Mutex(0)
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                guard request.method == "POST", request.queryValue("uploadId") != nil else { return .pass }
                let isFirst = failures.withLock { failures in
                    failures += 1
                    return failures == 1
                }
                let text =
                    "<?xml version=\"1.0\"?>\n  <Error><Code>InternalError</Code><Message>later</Message></Error>"
                return isFirst ? .answer(.http(200, text: text)) : .pass
            }
            defer { proxy.stop() }
            let run = world.run(["transfer", "big", world.address("big")], endpoint: proxy.endpoint)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(failures.withLock { $0 } == 2)
            #expect(try world.oracle.bytes(of: "big", in: world.bucket) == bytes)
        }
    }
}
