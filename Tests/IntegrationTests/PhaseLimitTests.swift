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

/// What ends a phase that takes too long, and a runner that is asked to leave at once.
@Suite(.timeLimit(.minutes(15)))
struct PhaseLimitTests {
    @Test("--timeout fetch: 124, named, the script does not start")
    func fetch() throws {
        try S3World.with { world in
            world.folder.write("source/alg.py", "print('RAN')")
            try world.put("in/x", String(repeating: "x", count: 100_000))
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.method == "GET" && request.path.hasSuffix("/in/x") ? .stallAnswer(after: 10) : .pass
            }
            defer { proxy.stop() }
            let run = world.run(
                world.job + [
                    "--input", "data=" + world.address("in/"), "--stall-timeout", "3600", "--timeout", "fetch=2",
                ],
                endpoint: proxy.endpoint
            )
            #expect(run.exitCode == 124, "\(run.errors)")
            #expect(!run.output.contains("RAN"))
            let verdict = try world.storedRecord()["runner"]?.objectValue?["verdict"]?.objectValue
            #expect(verdict?["kind"]?.stringValue == "fetch-timeout")
            #expect(world.folder.failure?.contains("2 s for fetching") == true)
            #expect(try world.storedRecord()["status"]?.stringValue == "FAILED")
        }
    }

    @Test("--timeout install: 124, named, the installing program is ended")
    func install() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            folder.write("source/requirements.txt", "x")
            // Stands for python.
            folder.write("python", "#!/bin/sh\necho $$ > '\(folder.at("pid"))'\nexec sleep 1000\n", mode: 0o755)
            let run = folder.run(
                folder.job("alg") + ["--python", folder.at("python"), "--timeout", "install=1"],
                environment: ["PATH": "/usr/bin:/bin"]
            )
            #expect(run.exitCode == 124, "\(run.errors)")
            let verdict = try folder.record()["runner"]?.objectValue?["verdict"]?.objectValue
            #expect(verdict?["kind"]?.stringValue == "install-timeout")
            #expect(!run.output.contains("Running Code As Process"))
            #expect(folder.shell("kill -0 $(cat pid)").exitCode != 0)
        }
    }

    /// A job whose results the store takes in only after the test.
    private func whileStoring(
        _ arguments: [String],
        ending: String = "",
        _ body: (S3World, RunningProgram) throws -> Void
    ) throws {
        try S3World.with { world in
            world.folder.write(
                "source/alg.py",
                """
                import os
                open(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"] + "/r", "wb").write(os.urandom(20 << 20))
                \(ending)
                """
            )
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.method == "PUT" && request.path.contains("model.tar.gz") ? .stallUpload(after: 1000) : .pass
            }
            defer { proxy.stop() }
            let program = world.start(world.job + ["--stall-timeout", "3600"] + arguments, endpoint: proxy.endpoint)
            #expect(proxy.wait { $0.requests.contains { $0.method == "PUT" && $0.path.contains("model.tar.gz") } })
            try body(world, program)
        }
    }

    private func expectUnsafe(_ world: S3World, _ run: RunnerRun) throws {
        #expect(run.exitCode == 74, "\(run.errors)")
        let record = try world.folder.record()
        let unsafe = record["runner"]?.objectValue?["notSafe"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(unsafe.contains { $0.hasPrefix("results: not stored") }, "\(unsafe) \(run.errors)")
        #expect(record["endedAt"] != nil)
        #expect(record["runner"]?.objectValue?["exitCode"]?.intValue == 74)
        #expect(world.folder.failure != nil)
    }

    @Test("--timeout upload: 74, results named as not safe, the record says so")
    func upload() throws {
        try whileStoring(["--timeout", "upload=2"]) { world, program in
            let run = program.finish()
            try expectUnsafe(world, run)
            #expect(run.errors.contains("--timeout upload"))
        }
    }

    @Test("The third stop request leaves at once, with the record written")
    func thirdStop() throws {
        try whileStoring([]) { world, program in
            // Signals of one kind that come together are one: send until it is gone.
            _ = program.wait {
                program.send(SIGTERM)
                return false
            }
            let run = program.finish()
            try expectUnsafe(world, run)
            #expect(run.errors.contains("third stop request"), "\(run.errors)")
        }
    }

    @Test("The reason stands in the failure file before results are stored: a platform may end us meanwhile")
    func reasonFirst() throws {
        try whileStoring([], ending: "raise ValueError('why')") { world, program in
            #expect(world.folder.failure?.hasPrefix("ValueError: why") == true)
            program.send(SIGKILL)
            #expect(program.finish().signal == SIGKILL)
        }
    }
}
