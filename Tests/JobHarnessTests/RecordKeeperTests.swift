import BraketAPI
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import JobHarness

@Suite struct RecordKeeperTests {
    private let created = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func theRecordFollowsEveryChange() throws {
        try withTemporaryDirectory { folder in
            let file = folder.pushing("output/job.json")
            let record = RecordKeeper(file: file, members: ["jobName": "job"], createdAt: created)
            let first = try #require(try JSONText.parse(record.text).objectValue)
            #expect(first["status"] == "RUNNING")
            #expect(first["jobName"] == "job")
            #expect(first["createdAt"] == .string(created.description))
            record.event(.startingInstance, "started")
            record.event(.running, "runs")
            record.set("x", 1)
            record.finished(.script, since: .now, ["bytes": 5])
            record.finished(.inputs, since: .now)
            record.end(.failed, .failed, reason: "because", exitCode: 65)
            // The last change is on the disk before the process ends.
            #expect(try text(of: file) == record.text)
            #expect(record.writeError == nil)
            let last = try #require(try JSONText.parse(record.text).objectValue)
            #expect(last["status"] == "FAILED")
            #expect(last["failureReason"] == "because")
            let events = last["events"]?.arrayValue ?? []
            #expect(events.map { $0.objectValue?["eventType"] } == ["STARTING_INSTANCE", "RUNNING", "FAILED"])
            #expect(last["billableDuration"]?.intValue ?? 0 > 0)
            let runner = try #require(last["runner"]?.objectValue)
            #expect(runner["version"] == .string(runnerVersion))
            #expect(runner["x"] == 1)
            #expect(runner["exitCode"] == 65)
            let phases = try #require(runner["phases"]?.arrayValue)
            #expect(phases.map { $0.objectValue?["phase"] } == ["script", "inputs"])
            #expect(phases.first?.objectValue?["bytes"] == 5)
        }
    }

    @Test func aRecordThatCannotBeWrittenEndsNothing() throws {
        try withTemporaryDirectory { folder in
            try write("x", to: folder.appending("output"))
            let record = RecordKeeper(file: folder.pushing("output/job.json"), members: [:], createdAt: created)
            record.event(.running, "runs")
            #expect(record.text.contains("RUNNING"))
            record.end(.failed, .failed, reason: nil, exitCode: 1)
            #expect(record.writeError?.contains("\(folder)/output") == true)
            removeLink(folder.appending("output"))
            record.end(.completed, .completed, reason: nil, exitCode: 0)
            #expect(record.writeError == nil)
            #expect(try text(of: folder.pushing("output/job.json")) == record.text)
        }
    }

    /// A reader would find half of it otherwise.
    @Test(.timeLimit(.minutes(15))) func changesAtOnceLeaveAWholeRecord() async throws {
        try await withTemporaryDirectory { folder in
            let file = folder.appending("job.json")
            let record = RecordKeeper(file: file, members: [:], createdAt: created)
            try await forEachConcurrently(0..<40, limit: 8) { number in
                record.set("n\(number)", .number(JSONNumber(number)))
            }
            record.end(.completed, .completed, reason: nil, exitCode: 0)
            let runner = try JSONText.parse(try text(of: file)).objectValue?["runner"]?.objectValue
            // The version and the exit code stand beside them.
            #expect(runner?.count == 42)
            #expect(try directoryEntryNames(folder).filter { !$0.starts(with: ".braket".utf8) }.count == 1)
        }
    }
}
