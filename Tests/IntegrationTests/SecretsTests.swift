import RunnerTestSupport
import Testing

/// No secret value stands in anything the runner writes.
@Suite(.timeLimit(.minutes(15)))
struct SecretsTests {
    static let secrets = [
        "AWS_ACCESS_KEY_ID": "AKIAPLANTED000000001", "AWS_SECRET_ACCESS_KEY": "plantedSecretAccessKey0000000000000002",
        "AWS_SESSION_TOKEN": "plantedSessionToken0003", "AMZN_BRAKET_JOB_TOKEN": "plantedJobToken0004",
        "MY_PASSWORD": "plantedPassword0005",
    ]

    private func arguments(_ folder: JobFolder) -> [String] {
        folder.write("hp.json", #"{"password": "plantedHyper0006", "api_token": "plantedHyper0007"}"#)
        return folder.job("alg") + ["--hyperparameters", folder.at("hp.json"), "--sagemaker-env"]
    }

    private func check(_ folder: JobFolder, _ run: RunnerRun, _ allowed: [String] = []) {
        // The platform's own files, and what the script itself wrote, are not the runner's words.
        let found = folder.shell(
            "grep -rl -e planted -e AKIAPLANTED . | grep -v -e hp.json -e input/config/hyperparameters.json"
        )
        #expect(found.output.isEmpty, "found in \(found.output)")
        for text in [run.output, run.errors] { #expect(!text.lowercased().contains("planted"), "\(text)") }
    }

    @Test(
        "Not in the log, the record, the failure file, or the store",
        arguments: [
            "pass", "raise ValueError('x')", "import os; os._exit(3)", "import nosuch",
        ]
    )
    func run(_ script: String) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", script)
            let run = folder.run(arguments(folder) + ["--log-level", "trace"], environment: Self.secrets)
            #expect(run.exitCode != nil && run.exitCode != 64)
            // The record keeps the request's hyperparameters, but not these.
            check(folder, run)
        }
    }

    @Test("The script itself has them all")
    func script() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/alg.py",
                """
                import os
                def main(password, api_token):
                    print("HAVE", all(k in os.environ for k in \(Array(Self.secrets.keys))), len(password))
                """
            )
            var arguments = arguments(folder)
            arguments[arguments.firstIndex(of: "alg") ?? 0] = "alg:main"
            let run = folder.run(arguments, environment: Self.secrets)
            #expect(run.lines.contains("HAVE True 16"), "\(run.output)\(run.errors)")
        }
    }

    @Test("Not in a dry run", arguments: ["text", "json"])
    func dryRun(_ format: String) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "def main(password, api_token): pass")
            let run = folder.run(
                arguments(folder) + ["--dry-run", "--format", format, "--log-level", "trace"],
                environment: Self.secrets
            )
            #expect(run.exitCode == 0)
            check(folder, run)
            #expect(run.output.contains("password") && run.output.contains("api_token"))
        }
    }

    @Test("Not on the command line of the script in W2: hyperparameters go by file")
    func commandLine() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('LINE', open('/proc/self/cmdline').read().count('planted'))")
            let arguments = arguments(folder).filter { $0 != "--sagemaker-env" }
            #expect(folder.run(arguments, environment: Self.secrets).lines.contains("LINE 0"))
        }
    }

    @Test("A mistake in a document does not print a secret value")
    func problems() throws {
        try JobFolder.with { folder in
            folder.write("job.json", #"{"jobName": "j", "hyperParameters": {"password": "planted\nplanted"}}"#)
            let run = folder.run(folder.options + ["--job", folder.at("job.json")])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("hyperParameters.password"))
            #expect(!run.errors.contains("planted"))
            #expect(folder.failure?.contains("planted") == false)
        }
    }

    @Test(
        "Neither the signature nor the password of an address is shown or stored",
        arguments: [
            "https://bucket.s3.us-west-2.amazonaws.com/key?X-Amz-Signature=planted",
            "https://user:planted@bucket.s3.us-west-2.amazonaws.com/key",
        ]
    )
    func addresses(address: String) throws {
        try JobFolder.with { folder in
            let run = folder.run(
                folder.options + ["--script", address, "--entry-point", "alg", "--input", "g=\(address)"]
            )
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("--script"))
            for text in [run.output, run.errors, folder.failure ?? "", folder.text("root/ml/output/job.json") ?? ""] {
                #expect(!text.contains("planted"))
            }
        }
    }
}
