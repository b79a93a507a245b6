import BraketAPI
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import JobHarness

@Suite struct RecordKeeperTests {
    private let created = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func theFileFollowsEveryChange() throws {
        try withTemporaryDirectory { folder in
            let file = folder.pushing("output/job.json")
            let record = RecordKeeper(file: file, members: ["jobName": "job"], createdAt: created)
            func stored() throws -> JSONObject { try #require(try JSONText.parse(try text(of: file)).objectValue) }
            record.event(.startingInstance, "started")
            #expect(try stored()["status"] == "RUNNING")
            #expect(try stored()["jobName"] == "job")
            #expect(try stored()["createdAt"] == .string(created.description))
            record.event(.running, "runs")
            let events = try #require(try stored()["events"]?.arrayValue)
            #expect(events.map { $0.objectValue?["eventType"] } == ["STARTING_INSTANCE", "RUNNING"])
            record.set("x", 1)
            record.finished(.script, since: .now, ["bytes": 5])
            record.finished(.inputs, since: .now)
            let runner = try #require(try stored()["runner"]?.objectValue)
            #expect(runner["version"] == .string(runnerVersion))
            #expect(runner["x"] == 1)
            let phases = try #require(runner["phases"]?.arrayValue)
            #expect(phases.map { $0.objectValue?["phase"] } == ["script", "inputs"])
            #expect(phases.first?.objectValue?["bytes"] == 5)
            record.end(.failed, .failed, reason: "because", exitCode: 65)
            #expect(try stored()["status"] == "FAILED")
            #expect(try stored()["failureReason"] == "because")
            #expect(try stored()["runner"]?.objectValue?["exitCode"] == 65)
            #expect(try stored()["events"]?.arrayValue?.last?.objectValue?["eventType"] == "FAILED")
            #expect(try stored()["billableDuration"]?.intValue ?? 0 > 0)
            #expect(try text(of: file) == record.text)
            #expect(record.writeError == nil)
            // Replaced in one step, with nothing left beside it.
            #expect(try directoryEntryNames(file.removingLastComponent()) == [Array("job.json".utf8)])
        }
    }

    @Test func aRecordThatCannotBeWrittenEndsNothing() throws {
        try withTemporaryDirectory { folder in
            try write("x", to: folder.appending("output"))
            let record = RecordKeeper(file: folder.pushing("output/job.json"), members: [:], createdAt: created)
            record.event(.running, "runs")
            #expect(record.writeError?.contains("\(folder)/output") == true)
            #expect(record.text.contains("RUNNING"))
            removeLink(folder.appending("output"))
            record.event(.running, "again")
            #expect(record.writeError == nil)
            #expect(try text(of: folder.pushing("output/job.json")) == record.text)
        }
    }

    /// A reader would find half of it otherwise.
    @Test(.timeLimit(.minutes(1))) func changesAtOnceLeaveAWholeRecord() async throws {
        try await withTemporaryDirectory { folder in
            let file = folder.appending("job.json")
            let record = RecordKeeper(file: file, members: [:], createdAt: created)
            try await forEachConcurrently(0..<40, limit: 8) { number in
                record.set("n\(number)", .number(JSONNumber(number)))
            }
            #expect(try text(of: file) == record.text)
            let runner = try JSONText.parse(record.text).objectValue?["runner"]?.objectValue
            #expect(runner?.count == 41)
        }
    }
}
