import ProcessSupervision
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite(.timeLimit(.minutes(15))) struct CapturedRunTests {
    @Test func outputAndErrorComeTogether() async throws {
        let run = try await captured("echo one; echo two >&2; printf three; exit 5")
        #expect(run.tail == "one\ntwo\nthree")
        #expect(run.exit.cause == .exited(code: 5))
    }

    /// More than twice the limit and more than a pipe holds, so that the front is dropped while it runs.
    @Test func onlyTheEndIsKept() async throws {
        let run = try await CapturedRun.run(
            shell("i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i+1)); done"),
            output: nil,
            tailLimitBytes: 100
        )
        let expected = (0..<30_000).suffix(30).map { "\($0)\n" }.joined().utf8.suffix(100)
        #expect(Array(run.tail.utf8) == Array(expected))
    }

    @Test func outputIsPassedOnByteForByte() async throws {
        let pipe = try FileDescriptor.pipe()
        let run = try await CapturedRun.run(shell("printf 'a\\r\\377\\0b'"), output: pipe.writeEnd)
        try pipe.writeEnd.close()
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = try buffer.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) }
        try pipe.readEnd.close()
        #expect(Array(buffer[..<count]) == [0x61, 0x0d, 0xff, 0, 0x62])
        #expect(run.tail == "a\r\u{fffd}\0b")
    }

    @Test func anOutputThatTakesNothingIsNoError() async throws {
        let full = try FileDescriptor.open("/dev/full", .writeOnly)
        let run = try await CapturedRun.run(shell("echo text; exit 4"), output: full)
        try full.close()
        #expect(run.exit.shellCode == 4)
        #expect(run.tail == "text\n")
    }

    /// The grandchild would hold the pipe open for an hour.
    @Test func whatIsLeftInTheGroupDoesNotHoldTheRunUp() async throws {
        #expect(try await captured("trap '' HUP; sleep 3600 & echo done").tail == "done\n")
    }

    /// Not even from a session of its own, where no signal of ours reaches it.
    @Test func aDaemonDoesNotHoldTheRunUp() async throws {
        try await withTemporaryDirectory { folder in
            // The fifo tells that it is in its session; in the group it would be ended with the shell.
            let daemon = "setsid sh -c 'echo $$; echo >\(folder)/ready; exec sleep 3600' & read line <\(folder)/ready"
            let run = try await captured("mkfifo \(folder)/ready; \(daemon)")
            #expect(run.exit.shellCode == 0)
            let process = try #require(Int32(run.tail.trimmed()))
            #expect(kill(process, SIGKILL) == 0)
        }
    }

    @Test func cancellingEndsTheProgram() async throws {
        let pipe = try FileDescriptor.pipe()
        let task = Task { try await CapturedRun.run(shell("echo ready; sleep 3600"), output: pipe.writeEnd) }
        try await BlockingPool.shared.run { _ in
            var byte: [UInt8] = [0]
            _ = try byte.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try pipe.readEnd.close()
        try pipe.writeEnd.close()
    }

    @Test func whatCannotBeStartedIsAnError() async {
        let specification = ProcessSpecification(
            executable: "/no/such/program",
            arguments: ["x"],
            environment: [],
            workingDirectory: "/"
        )
        await #expect(throws: SupervisionError.self) { try await CapturedRun.run(specification, output: nil) }
    }
}
