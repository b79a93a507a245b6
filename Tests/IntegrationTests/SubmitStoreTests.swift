import AWSSigning
import RunnerCore
import RunnerTestSupport
import Testing

/// `submit` with a real S3 server for the buckets and one set of keys for both services.
@Suite(.timeLimit(.minutes(15)))
struct SubmitStoreTests {
    @Test("Script and input are in the bucket when the job is created, and the results come back from it")
    func submit() throws {
        try S3World.with { world in
            let credential = AWSCredential(
                accessKeyID: world.server.accessKeyID,
                secretAccessKey: world.server.secretAccessKey
            )
            var script = BraketDouble.Script()
            script.jobs = [["status": "COMPLETED", "outputDataConfig": ["s3Path": .string(world.address("out"))]]]
            let service = try BraketDouble(script, credential: credential)
            defer { service.stop() }
            let folder = world.folder
            folder.write("source/alg.py", "print('RAN')")
            folder.write("made/results.json", "{}")
            _ = folder.shell("tar czf model.tar.gz -C made .")
            try world.put("out/output/model.tar.gz", folder.bytes("model.tar.gz") ?? [])
            folder.write("graph.json", "[1]")
            folder.write(
                "job.json",
                #"""
                {"jobName": "bell", "roleArn": "arn:aws:iam::123456789012:role/r",
                 "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 30},
                 "outputDataConfig": {"s3Path": "\#(world.address("out"))"}, "deviceConfig": {"device": "local:a/b"}}
                """#
            )
            let run = world.run(
                [
                    "submit", "--job", folder.at("job.json"), "--script", folder.at("source"), "--entry-point", "alg",
                    "--input", "graph=" + folder.at("graph.json"), "--wait", "--results", folder.at("results"),
                ],
                environment: ["AWS_ENDPOINT_URL_BRAKET": service.environment["AWS_ENDPOINT_URL_BRAKET"] ?? ""]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            let keys = try world.keys("jobs/bell/").map { $0.split(separator: "/").dropFirst(3).joined(separator: "/") }
            #expect(keys == ["data/graph/graph.json", "script/source.tar.gz"])
            #expect(folder.text("results/model/results.json") == "{}")
            #expect(service.created?["jobName"] == "bell")
        }
    }

    @Test("A bucket that is not there: 77, its address, and no job")
    func noBucket() throws {
        try S3World.with { world in
            let service = try BraketDouble()
            defer { service.stop() }
            world.folder.write("source/alg.py", "")
            let run = world.run(
                [
                    "submit", "--script", world.folder.at("source"), "--entry-point", "alg", "--job-name", "bell",
                    "--role-arn", "arn:aws:iam::123456789012:role/r", "--instance-type", "ml.m5.large",
                    "--volume-size", "30", "--device", "local:a/b", "--bucket", "no-such-bucket-of-the-tests",
                ],
                environment: ["AWS_ENDPOINT_URL_BRAKET": service.environment["AWS_ENDPOINT_URL_BRAKET"] ?? ""]
            )
            #expect(run.exitCode == 77, "\(run.errors)")
            #expect(run.errors.contains("s3://no-such-bucket-of-the-tests/jobs/bell/"), "\(run.errors)")
            #expect(service.created == nil)
        }
    }
}
