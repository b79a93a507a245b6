import RunnerCore
import RunnerTestSupport
import Testing

/// `run --device-check`, driven through the binary against a service that checks signatures.
@Suite(.timeLimit(.minutes(15)))
struct DeviceCheckTests {
    /// Runs a job with the check.
    private static func run(
        _ script: BraketDouble.Script,
        _ more: [String] = [],
        _ body: (JobFolder, RunnerRun, BraketDouble) throws -> Void
    ) throws {
        let service = try BraketDouble(script)
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.runScript(
                "print('RAN')",
                ["--device", BraketDouble.device, "--device-check"] + more,
                environment: service.environment
            )
            try body(folder, run, service)
        }
    }

    private static func device(_ folder: JobFolder) throws -> JSONObject? {
        try folder.record()["runner"]?.objectValue?["device"]?.objectValue
    }

    @Test("An online device: its queues and the job's own place are logged and recorded, the script runs")
    func online() throws {
        var script = BraketDouble.Script()
        script.jobs = [["status": "RUNNING", "queueInfo": ["queue": "JOBS_QUEUE", "position": "2"]]]
        try Self.run(script, ["--job-arn", BraketDouble.job]) { folder, run, _ in
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("RAN"))
            #expect(run.errors.contains("ONLINE; 12 quantum tasks (normal), 3 hybrid jobs waiting"), "\(run.errors)")
            #expect(run.errors.contains("this job: position 2 in JOBS_QUEUE"), "\(run.errors)")
            let device = try #require(try Self.device(folder))
            #expect(device["status"] == "ONLINE")
            #expect(device["queues"]?.arrayValue?.count == 2)
            #expect(device["jobQueue"] == ["queue": "JOBS_QUEUE", "position": "2"])
        }
    }

    @Test(
        "A device that takes no tasks ends the job at once: 76, an own verdict, no script",
        arguments: [
            "OFFLINE", "RETIRED",
        ]
    )
    func unavailable(_ status: String) throws {
        var script = BraketDouble.Script()
        script.deviceStatus = status
        try Self.run(script) { folder, run, service in
            #expect(run.exitCode == 76, "\(run.errors)")
            #expect(!run.output.contains("RAN"))
            #expect(folder.failure?.contains("is \(status).") == true, "\(folder.failure ?? "-")")
            #expect(folder.failure?.contains(BraketDouble.device) == true)
            let runner = try folder.record()["runner"]?.objectValue
            #expect(runner?["verdict"]?.objectValue?["kind"] == "device-unavailable")
            try #expect(Self.device(folder)?["status"] == .string(status))
            // Nothing was fetched first.
            #expect(!folder.exists("root/ml/code/customer_code/extracted/alg.py"))
            #expect(service.requests.count == 1)
        }
    }

    @Test("A service that does not answer ends no job")
    func noAnswer() throws {
        var script = BraketDouble.Script()
        script.errors = ["/device": (403, "AccessDeniedException")]
        try Self.run(script) { folder, run, _ in
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("RAN"))
            #expect(run.errors.contains("AccessDeniedException"), "\(run.errors)")
            try #expect(Self.device(folder)?["problems"]?.arrayValue?.count == 1)
        }
    }

    @Test("Without the option nobody is asked; neither is anybody about a local simulator")
    func notAsked() throws {
        let service = try BraketDouble()
        defer { service.stop() }
        try JobFolder.with { folder in
            let run = folder.runScript("", ["--device", BraketDouble.device], environment: service.environment)
            #expect(run.exitCode == 0, "\(run.errors)")
            let local = folder.runScript(
                "",
                ["--device", "local:braket/sv", "--device-check"],
                environment: service.environment
            )
            #expect(local.exitCode == 0, "\(local.errors)")
            #expect(service.requests.isEmpty)
        }
    }

    @Test("A dry run asks, too, and has the exit code of the run")
    func dryRun() throws {
        var script = BraketDouble.Script()
        script.deviceStatus = "OFFLINE"
        try Self.run(script, ["--dry-run"]) { folder, run, _ in
            #expect(run.exitCode == 76, "\(run.output)")
            #expect(run.output.contains("is OFFLINE."), "\(run.output)")
            #expect(!folder.exists("root"))
        }
    }

    @Test("A job ARN that is none is a problem of the configuration")
    func wrongARN() throws {
        try Self.run(BraketDouble.Script(), ["--job-arn", "bell"]) { _, run, service in
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("--job-arn"), "\(run.errors)")
            #expect(service.requests.isEmpty)
        }
    }
}
