import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What a stop sends, how its time is shared, and what cuts it short.
@Suite(.timeLimit(.minutes(15)))
struct StopBudgetTests {
    /// Says which signal came, and ends.
    private static let listening = """
        import os, signal, sys, time
        def heard(number, frame):
            print("HEARD", number)
            sys.exit(0)
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2: signal.signal(number, heard)
        print("READY")
        time.sleep(1000)
        """
    /// Looks at the stop file only.
    private static let looking = """
        import os, signal, time
        signal.signal(signal.SIGTERM, lambda *a: print("SIGNAL", os.path.exists(os.environ["BRAKET_RUNNER_STOP_FILE"])))
        print("READY")
        while not os.path.exists(os.environ["BRAKET_RUNNER_STOP_FILE"]): time.sleep(0.01)
        print("FOUND", open(os.environ["BRAKET_RUNNER_STOP_FILE"]).read().strip())
        """

    private func stopped(
        _ script: String,
        by number: Int32 = SIGTERM,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        _ check: (JobFolder, RunnerRun) throws -> Void
    ) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", script)
            let program = folder.start(folder.job("alg") + arguments, environment: environment)
            #expect(program.waitForOutput("READY\n"))
            program.send(number)
            try check(folder, program.finish())
        }
    }

    @Test(
        "The signal that came is the one the script gets, another one with --stop-signal",
        arguments: [
            (SIGTERM, [], SIGTERM), (SIGINT, [], SIGINT), (SIGTERM, ["--stop-signal", "USR2"], SIGUSR2),
            (SIGINT, ["--stop-signal", "sigterm"], SIGTERM), (SIGTERM, ["--stop-signal", "10"], SIGUSR1),
        ] as [(Int32, [String], Int32)]
    )
    func stopSignal(came: Int32, arguments: [String], gets: Int32) throws {
        try stopped(Self.listening, by: came, arguments) { folder, run in
            #expect(run.output.contains("HEARD \(gets)\n"), "\(run.errors)")
            #expect(run.exitCode == 143)
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
        }
    }

    @Test(
        "A stop signal that ends nothing is refused, with all others named",
        arguments: ["KILLED", "STOP", "0", "CHLD"]
    )
    func wrongStopSignal(name: String) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            let run = folder.run(folder.job("alg") + ["--stop-signal", name, "--timeout", "sleep=1,fetch=x"])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("--stop-signal") && run.errors.contains(name), "\(run.errors)")
            #expect(run.errors.contains("sleep=1") && run.errors.contains("fetch=x"), "\(run.errors)")
            #expect(!run.output.contains("RAN"))
        }
    }

    @Test("The stop file appears, also with --stop-signal none, and says why")
    func stopFile() throws {
        try stopped(Self.looking) { folder, run in
            #expect(run.output.contains("FOUND stop request (SIGTERM"), "\(run.output)\(run.errors)")
            // The handler finds it there.
            #expect(run.output.contains("SIGNAL True"))
            #expect(folder.exists("root/ml/output/stop"))
            // It must not stop the next run.
            let next = folder.runScript(
                "import os; print('THERE', os.path.exists(os.environ['BRAKET_RUNNER_STOP_FILE']))"
            )
            #expect(next.output.contains("THERE False"))
            #expect(next.exitCode == 0)
        }
        try stopped(Self.looking, ["--stop-signal", "none"]) { _, run in
            #expect(run.output.contains("FOUND"), "\(run.errors)")
            #expect(!run.output.contains("SIGNAL"))
            #expect(run.exitCode == 143)
        }
    }

    @Test("BRAKET_RUNNER_STOP_FILE of the runner names the file")
    func namedStopFile() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", Self.looking)
            let program = folder.start(
                folder.job("alg"),
                environment: ["BRAKET_RUNNER_STOP_FILE": folder.at("please-stop")]
            )
            #expect(program.waitForOutput("READY\n"))
            program.send(SIGTERM)
            #expect(program.finish().output.contains("FOUND"))
            #expect(folder.exists("please-stop"))
        }
    }

    @Test("The log says in one line how the time is shared, and the record keeps it")
    func sharing() throws {
        try stopped(Self.listening, ["--grace", "60"]) { folder, run in
            let lines = run.errors.split(separator: "\n").filter { $0.contains("has 50 s of 60 s; 10 s are kept") }
            #expect(lines.count == 1, "\(run.errors)")
            let stop = try folder.record()["runner"]?.objectValue?["stop"]?.objectValue
            #expect(stop?["seconds"]?.serialized() == "60.0")
            #expect(stop?["scriptSeconds"]?.serialized() == "50.0")
        }
    }

    @Test("The time limit comes early enough to be over at the limit: told two seconds before four are over")
    func earlyTimeLimit() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(Self.listening, ["--max-runtime", "4"])
            #expect(run.exitCode == 124, "\(run.errors)")
            #expect(run.output.contains("HEARD 15"))
            #expect(run.errors.contains("the script has 2 s of 2 s"), "\(run.errors)")
            let events = try folder.record()["events"]?.arrayValue?.compactMap {
                $0.objectValue?["eventType"]?.stringValue
            }
            #expect(events?.last == "MAX_RUNTIME_EXCEEDED")
        }
    }

    // MARK: Notices

    @Test("Slurm's warning ahead of the end is a stop with that deadline; without Slurm the signal is the script's")
    func slurm() throws {
        let end = Timestamp.now().milliseconds / 1000 + 500
        try stopped(
            Self.listening,
            by: SIGUSR1,
            environment: ["SLURM_JOB_ID": "7", "SLURM_JOB_END_TIME": "\(end)"]
        ) { folder, run in
            #expect(run.exitCode == 143, "\(run.errors)")
            #expect(run.output.contains("HEARD 10"))
            let verdict = try folder.record()["runner"]?.objectValue?["verdict"]?.objectValue
            #expect(verdict?["kind"]?.stringValue == "preempted")
            #expect(folder.failure?.contains("Slurm ends the job in") == true)
            try #expect(folder.record()["status"]?.stringValue == "CANCELLED")
        }
        try stopped(Self.listening, by: SIGUSR1) { _, run in
            #expect(run.output.contains("HEARD 10"))
            #expect(run.exitCode == 0)
        }
    }

    @Test("A spot notice of EC2 is a stop with its deadline")
    func spot() throws {
        let server = try ScriptedServer { request in
            switch (request.method, request.path) {
            case ("PUT", "/latest/api/token"): return .http(200, text: "token")
            case ("GET", "/latest/meta-data/spot/instance-action"):
                guard request.header("x-aws-ec2-metadata-token") == "token" else { return .http(401) }
                return .http(200, text: #"{"action": "terminate", "time": "2099-09-18T08:22:00Z"}"#)
            default: return .http(404)
            }
        }
        defer { server.stop() }
        try JobFolder.with { folder in
            // The notice is there from the start; a script that is quicker than its handler just ends by the signal.
            let run = folder.runScript(
                "import time\ntime.sleep(1000)",
                environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint]
            )
            #expect(run.exitCode == 143, "\(run.errors)")
            let verdict = try folder.record()["runner"]?.objectValue?["verdict"]?.objectValue
            #expect(verdict?["kind"]?.stringValue == "preempted")
            #expect(folder.failure?.contains("EC2 will terminate this spot instance") == true)
        }
    }

    @Test("No notice, no stop; and the metadata service is not asked when it is switched off")
    func noSpot() throws {
        let server = try CredentialServices.start()
        defer { server.stop() }
        try JobFolder.with { folder in
            let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint]
            let script = "import time\nfor i in range(3): print(i)"
            #expect(folder.runScript(script, environment: environment).exitCode == 0)
            let off = environment.merging(["AWS_EC2_METADATA_DISABLED": "true"]) { $1 }
            let before = server.requests.count
            #expect(folder.runScript(script, environment: off).exitCode == 0)
            #expect(server.requests.count == before)
        }
    }
}
