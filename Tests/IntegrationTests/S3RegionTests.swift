import RunnerTestSupport
import Testing

/// The region: where it comes from, what signs with it, what the script sees.
@Suite(.timeLimit(.minutes(15)))
struct S3RegionTests {
    /// What says a region, and which one it is.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var environment: [String: String] = [:]
        var options: [String] = []
        /// What signs.
        let region: String
        /// What the script sees, when another: us-east-1 signs where nothing is known, but is no answer.
        var seen: String?
    }

    static let cases = [
        Case(testDescription: "AWS_REGION", environment: ["AWS_REGION": "eu-north-1"], region: "eu-north-1"),
        Case(
            testDescription: "AWS_DEFAULT_REGION",
            environment: ["AWS_DEFAULT_REGION": "ap-south-1"],
            region: "ap-south-1"
        ),
        Case(testDescription: "profile", environment: ["AWS_PROFILE": "far"], region: "sa-east-1"),
        Case(testDescription: "--region", options: ["--region", "ca-west-1"], region: "ca-west-1"),
        Case(
            testDescription: "--region before the profile",
            environment: ["AWS_PROFILE": "far"],
            options: ["--region", "ca-west-1"],
            region: "ca-west-1"
        ),
        Case(
            testDescription: "instance metadata",
            environment: ["AWS_EC2_METADATA_DISABLED": ""],
            region: "eu-central-1"
        ),
        Case(testDescription: "nothing", region: "us-east-1", seen: "None"),
    ]

    @Test("Signs the requests, and stands in both variables of the script", arguments: cases)
    func region(_ row: Case) throws {
        let services = try CredentialServices.start()
        let store = try ScriptedServer(FakeBucket(["in/a": "A"]).answer)
        defer {
            services.stop()
            store.stop()
        }
        try JobFolder.with { folder in
            folder.write("config", "[profile far]\nregion = sa-east-1\n")
            folder.write(
                "source/alg.py",
                "import os; print('REGION', os.environ.get('AWS_REGION'), os.environ.get('AWS_DEFAULT_REGION'))"
            )
            let common = [
                "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": folder.at("config"),
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": services.endpoint, "AWS_ENDPOINT_URL_S3": store.endpoint,
            ]
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--python", BinaryUnderTest.python, "--script", folder.at("source"),
                    "--entry-point", "alg", "--input", "data=s3://bucket/in/",
                ] + row.options,
                environment: common.merging(row.environment) { $1 }
            )
            let seen = row.seen ?? row.region
            #expect(run.lines.contains("REGION \(seen) \(seen)"), "\(run.output)\(run.errors)")
            #expect(!store.requests.isEmpty)
            for request in store.requests {
                #expect(request.header("authorization")?.contains("/\(row.region)/s3/") == true)
            }
        }
    }
}
