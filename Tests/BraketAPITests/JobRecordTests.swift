import BraketAPI
import RunnerCore
import Testing

@Suite struct JobRecordTests {
    @Test func recordIsWrittenInTheOrderOfGetJob() throws {
        var record = JobRecord(
            request: try JobRequest.parse(fullRequest),
            jobARN: "arn:aws:braket:us-east-1:123456789012:job/x",
            createdAt: Timestamp(milliseconds: 1_795_304_479_123)
        )
        record.status = .failed
        record.failureReason = "ValueError: bad angle"
        record.startedAt = Timestamp(milliseconds: 1_795_304_480_000)
        record.endedAt = Timestamp(milliseconds: 1_795_304_481_000)
        record.billableDurationMilliseconds = 1000
        record.events = [JobRecord.Event(.running, at: Timestamp(milliseconds: 0), message: "runs")]
        record.queueInfo = JobRecord.QueueInfo(queue: "JOBS_QUEUE", position: ">15")
        record.runner = ["exitCode": 1]
        let object = try #require(record.json().objectValue)
        #expect(
            object.names == [
                "status", "jobArn", "roleArn", "failureReason", "jobName", "hyperParameters", "inputDataConfig",
                "outputDataConfig", "stoppingCondition", "checkpointConfig", "algorithmSpecification",
                "instanceConfig", "createdAt", "startedAt", "endedAt", "billableDuration", "deviceConfig", "events",
                "tags", "queueInfo", "associations", "runner",
            ]
        )
        #expect(object["status"] == "FAILED")
        #expect(object["createdAt"] == "2026-11-21T23:41:19.123Z")
        #expect(object["hyperParameters"] == ["z": "1", "a": "x y"])
        #expect(
            object["events"] == [
                ["eventType": "RUNNING", "timeOfEvent": "1970-01-01T00:00:00.000Z", "message": "runs"]
            ]
        )
        #expect(object["queueInfo"] == ["queue": "JOBS_QUEUE", "position": ">15"])
        #expect(try JobRecord(json: record.json()) == record)
    }

    @Test func absentMembersAreLeftOutAndTheTokenIsNotKept() throws {
        let record = JobRecord(
            request: try JobRequest.parse(fullRequest),
            createdAt: Timestamp(milliseconds: 0)
        )
        let names = try #require(record.json().objectValue).names
        #expect(!names.contains("failureReason"))
        #expect(!names.contains("runner"))
        #expect(!names.contains("clientToken"))
        #expect(record.jobName == "job-1")
        #expect(record.status == .queued)
    }

    @Test func textsAndEventsAreCutAtTheLimitsOfTheService() throws {
        var record = JobRecord(request: try JobRequest.parse(fullRequest), createdAt: Timestamp(milliseconds: 0))
        record.failureReason = String(repeating: "😀", count: 1025)
        record.events = (0..<25).map { number in
            JobRecord.Event(.running, at: Timestamp(milliseconds: number), message: String(repeating: "é", count: 2501))
        }
        let object = try #require(record.json().objectValue)
        #expect(object["failureReason"]?.stringValue?.unicodeScalars.count == 1024)
        let events = try #require(object["events"]?.arrayValue)
        #expect(events.count == 20)
        #expect(events.first?.objectValue?["timeOfEvent"] == "1970-01-01T00:00:00.005Z")
        #expect(events.first?.objectValue?["message"]?.stringValue?.unicodeScalars.count == 2500)
    }

    @Test func unknownMembersAreKept() throws {
        let json: JSONValue = [
            "status": "RUNNING", "jobName": "n", "createdAt": "2026-11-21T23:41:19.123456+01:00",
            "events": [["eventType": "NEW_KIND", "timeOfEvent": "2026-11-21T23:41:19Z"], 7], "future": [1],
        ]
        let record = try JobRecord(json: json)
        #expect(record.events.isEmpty)
        #expect(record.json().objectValue?["future"] == [1])
        #expect(record.json().objectValue?["createdAt"] == "2026-11-21T22:41:19.123Z")
    }

    @Test(
        arguments: [
            (["createdAt": "2026-11-21T23:41:19Z"], "status: must be the status of a job"),
            (["status": "DONE", "createdAt": "x"], #"status: "DONE": must be the status of a job"#),
            (["status": "FAILED"], "createdAt: is required"),
            (["status": "FAILED", "createdAt": 5], "createdAt: 5: must be a time such as 2026-11-21T23:41:19.123Z"),
            ([], "must be an object, is not a job's record"),
        ] as [(JSONValue, String)]
    )
    func whatIsNoRecordIsExplained(json: JSONValue, expected: String) {
        let problem = #expect(throws: Problem.self) { try JobRecord(json: json) }
        #expect(problem?.description == expected)
    }

    @Test func terminalStatusesAreThoseOfTheSDK() {
        #expect(JobStatus.allCases.filter(\.isTerminal) == [.completed, .failed, .cancelled])
    }
}
