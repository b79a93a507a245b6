import MultiInstance
import RunnerCore
import Testing

/// What the leader makes of what happens, without sockets and clocks.
@Suite struct LeaderStateTests {
    private static let second: Int64 = 1_000_000_000

    /// A job of some hosts whose workers' clocks are ahead by some seconds, one for each.
    private struct Job {
        var state: LeaderState
        var now: Int64 = 0
        let skews: [Int64]

        init(_ skews: [Int64]) throws {
            self.skews = [0] + skews.map { $0 * second }
            let hosts = self.skews.indices.map { "algo-\($0 + 1)" }
            let cluster = try #require(Cluster(hosts: hosts, current: "algo-1", source: .option))
            state = LeaderState(cluster: cluster, now: 0)
        }

        /// All come, are ready, and their clocks are known.
        mutating func start() -> [LeaderState.Action] {
            var last: [LeaderState.Action] = []
            for rank in skews.indices.dropFirst() {
                _ = state.joined(rank, version: runnerVersion, now: now)
                let echo = PeerMessage.echo(sent: now, own: now + 50_000 + skews[rank])
                _ = state.received(echo, from: rank, now: now + 100_000)
            }
            for rank in skews.indices { last = state.received(.ready(hostKey: "", port: 0), from: rank, now: now) }
            return last
        }

        /// A host fails at a moment of the leader's clock, and the leader hears of it later.
        mutating func fail(
            _ rank: Int,
            at: Int64,
            heard: Int64,
            _ text: String,
            told: Bool = false
        ) -> [LeaderState.Action] {
            var end = HostEnd(
                failure: .init(kind: "user-exception", exitCode: 1, firstLine: text, sentence: text),
                at: at + skews[rank]
            )
            end.wasTold = told
            return state.received(.end(end), from: rank, now: heard)
        }

        func verdict(_ actions: [LeaderState.Action]) -> JobEnd? {
            for case .send(.verdict(let end), rank: 0) in actions { return end }
            return nil
        }
    }

    private static func sends(_ actions: [LeaderState.Action], to rank: Int) -> [PeerMessage] {
        actions.compactMap { if case .send(let message, rank) = $0 { message } else { nil } }
    }

