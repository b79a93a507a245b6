import RunnerCore
import Testing

@testable import BraketAPI

/// The service's answers as values: views of what is there, and nothing lost of what is not known.
struct ServiceAnswerTests {
    static let job = #"""
        {"status": "QUEUED", "jobArn": "arn:aws:braket:us-west-2:123456789012:job/1f", "jobName": "bell",
         "roleArn": "arn:aws:iam::123456789012:role/r", "createdAt": "2026-11-27T10:00:00.123Z", "startedAt": 1764237600.5,
         "deviceConfig": {"device": "arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1"}, "billableDuration": 1500,
         "outputDataConfig": {"s3Path": "s3://b/out"}, "checkpointConfig": {"s3Uri": "s3://b/ck"},
         "queueInfo": {"queue": "JOBS_QUEUE", "position": "3", "newMember": 1},
         "events": [{"eventType": "QUEUED_FOR_EXECUTION", "timeOfEvent": "2026-11-27T10:00:01Z", "message": "m"},
                    {"eventType": "SOMETHING_NEW"}, {"message": "no type"}],
         "memberOfTomorrow": {"a": [1]}}
        """#

    @Test("A job: typed views, unknown members and unknown events kept")
    func jobViews() throws {
        let job = try JobDescription(try JSONText.parse(Self.job))
        #expect(job.arn == "arn:aws:braket:us-west-2:123456789012:job/1f")
        #expect(job.knownStatus == .queued)
        #expect(!job.isTerminal)
        #expect(job.name == "bell")
        #expect(job.roleARN == "arn:aws:iam::123456789012:role/r")
        #expect(job.createdAt == "2026-11-27T10:00:00.123Z")
        #expect(job.startedAt == "2025-11-27T10:00:00.500Z")
        #expect(job.endedAt == nil)
        #expect(job.billableDurationMilliseconds == 1500)
        #expect(job.device == "arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1")
        #expect(job.outputPath == "s3://b/out")
        #expect(job.checkpointURI == "s3://b/ck")
        #expect(job.queue?.position == "3")
        #expect(job.events.map(\.type) == ["QUEUED_FOR_EXECUTION", "SOMETHING_NEW"])
        #expect(job.json["memberOfTomorrow"] == ["a": [1]])
        #expect(job.json["queueInfo"]?.objectValue?["newMember"] == 1)
    }

    @Test("A status that this version does not know is no end and no error")
    func unknownStatus() throws {
        let job = try JobDescription(["status": "PAUSED", "jobArn": "a"])
        #expect(job.knownStatus == nil)
        #expect(!job.isTerminal)
    }

    @Test("What an answer must have and has not is named", arguments: ["status", "jobArn"])
    func missing(_ name: String) throws {
        var object: JSONObject = ["status": "QUEUED", "jobArn": "a"]
        object[name] = nil
        let problem = #expect(throws: Problem.self) { try JobDescription(.object(object)) }
        #expect(problem?.path == name)
    }

    @Test("The time limit shows only in the events")
    func timeLimit() throws {
        var object: JSONObject = ["status": "FAILED", "jobArn": "a"]
        try #expect(!JobDescription(.object(object)).reachedTimeLimit)
        object["events"] = [["eventType": "MAX_RUNTIME_EXCEEDED"]]
        try #expect(JobDescription(.object(object)).reachedTimeLimit)
    }

    @Test("A device: status, queues, and capabilities out of their text")
    func device() throws {
        let device = try DeviceDescription(
            try JSONText.parse(
                #"""
                {"deviceArn": "arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1", "deviceName": "Aria 1",
                 "providerName": "IonQ", "deviceType": "QPU", "deviceStatus": "ONLINE",
                 "deviceCapabilities": "{\"service\": {\"shotsRange\": [1, 5000]}}",
                 "deviceQueueInfo": [{"queue": "QUANTUM_TASKS_QUEUE", "queueSize": "12", "queuePriority": "Normal"},
                                     {"queue": "JOBS_QUEUE", "queueSize": ">4000"}, {"queue": "no size"}]}
                """#
            )
        )
        #expect(device.knownStatus == .online)
        #expect(device.summary == "ONLINE; 12 quantum tasks (normal), >4000 hybrid jobs waiting")
        #expect(device.capabilities?.objectValue?["service"]?.objectValue?["shotsRange"] == [1, 5000])
    }

    @Test("A quantum task")
    func task() throws {
        let task = try QuantumTaskDescription(
            try JSONText.parse(
                #"""
                {"quantumTaskArn": "arn:aws:braket:us-west-2:123456789012:quantum-task/t", "status": "QUEUED",
                 "deviceArn": "d", "shots": 100, "numSuccessfulShots": 7, "outputS3Bucket": "b",
                 "outputS3Directory": "tasks/t", "jobArn": "j", "actionMetadata": {"actionType": "x"},
                 "queueInfo": {"queue": "QUANTUM_TASKS_QUEUE", "position": "None", "queuePriority": "Priority",
                               "message": "Too late."}}
                """#
            )
        )
        #expect(task.shots == 100)
        #expect(task.successfulShots == 7)
        #expect(task.outputAddress == "s3://b/tasks/t")
        #expect(task.queue?.priority == "Priority")
        #expect(task.queue?.summary == "no position in QUANTUM_TASKS_QUEUE: Too late.")
        #expect(task.json["actionMetadata"] == ["actionType": "x"])
    }

    // MARK: ARNs

    /// A text and what it is the name of.
    struct Name: Sendable, CustomTestStringConvertible {
        let text: String
        let kind: ResourceARN.Kind?
        var region: String?
        var testDescription: String { text }
    }

    static let names = [
        Name(text: "arn:aws:braket:us-west-2:123456789012:job/1f", kind: .job, region: "us-west-2"),
        Name(text: "arn:aws-us-gov:braket:us-gov-west-1:123456789012:job/1f", kind: .job, region: "us-gov-west-1"),
        Name(text: "arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1", kind: .device, region: "us-east-1"),
        Name(text: "arn:aws:braket:::device/quantum-simulator/amazon/sv1", kind: .device, region: nil),
        Name(text: "arn:aws:braket:eu-west-2:123456789012:quantum-task/t", kind: .quantumTask, region: "eu-west-2"),
        Name(text: "arn:aws:braket::123456789012:job/1f", kind: nil),
        Name(text: "arn:aws:braket:us-west-2::job/1f", kind: nil),
        Name(text: "arn:aws:s3:us-west-2:123456789012:job/1f", kind: nil),
        Name(text: "arn:aws:braket:us-west-2:123456789012:job/", kind: nil),
        Name(text: "arn:aws:braket:us-west-2:123456789012:job/a b", kind: nil),
        Name(text: "local:braket/sv", kind: nil),
        Name(text: "", kind: nil),
    ]

    @Test("Names of resources", arguments: names)
    func name(_ row: Name) {
        let arn = ResourceARN(row.text)
        #expect(arn?.kind == row.kind)
        #expect(arn?.region == row.region)
    }

    // MARK: Following a job

    @Test("What is told of a job: each change once")
    func progress() throws {
        var progress = JobProgress()
        func take(_ more: JSONObject) throws -> [String] {
            var object: JSONObject = ["status": "QUEUED", "jobArn": "a"]
            for member in more.members { object[member.name] = member.value }
            return progress.take(try JobDescription(.object(object)))
        }
        func event(_ type: String) -> JSONValue { ["eventType": .string(type), "timeOfEvent": "t"] }
        let queue: JSONValue = ["queue": "JOBS_QUEUE", "position": "2"]
        try #expect(take(["queueInfo": queue]) == ["status QUEUED", "queue: position 2 in JOBS_QUEUE"])
        try #expect(take(["queueInfo": queue]).isEmpty)
        try #expect(take(["events": [event("A")]]) == ["event A at t"])
        try #expect(
            take(["status": "RUNNING", "events": [event("A"), event("B")]]) == ["event B at t", "status RUNNING"]
        )
        // The service has dropped the oldest event of a full list.
        try #expect(take(["status": "RUNNING", "events": [event("B"), event("C")]]) == ["event C at t"])
        try #expect(take(["status": "COMPLETED", "queueInfo": queue]) == ["status COMPLETED"])
    }
}
