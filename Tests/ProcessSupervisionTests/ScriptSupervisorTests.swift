import ProcessSupervision
import RunnerCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite(.timeLimit(.minutes(15))) struct ScriptSupervisorTests {
    private let signals = JobSignals()
    private let log = EventLog()
    private let term = ReceivedSignal(number: SIGTERM, senderProcessID: 12)

    private func supervise(
        _ child: ChildProcess,
        grace: Duration = .seconds(600),
        timeLimit: Duration? = nil,
        stopSignal: StopSignal = .asReceived
    ) async -> SupervisedEnd {
        var supervisor = ScriptSupervisor { _ in grace }
        supervisor.stopSignal = stopSignal
        if let timeLimit {
            supervisor.triggers = [{ (try? await Task.sleep(for: timeLimit)) == nil ? nil : .timeLimit }]
        }
        supervisor.announces = { $0.number == SIGUSR2 && $0.senderProcessID == 99 ? .preemption(notice: "soon") : nil }
        return await supervisor.supervise(child, signals: signals) { [log] in log.note($0) }
    }

    @Test(arguments: [0, 9] as [Int32])
    func aScriptThatEndsByItself(code: Int32) async throws {
        let end = await supervise(try ChildProcess.spawn(shell("exit \(code)")), timeLimit: .seconds(3600))
        #expect(end.exit.cause == .exited(code: code))
        #expect(end.initiator == .script)
        #expect(!end.wasKilled)
        #expect(end.graceUsed == nil)
        #expect(log.events.isEmpty)
    }

    @Test func aScriptEndedByAStrangersSignal() async throws {
        let end = await supervise(try ChildProcess.spawn(shell("kill -KILL $$")))
        #expect(end.exit.cause == .signalled(number: SIGKILL, coreDumped: false))
        #expect(end.initiator == .script)
        #expect(!end.wasKilled)
    }

    @Test func aStopRequestIsPassedOn() async throws {
        let ready = try ReadyChild("trap 'exit 21' TERM; trap 'exit 22' INT; echo ready; while :; do sleep 0.01; done")
        defer { ready.close() }
        async let end = supervise(ready.child)
        #expect(try await ready.line() == "ready")
        signals.deliver(ReceivedSignal(number: SIGINT, senderProcessID: 7))
        let supervised = await end
        #expect(supervised.exit.cause == .exited(code: 22))
        #expect(supervised.initiator == .stopRequest(ReceivedSignal(number: SIGINT, senderProcessID: 7)))
        #expect(!supervised.wasKilled)
        #expect(supervised.graceUsed != nil)
        // A script that is quicker than the answer how long it has is not told of any more.
        #expect([[], ["stop 2 grace 600"]].contains(log.events))
    }

    @Test func aStopSignalOfTheImageIsSentInstead() async throws {
        let ready = try ReadyChild("trap 'exit 21' TERM; trap 'exit 23' USR2; echo ready; while :; do sleep 0.01; done")
        defer { ready.close() }
        async let end = supervise(ready.child, stopSignal: .number(SIGUSR2))
        #expect(try await ready.line() == "ready")
        signals.deliver(term)
        #expect(await end.exit.cause == .exited(code: 23))
    }

    @Test func aSignalThatAnnouncesTheEndIsPassedOnAndIsAStop() async throws {
        let ready = try ReadyChild("trap 'exit 21' TERM; trap 'exit 23' USR2; echo ready; while :; do sleep 0.01; done")
        defer { ready.close() }
        async let end = supervise(ready.child)
        #expect(try await ready.line() == "ready")
        signals.deliver(ReceivedSignal(number: SIGUSR2, senderProcessID: 99))
        let supervised = await end
        #expect(supervised.exit.cause == .exited(code: 23))
        #expect(supervised.initiator == .preemption(notice: "soon"))
    }

    @Test func noSignalAtAllUntilTheGraceIsOver() async throws {
        let ready = try ReadyChild("trap 'echo got' TERM INT; echo ready; while :; do sleep 0.01; done")
        defer { ready.close() }
        async let end = supervise(ready.child, grace: .milliseconds(50), stopSignal: .none)
        #expect(try await ready.line() == "ready")
        signals.deliver(term)
        #expect(await end.exit.cause == .signalled(number: SIGKILL, coreDumped: false))
        #expect(try await ready.line() == "")
    }

    /// The request came while the script was being prepared.
    @Test func anEarlierStopRequestCounts() async throws {
        signals.deliver(term)
        let end = await supervise(try ChildProcess.spawn(shell("sleep 3600")))
        #expect(end.exit.cause == .signalled(number: SIGTERM, coreDumped: false))
        #expect(end.initiator == .stopRequest(term))
    }

    @Test func aSecondStopRequestKills() async throws {
        let ready = try ReadyChild("trap 'echo got' TERM; echo ready; while :; do sleep 0.01; done")
        defer { ready.close() }
        async let end = supervise(ready.child)
        #expect(try await ready.line() == "ready")
        signals.deliver(term)
        #expect(try await ready.line() == "got")
        signals.deliver(ReceivedSignal(number: SIGINT, senderProcessID: 7))
        let supervised = await end
        #expect(supervised.exit.cause == .signalled(number: SIGKILL, coreDumped: false))
        #expect(supervised.initiator == .stopRequest(term))
        #expect(supervised.wasKilled)
        #expect(log.events.filter { $0 != "stop 15 grace 600" } == ["killed"])
    }

    @Test func whoDoesNotEndInTimeIsKilled() async throws {
        let ready = try ReadyChild("trap '' TERM; echo ready; while :; do sleep 0.01; done")
        defer { ready.close() }
        async let end = supervise(ready.child, grace: .milliseconds(50))
        #expect(try await ready.line() == "ready")
        signals.deliver(term)
        let supervised = await end
        #expect(supervised.exit.cause == .signalled(number: SIGKILL, coreDumped: false))
        #expect(supervised.wasKilled)
        #expect(try #require(supervised.graceUsed) >= .milliseconds(50))
        #expect(log.events == ["stop 15 grace 0", "killed after grace"])
    }

    @Test func theTimeLimitEndsTheScript() async throws {
        let end = await supervise(try ChildProcess.spawn(shell("sleep 3600")), timeLimit: .milliseconds(20))
        #expect(end.exit.cause == .signalled(number: SIGTERM, coreDumped: false))
        #expect(end.initiator == .timeLimit)
        #expect(!end.wasKilled)
        #expect([[], ["time limit"]].contains(log.events))
    }

    @Test func aStubbornScriptIsKilledAfterTheTimeLimit() async throws {
        let child = try ChildProcess.spawn(shell("trap '' TERM; while :; do sleep 0.01; done"))
        let end = await supervise(child, grace: .milliseconds(20), timeLimit: .milliseconds(200))
        // With a slow machine the limit comes before the trap stands; both are the time limit's doing.
        #expect(
            [.signalled(number: SIGKILL, coreDumped: false), .signalled(number: SIGTERM, coreDumped: false)]
                .contains(end.exit.cause)
        )
        #expect(end.initiator == .timeLimit)
    }

    @Test(arguments: [SIGUSR1, SIGUSR2, SIGQUIT])
    func otherSignalsArePassedOn(number: Int32) async throws {
        let ready = try ReadyChild(
            "trap 'echo got' \(number); echo ready; read x </dev/null; while :; do sleep 0.01; done"
        )
        defer { ready.close() }
        async let end = supervise(ready.child)
        #expect(try await ready.line() == "ready")
        signals.deliver(ReceivedSignal(number: number, senderProcessID: 3))
        #expect(try await ready.line() == "got")
        ready.child.signalGroup(SIGKILL)
        #expect(await end.initiator == .script)
        #expect(log.events == ["forwarded \(number)"])
    }

    @Test func nothingOfTheGroupIsLeft() async throws {
        let ready = try ReadyChild(
            "trap '' TERM HUP; (sleep 3600) & echo started; trap 'exit 0' TERM; while :; do sleep 0.01; done"
        )
        defer { ready.close() }
        async let end = supervise(ready.child)
        #expect(try await ready.line() == "started")
        signals.deliver(ReceivedSignal(number: SIGINT, senderProcessID: 0))
        _ = await end
        #expect(try await ready.line() == "")
    }
}
