import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import ProcessSupervision

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What a living process started, where nothing that ended comes to us.
private struct Descendants: StragglerSource {
    let ancestor: Int32

    init(of ancestor: Int32) {
        self.ancestor = ancestor
    }

    func processes() -> [ProcessEntry] { ProcessTable.current().stragglers(of: ancestor, except: []) }
    func reapedOrphans() -> [ProcessEntry] { [] }
    func isOver() -> Bool { processes().isEmpty }
    var isAlone: Bool { true }
}

/// Which processes are stragglers, what is said of them, and how they end.
@Suite(.timeLimit(.minutes(15))) struct StragglerSweepTests {
    /// A process of a made-up table.
    private static func process(
        _ processID: Int32,
        parent: Int32,
        group: Int32,
        state: String = "S"
    ) throws -> ProcessEntry {
        let line =
            "\(processID) (p\(processID)) \(state) \(parent) \(group) \(group) 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 99 0 7"
        return try #require(ProcessEntry(stat: Array(line.utf8)))
    }

    @Test func stragglersAreAllDescendantsButTheHelpersAndTheDead() throws {
        let table = try ProcessTable([
            // The runner is 10, its helper 20 with a child, and an orphan of the helper's group.
            Self.process(10, parent: 1, group: 10), Self.process(20, parent: 10, group: 20),
            Self.process(21, parent: 20, group: 20), Self.process(22, parent: 10, group: 20),
            // Orphans of the script, one with a child in a session of its own, one dead, one dead in its first thread.
            Self.process(30, parent: 10, group: 29), Self.process(31, parent: 30, group: 31),
            Self.process(32, parent: 10, group: 29, state: "Z"), Self.process(33, parent: 10, group: 29, state: "Z"),
            // Nothing of ours.
            Self.process(40, parent: 1, group: 40),
        ])
        let found = table.stragglers(of: 10, except: [20]) { $0.processID == 33 }
        #expect(found.map(\.processID) == [30, 31, 33])
        #expect(table.stragglers(of: 10, except: []) { _ in false }.map(\.processID) == [20, 21, 22, 30, 31])
        #expect(table.stragglers(of: 41, except: []).isEmpty)
    }

    @Test func theLogNamesWhatWasEnded() {
        let (sleep, worker) = (SweptProcess(name: "sleep", processID: 41), SweptProcess(name: "w\n", processID: 44))
        #expect(SweepResult().summary == nil)
        #expect(SweepResult().warning == nil)
        #expect(SweepResult(ended: [sleep]).summary == "ended 1 process that the script left behind: sleep (41)")
        #expect(
            SweepResult(ended: [sleep, worker]).summary
                == #"ended 2 processes that the script left behind: sleep (41), w\n (44)"#
        )
        let many = (1...10).map { SweptProcess(name: "p", processID: $0) }
        #expect(SweepResult(ended: many).summary?.hasSuffix("p (7), p (8) and 2 more") == true)
        #expect(SweepResult(survivors: [sleep]).warning == "could not end 1 process of the script: sleep (41)")
    }

    /// The shell lives on as the ancestor; its children are what is swept.
    @Test func whatListensEndsByItselfAndWhatDoesNotIsKilled() async throws {
        try await withTemporaryDirectory { folder in
            let script = """
                sh -c 'trap "echo heard >\(folder)/heard; exit" TERM; echo ready; while :; do sleep 0.1; done' &
                setsid sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done' &
                setsid sh -c 'kill -STOP $$; sleep 3600' &
                while :; do read line <\(folder)/fifo; done
                """
            let ready = try ReadyChild("mkfifo \(folder)/fifo; " + script)
            defer { ready.close() }
            #expect(try await ready.line() == "ready")
            #expect(try await ready.line() == "ready")
            let sweep = StragglerSweep(group: ready.child.processID, left: Descendants(of: ready.child.processID))
            let result = try await BlockingPool.shared.run { _ in
                sweep.run(StragglerSweep.Terms(grace: .milliseconds(1500)))
            }
            #expect(result.ended.filter { $0.name == "sh" }.count >= 2, "\(result)")
            #expect(result.survivors.isEmpty, "\(result)")
            #expect(access("\(folder)/heard", F_OK) == 0)
            #expect(ProcessTable.current().stragglers(of: ready.child.processID, except: []).isEmpty)
            ready.child.signalGroup(SIGKILL)
            _ = await ready.child.wait()
        }
    }

    /// A second SIGTERM would cut short what the first one began; and an hour of grace ends when there is no time.
    @Test func aGroupThatWasToldIsNotToldAgain() async throws {
        try await withTemporaryDirectory { folder in
            // One in the group, and one in a session of its own that says when SIGTERMs have been sent.
            let ready = try ReadyChild(
                """
                sh -c 'trap "echo >>\(folder)/heard" TERM; echo $$; while :; do sleep 0.1; done' &
                setsid sh -c 'trap "echo told" TERM; echo ready; while :; do sleep 0.1; done' & wait
                """
            )
            defer { ready.close() }
            // Either may be the first.
            let lines = [try await ready.line(), try await ready.line()]
            let process = try #require(lines.compactMap { Int32($0) }.first)
            #expect(lines.contains("ready"))
            let hurry = CancellationFlag()
            let sweep = StragglerSweep(group: ready.child.processID, left: Descendants(of: ready.child.processID))
            let terms = StragglerSweep.Terms(grace: .seconds(3600), groupWasTold: true, hurry: hurry)
            async let result = BlockingPool.shared.run { _ in sweep.run(terms) }
            #expect(try await ready.line() == "told")
            hurry.cancel()
            #expect(try await result.ended.contains { $0.processID == process })
            #expect(access("\(folder)/heard", F_OK) != 0)
            ready.child.signalGroup(SIGKILL)
            _ = await ready.child.wait()
        }
    }

    @Test func aHandleIsOfOneProcessOnly() async throws {
        let ready = try ReadyChild("echo ready; exec sleep 3600")
        defer { ready.close() }
        _ = try await ready.line()
        let entry = try #require(ProcessEntry.read(ready.child.processID))
        let earlier = try #require(
            ProcessEntry(
                stat: Array(
                    "\(entry.processID) (x) S \(entry.parentID) \(entry.groupID) \(entry.sessionID) 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 \(entry.startTicks - 1) 0 7"
                        .utf8
                )
            )
        )
        // The macros of the tests take no value that cannot be copied.
        if ProcessHandle(earlier) != nil { Issue.record("a handle of an earlier process of that number") }
        guard let handle = ProcessHandle(entry) else { throw Errno.noSuchProcess }
        handle.send(SIGTERM)
        #expect(await ready.child.wait().cause == .signalled(number: SIGTERM, coreDumped: false))
        // The process is gone; nothing of its number is hit, and nothing fails.
        handle.send(SIGKILL)
    }
}

/// Whom the kernel is to end first.
struct OutOfMemoryScoreTests {
    @Test(arguments: [(0, 500, -500), (-998, -498, -999), (900, 1000, 400), (1000, 1000, 500), (-1000, -500, -1000)])
    func steps(start: Int, script: Int, runner: Int) {
        #expect(OutOfMemoryScore.raised(start) == script)
        #expect(OutOfMemoryScore.lowered(start) == runner)
    }

    @Test(arguments: [("-500\n", -500), ("0\n", 0), ("1000", 1000), ("", nil), ("x\n", nil)] as [(String, Int?)])
    func theFilesText(text: String, score: Int?) {
        #expect(OutOfMemoryScore.score(Array(text.utf8)) == score)
    }

    @Test func aChildIsRaised() async throws {
        let own = try #require(smallFile("/proc/self/oom_score_adj").flatMap(OutOfMemoryScore.score))
        let run = try await captured("(cat /proc/self/oom_score_adj)")
        #expect(run.tail == "\(OutOfMemoryScore.raised(own))\n")
    }
}
