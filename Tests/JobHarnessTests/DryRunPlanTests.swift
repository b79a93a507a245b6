import BraketEnvironment
import RunnerCore
import Testing

@testable import JobHarness

@Suite struct DryRunPlanTests {
    private var plan: DryRunPlan {
        var plan = DryRunPlan()
        plan.variables = [("AMZN_BRAKET_JOB_NAME", "job"), ("PATH", "process")]
        plan.script = DryRunPlan.Script(
            address: "s3://b/s.tar.gz",
            form: "tar.gz",
            entries: 1,
            bytes: 1234,
            sha256: "abc",
            skipped: ["dev/null"]
        )
        plan.entryPoint = DryRunPlan.EntryPoint(name: "alg:main", file: "alg.py", signature: "(n: int)")
        plan.command = "/usr/bin/python braket_container.py"
        plan.requirements = [("requirements.txt", ["six==1.16"])]
        plan.channels = [
            DryRunPlan.Channel(name: "data", address: "s3://b/data", files: (0..<25).map { ("f\($0)", 10) })
        ]
        plan.checkpoints = [("job.json", 7)]
        plan.destinations = ["/opt/ml/model -> s3://b/out/output/model.tar.gz"]
        plan.timeLimitSeconds = 60
        plan.warnings = ["careful"]
        return plan
    }

    @Test func theTextForAPerson() {
        let lines = plan.text.split(separator: "\n", omittingEmptySubsequences: false)
        for expected in [
            "  s3://b/s.tar.gz: tar.gz, 1 entry, 1.2 kB", "  sha256 abc", "  not unpacked: dev/null",
            "  entry point alg:main: alg.py", "  signature (n: int)", "  install requirements.txt",
            "    six==1.16",
            "  data: s3://b/data, 25 files, 250 B", "    f0 (10 B)", "    f19 (10 B)", "    and 5 more",
            "  1 file, 7 B",
            "    job.json (7 B)", "  /usr/bin/python braket_container.py", "  AMZN_BRAKET_JOB_NAME   [job]",
            "  from this process: PATH",
            "  /opt/ml/model -> s3://b/out/output/model.tar.gz", "  60 s", "  careful", "Problems", "  none",
        ] {
            #expect(lines.contains { $0 == expected }, "\(expected)")
        }
        #expect(!plan.text.contains("f20"))
    }

    @Test func anEmptyPlan() {
        let plan = DryRunPlan()
        #expect(plan.exitCode == 0)
        #expect(plan.text.contains("Script\n  unknown\n"))
        #expect(!plan.text.contains("Checkpoints") && !plan.text.contains("Warnings"))
        #expect(plan.json.objectValue?["exitCode"] == 0)
        #expect(plan.json.objectValue?["timeLimitSeconds"]?.isNull == true)
        #expect(plan.json.objectValue?["problems"] == [])
    }

    /// A run would end with the first; a person wants to know all.
    @Test func theFirstProblemGivesTheExitCode() {
        var plan = plan
        plan.add(JobFailure(.inputMissing, .inputs, "No data.", details: ["a", "b"]))
        plan.add(JobFailure(.scriptMissing, .scriptArchive, "No script."))
        #expect(plan.exitCode == 66)
        #expect(plan.text.contains("Problems\n  exit 66: No data.\n    a\n    b\n  exit 65: No script.\n"))
        #expect(
            plan.json.objectValue?["problems"] == [
                ["kind": "input-missing", "exitCode": 66, "message": "No data.", "details": ["a", "b"]],
                ["kind": "script-missing", "exitCode": 65, "message": "No script.", "details": []],
            ]
        )
    }

    @Test func theJSONForPrograms() throws {
        let json = try #require(plan.json.objectValue)
        #expect(
            json["environment"] == [
                ["name": "AMZN_BRAKET_JOB_NAME", "source": "job"], ["name": "PATH", "source": "process"],
            ]
        )
        #expect(
            json["script"] == [
                "from": "s3://b/s.tar.gz", "form": "tar.gz", "entries": 1, "bytes": 1234, "sha256": "abc",
                "skipped": ["dev/null"],
            ]
        )
        #expect(json["entryPoint"] == ["name": "alg:main", "file": "alg.py", "signature": "(n: int)"])
        #expect(json["requirements"] == [["file": "requirements.txt", "lines": ["six==1.16"]]])
        let input = try #require(json["inputs"]?.arrayValue?.first?.objectValue)
        #expect(input["bytes"] == 250)
        // A program gets all files.
        #expect(input["files"]?.arrayValue?.count == 25)
        #expect(json["checkpoints"] == [["name": "job.json", "bytes": 7]])
        #expect(json["timeLimitSeconds"] == 60)
        #expect(json["warnings"] == ["careful"])
    }
}
