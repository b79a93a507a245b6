import RunnerCore
import RunnerTestSupport
import Testing

/// The log of the script's output: on this machine, and its copies in the store.
@Suite(.timeLimit(.minutes(15)))
struct ScriptLogTests {
    static let log = "root/ml/output/log/stdout-stderr.log"
    static let objects = "store/bucket/out/output/logs/algo-1"

    private func shipped(_ folder: JobFolder) -> [UInt8] {
        folder.shell("zcat \(Self.objects)/*").standardOutput
    }

    private func output(_ folder: JobFolder) throws -> JSONObject {
        try #require(try folder.record()["runner"]?.objectValue?["output"]?.objectValue)
    }

    @Test("Log, index, record and store hold both streams as they came")
    func everything() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "echo one; sleep 0.2; echo two >&2; sleep 0.2; printf 'three\\r4'\n")
            let run = folder.run(folder.job("run.sh"))
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text(Self.log) == "one\ntwo\nthree\r4")
            let lines = try #require(folder.text("root/ml/output/log/stdout-stderr.index")).split(separator: "\n")
            let fields = lines.map { $0.split(separator: " ").dropLast().map(String.init).joined(separator: " ") }
            #expect(fields == ["0 4 out", "4 4 err", "8 7 out"])
            let times = lines.compactMap { $0.split(separator: " ").last.flatMap { Int64($0) } }
            #expect(times == times.sorted() && times.count == 3)
            #expect(shipped(folder) == Array("one\ntwo\nthree\r4".utf8))
            let figures = try output(folder)
            #expect(figures["bytes"] == .number(JSONNumber(15)))
            #expect(figures["standardErrorBytes"] == .number(JSONNumber(4)))
            #expect(figures["leftOut"] == .number(JSONNumber(0)))
            #expect(figures["objects"] == .number(JSONNumber(1)))
            #expect(figures["lastObject"] == .string("s3://bucket/out/output/logs/algo-1/stdout-stderr-000001.log.gz"))
            // Neither archive holds it.
            let members = folder.shell("cat store/bucket/out/output/*.tar.gz | tar -tzi 2>/dev/null")
            #expect(!members.output.contains("log"))
        }
    }

    @Test("The log is in the store while the script runs, and outlives a runner that is killed")
    func killedRunner() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "echo $$ > \(folder.at("pid")); echo precious; exec sleep 100\n")
            let program = folder.start(folder.job("run.sh"))
            let object = Self.objects + "/stdout-stderr-000001.log.gz"
            #expect(program.wait { folder.exists(object) })
            program.send(9)
            _ = folder.shell("kill -9 $(cat pid)")
            _ = program.finish()
            #expect(shipped(folder) == Array("precious\n".utf8))
            #expect(folder.text(Self.log) == "precious\n")
        }
    }

    @Test("A store that fails and comes back gets everything; the exit code stays the script's")
    func storeComesBack() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                "echo before; until [ -e \(folder.at("go")) ]; do sleep 0.05; done; echo after\n"
            )
            // A file where the folder of the logs would be: nothing can be stored there.
            folder.write("store/bucket/out/output/logs", "in the way")
            let program = folder.start(folder.job("run.sh"))
            #expect(program.wait { program.errorsSoFar.contains("the log cannot be stored now") })
            folder.remove("store/bucket/out/output/logs")
            folder.write("go", "")
            let run = program.finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(shipped(folder) == Array("before\nafter\n".utf8))
            #expect(run.errors.contains("the log is stored again"))
        }
    }

    @Test("A store that does not come back: said, in the record, no failure")
    func storeStaysAway() throws {
        try JobFolder.with { folder in
            folder.write("store/bucket/out/output/logs", "in the way")
            let run = folder.runScript("print('x')")
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.errors.contains("log not stored"))
            let reason = try output(folder)["notStored"]?.stringValue ?? ""
            #expect(reason.hasPrefix("log not stored: "), "\(reason)")
            #expect(folder.text(Self.log) == "x\n")
        }
    }

    @Test("A second run in the same place goes on with the numbers")
    func secondRun() throws {
        try JobFolder.with { folder in
            folder.runScript("print('first')")
            folder.runScript("print('second')")
            #expect(shipped(folder) == Array("first\nsecond\n".utf8))
            let first = try output(folder)["firstObject"]?.stringValue ?? ""
            #expect(first.hasSuffix("stdout-stderr-000002.log.gz"), "\(first)")
            #expect(folder.text("root/ml/previous/1/output/log/stdout-stderr.log") == "first\n")
        }
    }

    @Test("Many megabytes make several objects, and zcat of all is the output")
    func severalObjects() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                "head -c 6000000 /dev/urandom | tee \(folder.at("a")); sleep 4; head -c 20000000 /dev/urandom | tee \(folder.at("b"))\n"
            )
            let run = folder.run(folder.job("run.sh"))
            #expect(run.exitCode == 0, "\(run.errors)")
            let equal = folder.shell(
                "zcat \(Self.objects)/* | cmp - \(Self.log) && cat a b | cmp - \(Self.log) && echo equal"
            )
            #expect(equal.output == "equal\n", "\(equal.errors)")
            #expect(folder.shell("ls \(Self.objects) | wc -l").output.trimmed() >= "2")
        }
    }

    @Test("A cap: head, the number of missing bytes, tail; and the job ends although the store was overtaken")
    func cap() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "seq 1 10000\n")
            let run = folder.run(folder.job("run.sh") + ["--log-size", "4096"])
            let all = folder.shell("seq 1 10000").output
            let log = try #require(folder.text(Self.log))
            let left = try #require(try output(folder)["leftOut"])
            guard case .number(let number) = left else { return #expect(Bool(false), "\(left)") }
            let parts = log.split(
                separator: "\n... \(number.text) bytes left out ...\n",
                omittingEmptySubsequences: false
            )
            try #require(parts.count == 2)
            #expect(all.hasPrefix(parts[0]) && parts[0].utf8.count == 2048)
            #expect(all.hasSuffix(parts[1]) && (1024...2048).contains(parts[1].utf8.count))
            #expect("\(all.utf8.count - parts[0].utf8.count - parts[1].utf8.count)" == number.text)
            #expect(run.output.contains(all))
            #expect(!folder.exists(Self.log + ".tail-1"))
        }
    }

    @Test("--log-file none keeps and stores nothing")
    func none() throws {
        try JobFolder.with { folder in
            let run = folder.runScript("print('x')", ["--log-file", "none"])
            #expect(run.exitCode == 0)
            #expect(run.lines.contains("x"))
            #expect(!folder.exists("root/ml/output/log"))
            #expect(!folder.exists("store/bucket/out/output/logs"))
            try #expect(output(folder)["bytes"] == .number(JSONNumber(2)))
        }
    }

    @Test("A log elsewhere")
    func elsewhere() throws {
        try JobFolder.with { folder in
            folder.runScript("print('x')", ["--log-file", folder.at("my/own")])
            #expect(folder.text("my/own") == "x\n")
            #expect(folder.exists("my/own.index"))
            #expect(!folder.exists("root/ml/output/log"))
        }
    }

    @Test("A disk that is full ends the log, never the script", arguments: ["/dev/full", "/proc/no/such/log"])
    func fullDisk(_ file: String) throws {
        try JobFolder.with { folder in
            let run = folder.runScript("for i in range(3): print('x' * 100_000, flush=True)", ["--log-file", file])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains(String(repeating: String(repeating: "x", count: 100_000) + "\n", count: 3)))
            #expect(
                run.errors.split(separator: "\n").count { $0.contains("the log of the script's output stops here") }
                    == 1
            )
            try #expect(output(folder)["leftOut"] == .number(JSONNumber(300_003)))
        }
    }

    @Test("The platform's container keeps the log too, and moves nothing")
    func managed() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('x')")
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--script", folder.at("source"), "--entry-point", "alg", "--job-name",
                    "j",
                ]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text(Self.log) == "x\n")
            #expect(folder.shell("ls root/ml/output/data").output.isEmpty)
        }
    }

    @Test("Bad values are reported", arguments: [("--log-file", ""), ("--log-file", "x/"), ("--log-size", "4095")])
    func badValues(_ option: String, _ value: String) throws {
        try JobFolder.with { folder in
            let run = folder.runScript("print('x')", [option, value])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains(option), "\(run.errors)")
        }
    }
}
