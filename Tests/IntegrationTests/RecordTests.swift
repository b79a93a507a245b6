import RunnerCore
import RunnerTestSupport
import Testing

/// job.json: GetJob's shape, true at every moment.
@Suite(.timeLimit(.minutes(15)))
struct RecordTests {
    /// The members of GetJob, and `runner`.
    static let members: Set<String> = [
        "algorithmSpecification", "associations", "billableDuration", "checkpointConfig", "createdAt", "deviceConfig",
        "endedAt", "events", "failureReason", "hyperParameters", "inputDataConfig", "instanceConfig", "jobArn",
        "jobName",
        "outputDataConfig", "queueInfo", "roleArn", "startedAt", "status", "stoppingCondition", "tags", "runner",
    ]

    @Test("A success: members, events and times in order")
    func success() throws {
        try JobFolder.with { folder in
            folder.store("d/x", "12345")
            folder.runScript(
                "import os; open(os.environ['AMZN_BRAKET_JOB_RESULTS_DIR'] + '/r', 'w').write('x' * 9)",
                ["--input", "in=s3://bucket/d/", "--hyperparameter", "n=4", "--checkpoints", "s3://bucket/cp"]
            )
            let record = try folder.record()
            #expect(record["status"]?.stringValue == "COMPLETED")
            #expect(Set(record.names).isSubset(of: Self.members), "\(Set(record.names).subtracting(Self.members))")
            #expect(record["failureReason"] == nil || record["failureReason"]?.isNull == true)
            #expect(record["jobName"]?.stringValue == "job")
            #expect(record["hyperParameters"]?.objectValue?["n"]?.stringValue == "4")
            #expect(record["outputDataConfig"]?.objectValue?["s3Path"]?.stringValue == "s3://bucket/out")
            #expect(record["checkpointConfig"]?.objectValue?["s3Uri"]?.stringValue == "s3://bucket/cp")
            #expect(record["inputDataConfig"]?.arrayValue?.first?.objectValue?["channelName"]?.stringValue == "in")
            #expect(
                Self.events(record) == [
                    "STARTING_INSTANCE", "DOWNLOADING_DATA", "RUNNING", "UPLOADING_RESULTS", "COMPLETED",
                ]
            )
            let times = record["events"]?.arrayValue?.compactMap { $0.objectValue?["timeOfEvent"]?.stringValue } ?? []
            #expect(times.count == 5 && times == times.sorted())
            for event in record["events"]?.arrayValue ?? [] {
                #expect(event.objectValue?["message"]?.stringValue != nil)
            }
            let created = try #require(record["createdAt"]?.stringValue)
            let started = try #require(record["startedAt"]?.stringValue)
            let ended = try #require(record["endedAt"]?.stringValue)
            #expect(created <= started && started <= ended)
            try #expect(#require(record["billableDuration"]?.intValue) > 0)
        }
    }

    @Test("The member runner: version, exit code, phases, sum, peaks, what is stored where")
    func runnerMember() throws {
        try JobFolder.with { folder in
            let archive = SmallArchives.tarGz(files: ["alg.py": "x = bytearray(50_000_000); sum(range(300_000))"])
            folder.write("store/bucket/code/s.tar.gz", archive)
            folder.store("d/x", "12345")
            folder.run(
                folder.options + [
                    "--script", "s3://bucket/code/s.tar.gz", "--compression", "GZIP", "--entry-point", "alg",
                    "--output",
                    "s3://bucket/out", "--job-name", "job", "--input", "in=s3://bucket/d/",
                ]
            )
            let runner = try #require(folder.record()["runner"]?.objectValue)
            let text = try #require(folder.record()["runner"]).serialized()
            #expect(runner["version"]?.stringValue == folder.run(["--version"]).output.trimmingNewline)
            #expect(runner["exitCode"]?.intValue == 0)
            let sum = folder.shell("sha256sum < store/bucket/code/s.tar.gz").output.prefix(64)
            #expect(text.contains(sum))
            let phases = try #require(runner["phases"]?.arrayValue).compactMap(\.objectValue)
            #expect(phases.count >= 4)
            for phase in phases { #expect(phase["seconds"] != nil, "\(phase.names)") }
            let script = try #require(phases.first { $0["phase"]?.stringValue == "script" })
            #expect(script["bytes"]?.intValue == archive.count)
            let inputs = try #require(phases.first { $0["phase"]?.stringValue == "inputs" })
            #expect(inputs["bytes"]?.intValue == 5)
            let results = try #require(phases.first { $0["phase"]?.stringValue == "results" })
            #expect(results["bytes"] != nil, "the results phase does not say its bytes")
            try #expect(#require(runner["script"]?.objectValue?["peakMemoryBytes"]?.intValue) > 50_000_000)
            #expect(runner["script"]?.objectValue?["cpuSeconds"] != nil)
            #expect(text.replacing(#"\/"#, with: "/").contains("s3://bucket/out/output/model.tar.gz"))
        }
    }

    /// A script and the events and status of its record.
    static let endings: [(script: String, options: [String], events: [String], status: String)] = [
        (
            "raise ValueError('x')", [],
            ["STARTING_INSTANCE", "DOWNLOADING_DATA", "RUNNING", "UPLOADING_RESULTS", "FAILED"],
            "FAILED"
        ),
        ("", ["--input", "none=s3://bucket/none"], ["STARTING_INSTANCE", "DOWNLOADING_DATA", "FAILED"], "FAILED"),
        (
            "import time; time.sleep(60)", ["--max-runtime", "1"],
            ["STARTING_INSTANCE", "DOWNLOADING_DATA", "RUNNING", "UPLOADING_RESULTS", "MAX_RUNTIME_EXCEEDED"], "FAILED"
        ),
    ]

    @Test("The events of other ends", arguments: endings)
    func otherEnds(_ script: String, _ options: [String], _ events: [String], _ status: String) throws {
        try JobFolder.with { folder in
            folder.makeDirectory("store/bucket")
            folder.runScript(script, options)
            let record = try folder.record()
            let found = Self.events(record).filter { events.contains("UPLOADING_RESULTS") || $0 != "UPLOADING_RESULTS" }
            #expect(found == events)
            #expect(record["status"]?.stringValue == status || record["status"]?.stringValue == "CANCELLED")
            #expect(record["failureReason"]?.stringValue?.isEmpty == false)
            #expect(record["endedAt"]?.stringValue != nil)
        }
    }

    @Test("failureReason is what the failure file says, at most 1,024 characters")
    func failureReason() throws {
        try JobFolder.with { folder in
            folder.runScript("raise ValueError('x' * 3000)")
            let reason = try #require(folder.record()["failureReason"]?.stringValue)
            #expect(reason.count <= 1024)
            #expect(reason.contains("ValueError: xxx"))
        }
    }

    @Test("While the script runs it says RUNNING")
    func whileRunning() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                "print(open('\(folder.at("root/ml/output/job.json"))').read().replace(chr(10), ''))"
            )
            let line = try #require(run.lines.first { $0.hasPrefix("{") })
            let record = try #require(JSONText.parse(line).objectValue)
            #expect(record["status"]?.stringValue == "RUNNING")
            #expect(Self.events(record) == ["STARTING_INSTANCE", "DOWNLOADING_DATA", "RUNNING"])
            #expect(record["endedAt"] == nil || record["endedAt"]?.isNull == true)
        }
    }

    @Test("The record in the store is the last one, and no part of one is left")
    func stored() throws {
        try JobFolder.with { folder in
            folder.runScript("raise ValueError('x')")
            let stored = try folder.storedRecord()
            let lastReason = try folder.record()["failureReason"]?.stringValue
            #expect(stored["status"]?.stringValue == "FAILED")
            #expect(stored["failureReason"]?.stringValue == lastReason)
            #expect(folder.shell("ls -A root/ml/output").lines == ["data", "failure", "job.json", "log", ""])
        }
    }

    @Test("The peak memory is the script's, not the runner's")
    func peakMemory() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "exit 0\n")
            folder.run(folder.job("run.sh"))
            let runner = try #require(folder.record()["runner"]?.objectValue)
            let peak = try #require(runner["script"]?.objectValue?["peakMemoryBytes"]?.intValue)
            #expect(peak < 8_000_000)
        }
    }

    @Test("A record that cannot be stored has one end, and nobody reads of a success")
    func recordNotStored() throws {
        try JobFolder.with { folder in
            folder.write("store/bucket/out/output/job.json/in-the-way", "x")
            let run = folder.runScript("")
            #expect(run.exitCode == 74)
            #expect(!run.output.contains("Reporting training SUCCESS"))
            let record = try folder.record()
            #expect(Self.events(record).suffix(2) == ["UPLOADING_RESULTS", "FAILED"])
            #expect(record["status"]?.stringValue == "FAILED")
        }
    }

    @Test("Results that cannot be read are not safe")
    func unreadableResults() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                "import os\nos.rmdir('\(folder.at("root/ml/output/data"))')\n"
                    + "open('\(folder.at("root/ml/output/data"))', 'w').write('no folder')"
            )
            #expect(run.exitCode == 74)
            #expect(folder.failure?.contains("output.tar.gz") == true)
        }
    }

    private static func events(_ record: JSONObject) -> [String] {
        record["events"]?.arrayValue?.compactMap { $0.objectValue?["eventType"]?.stringValue } ?? []
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
