import RunnerCore
import RunnerTestSupport
import Testing

/// requirements.txt: every one of them, in today's order and folder (contract §3.6).
@Suite(.timeLimit(.minutes(15)))
struct RequirementsTests {
    /// Stands for Python: writes down how pip is called and hands everything else on.
    private func wrapper(_ folder: JobFolder, exitCode: Int = 0) -> [String] {
        folder.write(
            "bin/python",
            """
            #!/bin/sh
            if [ "$1 $2" = "-m pip" ]; then
                echo "$(pwd -P)|$*" >> '\(folder.at("pip.log"))'
                echo "pip says: line $*"
                if [ \(exitCode) != 0 ]; then
                    echo "ERROR: Could not find a version that satisfies the requirement no-such-package==1.0" >&2
                fi
                exit \(exitCode)
            fi
            exec '\(BinaryUnderTest.python)' "$@"
            """,
            mode: 0o755
        )
        return [
            "--root", folder.at("root"), "--storage", "file:" + folder.at("store"), "--script", folder.at("source"),
            "--entry-point", "alg", "--output", "s3://bucket/out", "--job-name", "job", "--python",
            folder.at("bin/python"),
        ]
    }

    /// Without uv, which would be taken before pip.
    private static let path = ["PATH": "/usr/bin:/bin"]

    private func write(_ folder: JobFolder) {
        folder.write("source/alg.py", "print('RAN')")
        folder.write("source/requirements.txt", "one\n")
        folder.write("source/a/requirements.txt", "two\n")
        folder.write("source/a/b/requirements.txt", "three\n")
        folder.write("source/a/other.txt", "four\n")
    }

    @Test("Every file, top-down, in the script's folder")
    func every() throws {
        try JobFolder.with { folder in
            write(folder)
            let run = folder.run(wrapper(folder), environment: Self.path)
            #expect(run.exitCode == 0, "\(run.errors)")
            let calls = try #require(folder.text("pip.log")).split(separator: "\n")
            #expect(calls.count == 3)
            let extracted = folder.at("root/ml/code/customer_code/extracted")
            for call in calls { #expect(call.hasPrefix(extracted + "|-m pip install"), "\(call)") }
            let files = calls.compactMap { $0.split(separator: " ").first { $0.hasSuffix("requirements.txt") } }
            #expect(
                files.map { $0.split(separator: "/").count } == files.map { $0.split(separator: "/").count }.sorted()
            )
            #expect(files.allSatisfy { $0.hasPrefix("/") })
            let begin = try #require(run.lines.firstIndex(of: "Checking for Additional Requirements"))
            let end = try #require(run.lines.firstIndex(of: "Additional Requirements Check Finished"))
            #expect(begin < end)
        }
    }

    @Test("A failing install: 67, the tool's last lines, the requirement, and the script does not run")
    func failing() throws {
        try JobFolder.with { folder in
            write(folder)
            let run = folder.run(wrapper(folder, exitCode: 1), environment: Self.path)
            #expect(run.exitCode == 67)
            #expect(!run.lines.contains("RAN"))
            let failure = try #require(folder.failure)
            #expect(failure.contains("no-such-package==1.0"))
            #expect(failure.contains("requirements.txt"))
            try #expect(folder.record()["status"]?.stringValue == "FAILED")
        }
    }

    @Test("The real pip fails with the requirement's name")
    func realPip() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            folder.write("source/requirements.txt", "--no-index\nno-such-package==1.0\n")
            let run = folder.run(folder.job("alg"), environment: Self.path)
            #expect(run.exitCode == 67)
            try #expect(#require(folder.failure).contains("no-such-package==1.0"), "\(folder.failure ?? "-")")
        }
    }

    @Test("warn: today's behaviour, with a warning, and the reason when the import fails later")
    func warn() throws {
        try JobFolder.with { folder in
            write(folder)
            let arguments = wrapper(folder, exitCode: 1) + ["--requirements", "warn"]
            let run = folder.run(arguments, environment: Self.path)
            #expect(run.exitCode == 0)
            #expect(run.lines.contains("RAN"))
            #expect(run.errors.contains("no-such-package==1.0"))
            folder.write("source/alg.py", "import no_such_package")
            #expect(folder.run(arguments, environment: Self.path).exitCode == 1)
            let failure = try #require(folder.failure)
            #expect(failure.hasPrefix("ModuleNotFoundError: No module named 'no_such_package'"))
            #expect(failure.contains("requirements.txt"), "\(failure)")
        }
    }

    @Test("skip: nothing is installed")
    func skip() throws {
        try JobFolder.with { folder in
            write(folder)
            let run = folder.run(wrapper(folder, exitCode: 1) + ["--requirements", "skip"], environment: Self.path)
            #expect(run.exitCode == 0)
            #expect(!folder.exists("pip.log"))
            #expect(run.lines.contains("Additional Requirements Check Finished"))
        }
    }

    @Test("uv is used when it is on PATH")
    func uv() throws {
        try JobFolder.with { folder in
            write(folder)
            folder.write("bin/uv", "#!/bin/sh\necho \"$(pwd -P)|$*\" >> '\(folder.at("uv.log"))'\n", mode: 0o755)
            let run = folder.run(wrapper(folder), environment: ["PATH": folder.at("bin") + ":/usr/bin:/bin"])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(!folder.exists("pip.log"))
            let calls = try #require(folder.text("uv.log"))
            #expect(calls.contains("pip install") && calls.contains("requirements.txt"))
        }
    }

    @Test("A real local package is installed and imported")
    func realInstall() throws {
        try JobFolder.with { folder in
            #expect(folder.shell("'\(BinaryUnderTest.python)' -m venv --system-site-packages venv").exitCode == 0)
            folder.write(
                "source/wheels/tiny-1.0-py3-none-any.whl",
                SmallArchives.zip([
                    (name: "tiny.py", text: "value = 42\n"),
                    (name: "tiny-1.0.dist-info/METADATA", text: "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"),
                    (
                        name: "tiny-1.0.dist-info/WHEEL",
                        text: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                    ),
                    (
                        name: "tiny-1.0.dist-info/RECORD",
                        text:
                            ["tiny.py", "METADATA", "WHEEL", "RECORD"].map {
                                $0 == "tiny.py" ? "tiny.py,,\n" : "tiny-1.0.dist-info/\($0),,\n"
                            }.joined()
                    ),
                ])
            )
            // A relative path: the install runs in the script's folder.
            folder.write("source/requirements.txt", "--no-index\n--find-links ./wheels\ntiny==1.0\n")
            folder.write("source/alg.py", "import tiny; print('GOT', tiny.value)")
            let run = folder.run(
                folder.job("alg") + ["--python", folder.at("venv/bin/python")],
                environment: Self.path
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("GOT 42"))
        }
    }
}
