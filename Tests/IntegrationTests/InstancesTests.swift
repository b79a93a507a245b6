import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Jobs of several hosts on this machine: `--instances`, driven from outside.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct InstancesTests {
    /// Says that it is there, writes results of its own and a common name, and goes on until the file `go` appears.
    static let script = """
        import os, time
        host = os.environ["SM_CURRENT_HOST"]
        for name in ("of-" + host, "same"):
            open(os.path.join(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], name), "w").write(host)
        open(os.path.join(os.environ["TEST_PLACE"], "began-" + host), "w").write(os.environ["RANK"])
        while not os.path.exists(os.path.join(os.environ["TEST_PLACE"], "go")):
            if os.path.exists(os.path.join(os.environ["TEST_PLACE"], "fail-" + host)):
                raise ValueError("boom on " + host)
            time.sleep(0.05)
        """

    private static func start(
        _ folder: JobFolder,
        _ arguments: [String] = [],
        environment: [String: String] = [:]
    ) -> RunningProgram {
        folder.write("source/alg.py", script)
        let more = environment.merging(["TEST_PLACE": folder.directory]) { $1 }
        return folder.start(folder.job("alg") + ["--instances", "3"] + arguments, environment: more)
    }

    private static func waitForAll(_ folder: JobFolder, _ program: RunningProgram) -> Bool {
        program.wait { (1...3).allSatisfy { folder.exists("began-algo-\($0)") } }
    }

    /// Kills the runner of a host, which takes its root's lock with its number in it.
    static func killRunner(_ number: Int, _ folder: JobFolder) throws {
        let process = folder.text("root/algo-\(number)/ml/.braket-runner.lock").flatMap { pid_t($0) }
        kill(try #require(process), SIGKILL)
    }

    private static func verdict(_ record: JSONObject) -> JSONObject {
        record["runner"]?.objectValue?["verdict"]?.objectValue ?? [:]
    }

    @Test("Three hosts begin and end together, and leave one set of results and one record")
    func succeeds() throws {
        try JobFolder.with { folder in
            let program = Self.start(folder)
            #expect(Self.waitForAll(folder, program))
            folder.write("go", "")
            let run = program.finish()
            #expect(run.exitCode == 0, "\(run.errors)")
            let archive = folder.shell(
                "tar xzOf store/bucket/out/output/model.tar.gz of-algo-1 of-algo-2 of-algo-3 same same.algo-2 same.algo-3"
            )
            #expect(archive.output == "algo-1algo-2algo-3algo-1algo-2algo-3", "\(archive.errors)")
            #expect(folder.shell("find store/bucket/out/output/hosts -type f").output.isEmpty)
            #expect((1...3).map { folder.text("began-algo-\($0)") } == ["0", "1", "2"])
            for record in [try folder.record(), try folder.storedRecord()] {
                let hosts = record["runner"]?.objectValue?["hosts"]?.arrayValue ?? []
                #expect(hosts.map { $0.objectValue?["host"]?.stringValue } == ["algo-1", "algo-2", "algo-3"])
                #expect(hosts.dropFirst().allSatisfy { $0.objectValue?["script"] != nil })
            }
            #expect(folder.exists("store/bucket/out/output/logs") == false || folder.failure == nil)
        }
    }

    @Test("The first failure is the job's verdict on every host, and at the job's own place", arguments: 1...3)
    func fails(_ number: Int) throws {
        try JobFolder.with { folder in
            let program = Self.start(folder)
            #expect(Self.waitForAll(folder, program))
            folder.write("fail-algo-\(number)", "")
            let run = program.finish()
            #expect(run.exitCode == 1, "\(run.errors)")
            #expect(folder.failure?.hasPrefix("ValueError: boom on algo-\(number)\n") == true)
            for path in ["root", "root/algo-1", "root/algo-2", "root/algo-3"] {
                let record = try JSONText.parse(folder.text("\(path)/ml/output/job.json") ?? "").objectValue ?? [:]
                let sentence = Self.verdict(record)["sentence"]?.stringValue ?? ""
                #expect(sentence.hasPrefix("algo-\(number) failed first at "), "\(path): \(sentence)")
                #expect(sentence.hasSuffix("; 2 others stopped because of it."), "\(path): \(sentence)")
                #expect(Self.verdict(record)["kind"]?.stringValue == "user-exception")
            }
            let files = folder.shell("tar tzf store/bucket/out/output/model.tar.gz").output
            #expect((1...3).allSatisfy { files.contains("of-algo-\($0)") }, "\(files)")
        }
    }

    @Test("A host that is killed ends the job on the others", arguments: [1, 2])
    func hostDies(_ number: Int) throws {
        try JobFolder.with { folder in
            let program = Self.start(folder)
            #expect(Self.waitForAll(folder, program))
            try Self.killRunner(number, folder)
            let run = program.finish()
            #expect(run.exitCode == 75, "\(run.errors)")
            #expect(folder.failure?.hasPrefix("A host of the job was lost: algo-\(number) ") == true)
            #expect(Self.verdict(try folder.record())["kind"]?.stringValue == "host-lost")
            let place = number == 1 ? "output/hosts/algo-2/model.tar.gz" : "output/model.tar.gz"
            let living = number == 1 ? "of-algo-2" : "of-algo-3"
            #expect(folder.shell("tar tzf store/bucket/out/\(place)").output.contains(living))
        }
    }

    @Test("A stop of one host is a stop of the job")
    func stopOfOneHost() throws {
        try JobFolder.with { folder in
            let program = Self.start(folder)
            #expect(Self.waitForAll(folder, program))
            let process = folder.text("root/algo-3/ml/.braket-runner.lock").flatMap { pid_t($0) }
            kill(try #require(process), SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            let record = try folder.record()
            #expect(record["status"]?.stringValue == "CANCELLED")
            #expect(Self.verdict(record)["host"]?.stringValue == "algo-3")
        }
    }

    @Test("A stop of the program is a stop of the job")
    func stopOfAll() throws {
        try JobFolder.with { folder in
            let program = Self.start(folder)
            #expect(Self.waitForAll(folder, program))
            program.send(SIGTERM)
            let run = program.finish()
            #expect(run.exitCode == 143, "\(run.errors)")
            let record = try folder.record()
            #expect(record["status"]?.stringValue == "CANCELLED")
        }
    }

    @Test("A set-up that fails on all hosts ends the job with its own code")
    func setUpFails() throws {
        try JobFolder.with { folder in
            folder.write("source/requirements.txt", "./is-not-there\n")
            let program = Self.start(folder)
            let run = program.finish()
            #expect(run.exitCode == 67, "\(run.errors)")
            #expect(!folder.exists("began-algo-1"))
        }
    }

    @Test("The request's instanceCount makes hosts where a root is given")
    func instanceCount() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                "import os\nos.write(1, ('HOST ' + os.environ['BRAKET_RUNNER_CLUSTER_HOST'] + '\\n').encode())"
            )
            folder.write(
                "job.json",
                """
                {"jobName": "job", "deviceConfig": {"device": "local:braket/x"},
                 "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 1, "instanceCount": 2},
                 "outputDataConfig": {"s3Path": "s3://bucket/out"},
                 "algorithmSpecification": {"scriptModeConfig": {"s3Uri": "s3://bucket/x", "entryPoint": "alg"}}}
                """
            )
            let run = folder.run(
                folder.options + ["--script", folder.at("source"), "--job", folder.at("job.json")]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("HOST algo-1") && run.output.contains("HOST algo-2"), "\(run.output)")
        }
    }

    /// Rows: options that are wrong, and what is said.
    static let wrong: [(options: [String], words: String)] = [
        (["--hosts", "a,,b"], "--hosts: \"a,,b\": must be different host names"),
        (["--hosts", "a,b", "--host-index", "2"], "--host-index: \"2\": must be from 0 to 1"),
        (["--host-index", "1"], "--host-index: needs --hosts"),
        (["--launch", "smddp"], "--launch: \"smddp\": must be auto, none, mpi or torchrun"),
        (["--ranks-per-host", "0"], "--ranks-per-host: \"0\": must be a whole number from 1"),
        (
            ["--hyperparameter", "sagemaker_distributed_dataparallel_enabled=true"],
            "sagemaker_distributed_dataparallel_enabled: asks for SageMaker's distributed data parallel library"
        ),
    ]

    @Test("What is wrong is said before anything runs", arguments: wrong.indices)
    func namesWhatIsWrong(_ row: Int) throws {
        try JobFolder.with { folder in
            let run = folder.runScript("print('RAN')", Self.wrong[row].options)
            #expect(run.exitCode == 64)
            #expect(run.errors.contains(Self.wrong[row].words), "\(run.errors)")
            #expect(!run.output.contains("RAN"))
        }
    }

    @Test("torchrun gets the cluster's values and each rank its host's variables")
    func torchrun() throws {
        try JobFolder.with { folder in
            // A stub: starts what stands behind --no_python once for each rank, as torchrun does.
            folder.write(
                "bin/torchrun",
                """
                #!/bin/sh
                echo "TORCHRUN $*"
                while [ "$1" != --no_python ]; do
                    [ "$1" = --node_rank ] && node=$2
                    shift
                done
                shift
                for local in 0 1; do
                    RANK=$((node * 2 + local)) LOCAL_RANK=$local WORLD_SIZE=4 "$@" || exit 1
                done
                """,
                mode: 0o755
            )
            folder.write(
                "source/alg.py",
                """
                import os
                def main(n: int):
                    print("RANK", os.environ["RANK"], os.environ["WORLD_SIZE"], os.environ["SM_CURRENT_HOST"], n + 1)
                    if os.environ["RANK"] == os.environ.get("TEST_FAILS"): raise KeyError("no")
                """
            )
            let path = [
                "PATH": folder.at("bin") + ":" + (BinaryUnderTest.minimalEnvironment["PATH"] ?? "/usr/bin:/bin")
            ]
            let options =
                folder.job("alg:main") + [
                    "--instances", "2", "--launch", "torchrun", "--ranks-per-host", "2", "--max-restarts", "3",
                    "--hyperparameter", "n=4",
                ]
            let run = folder.run(options, environment: path)
            #expect(run.exitCode == 0, "\(run.errors)")
            for rank in 0...3 { #expect(run.output.contains("RANK \(rank) 4 algo-\(rank / 2 + 1) 5\n")) }
            #expect(run.output.contains("TORCHRUN --nnodes 2 --nproc_per_node 2 --master_addr 127.0.0.1"))
            #expect(run.output.contains("--max_restarts 3"))
            let failed = folder.run(options, environment: path.merging(["TEST_FAILS": "3"]) { $1 })
            #expect(failed.exitCode == 1)
            let sentence = Self.verdict(try folder.record())["sentence"]?.stringValue ?? ""
            #expect(sentence.hasPrefix("algo-2 rank 3 failed first at "), "\(sentence)")
            #expect(sentence.contains("KeyError: 'no'"), "\(sentence)")
        }
    }

    @Test("An engine that is not there is named")
    func missingEngine() throws {
        try JobFolder.with { folder in
            folder.makeDirectory("empty")
            let run = folder.runScript(
                "print('RAN')",
                ["--launch", "mpi"],
                environment: ["PATH": folder.at("empty")]
            )
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("mpirun is not on PATH"), "\(run.errors)")
        }
    }
}
