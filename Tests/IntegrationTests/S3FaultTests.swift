import RunnerCore
import RunnerTestSupport
import Synchronization
import Testing

/// Faults of the store as a job meets them: it survives what passes, and ends with one sentence where nothing helps.
@Suite(.timeLimit(.minutes(15)))
struct S3FaultTests {
    @Test("Every request is refused with 503 once: nothing is lost")
    func storm() throws {
        try S3World.with { world in
            for number in 0..<12 { try world.put("in/\(number)", "content \(number)") }
            let seen = Mutex(Set<String>())
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                seen.withLock { $0.insert("\(request.method) \(request.path)").inserted }
                    ? .answerEarly(.error(503, "SlowDown")) : .pass
            }
            defer { proxy.stop() }
            let copied = world.run(["transfer", world.address("in/"), "copy"], endpoint: proxy.endpoint)
            #expect(copied.exitCode == 0, "\(copied.errors)")
            for number in 0..<12 { #expect(world.folder.text("copy/\(number)") == "content \(number)") }
            let stored = world.run(
                ["transfer", "copy/", world.address("up")],
                endpoint: proxy.endpoint
            )
            #expect(stored.exitCode == 0, "\(stored.errors)")
            #expect(try world.keys("up/").count == 12)
        }
    }

    @Test("One damaged answer is fetched again", arguments: [5, 9 << 20])
    func damagedOnce(_ size: Int) throws {
        try S3World.with { world in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            try world.put("in/x", bytes)
            let isDamaged = Mutex(false)
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                guard request.method == "GET", request.queryValue("list-type") == nil else { return .pass }
                return isDamaged.withLock { isDamaged in
                    defer { isDamaged = true }
                    return isDamaged ? .pass : .corruptAnswer(at: 3)
                }
            }
            defer { proxy.stop() }
            world.folder.write("source/alg.py", "")
            let run = world.run(
                world.job + ["--input", "data=" + world.address("in/x")],
                endpoint: proxy.endpoint
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(world.folder.bytes("root/ml/input/data/data/x") == bytes)
        }
    }

    @Test("An object that is damaged at each try: 66, and the script does not run")
    func damaged() throws {
        try S3World.with { world in
            try world.put("in/x", "some content")
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.path.hasSuffix("/in/x") && request.method == "GET" ? .corruptAnswer(at: 3) : .pass
            }
            defer { proxy.stop() }
            world.folder.write("source/alg.py", "print('RAN')")
            let run = world.run(world.job + ["--input", "data=" + world.address("in/")], endpoint: proxy.endpoint)
            #expect(run.exitCode == 66, "\(run.errors)")
            #expect(!run.output.contains("RAN"))
            #expect(world.folder.failure?.contains(world.address("in/x")) == true, "\(world.folder.failure ?? "-")")
            #expect(!world.folder.exists("root/ml/input/data/data/x"))
        }
    }

    @Test("A store that cannot be connected to: 69 and one sentence", arguments: ["script", "input", "checkpoints"])
    func unreachable(_ option: String) throws {
        let server = try ScriptedServer(answers: [])
        server.stop()
        try S3World.with { world in
            world.folder.write("source/alg.py", "print('RAN')")
            let address = option == "input" ? "data=s3://bucket/in/" : "s3://bucket/in/"
            let run = world.run(
                world.options + [
                    "--script", world.folder.at("source"), "--entry-point", "alg", "--storage", "s3", "--\(option)",
                    address,
                ],
                endpoint: server.endpoint,
                environment: ["AWS_MAX_ATTEMPTS": "2"]
            )
            #expect(run.exitCode == 69, "\(run.errors)")
            #expect(!run.output.contains("RAN"))
            #expect(world.folder.failure?.contains(server.endpoint) == true, "\(world.folder.failure ?? "-")")
            let record = try world.folder.record()
            #expect(record["runner"]?.objectValue?["exitCode"]?.intValue == 69)
        }
    }

    @Test("Results that cannot be stored: 74, and what is not safe", arguments: ["model.tar.gz", "count", "job.json"])
    func notStored(_ name: String) throws {
        try S3World.with { world in
            let proxy = try FaultProxy(to: world.server.endpoint) { request in
                request.method != "GET" && request.path.hasSuffix("/" + name)
                    ? .answer(.error(403, "AccessDenied", message: "not here")) : .pass
            }
            defer { proxy.stop() }
            world.folder.write("source/alg.py", CheckpointTests.counting)
            let run = world.run(
                world.job + ["--checkpoints", world.address("cp")],
                endpoint: proxy.endpoint
            )
            #expect(run.exitCode == 74, "\(run.errors)")
            #expect(run.lines.contains("COUNT 0"))
            let failure = try #require(world.folder.failure)
            #expect(failure.hasPrefix("The script succeeded, but "))
            #expect(failure.contains(name == "count" ? "sub/count" : "AccessDenied"), "\(failure)")
            if name != "job.json" {
                let record = try world.storedRecord()
                #expect(record["status"]?.stringValue == "FAILED")
                let places = record["runner"]?.objectValue?["notSafe"]?.arrayValue?.compactMap(\.stringValue) ?? []
                #expect(places.count == 1 && places[0].contains(name), "\(places)")
            }
            // What could be stored is.
            #expect(try world.keys("cp/sub/").count == (name == "count" ? 0 : 1))
            #expect(try world.keys("out/output/model").count == (name == "model.tar.gz" ? 0 : 1))
        }
    }
}
