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

/// The runner is killed at random moments while a script appends, renames, truncates and rewrites.
@Suite(.timeLimit(.minutes(600)))
struct CheckpointKillTests {
    /// Each file says at both ends which set it is of; the script judges what was restored.
    private static let script = """
        import os, sys, time
        d = os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
        slow = sys.argv[0] and os.environ["SLOW_SETS"]
        pad = "." * 20000
        def read(name):
            text = open(d + "/" + name).read()
            first, last = text.split(":")[0], text.rsplit(":", 1)[1]
            if first != last: print("TORN", name, first, last, flush=True)
            return int(last)
        names = sorted(n for n in os.listdir(d))
        k = 0
        if names:
            excused = set(open(slow).read().split()) if os.path.exists(slow) else set()
            tags = {n: read(n) for n in names if n != "log"}
            lines = open(d + "/log").read()
            if not lines.endswith("\\n"): print("TORN log", flush=True)
            tags["log"] = int(lines.split()[-1])
            k = max(tags.values())
            expected = {"state", "model", "sub-best", "log", f"step-{k}"} | ({f"step-{k-1}"} if k > 1 else set())
            tags = {n: (t + 1 if n == f"step-{k-1}" else t) for n, t in tags.items()}
            if (set(tags.values()) != {k} or set(tags) != expected) and not excused & {str(k), str(k-1)}:
                print("MIXED", tags, flush=True)
        print("RESTORED", k, flush=True)
        parent = os.getppid()
        while os.getppid() == parent:
            k += 1
            begin = time.monotonic()
            content = f"{k}:{pad}:{k}"
            with open(d + "/state", "w") as f:
                for i in range(0, len(content), 5000): f.write(content[i:i+5000]); f.flush()
            with open(d + "/model.tmp", "w") as f: f.write(content)
            os.replace(d + "/model.tmp", d + "/model")
            open(d + "/log", "a").write(f"{k}\\n")
            open(d + f"/step-{k}", "w").write(content)
            if k > 2: os.remove(d + f"/step-{k-2}")
            if os.path.exists(d + "/sub-best"): os.truncate(d + "/sub-best", 3)
            with open(d + "/sub-best", "r+" if os.path.exists(d + "/sub-best") else "w") as f: f.write(content)
            # A machine that stops us within a set for longer than the quiet time shows the runner a quiet half of it.
            if time.monotonic() - begin > 0.15:
                open(slow, "a").write(f"{k}\\n")
            time.sleep(0.7)

        """

    /// How many kills; `make soak` sets another number.
    private static let rounds = (getenv("ROUNDS").flatMap { Int(String(cString: $0)) } ?? 300)
    /// How many jobs run at once, each in a folder of its own: most of a round is waiting.
    private static let jobs = 6

    @Test("Restores that are torn or mixed: none")
    func kills() throws {
        try Self.withFolders(Self.jobs) { folders in
            for folder in folders { folder.write("source/alg.py", Self.script) }
            var restored = [Int](repeating: 0, count: folders.count)
            for round in 0..<(Self.rounds + folders.count - 1) / folders.count {
                restored = try kill(folders, round: round, last: restored)
            }
            // One that was always killed before its first set was safe has nothing to restore.
            #expect(restored.contains { $0 > 0 })
        }
    }

    private static func withFolders(_ count: Int, _ body: ([JobFolder]) throws -> Void) throws {
        guard count > 0 else { return try body([]) }
        try JobFolder.with { folder in try withFolders(count - 1) { try body($0 + [folder]) } }
    }

    /// Runs each job on another machine, kills their runners one after the other, and looks at what they had restored
    /// and what they left.
    ///
    /// - Returns: The sets that they restored.
    private func kill(_ folders: [JobFolder], round: Int, last: [Int]) throws -> [Int] {
        let programs = folders.map { folder in
            folder.remove("root")
            return folder.start(
                folder.job("alg") + [
                    "--checkpoints", "s3://bucket/cp", "--checkpoint-quiet", "0.3", "--checkpoint-interval", "5",
                ],
                environment: ["SLOW_SETS": folder.at("slow")]
            )
        }
        for program in programs { #expect(program.wait { hasRestored(program) }, "\(program.errorsSoFar)") }
        // At any moment, be it within a request of the first or second set of this round.
        var restored = last
        for index in programs.indices.shuffled() {
            usleep(UInt32.random(in: 0..<450_000))
            programs[index].send(SIGKILL)
            restored[index] = try look(at: programs[index].finish(), folders[index], round, last: last[index])
        }
        return restored
    }

    /// Whether the line is there to its end: Python may write it in pieces.
    private func hasRestored(_ program: RunningProgram) -> Bool {
        program.outputSoFar.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .contains { $0.hasPrefix("RESTORED ") }
    }

    private func look(at run: RunnerRun, _ folder: JobFolder, _ round: Int, last: Int) throws -> Int {
        let torn = run.lines.filter { $0.hasPrefix("TORN") || $0.hasPrefix("MIXED") }
        #expect(torn.isEmpty, "round \(round): \(torn)")
        let line = try #require(run.lines.first { $0.hasPrefix("RESTORED") }, "round \(round): \(run.errors)")
        let restored = try #require(line.split(separator: " ").last.flatMap { Int($0) })
        // Never back: what was restored once is restored again, or something newer.
        #expect(restored >= last, "round \(round)")
        try expectWholeObjects(folder, round)
        return restored
    }

    /// No plain name ever has half a file.
    private func expectWholeObjects(_ folder: JobFolder, _ round: Int) throws {
        for name in folder.shell("cd store/bucket/cp 2>/dev/null && ls").lines where !name.isEmpty && name != "log" {
            let text = folder.text("store/bucket/cp/\(name)") ?? ""
            #expect(text.split(separator: ":").first == text.split(separator: ":").last, "round \(round): \(name)")
        }
    }
}
