import MultiInstance
import RunnerCore
import Testing

/// What hosts say to each other, and what proves it.
@Suite struct PeerTests {
    /// One of each kind.
    static let messages: [PeerMessage] = {
        var end = HostEnd(failure: .init(kind: "k", exitCode: 3, firstLine: "l", sentence: "s"), at: 7)
        end.failure?.rank = 4
        end.failure?.details = ["d"]
        end.failure?.verdict = ["kind": "k"]
        end.wasTold = true
        var job = JobEnd()
        job.failure = end.failure
        job.host = "algo-2"
        job.milliseconds = 9
        var order = StopOrder(reason: "r", host: "h", milliseconds: 5)
        order.isEnd = true
        return [
            .hello(version: "1"), .welcome(version: "1", publicKey: "k"), .ready(hostKey: "k", port: 22), .start,
            .heartbeat(sent: 1), .echo(sent: 1, own: 2), .stopRequest(order), .stop(order), .end(end),
            .end(HostEnd(failure: nil, at: 1)), .verdict(job), .verdict(JobEnd()), .stored(["a": [1, nil]]),
            .checkpoints(["number": 1]), .checkpointSet(["parts": ["algo-1": 2]]),
            .done(exitCode: 143),
        ]
    }()

    @Test(arguments: messages.indices)
    func comesAsItWasSent(_ row: Int) throws {
        let text = JSONValue.object(Self.messages[row].json).serialized()
        let object = try #require(try JSONText.parse(text).objectValue)
        #expect(PeerMessage(object) == Self.messages[row])
    }

    @Test func whatIsNoMessageIsNone() {
        #expect(PeerMessage(["type": "later"]) == nil)
        #expect(PeerMessage([:]) == nil)
        #expect(PeerMessage(["type": "end"]) == nil)
    }

    private func proof(_ secret: String, rank: UInt16 = 1) -> PeerProof {
        PeerProof(
            secret: Array(secret.utf8),
            leader: [UInt8](repeating: 1, count: 32),
            worker: [UInt8](repeating: 2, count: 32),
            rank: rank
        )
    }

    @Test func onlyTheSecretProves() {
        #expect(proof("a").isWorkerAnswer(proof("a").workerAnswer))
        #expect(proof("a").isLeaderAnswer(proof("a").leaderAnswer))
        #expect(!proof("a").isWorkerAnswer(proof("b").workerAnswer))
        #expect(!proof("a").isWorkerAnswer(proof("a", rank: 2).workerAnswer))
        // What the leader says must not pass for the worker's word.
        #expect(!proof("a").isWorkerAnswer(proof("a").leaderAnswer))
        #expect(!proof("a").isWorkerAnswer([]))
    }

    private func opened(_ frames: [(content: [UInt8], code: [UInt8])], by seal: FrameSeal) -> [Bool] {
        var seal = seal
        return frames.map { seal.opens($0.content, code: $0.code) }
    }

    @Test func framesCannotBeChangedRepeatedOrReflected() {
        let content = Array("hello".utf8)
        var sender = proof("a").workerFrames
        let frame = sender.seal(content)
        let second = sender.seal(content)
        #expect(FrameSeal.length(Array(frame[..<4])) == 5)
        let code = Array(frame[9...])
        let good = (content, code)
        #expect(opened([good], by: proof("a").workerFrames) == [true])
        #expect(opened([good, good], by: proof("a").workerFrames) == [true, false])
        #expect(opened([(Array("hellO".utf8), code)], by: proof("a").workerFrames) == [false])
        #expect(opened([(content, Array(second[9...]))], by: proof("a").workerFrames) == [false])
        #expect(opened([good], by: proof("a").leaderFrames) == [false])
        #expect(FrameSeal.length([255, 255, 255, 255]) == nil)
    }

    /// Rows: how far the other clock is ahead, and the two ways' lengths in nanoseconds.
    @Test(arguments: [0, 5_000_000_000, -7_000_000_000] as [Int64])
    func aClockIsKnownByItsFastestExchange(_ ahead: Int64) {
        var offset = ClockOffset()
        #expect(offset.isUnknown)
        // A slow way back first, then a fast one.
        offset.note(sent: 0, theirs: 1000 + ahead, received: 900_000_000)
        offset.note(sent: 1_000_000_000, theirs: 1_000_050_000 + ahead, received: 1_000_100_000)
        offset.note(sent: 2_000_000_000, theirs: 2_300_000_000 + ahead, received: 2_400_000_000)
        #expect(offset.nanoseconds == ahead)
        #expect(offset.ours(5_000_000_000 + ahead) == 5_000_000_000)
    }
}
