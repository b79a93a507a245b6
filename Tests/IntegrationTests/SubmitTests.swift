import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// `submit`, driven through the binary: a folder stands for the buckets, and a service that checks signatures for
/// Amazon Braket.
@Suite(.timeLimit(.minutes(15)))
struct SubmitTests {
    /// A folder with a script, an input and a document, and the service.
    struct World {
        let folder: JobFolder
        let service: BraketDouble

        /// Runs `body` in a fresh world.
        static func with(_ script: BraketDouble.Script = BraketDouble.Script(), _ body: (World) throws -> Void) throws {
            let service = try BraketDouble(script)
            defer { service.stop() }
            try JobFolder.with { folder in
                folder.write("qaoa/main.py", "print('RAN')")
                folder.write("qaoa/sub/tool.sh", "#!/bin/sh\n", mode: 0o755)
                folder.write("data/graph/a.json", "[1]")
                folder.write("data/graph/b/c.json", "[2]")
                folder.write(
                    "job.json",
                    #"""
                    {"jobName": "bell", "roleArn": "arn:aws:iam::123456789012:role/r",
                     "algorithmSpecification": {"scriptModeConfig": {"entryPoint": "qaoa.main", "s3Uri": "s3://x/y"}},
                     "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 30},
                     "outputDataConfig": {"s3Path": "s3://bucket/out"},
                     "deviceConfig": {"device": "\#(BraketDouble.device)"}, "tags": {"a": "b"}}
                    """#
                )
                try body(World(folder: folder, service: service))
            }
        }

        /// The command with the world's document and places.
        var command: [String] {
            ["submit", "--job", folder.at("job.json"), "--storage", "file:" + folder.at("store"), "--poll", "1"]
        }

        /// The command with a script of this machine, too.
        var withScript: [String] { command + ["--script", folder.at("qaoa")] }

        /// Runs the binary to its end.
        func run(_ arguments: [String]) -> RunnerRun { folder.run(arguments, environment: service.environment) }

        /// The key below which the only submission lies: the time is the program's own.
        func uploadPrefix() throws -> String {
            let names = folder.shell("ls store/bucket/jobs/bell").lines.filter { !$0.isEmpty }
            return "store/bucket/jobs/bell/" + (try #require(names.first))
        }
    }

    @Test("The script is packed and uploaded, inputs too, the job created; standard output is the ARN")
    func submit() throws {
        try World.with { world in
            let run = world.run(world.withScript + ["--input", "graph=" + world.folder.at("data/graph")])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output == BraketDouble.job + "\n")
            let prefix = try world.uploadPrefix()
            let listing = world.folder.shell("tar tzf \(prefix)/script/source.tar.gz").lines
                .filter { !$0.hasSuffix("/") }
            #expect(Set(listing).subtracting([""]) == ["qaoa/main.py", "qaoa/sub/tool.sh"])
            #expect(world.folder.text(prefix + "/data/graph/graph/a.json") == "[1]")
            #expect(world.folder.text(prefix + "/data/graph/graph/b/c.json") == "[2]")
            let created = try #require(world.service.created)
            let place = "s3://" + prefix.dropFirst("store/".count)
            #expect(
                created["algorithmSpecification"]?.objectValue?["scriptModeConfig"] == [
                    "entryPoint": "qaoa.main", "s3Uri": .string(place + "/script/source.tar.gz"),
                    "compressionType": "GZIP",
                ]
            )
            #expect(
                created["inputDataConfig"] == [
                    [
                        "channelName": "graph",
                        "dataSource": ["s3DataSource": ["s3Uri": .string(place + "/data/graph/graph")]],
                    ]
                ]
            )
            #expect(created["tags"] == ["a": "b"])
            #expect((1...64).contains(created["clientToken"]?.stringValue?.count ?? 0))
            #expect(world.service.requests.map(\.method) == ["POST"])
        }
    }

    @Test("What was submitted runs here: the same document, the archive that was uploaded")
    func runsHere() throws {
        try World.with { world in
            #expect(world.run(world.withScript).exitCode == 0)
            let archive = world.folder.at(try world.uploadPrefix() + "/script/source.tar.gz")
            let run = world.folder.run(
                world.folder.options + ["--job", world.folder.at("job.json"), "--script", archive]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("RAN"))
        }
    }

    @Test("Everything that is wrong at once, before anything is sent or stored")
    func problems() throws {
        try World.with { world in
            world.folder.write("job.json", #"{"jobName": "bad name", "hyperparameters": {}}"#)
            let run = world.run(
                world.command + ["--script", world.folder.at("none"), "--input", "x=" + world.folder.at("nothing")]
            )
            #expect(run.exitCode == 64)
            for text in ["jobName", "roleArn", "instanceConfig", "hyperParameters", "--script", "--input"] {
                #expect(run.errors.contains(text), "\(text) is missing in \(run.errors)")
            }
            #expect(run.output.isEmpty)
            #expect(world.service.requests.isEmpty)
            #expect(!world.folder.exists("store"))
        }
    }

    @Test("An entry point that is not in the script: 64, before anything is sent")
    func entryPoint() throws {
        try World.with { world in
            let run = world.run(world.withScript + ["--entry-point", "qaoa.mian:f"])
            #expect(run.exitCode == 64, "\(run.errors)")
            #expect(run.errors.contains("qaoa.mian:f"), "\(run.errors)")
            #expect(world.service.requests.isEmpty)
        }
    }

    @Test("--dry-run prints the request and sends nothing")
    func dryRun() throws {
        try World.with { world in
            let run = world.run(world.withScript + ["--dry-run"])
            #expect(run.exitCode == 0, "\(run.errors)")
            try #expect(JSONText.parse(run.output).objectValue?["jobName"] == "bell")
            #expect(world.service.requests.isEmpty)
            #expect(!world.folder.exists("store"))
        }
    }

    @Test(
        "The examples' documents, which run here, are ones that the service takes",
        arguments: ["qaoa/qaoa", "bell/bell.py", "shell/source"]
    )
    func examples(_ script: String) throws {
        let examples = BinaryUnderTest.repository.appending("examples")
        let folder = FilePath(script).removingLastComponent().string
        try World.with { world in
            let run = world.run([
                "submit", "--dry-run", "--job", examples.appending(folder).appending("job.json").string, "--script",
                examples.pushing(FilePath(script)).string,
            ])
            #expect(run.exitCode == 0, "\(run.errors)")
            try #expect(JSONText.parse(run.output).objectValue?["deviceConfig"] != nil)
        }
    }

    /// What the service refuses, and the exit code.
    static let refusals: [(status: Int, word: String, exitCode: Int32)] = [
        (424, "DeviceOfflineException", 76), (410, "DeviceRetiredException", 76), (409, "ConflictException", 77),
        (402, "ServiceQuotaExceededException", 77), (400, "ValidationException", 64),
        (403, "AccessDeniedException", 77),
    ]

    @Test("What CreateJob refuses: its words and the exit code", arguments: refusals)
    func refused(status: Int, word: String, exitCode: Int32) throws {
        var script = BraketDouble.Script()
        script.errors = ["/job": (status, word)]
        try World.with(script) { world in
            let run = world.run(world.withScript)
            #expect(run.exitCode == exitCode, "\(run.errors)")
            #expect(run.errors.contains(word), "\(run.errors)")
            #expect(run.output.isEmpty)
        }
    }

    // MARK: --wait

    @Test("--wait tells each change and fetches the results")
    func wait() throws {
        var script = BraketDouble.Script()
        script.jobs = [
            // Not known yet, and a service that has trouble: the job goes on.
            ["code": "ResourceNotFoundException", "status": 404], ["code": "InternalServiceException", "status": 500],
            ["status": "QUEUED", "queueInfo": ["queue": "JOBS_QUEUE", "position": "3"]],
            [
                "status": "RUNNING",
                "events": [["eventType": "RUNNING", "timeOfEvent": "2026-11-27T10:00:00Z", "message": "it runs"]],
            ],
            ["status": "COMPLETED", "billableDuration": 1500],
        ]
        try World.with(script) { world in
            world.folder.write("made/results.json", "{}")
            world.folder.store("out/output/job.json", "{}")
            #expect(world.folder.shell("tar czf store/bucket/out/output/model.tar.gz -C made .").exitCode == 0)
            let run = world.run(world.withScript + ["--wait"])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output == BraketDouble.job + "\n")
            for text in [
                "status QUEUED", "queue: position 3 in JOBS_QUEUE", "event RUNNING", "it runs", "status RUNNING",
                "status COMPLETED", "1.5 s", "does not know the job yet", "InternalServiceException",
            ] {
                #expect(run.errors.contains(text), "\(text) is missing in \(run.errors)")
            }
            #expect(world.folder.text("bell/model/results.json") == "{}")
            #expect(world.folder.text("bell/job.json") == "{}")
            #expect(!world.folder.exists("bell/output"))
        }
    }

    /// How a job ends in the service, and the exit code.
    static let endings: [(job: JSONObject, exitCode: Int32)] = [
        (["status": "FAILED", "failureReason": "AlgorithmError: x"], 1),
        (["status": "FAILED", "events": [["eventType": "MAX_RUNTIME_EXCEEDED"]]], 124),
        (["status": "CANCELLED"], 143),
    ]

    @Test("--wait: the exit code of each end, and the service's reason", arguments: endings)
    func ending(job: JSONObject, exitCode: Int32) throws {
        var script = BraketDouble.Script()
        script.jobs = [job]
        try World.with(script) { world in
            let run = world.run(world.withScript + ["--wait", "--results", world.folder.at("mine")])
            #expect(run.exitCode == exitCode, "\(run.errors)")
            if let reason = job["failureReason"]?.stringValue { #expect(run.errors.contains(reason)) }
        }
    }

    @Test("Keys that end while waiting: the job goes on, and how to look at it is said")
    func expired() throws {
        var script = BraketDouble.Script()
        script.jobs = [["status": "RUNNING"], ["code": "ExpiredTokenException", "status": 403]]
        try World.with(script) { world in
            let run = world.run(world.withScript + ["--wait"])
            #expect(run.exitCode == 77, "\(run.errors)")
            #expect(run.errors.contains("braket-runner status \(BraketDouble.job)"), "\(run.errors)")
        }
    }

    @Test("A results folder that holds something is refused before the job is made")
    func resultsFolder() throws {
        try World.with { world in
            world.folder.write("bell/precious", "")
            let run = world.run(world.withScript + ["--wait"])
            #expect(run.exitCode == 64, "\(run.errors)")
            #expect(run.errors.contains("--results"), "\(run.errors)")
            #expect(world.service.requests.isEmpty)
        }
    }

    @Test("SIGTERM while waiting leaves the job running and says how to end it")
    func terminated() throws {
        var script = BraketDouble.Script()
        script.jobs = [["status": "RUNNING"]]
        try World.with(script) { world in
            let program = world.folder.start(world.withScript + ["--wait"], environment: world.service.environment)
            #expect(program.wait { program.errorsSoFar.contains("status RUNNING") })
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(run.errors.contains("braket-runner cancel \(BraketDouble.job)"), "\(run.errors)")
            #expect(!world.service.requests.contains { $0.method == "PUT" })
        }
    }

    /// Types Ctrl-C at a terminal, then an answer.
    private static let terminal = """
        import os, pty, sys
        child, terminal = pty.fork()
        if child == 0:
            os.execv(sys.argv[2], sys.argv[2:])
        seen, typed = b"", 0
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            seen += piece
            if typed == 0 and b"status RUNNING" in seen:
                os.write(terminal, b"\\x03")
                typed = 1
            if typed == 1 and b"[y/N]" in seen:
                os.write(terminal, sys.argv[1].encode() + b"\\n")
                typed = 2
        sys.stdout.buffer.write(seen)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """

    @Test("Ctrl-C at a terminal asks; yes cancels the job and waits for its end, no leaves it", arguments: ["y", "n"])
    func asks(_ answer: String) throws {
        var script = BraketDouble.Script()
        // Cancelled at once after the question; a job that goes on is not asked for again.
        script.jobs = [["status": "RUNNING"], ["status": "CANCELLED"]]
        try World.with(script) { world in
            let run = RunningProgram.run(
                BinaryUnderTest.python,
                ["-c", Self.terminal, answer, BinaryUnderTest.path] + world.withScript
                    // Long, so that the second answer comes only after the question.
                    + ["--wait", "--poll", "60"],
                environment: BinaryUnderTest.minimalEnvironment.merging(world.service.environment) { $1 },
                directory: world.folder.directory
            )
            #expect(run.exitCode == 143, "\(run.output)\(run.errors)")
            #expect(run.output.contains("Cancel the job"), "\(run.output)")
            #expect(world.service.requests.contains { $0.method == "PUT" } == (answer == "y"))
            #expect(run.output.contains("status CANCELLED") == (answer == "y"), "\(run.output)")
        }
    }
}
