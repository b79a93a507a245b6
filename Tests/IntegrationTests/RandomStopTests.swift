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

/// Two hundred stops at moments that nobody chose: the handler runs each time, nothing stays alive, results are stored.
@Suite(.timeLimit(.minutes(15)))
struct RandomStopTests {
    private static let stopsInEachCase = 25

    /// Starts a worker in its own session now and then, writes output and checkpoints all the time, and stops when told.
    private static let busy = """
        #!/bin/bash
        heard() { echo heard >"$AMZN_BRAKET_JOB_RESULTS_DIR/heard"; echo HEARD; exit 0; }
        trap heard TERM
        echo READY
        i=0
        while :; do
            i=$((i + 1))
            echo "iteration $i"
            echo "$i" >"$AMZN_BRAKET_CHECKPOINT_DIR/state.tmp"
            mv "$AMZN_BRAKET_CHECKPOINT_DIR/state.tmp" "$AMZN_BRAKET_CHECKPOINT_DIR/state"
            [ $((i % 20)) -ne 5 ] || setsid sleep 1234.5 &
        done

        """

    @Test("200 stops at random moments", arguments: 0..<8)
    func stops(seed: UInt64) throws {
        var random = SeededNumbers(state: (seed + 1) &* 0x9E37_79B9_7F4A_7C15)
        for number in 0..<Self.stopsInEachCase {
            try stopOnce(afterMicroseconds: random.next(below: 60_000), "seed \(seed), stop \(number)")
        }
    }

    private func stopOnce(afterMicroseconds delay: UInt32, _ name: String) throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", Self.busy, mode: 0o755)
            let mark = "BRAKET_TEST_MARK=\(folder.directory)"
            let program = folder.start(
                folder.job("run.sh") + ["--checkpoints", "s3://bucket/cp", "--checkpoint-quiet", "0.05"],
                environment: ["BRAKET_TEST_MARK": folder.directory]
            )
            #expect(program.waitForOutput("READY\n"), "\(name)")
            // The moment is the subject here, nothing is waited for.
            usleep(delay)
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(name): \(run.errors)")
            #expect(run.lines.filter { $0 == "HEARD" }.count == 1, "\(name): \(run.errors)")
            #expect(folder.shell("tar xzOf store/bucket/out/output/model.tar.gz heard").output == "heard\n", "\(name)")
            // What was told is what is stored: the number after the last that was printed, at most.
            let last = run.lines.last { $0.hasPrefix("iteration ") }.flatMap { Int($0.dropFirst(10)) } ?? 0
            let stored = folder.text("store/bucket/cp/state").flatMap { Int($0.trimmed()) } ?? 0
            #expect(stored == last || stored == last - 1, "\(name): printed \(last), stored \(stored)")
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED", "\(name)")
            #expect(folder.shell("grep -lszF '\(mark)' /proc/[0-9]*/environ").output == "", "\(name)")
        }
    }
}

/// Numbers that are the same for a seed, so that a failure can be had again: xorshift with Marsaglia's triple 13, 7, 17.
private struct SeededNumbers {
    var state: UInt64

    mutating func next(below limit: UInt32) -> UInt32 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt32(truncatingIfNeeded: state >> 16) % limit
    }
}
