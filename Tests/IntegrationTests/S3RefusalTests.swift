import RunnerTestSupport
import Testing

/// What a store refuses, at each place where a job asks: the exit code by `help exit-codes`, the address and the
/// service's own code in the failure file.
@Suite(.timeLimit(.minutes(15)))
struct S3RefusalTests {
    /// One address of a job, and what the store says of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let option: String
        let status: Int
        let code: String
        let exitCode: Int32

        var testDescription: String { "\(option): \(code)" }
    }

    static let cases = [
        Case(option: "script", status: 404, code: "NoSuchBucket", exitCode: 65),
        Case(option: "script", status: 404, code: "NoSuchKey", exitCode: 65),
        Case(option: "script", status: 403, code: "AccessDenied", exitCode: 65),
        Case(option: "input", status: 404, code: "NoSuchBucket", exitCode: 66),
        Case(option: "input", status: 403, code: "AccessDenied", exitCode: 66),
        Case(option: "input", status: 403, code: "InvalidAccessKeyId", exitCode: 66),
        Case(option: "checkpoints", status: 404, code: "NoSuchBucket", exitCode: 66),
        Case(option: "checkpoints", status: 403, code: "AccessDenied", exitCode: 66),
        Case(option: "output", status: 404, code: "NoSuchBucket", exitCode: 74),
        Case(option: "output", status: 403, code: "AccessDenied", exitCode: 74),
    ]

    @Test("Exit code, address and the service's code", arguments: cases)
    func refused(_ row: Case) throws {
        let store = try ScriptedServer { _ in .error(row.status, row.code, message: "as the test says") }
        defer { store.stop() }
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            var arguments = [
                "--root", folder.at("root"), "--python", BinaryUnderTest.python, "--entry-point", "alg", "--storage",
                "s3", "--\(row.option)", (row.option == "input" ? "data=" : "") + "s3://bucket/there/x",
            ]
            if row.option != "script" { arguments += ["--script", folder.at("source")] }
            let run = folder.run(
                arguments,
                environment: [
                    "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-west-2",
                    "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                    "AWS_ENDPOINT_URL": store.endpoint, "AWS_MAX_ATTEMPTS": "1",
                ]
            )
            #expect(run.exitCode == row.exitCode, "\(run.errors)")
            #expect(run.output.contains("RAN") == (row.option == "output"))
            let failure = try #require(folder.failure)
            #expect(failure.contains("s3://bucket/there/x"), "\(failure)")
            // The first question about a script is a HEAD, whose answer has no body to say more than a status.
            if row.option != "script" { #expect(failure.contains(row.code), "\(failure)") }
            // Nothing of this passes with time.
            #expect(store.requests.count <= 6, "\(store.requests.map { $0.method + $0.target })")
        }
    }

    @Test("A channel without objects: 66")
    func empty() throws {
        try S3World.with { world in
            world.folder.write("source/alg.py", "print('RAN')")
            let run = world.run(world.job + ["--input", "data=" + world.address("nothing/here")])
            #expect(run.exitCode == 66)
            #expect(!run.output.contains("RAN"))
            #expect(world.folder.failure?.contains(world.address("nothing/here")) == true)
        }
    }

    @Test("Keys that a server does not know: what it says, once, and no secret")
    func wrongKeys() throws {
        try S3World.with { world in
            world.folder.write("source/alg.py", "print('RAN')")
            let run = world.run(
                world.job + ["--input", "data=" + world.address("in/")],
                environment: ["AWS_SECRET_ACCESS_KEY": "planted/wrong"]
            )
            #expect(run.exitCode == 66, "\(run.errors)")
            #expect(world.folder.failure?.contains("SignatureDoesNotMatch") == true, "\(world.folder.failure ?? "-")")
            #expect(!(run.output + run.errors + world.folder.shell("grep -r planted root").output).contains("planted"))
        }
    }
}
