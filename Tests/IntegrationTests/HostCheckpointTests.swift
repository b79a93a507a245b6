import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Checkpoints of jobs of several hosts, at one place: `--instances`, driven from outside.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct HostCheckpointTests {
    /// Says what was restored, saves a file of its own, and does what files in TEST_PLACE tell it to do.
    private static let script = """
        import os, time
        host, place = os.environ["SM_CURRENT_HOST"], os.environ["TEST_PLACE"]
        folder = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
        def save(text):
            with open(folder + "/.new", "w") as file: file.write(text)
            os.rename(folder + "/.new", folder + "/shard-" + host)
        def told(word): return os.path.exists(place + "/" + word)
        have = {name: open(folder + "/" + name).read() for name in sorted(os.listdir(folder))}
        print(host, "has", " ".join(name + "=" + text for name, text in have.items()), flush=True)
        if not have and not told("silent-" + host): save("1")
        isSaved = False
        while not told("go"):
            if told("save-" + host) and not isSaved:
                save("2")
                isSaved = True
            if told("busy-" + host): open(folder + "/busy", "w").write(str(time.time()))
            time.sleep(0.05)
        """

    private static let options = [
        "--instances", "3", "--checkpoints", "s3://bucket/cp", "--log-level", "debug",
    ]

    private static func start(_ folder: JobFolder, _ more: [String] = []) -> RunningProgram {
        folder.write("source/alg.py", script)
        return folder.start(folder.job("alg") + options + more, environment: ["TEST_PLACE": folder.directory])
    }

    /// What the hosts of another run found, in order.
    private static func found(_ folder: JobFolder) -> [String] {
        folder.write("go", "")
        let run = start(folder, ["--root", folder.at("root2")]).finish()
        #expect(run.exitCode == 0, "\(run.errors)")
        return run.lines.filter { $0.contains(" has ") }.sorted()
    }

    private static func text(_ folder: JobFolder, _ number: Int) -> String? {
        folder.text("store/bucket/cp/shard-algo-\(number)")
    }

    @Test("A set is made while the scripts run, when all have stored their parts; all hosts get all files")
    func oneSet() throws {
        try JobFolder.with { folder in
            let program = Self.start(folder)
            #expect(program.wait { (1...3).allSatisfy { Self.text(folder, $0) == "1" } }, "\(program.errorsSoFar)")
            #expect(folder.shell("ls store/bucket/cp/.braket-runner/generations").output.hasPrefix("0000000001-"))
            folder.write("save-algo-2", "")
            #expect(program.wait { Self.text(folder, 2) == "2" }, "\(program.errorsSoFar)")
            folder.write("go", "")
            let run = program.finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            let safe = try folder.storedRecord()["runner"]?.objectValue?["safe"]?.objectValue ?? [:]
            #expect(safe["verdict"]?.stringValue?.hasPrefix("SAFE: 1 file") == true, "\(safe)")
            let all = "shard-algo-1=1 shard-algo-2=2 shard-algo-3=1"
            #expect(Self.found(folder) == (1...3).map { "algo-\($0) has \(all)" })
        }
    }

    @Test("A host that is killed while it writes makes no set: the others' files are there, and are not mixed in")
    func killedWhileWriting() throws {
        try JobFolder.with { folder in
            let program = Self.start(folder)
            #expect(program.wait { (1...3).allSatisfy { Self.text(folder, $0) == "1" } }, "\(program.errorsSoFar)")
            folder.write("busy-algo-2", "")
            #expect(program.wait { program.errorsSoFar.contains("algo-2 has stored part 1, something newer") })
            folder.write("save-algo-1", "")
            #expect(program.wait { program.errorsSoFar.contains("algo-1 has stored part 2, nothing newer") })
            try InstancesTests.killRunner(2, folder)
            let run = program.finish()
            #expect(run.exitCode == 75, "\(run.errors)")
            #expect(run.errors.contains("NOT SAFE: 1 file"))
            #expect(run.errors.contains("in no set of all hosts: algo-2 was lost"))
            // A person finds it.
            #expect(Self.text(folder, 1) == "2")
            let all = "shard-algo-1=1 shard-algo-2=1 shard-algo-3=1"
            #expect(Self.found(folder) == (1...3).map { "algo-\($0) has \(all)" })
        }
    }

    @Test("A host that stores no checkpoints may be lost: the others' set is made all the same")
    func killedWithoutPart() throws {
        try JobFolder.with { folder in
            folder.write("silent-algo-3", "")
            let program = Self.start(folder)
            #expect(program.wait { (1...2).allSatisfy { Self.text(folder, $0) == "1" } }, "\(program.errorsSoFar)")
            folder.write("save-algo-1", "")
            #expect(program.wait { program.errorsSoFar.contains("algo-1 has stored part 2, nothing newer") })
            try InstancesTests.killRunner(3, folder)
            let run = program.finish()
            #expect(run.exitCode == 75, "\(run.errors)")
            #expect(Self.found(folder) == (1...3).map { "algo-\($0) has shard-algo-1=2 shard-algo-2=1" })
        }
    }

    @Test("A set-up that fails does not wait for sets")
    func failingSetUp() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.script)
            let run = folder.run(folder.job("nothing") + Self.options)
            #expect(run.exitCode == 65, "\(run.errors)")
        }
    }

    @Test("By option each host has a folder with sets of its own")
    func perHost() throws {
        try JobFolder.with { folder in
            folder.write("go", "")
            let run = Self.start(folder, ["--checkpoint-per-host"]).finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            for number in 1...3 {
                #expect(folder.text("store/bucket/cp/algo-\(number)/shard-algo-\(number)") == "1")
                #expect(folder.exists("store/bucket/cp/algo-\(number)/.braket-runner/generations"))
            }
        }
    }
}