    @Test func startsWhenAllAreReady() throws {
        var job = try Job([0, 0])
        let actions = job.start()
        for rank in 0...2 { #expect(Self.sends(actions, to: rank) == [.start]) }
    }

    @Test func oneFailureStopsAllOthers() throws {
        var job = try Job([0, 0])
        _ = job.start()
        let actions = job.fail(2, at: Self.second, heard: 2 * Self.second, "boom")
        for rank in 0...2 {
            guard case .stop(let order)? = Self.sends(actions, to: rank).first else {
                Issue.record("host \(rank) was not stopped")
                continue
            }
            #expect(order.reason.contains("algo-3 failed: boom"))
        }
    }

    @Test(arguments: [-5, -2, 0, 2, 5] as [Int64], [-3, 0, 3] as [Int64])
    func theFirstFailureCountsWhateverTheClocksSay(_ skew: Int64, _ other: Int64) throws {
        var job = try Job([skew, other])
        _ = job.start()
        // algo-3 fails first, but its word comes last.
        _ = job.fail(1, at: 10 * Self.second + 30_000_000, heard: 10 * Self.second + 40_000_000, "second")
        _ = job.fail(0, at: 10 * Self.second + 60_000_000, heard: 10 * Self.second + 60_000_000, "third")
        let actions = job.fail(2, at: 10 * Self.second, heard: 11 * Self.second, "first")
        let end = try #require(job.verdict(actions))
        #expect(end.host == "algo-3")
        #expect(end.failure?.sentence == "first")
    }

    @Test func whatWasToldIsNoCause() throws {
        var job = try Job([0, 0])
        _ = job.start()
        _ = job.fail(1, at: Self.second, heard: 2 * Self.second, "told", told: true)
        _ = job.fail(0, at: Self.second, heard: 2 * Self.second, "told", told: true)
        let last = job.fail(2, at: 2 * Self.second, heard: 3 * Self.second, "cause")
        let end = try #require(job.verdict(last))
        #expect(end.host == "algo-3")
    }

    @Test func silenceIsLoss() throws {
        var job = try Job([0, 0])
        _ = job.start()
        job.state.heard(1, now: 4 * Self.second)
        let early = job.state.tick(now: 4 * Self.second)
        #expect(!early.contains(.drop(rank: 2)))
        let actions = job.state.tick(now: 6 * Self.second)
        #expect(actions.contains(.drop(rank: 2)))
        #expect(!actions.contains(.drop(rank: 1)))
        guard
            case .stop(let order)? = Self.sends(actions, to: 1).first(where: {
                if case .stop = $0 { true } else { false }
            })
        else {
            Issue.record("nobody was stopped")
            return
        }
        #expect(order.reason.hasPrefix("algo-3 was lost"))
    }

    @Test func whoWasLostBeforeAnotherFailedIsTheCause() throws {
        var job = try Job([0, 0])
        _ = job.start()
        _ = job.fail(1, at: 3 * Self.second, heard: 3 * Self.second, "connection reset by peer")
        _ = job.fail(0, at: 3 * Self.second, heard: 3 * Self.second, "told", told: true)
        let actions = job.state.lost(2, reason: "was lost: it went away", at: 2 * Self.second, now: 4 * Self.second)
        let end = try #require(job.verdict(actions))
        #expect(end.host == "algo-3")
        #expect(end.failure?.kind == "host-lost")
    }

    @Test func aStopRequestOnAnyHostIsAStopOfTheJob() throws {
        var job = try Job([0, 0])
        _ = job.start()
        let order = StopOrder(reason: "algo-2 was stopped: SIGTERM", host: "algo-2", milliseconds: 120_000)
        let actions = job.state.received(.stopRequest(order), from: 1, now: Self.second)
        #expect(Self.sends(actions, to: 0) == [.stop(order)])
        #expect(Self.sends(actions, to: 2) == [.stop(order)])
    }

    @Test func successIsSaidWhenAllHaveEnded() throws {
        var job = try Job([0])
        _ = job.start()
        let first = job.state.received(.end(HostEnd(failure: nil, at: 0)), from: 1, now: 0)
        #expect(job.verdict(first) == nil)
        let last = job.state.received(.end(HostEnd(failure: nil, at: 0)), from: 0, now: 0)
        let end = try #require(job.verdict(last))
        #expect(end.failure == nil)
        let parts = job.state.received(.stored(["a": 1]), from: 1, now: 0)
        // It says nothing more of its checkpoints either.
        #expect(parts == [.checkpoints(.gone(rank: 1)), .parts([1: ["a": 1]])])
    }

    @Test func whatIsSaidOfCheckpointsComesToTheLeaderAndFromItToAll() throws {
        var job = try Job([0, 0])
        _ = job.start()
        let said = job.state.received(.checkpoints(["number": 1]), from: 2, now: 0)
        #expect(said == [.checkpoints(.part(["number": 1], rank: 2))])
        let told = job.state.announce(checkpointSet: ["number": 7])
        #expect((0...2).allSatisfy { Self.sends(told, to: $0) == [.checkpointSet(["number": 7])] })
        let lost = job.state.lost(1, reason: "was lost", at: 0, now: 0)
        #expect(lost.contains(.checkpoints(.gone(rank: 1))))
        #expect(Self.sends(job.state.announce(checkpointSet: [:]), to: 1).isEmpty)
    }

    @Test func whoIsMissingIsNamedWithTheReason() throws {
        var job = try Job([0, 0, 0])
        job.state.refused(rank: 2, address: "10.0.0.3")
        let line = try #require(job.state.missing { $0 != "algo-4" })
        #expect(line.contains("algo-2 (silent"))
        #expect(line.contains("algo-3 (wrong secret (from 10.0.0.3))"))
        #expect(line.contains("algo-4 (no name"))
        #expect(line.contains("1 connection refused"))
    }

    @Test func whoNeverComesEndsTheWait() throws {
        var job = try Job([0, 0])
        _ = job.state.joined(1, version: runnerVersion, now: 0)
        _ = job.state.received(.ready(hostKey: "", port: 0), from: 0, now: 0)
        var now: Int64 = 0
        var actions: [LeaderState.Action] = []
        while now < 1201 * Self.second {
            now += Self.second
            job.state.heard(1, now: now)
            actions = job.state.tick(now: now)
        }
        #expect(actions.contains(.log("algo-3 did not come within 1200 s")))
    }

    @Test func theSentenceNamesHostRankAndTime() {
        var end = JobEnd()
        end.host = "algo-3"
        end.milliseconds = 43_447_221
        end.failure = .init(kind: "out-of-memory", exitCode: 137, firstLine: "x", sentence: "out of memory.")
        end.failure?.rank = 11
        #expect(
            end.sentence(ranks: 16)
                == "algo-3 rank 11 failed first at 12:04:07.221: out of memory; 15 others stopped because of it."
        )
    }
}
