import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import Checkpoints

/// When what is stored: the rules, without a disk and without a clock.
@Suite(.timeLimit(.minutes(15))) struct ChangeTrackerTests {
    /// A tracker that is shown a folder second by second; quiet is 1 s, the interval 30 s.
    private struct Story {
        private let start = ContinuousClock.now
        private let identity: FileStatus.Identity
        var tracker = ChangeTracker(CheckpointSettings())

        init() throws {
            identity = try #require(FileStatus(of: "/")).identity
        }

        func stamp(_ version: Int) -> FileStamp {
            FileStamp(identity: identity, sizeBytes: 10, modifiedNanoseconds: 0, changedNanoseconds: Int64(version))
        }

        /// Shows the folder: versions by names.
        mutating func look(at second: Double, _ files: [String: Int], isOver: Bool = false) -> String {
            let now = start + .seconds(second)
            tracker.begin()
            for (name, version) in files { tracker.see(ObjectKey(name), stamp(version), at: now) }
            tracker.end(at: now)
            switch tracker.plan(at: now, isOver: isOver) {
            case .rest: return "rest"
            case .lookAgain: return "wait"
            case .store(let batch):
                var words = batch.files.map { "\($0.key)" } + batch.snapshots.map { "snapshot \($0.key)" }
                words += batch.removed.map { "without \($0)" } + batch.unfinished.map { "(\($0))" }
                return words.joined(separator: " ")
            }
        }

        mutating func stored(_ name: String, _ version: Int, isSnapshot: Bool = false) {
            tracker.commit(
                ObjectKey(name),
                ChangeTracker.Stored(
                    stamp: stamp(version),
                    digest: ContentDigest(of: [UInt8(truncatingIfNeeded: version)]),
                    since: 1,
                    isSnapshot: isSnapshot
                )
            )
        }
    }

    @Test func aSetIsTakenWhenAllOfItIsQuiet() throws {
        var story = try Story()
        #expect(story.look(at: 0, [:]) == "rest")
        #expect(story.look(at: 1, ["model": 1]) == "wait")
        #expect(story.look(at: 1.5, ["model": 1]) == "wait")
        // The second file comes while the first is quiet already.
        #expect(story.look(at: 2, ["model": 1, "optimizer": 1]) == "wait")
        #expect(story.look(at: 2.5, ["model": 1, "optimizer": 2]) == "wait")
        #expect(story.look(at: 3.5, ["model": 1, "optimizer": 2]) == "model optimizer")
        story.stored("model", 1)
        story.stored("optimizer", 2)
        #expect(story.look(at: 4, ["model": 1, "optimizer": 2]) == "rest")
        #expect(story.tracker.lag.files == 0)
    }

    @Test func aFileThatChangedAfterItWasStoredIsDirty() throws {
        var story = try Story()
        _ = story.look(at: 0, ["a": 1])
        #expect(story.look(at: 1, ["a": 1]) == "a")
        _ = story.look(at: 2, ["a": 2])
        // Version 1 was being sent meanwhile.
        story.stored("a", 1)
        #expect(story.tracker.lag.files == 1 && story.tracker.lag.bytes == 10)
        #expect(story.look(at: 3, ["a": 2]) == "a")
    }

    @Test func deletionsAndRenamesAreChanges() throws {
        var story = try Story()
        story.stored("a", 1)
        story.stored("b", 1)
        #expect(story.look(at: 0, ["a": 1, "b": 1]) == "rest")
        #expect(story.look(at: 1, ["b": 1]) == "without a")
        // It comes back before it was stored that it is gone.
        #expect(story.look(at: 2, ["a": 1, "b": 1]) == "rest")
        #expect(story.look(at: 3, ["c": 1, "b": 1]) == "wait")
        #expect(story.look(at: 4, ["c": 1, "b": 1]) == "c without a")
        story.tracker.forget(ObjectKey("a"))
        story.stored("c", 1)
        #expect(story.look(at: 5, ["c": 1, "b": 1]) == "rest")
        // A new file that is gone again leaves nothing to do.
        #expect(story.look(at: 6, ["c": 1, "b": 1, "d": 1]) == "wait")
        #expect(story.look(at: 7, ["c": 1, "b": 1]) == "rest")
        #expect(story.tracker.lag.files == 0)
    }

    @Test func oneFileHoldsTheOthersUpForAnInterval() throws {
        var story = try Story()
        story.stored("log", 0)
        for second in 0..<30 {
            let answer = story.look(at: Double(second), ["log": second + 1, "model": 1])
            #expect(answer == "wait", "\(second)")
        }
        #expect(story.look(at: 30, ["log": 31, "model": 1]) == "model (log)")
    }

    @Test func whatIsNeverQuietIsStoredAsItIsOnceAnInterval() throws {
        var story = try Story()
        var snapshots: [Int] = []
        for second in 0..<220 {
            let answer = story.look(at: Double(second), ["log": second])
            guard answer != "wait", answer != "rest" else { continue }
            #expect(answer == "snapshot log")
            story.stored("log", second, isSnapshot: true)
            snapshots.append(second)
        }
        // After four intervals it is known for what it is; then one an interval, counted from the next look.
        #expect(snapshots == [120, 151, 182, 213])
        // It holds nobody up any more.
        #expect(story.look(at: 220, ["log": 220, "model": 1]) == "wait")
        #expect(story.look(at: 221, ["log": 221, "model": 1]) == "model")
        story.stored("model", 1)
        // Closed at last.
        #expect(story.look(at: 222, ["log": 222, "model": 1]) == "rest")
        #expect(story.look(at: 223, ["log": 222, "model": 1]) == "log")
    }

    @Test func aSnapshotWaitsForASetThatIsBeingWritten() throws {
        var story = try Story()
        story.stored("log", 0, isSnapshot: true)
        _ = story.look(at: 0, ["log": 1])
        // Due at 30, when half of a set is there.
        #expect(story.look(at: 29, ["log": 29, "model": 1]) == "wait")
        #expect(story.look(at: 30, ["log": 30, "model": 1, "optimizer": 1]) == "wait")
        #expect(story.look(at: 31, ["log": 31, "model": 1, "optimizer": 1]) == "model optimizer snapshot log")
    }

    @Test func atTheEndNothingIsWaitedFor() throws {
        var story = try Story()
        story.stored("gone", 1)
        #expect(story.look(at: 0, ["a": 1, "b": 1], isOver: true) == "a b without gone")
    }
}
