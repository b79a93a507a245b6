import CLinuxShims
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import OutputLog

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite(.timeLimit(.minutes(15)))
struct OutputRelayTests {
    /// A relay between pipes of the test.
    private struct Bench {
        let relay: OutputRelay
        let script: [FileDescriptor]
        let reader: FileDescriptor
        let events: EventList

        init(_ streams: [OutputStream], _ log: OutputLogFile?) throws {
            signal(SIGPIPE, SIG_IGN)
            // Close-on-exec from the start: other tests start programs meanwhile, which would hold the ends for long.
            var numbers: [Int32] = [-1, -1]
            guard CLinuxShims_pipe(&numbers) == 0 else { throw Errno(rawValue: errno) }
            let ends = (readEnd: FileDescriptor(rawValue: numbers[0]), writeEnd: FileDescriptor(rawValue: numbers[1]))
            let events = EventList()
            relay = try OutputRelay(RelayPlan(streams), outputs: (ends.writeEnd, ends.writeEnd), log: log) {
                events.add($0)
            }
            reader = ends.readEnd
            self.events = events
            script = relay.descriptors.map { FileDescriptor(rawValue: fcntl($0.ours.rawValue, F_DUPFD_CLOEXEC, 0)) }
            // The channel keeps the number: the other end must stay open until the relay is done.
            relay.scriptHasEnds()
            writer = ends.writeEnd
        }

        let writer: FileDescriptor

        func end() async throws {
            for end in script { try end.close() }
            await relay.finish()
            try writer.close()
        }

        /// What the relay handed on; all of it is in the pipe when it has finished.
        func rest() throws -> [UInt8] {
            _ = fcntl(reader.rawValue, F_SETFL, O_NONBLOCK)
            var all: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while true {
                do {
                    let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
                    guard count > 0 else { return all }
                    all += piece[..<count]
                } catch Errno.resourceTemporarilyUnavailable {
                    return all
                }
            }
        }
    }

    private final class EventList: Sendable {
        private let list = Mutex<[RelayEvent]>([])
        func add(_ event: RelayEvent) { list.withLock { $0.append(event) } }
        var all: [RelayEvent] { list.withLock { $0 } }
    }

    @Test("Bytes arrive as they are, are counted, and their last line is known")
    func figures() async throws {
        let bench = try Bench([.standardOutput, .standardError], nil)
        try bench.script[0].writeAll("one\n".utf8)
        try bench.script[1].writeAll("two\n".utf8)
        try await bench.end()
        #expect(bench.relay.bytesWritten == 8)
        #expect(bench.relay.bytesWritten(to: .standardError) == 4)
        #expect(bench.relay.lastOutput != nil)
        #expect(Set(bench.relay.lastLines) == ["one", "two"])
        try #expect(bench.rest().count == 8)
    }

    @Test("A script that wrote nothing")
    func nothing() async throws {
        let bench = try Bench([.both], nil)
        try await bench.end()
        #expect(bench.relay.bytesWritten == 0)
        #expect(bench.relay.lastOutput == nil)
        #expect(bench.relay.lastLine == nil)
        try #expect(bench.rest().isEmpty)
    }

    @Test("Both numbers lead into one pipe, each into its own otherwise")
    func numbers() async throws {
        let both = try Bench([.both], nil)
        #expect(both.relay.descriptors.map(\.theirs) == [1, 2])
        #expect(Set(both.relay.descriptors.map(\.ours.rawValue)).count == 1)
        // A number of the script's own would be lost in the spawn.
        #expect(both.relay.descriptors.allSatisfy { $0.ours.rawValue >= 16 })
        try await both.end()
        let error = try Bench([.standardError], nil)
        #expect(error.relay.descriptors.map(\.theirs) == [2])
        try await error.end()
    }

    @Test("A reader that goes away: said once, and the log goes on")
    func readerGone() async throws {
        try await withTemporaryDirectory { directory in
            let log = OutputLogFile(file: directory.appending("x.log"), capBytes: 1 << 20)
            let bench = try Bench([.standardOutput], log)
            try bench.reader.close()
            for _ in 0..<100 { try bench.script[0].writeAll("line\n".utf8) }
            try await bench.end()
            #expect(bench.events.all == [.readerGone(.standardOutput)])
            #expect(bench.relay.bytesWritten == 500)
            #expect(log.endOffset == 500)
        }
    }

    @Test("A pipe that somebody holds is not waited for for ever")
    func heldOpen() async throws {
        let bench = try Bench([.both], nil)
        try bench.script[0].writeAll("x\n".utf8)
        await bench.relay.finish()
        #expect(bench.events.all == [.heldOpen])
        #expect(bench.relay.lastLine == "x")
        for end in bench.script { try end.close() }
        try bench.writer.close()
        try #expect(bench.rest() == Array("x\n".utf8))
    }
}
