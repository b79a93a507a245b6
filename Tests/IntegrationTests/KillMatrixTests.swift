import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Each way to end, each thing that must outlive it, on the real S3 server; the table of it stands in BENCHMARKS.md.
@Suite(.timeLimit(.minutes(30)))
struct KillMatrixTests {
    @Test("What is recovered", arguments: KillMatrix.rows)
    func recovered(_ row: KillMatrix) throws {
        if row.hurt == .diskFull && !Namespace.isAvailable { return }
        try S3World.with { world in
            let arena = try KillArena(world, row)
            defer { arena.stop() }
            let run = arena.run()
            let found = try arena.recovered(run)
            #expect(found == row.expected, "\(run.output)\(run.errors)")
        }
    }

    /// `make kill-matrix` sets the variable and writes the table; without it the table must be there as it is.
    @Test("The table in BENCHMARKS.md is this one")
    func table() throws {
        let file = BinaryUnderTest.repository.appending("BENCHMARKS.md").string
        let (begin, end) = ("<!-- kill matrix -->\n", "<!-- end of kill matrix -->\n")
        let text = Namespace.text(file)
        let first = try #require(text.firstRange(of: begin), "BENCHMARKS.md has no place for the table")
        let last = try #require(text.firstRange(of: end), "BENCHMARKS.md has no end of the table")
        if getenv("WRITE_KILL_MATRIX") != nil {
            let new = text[..<first.upperBound] + KillMatrix.table + text[last.lowerBound...]
            let descriptor = try FileDescriptor.open(FilePath(file), .writeOnly, options: .truncate)
            defer { try? descriptor.close() }
            _ = try descriptor.writeAll(new.utf8)
        } else {
            #expect(text[first.upperBound..<last.lowerBound] == KillMatrix.table, "run make kill-matrix")
        }
    }
}

/// One row's job between the store, what disturbs it, and a look at what is left.
private struct KillArena {
    private let world: S3World
    private let row: KillMatrix
    private let proxy: FaultProxy
    private let keys: RotatedKeys
    private let isDown: Flag

