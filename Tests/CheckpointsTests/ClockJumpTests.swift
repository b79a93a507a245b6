import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import Checkpoints

/// Clocks that are set while a job runs, or differ from machine to machine: numbers count, not times.
@Suite(.timeLimit(.minutes(15))) struct ClockJumpTests {
    private static let millisecond: Int64 = 1_000_000

    @Test(
        arguments: [
            // Changed at, now, wait; in milliseconds.
            (1000, 1000, 20), (1000, 1005, 15), (1000, 1019, 1), (1000, 1020, 0), (1000, 5000, 0),
            // The clock was set back by an hour, and forward by one.
            (3_600_000, 0, 20), (0, 3_600_000, 0),
        ] as [(Int64, Int64, Int64)]
    )
    func aTickIsWaitedForOnce(changed: Int64, now: Int64, wait: Int64) {
        let rest = OpenedFile.restOfTick(
            changedNanoseconds: changed * Self.millisecond,
            nowNanoseconds: now * Self.millisecond
        )
        #expect(rest == wait * Self.millisecond)
    }

    /// The second run's machine is years behind the first one's: its files are older, its sets are newer.
    @Test func theNewerSetIsTheOneOfTheHigherNumber() async throws {
        try await Lab.with { lab in
            let first = lab.sync(lab.store(), "one", run: "one")
            _ = try await first.restore()
            try overwrite("first", in: lab.folder("one").appending("a"), modified: 2_000_000_000)
            #expect(try await first.flush().isSafe)
            let second = lab.sync(lab.store(), "two", run: "two")
            _ = try await second.restore()
            try overwrite("second", in: lab.folder("two").appending("a"), modified: 1_000_000_000)
            #expect(try await second.flush().isSafe)
            let (files, report) = try await lab.restored("fresh")
            #expect(files == ["a": "second"] && report.generation == 2)
        }
    }

    /// A file whose times lie in the future is stored, and its next version as well.
    @Test func timesInTheFutureHideNoEdit() async throws {
        try await Lab.with { lab in
            let sync = lab.sync(lab.store())
            _ = try await sync.restore()
            for content in ["one", "two"] {
                try overwrite(content, in: lab.folder().appending("a"), modified: 4_000_000_000)
                #expect(try await sync.flush().isSafe)
                #expect(try text(of: lab.stored.appending("a")) == content)
            }
        }
    }
}
