import RunnerCore
import RunnerTestSupport
import Testing

/// `queue`, `status ARN` and `cancel`, driven through the binary against a service that checks signatures.
@Suite(.timeLimit(.minutes(15)))
struct ServiceQueryTests {
    @Test("queue: status and depths, asked for in the device's own region")
    func queue() throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.run(["queue", BraketDouble.device], environment: service.environment)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("Aria 1, IonQ"), "\(run.output)")
            #expect(run.output.contains("ONLINE; 12 quantum tasks (normal), 3 hybrid jobs waiting"), "\(run.output)")
            #expect(service.requests.first?.header("authorization")?.contains("/us-east-1/braket/") == true)
            let json = folder.run(["queue", BraketDouble.device, "--format", "json"], environment: service.environment)
            let device = try JSONText.parse(json.output).arrayValue?.first?.objectValue
            #expect(device?["deviceQueueInfo"]?.arrayValue?.count == 2)
            #expect(device?["deviceCapabilities"] == nil)
        }
    }

    @Test("queue without a device: those of the region that are not retired")
    func allQueues() throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.run(["queue"], environment: service.environment)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains(BraketDouble.device))
            #expect(!run.output.contains("rigetti"))
            #expect(service.requests.map(\.method) == ["POST", "GET"])
        }
    }

    @Test("status of a job: reason, events, and as JSON every member")
    func status() throws {
        var script = BraketDouble.Script()
        script.jobs = [
            [
                "status": "FAILED", "failureReason": "AlgorithmError: ValueError: x, exit code: 1",
                "events": [["eventType": "FAILED", "timeOfEvent": "2026-11-27T10:00:09Z", "message": "it failed"]],
            ]
        ]
        let service = try BraketDouble(script)
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.run(["status", BraketDouble.job], environment: service.environment)
            #expect(run.exitCode == 0, "\(run.errors)")
            for text in ["bell: FAILED", "AlgorithmError: ValueError: x", "2026-11-27T10:00:09Z  FAILED  it failed"] {
                #expect(run.output.contains(text), "\(run.output)")
            }
            let json = folder.run(["status", BraketDouble.job, "--format", "json"], environment: service.environment)
            try #expect(JSONText.parse(json.output).objectValue?["memberOfTomorrow"] == "kept")
        }
    }

    @Test("status of a quantum task: its place in the queue")
    func task() throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            let arn = "arn:aws:braket:us-west-2:123456789012:quantum-task/t"
            let run = folder.run(["status", arn], environment: service.environment)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("position 7 in QUANTUM_TASKS_QUEUE"), "\(run.output)")
        }
    }

    @Test("cancel: what the service answers")
    func cancel() throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.run(["cancel", BraketDouble.job], environment: service.environment)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output == "\(BraketDouble.job): CANCELLING\n")
            #expect(service.requests.map(\.method) == ["PUT"])
        }
    }

    /// What the service refuses, and the exit code.
    static let refusals: [(status: Int, word: String, exitCode: Int32)] = [
        (404, "ResourceNotFoundException", 77), (403, "AccessDeniedException", 77), (409, "ConflictException", 77),
        (400, "ValidationException", 64), (429, "ThrottlingException", 69), (500, "InternalServiceException", 69),
    ]

    @Test("What the service refuses: its words and the exit code", arguments: refusals)
    func refused(status: Int, word: String, exitCode: Int32) throws {
        var script = BraketDouble.Script()
        script.errors = ["/job": (status, word)]
        let service = try BraketDouble(script)
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.run(["cancel", BraketDouble.job], environment: service.environment)
            #expect(run.exitCode == exitCode, "\(run.errors)")
            #expect(run.errors.contains(word), "\(run.errors)")
            #expect(run.errors.contains(BraketDouble.job))
        }
    }

    @Test("Keys that the service does not know are said, and not shown")
    func wrongKeys() throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            let environment = service.environment.merging(["AWS_SECRET_ACCESS_KEY": "planted/wrong"]) { $1 }
            let run = folder.run(["cancel", BraketDouble.job], environment: environment)
            #expect(run.exitCode == 77, "\(run.errors)")
            #expect(run.errors.contains("InvalidSignatureException"), "\(run.errors)")
            #expect(!(run.output + run.errors).contains("planted"))
        }
    }

    /// A command line that asks nobody, its exit code, and a word of the sentence.
    static let mistakes: [(arguments: [String], exitCode: Int32, word: String)] = [
        (["cancel", "bell"], 64, "is no ARN of a job"), (["cancel", BraketDouble.device], 64, "is no ARN of a job"),
        (["queue", BraketDouble.job], 64, "is no ARN of a device"), (["status", "arn:aws:s3:::b"], 64, "is no ARN"),
        (["cancel"], 64, "job-arn"),
    ]

    @Test("What is no ARN is refused before anything is sent", arguments: mistakes)
    func mistake(arguments: [String], exitCode: Int32, word: String) throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.run(arguments, environment: service.environment)
            #expect(run.exitCode == exitCode, "\(run.errors)")
            #expect(run.errors.contains(word), "\(run.errors)")
            #expect(service.requests.isEmpty)
        }
    }

    @Test("No region: 69 and what to set")
    func noRegion() throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            var environment = service.environment
            environment["AWS_REGION"] = nil
            let run = folder.run(["queue"], environment: environment)
            #expect(run.exitCode == 69, "\(run.errors)")
            #expect(run.errors.contains("AWS_REGION"), "\(run.errors)")
        }
    }
}