    /// A value that threads of a proxy read.
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool {
            get { value.load(ordering: .relaxed) }
            set { value.store(newValue, ordering: .relaxed) }
        }
    }

    init(_ world: S3World, _ row: KillMatrix) throws {
        self.world = world
        self.row = row
        let (down, isRotating, isExpiring) = (Flag(), row.hurt == .rotatedKeys, row.hurt == .expiredKeys)
        isDown = down
        let keys = RotatedKeys(world.server, in: world.folder)
        self.keys = keys
        proxy = try FaultProxy(to: world.server.endpoint) { request in
            let isOld = isRotating ? !keys.accepts(request) : isExpiring && down.isSet
            if isOld { return .answerEarly(.error(400, "ExpiredToken", message: "The provided token has expired.")) }
            return down.isSet ? .hangUp(.reset) : .pass
        }
        world.folder.write("source/alg.py", row.script)
    }

    func stop() { proxy.stop() }

    private var arguments: [String] {
        let limit =
            switch row.hurt {
            case .timeLimit: ["--max-runtime", "24"]
            case .storeGone: ["--timeout", "upload=5"]
            default: [String]()
            }
        return world.job + ["--checkpoints", world.address("cp"), "--checkpoint-quiet", "0.1", "--grace", "2"] + limit
    }

    /// Runs the job to its end, which comes when the first set and the first lines of the log are in the store.
    func run() -> RunnerRun {
        let program = start()
        #expect(program.waitForOutput("SET 1"), "\(program.errorsSoFar)")
        #expect(program.wait { isFirstSafe() }, "\(program.errorsSoFar)")
        if row.hurt == .rotatedKeys { #expect(program.wait { keys.used.count >= 3 }, "\(keys.used)") }
        isDown.isSet = row.hurt == .storeDown || row.hurt.isLost
        world.folder.write("go", "")
        #expect(program.waitForOutput("LAST"), "\(program.errorsSoFar)")
        if case .signal(let number) = row.hurt { program.send(number) }
        if row.hurt == .storeDown {
            #expect(program.wait { program.errorsSoFar.contains("script ended") }, "\(program.errorsSoFar)")
            isDown.isSet = false
        }
        let run = program.finish()
        if row.hurt == .diskFull {
            let left = world.folder.text("left") ?? ""
            #expect(left.contains("OSError: [Errno 28]") && left.contains("\"FAILED\""), "\(left)")
        }
        return run
    }

    /// The full disk has room for the reason; it is shown outside of its namespace.
    private static let onSmallDisk = """
        mount -t tmpfs -o size=24m none root && { "$@"; code=$?; cat root/ml/output/failure root/ml/output/job.json >left; exit $code; }
        """

    private func isFirstSafe() -> Bool {
        guard let keys = try? world.keys() else { return false }
        return ["cp/model", "cp/optimizer", "out/output/logs/algo-1/stdout-stderr-000001.log.gz"]
            .allSatisfy(keys.contains)
    }

    private func start() -> RunningProgram {
        let go = ["GO": world.folder.at("go")]
        switch row.hurt {
        case .rotatedKeys:
            let environment = world.server.environment(endpoint: proxy.endpoint)
                .filter { !$0.key.hasSuffix("ACCESS_KEY_ID") && !$0.key.hasSuffix("SECRET_ACCESS_KEY") }
            return world.folder.start(
                arguments,
                environment: environment.merging(keys.environment) { $1 }.merging(go) { $1 }
            )
        case .diskFull:
            // What is below the root is gone afterwards, as a container's disk is.
            world.folder.makeDirectory("root")
            return RunningProgram(
                "/usr/bin/unshare",
                [
                    "--mount", "sh", "-c", Self.onSmallDisk, "sh",
                    BinaryUnderTest.path,
                ]
                    + arguments,
                environment: BinaryUnderTest.minimalEnvironment.merging(world.server.environment()) { $1 }
                    .merging(go) { $1 },
                directory: world.folder.directory
            )
        case .storeDown, .storeGone, .expiredKeys:
            return world.start(arguments, endpoint: proxy.endpoint, environment: go)
        default: return world.start(arguments, environment: go)
        }
    }

    // MARK: What is left

    /// Looks at the store, and starts the job anew on another machine.
    func recovered(_ run: RunnerRun) throws -> KillMatrix.Recovered {
        var found = KillMatrix.Recovered()
        found.exit = run.signal.map { "signal \($0)" } ?? run.exitCode.map { "\($0)" } ?? "?"
        found.log = try log()
        found.record = try record()
        found.checkpoints = checkpoints()
        found.results = try results()
        return found
    }

    private func log() throws -> String {
        let keys = try world.keys("out/output/logs/algo-1/")
        for key in keys {
            let bytes = try world.oracle.bytes(of: key, in: world.bucket)
            world.folder.write("logs/" + (key.split(separator: "/").last.map(String.init) ?? ""), bytes)
        }
        let lines = world.folder.shell("zcat logs/*").lines
        let found = ["HAD none none", "SET 1", "SET 2", "LAST"].count(where: lines.contains)
        if row.hurt == .signal(SIGKILL) { return found >= 2 ? "all but the last seconds" : "\(found) lines" }
        let local = world.folder.text("root/ml/output/log/stdout-stderr.log") ?? ""
        let isLocal = row.hurt.isLost && local.hasSuffix("SET 2\nLAST\n")
        return "\(found) of 4 lines" + (isLocal ? ", all on the disk" : "")
    }

    private func record() throws -> String {
        guard try world.keys("out/output/job.json").isEmpty else { return Self.summary(try world.storedRecord()) }
        let record = try world.folder.record()
        let safe = record["runner"]?.objectValue?["safe"]?.objectValue
        let hasPoint = (safe?["generation"]?.intValue ?? 0) > 0
        let verdict = safe?["verdict"]?.stringValue.map { ", " + $0.split(separator: ",")[0] }
        return "on the disk: \(Self.summary(record))" + (verdict ?? (hasPoint ? ", with the safe point" : ""))
    }

    private static func summary(_ record: JSONObject) -> String {
        let kind = record["runner"]?.objectValue?["verdict"]?.objectValue?["kind"]?.stringValue
        return (record["status"]?.stringValue ?? "?") + (kind.map { ": \($0)" } ?? "")
    }

    private func results() throws -> String {
        guard try world.keys("out/output/model.tar.gz").isEmpty else {
            world.folder.write(
                "model.tar.gz",
                try world.oracle.bytes(of: "out/output/model.tar.gz", in: world.bucket)
            )
            let whole = (1...2).count { world.folder.shell("tar xzOf model.tar.gz result-\($0)").output == "\($0)" }
            return "\(whole) of 2 files"
        }
        _ = look("root")
        let whole = (1...2).count { world.folder.text("root/ml/previous/1/model/result-\($0)") == "\($0)" }
        return "\(whole) of 2 files on the disk, in `previous/1` of a new start"
    }

    private func checkpoints() -> String {
        let run = look("elsewhere")
        let words = run.lines.first { $0.hasPrefix("HAD ") }?.split(separator: " ").dropFirst() ?? []
        guard let number = words.first, words.allSatisfy({ $0 == number }) else { return "\(words) \(run.errors)" }
        // It was killed at a moment of its own: the second set may have been stored.
        if row.hurt == .signal(SIGKILL) {
            return ["1", "2"].contains(number) ? "a whole set, 1 or 2" : "set \(number)"
        }
        return "set \(number) of 2"
    }

    /// Starts the job anew, only to see what it finds; its own results go elsewhere.
    private func look(_ root: String) -> RunnerRun {
        world.run(
            arguments + ["--root", world.folder.at(root), "--output", world.address("looked")],
            environment: ["LOOK": "yes", "GO": ""]
        )
    }
}
