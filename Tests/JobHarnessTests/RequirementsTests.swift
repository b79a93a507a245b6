import BraketEnvironment
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import JobHarness

@Suite struct RequirementsTests {
    /// As `os.walk`: a folder's own file first, then below each subfolder, in the order of the file system.
    @Test func filesAreFoundInTheOrderOfToday() throws {
        try withTemporaryDirectory { folder in
            let folders = ["", "b", "b/inner", "a", "a/deep/er", "c"]
            for name in folders { try write("six", to: folder.pushing(FilePath(name)).appending("requirements.txt")) }
            try write("x", to: folder.pushing("d/requirements-dev.txt"))
            try makeDirectories(folder.pushing("e/requirements.txt"))
            try link(folder.appending("linked"), to: "a")
            try makeDirectories(folder.appending("f"))
            try link(folder.pushing("f/requirements.txt"), to: "../a/requirements.txt")
            try makeDirectories(folder.appending("g"))
            try link(folder.pushing("g/requirements.txt"), to: "nowhere")
            let found = try Requirements.files(in: folder)
            let expected = walk(folder)
            #expect(found.first == folder.appending("requirements.txt"))
            #expect(found == expected)
            #expect(Set(found.map(\.string)).count == folders.count + 1)
        }
    }

    /// The same walk, written as Python's: recursively.
    private func walk(_ folder: FilePath) -> [FilePath] {
        let paths = ((try? directoryEntryNames(folder)) ?? []).map { folder.appending(bytes: $0) }
        let own = paths.filter { path in
            path.lastComponent?.string == "requirements.txt" && FileStatus(of: path)?.isDirectory == false
        }
        let folders = paths.filter { FileStatus(of: $0, followingLinks: false)?.isDirectory == true }
        return own + folders.flatMap(walk)
    }

    @Test func aScriptWithoutRequirements() throws {
        try withTemporaryDirectory { folder in
            let found = try Requirements.files(in: folder) + Requirements.files(in: folder.appending("missing"))
            #expect(found.isEmpty)
        }
    }

    @Test func linesWithoutComments() throws {
        try withTemporaryDirectory { folder in
            let file = folder.appending("requirements.txt")
            try write("# head\r\nsix==1\r\n\n  numpy  # why\n\t#\n-r more.txt\rlast", to: file)
            #expect(Requirements.lines(of: file) == ["six==1", "numpy  # why", "-r more.txt", "last"])
            #expect(Requirements.lines(of: folder.appending("missing")).isEmpty)
        }
    }

    @Test(
        arguments: [
            ("six==1", "six==1"), ("--index-url https://host/a@b", "--index-url https://host/a@b"),
            ("--index-url https://user:pw@host/simple", "--index-url https://<redacted>@host/simple"),
            ("x @ git+https://token@github.com/a/b@v1", "x @ git+https://<redacted>@github.com/a/b@v1"),
            ("https://user:p@w@host/x.whl", "https://<redacted>@host/x.whl"), ("https://host", "https://host"),
        ])
    func credentialsAreNotShown(line: String, shown: String) {
        #expect(line.withoutCredentials() == shown)
    }

    @Test func noAddressOfALineIsForgotten() {
        let line = "-i https://host/ --extra-index-url https://user:pw@other/"
        #expect(line.withoutCredentials() == "-i https://host/ --extra-index-url https://<redacted>@other/")
    }

    private func requirements(_ folder: FilePath, _ policy: RequirementsPolicy, path: String) -> Requirements {
        Requirements(
            policy: policy,
            environment: ScriptEnvironment(
                .example(root: folder),
                process: ProcessEnvironment([("PATH", path)]),
                sageMaker: []
            ),
            logger: silentLogger
        )
    }

    /// A `python` that notes what it was asked for and fails for a file that says `bad`.
    private func makePython(_ folder: FilePath) throws -> FilePath {
        let python = folder.pushing("bin/python")
        try write(
            """
            #!/bin/sh
            echo "$PWD $*" >> '\(folder)/calls'
            for file; do :; done
            if grep -q bad "$file"; then
                echo 'ERROR: No matching distribution found for bad==1'
                exit 3
            fi

            """,
            to: python
        )
        try #require(python.withPlatformString { changeMode($0, 0o755) } == 0)
        return python
    }

    @Test(.timeLimit(.minutes(15))) func eachFileIsInstalledInTheFolderOfTheScript() async throws {
        try await withTemporaryDirectory { folder in
            let python = try makePython(folder)
            let script = folder.appending("script")
            try write("six\n", to: script.appending("requirements.txt"))
            try write("# nothing\n\n  # at all\r\n", to: script.pushing("a/requirements.txt"))
            try write("# c\nsix", to: script.pushing("b/requirements.txt"))
            let files = try Requirements.files(in: script)
            let result = try await requirements(folder, .fail, path: "/bin:/usr/bin")
                .install(files, in: script, python: python)
            #expect(result.installed == 2)
            #expect(result.failed.isEmpty)
            let calls = files.filter { !$0.string.contains("/a/") }.map { "\(script) -m pip install -r \($0)\n" }
            #expect(try text(of: folder.appending("calls")) == calls.joined())
        }
    }

    @Test(.timeLimit(.minutes(15))) func theFirstFailureEndsTheJob() async throws {
        try await withTemporaryDirectory { folder in
            let python = try makePython(folder)
            let files = ["bad.txt", "fine.txt"].map { folder.appending($0) }
            try write("bad==1", to: files[0])
            try write("six", to: files[1])
            let failure = await #expect(throws: JobFailure.self) {
                try await requirements(folder, .fail, path: "/bin:/usr/bin").install(files, in: folder, python: python)
            }
            #expect(failure?.kind == .requirementFailed)
            #expect(failure?.exitCode == 67)
            #expect(failure?.firstLine == "Unable to install requirements.")
            #expect(
                failure?.details == [
                    "Exception: the requirement \"bad==1\" of \(files[0]) could not be installed (exit code 3)",
                    "ERROR: No matching distribution found for bad==1",
                ]
            )
            #expect(try !text(of: folder.appending("calls")).contains("fine"))

            let warned = try await requirements(folder, .warn, path: "/bin:/usr/bin")
                .install(files, in: folder, python: python)
            #expect(warned.installed == 1)
            #expect(warned.failed.count == 1)
            #expect(warned.failed.first?.contains("bad==1") == true)
        }
    }

    @Test func withoutPython() async throws {
        try await withTemporaryDirectory { folder in
            try write("six", to: folder.appending("requirements.txt"))
            try write("# none", to: folder.appending("comments.txt"))
            let requirements = requirements(folder, .fail, path: "/nowhere")
            let failure = await #expect(throws: JobFailure.self) {
                try await requirements.install([folder.appending("requirements.txt")], in: folder, python: nil)
            }
            #expect(failure?.exitCode == 67)
            // What asks for nothing needs no Python.
            let result = try await requirements.install([folder.appending("comments.txt")], in: folder, python: nil)
            #expect(result.installed == 0)
        }
    }
}

/// What pip 23.2 and uv 0.13 wrote to a pipe for files that cannot be installed, shortened in the middle.
@Suite struct InstallFailureTests {
    private func failure(_ output: String) -> [String] {
        InstallFailure(output: output, file: "/x/requirements.txt", exitCode: 1).lines
    }

    @Test(
        arguments: [
            (
                """
                Looking in links: /opt/wheels
                ERROR: Could not find a version that satisfies the requirement no-such-package-xyzzy==1.0 (from versions: none)
                ERROR: No matching distribution found for no-such-package-xyzzy==1.0
                """,
                "no-such-package-xyzzy==1.0"
            ),
            (
                """
                ERROR: Could not find a version that satisfies the requirement six==99.0 (from versions: 0.9.0, 1.17.0)
                ERROR: No matching distribution found for six==99.0

                [notice] A new release of pip is available: 23.2.1 -> 25.3
                [notice] To update, run: python3 -m pip install --upgrade pip
                """,
                "six==99.0"
            ),
            (
                """
                ERROR: Could not find a version that satisfies the requirement six>99 (from -r /x/requirements.txt (line 1)) (from versions: 1.17.0)
                """,
                "six>99"
            ),
            (
                "ERROR: Could not open requirements file: [Errno 2] No such file or directory: '/tmp/pipout/missing.txt'",
                "[Errno 2] No such file or directory: '/tmp/pipout/missing.txt'"
            ),
            (
                """
                ERROR: Invalid requirement: 'six=1': Expected end or semicolon (after name and no valid version specifier)
                    six=1
                       ^
                """,
                "six=1"
            ),
            (
                """
                Using Python 3.11.7 environment at: v
                error: No solution found when resolving dependencies
                  cause: Because no-such-package-xyzzy was not found in the package registry and you require no-such-package-xyzzy==1.0, we can conclude that your requirements are unsatisfiable.
                """,
                "no-such-package-xyzzy"
            ),
        ])
    func theRequirementIsNamed(output: String, requirement: String) {
        let lines = failure(output)
        #expect(
            lines.first
                == "Exception: the requirement \"\(requirement)\" of /x/requirements.txt could not be installed (exit code 1)"
        )
        #expect(lines.count > 1)
        for line in lines { #expect(!line.contains("\n") && !line.contains("[notice]") && line.count <= 300) }
    }

    @Test(
        arguments: [
            (
                """
                error: No solution found when resolving dependencies
                  cause: Because there is no version of six==99.0 and you require six==99.0, we can conclude that your requirements are unsatisfiable.
                """,
                "six==99.0"
            ),
            (
                """
                error: No solution found when resolving dependencies
                  cause: Because you require six==1.16.0 and six==1.15.0, we can conclude that your requirements are unsatisfiable.
                """,
                nil
            ),
        ] as [(String, String?)]
    )
    func uvsOtherSentences(output: String, requirement: String?) {
        let lines = failure(output)
        let subject = requirement.map { "the requirement \"\($0)\" of /x/requirements.txt" } ?? "/x/requirements.txt"
        #expect(lines.first == "Exception: \(subject) could not be installed (exit code 1)")
        #expect(lines.contains { $0.hasPrefix("cause: Because ") })
    }

    @Test func aBuildThatFails() {
        let lines = failure(
            """
              error: subprocess-exited-with-error

              × Getting requirements to build wheel did not run successfully.
              │ exit code: 1
              ╰─> [20 lines of output]
                  Traceback (most recent call last):
                    File "<string>", line 1, in <module>
                  RuntimeError: no compiler here
                  [end of output]

              note: This error originates from a subprocess, and is likely not a problem with pip.
            error: subprocess-exited-with-error

            × Getting requirements to build wheel did not run successfully.
            │ exit code: 1
            ╰─> See above for output.

            note: This error originates from a subprocess, and is likely not a problem with pip.
            """
        )
        #expect(lines.first == "Exception: /x/requirements.txt could not be installed (exit code 1)")
        #expect(lines.contains("× Getting requirements to build wheel did not run successfully."))
        #expect(lines.contains { $0.contains("RuntimeError: no compiler here") })
    }

    @Test func aToolThatSaysSomethingElse() {
        let lines = failure((1...20).map { "line \($0)\r\n" }.joined())
        #expect(lines.first == "Exception: /x/requirements.txt could not be installed (exit code 1)")
        #expect(lines.dropFirst() == ["line 15", "line 16", "line 17", "line 18", "line 19", "line 20"])
        #expect(failure("") == ["Exception: /x/requirements.txt could not be installed (exit code 1)"])
    }

    @Test func aFailureShowsNoCredentials() {
        let output =
            "fatal: unable to access 'https://me:TOKEN77@host/x.git/': not found\nERROR: https://a:TOKEN77@h/ failed"
        let lines = InstallFailure(output: output, file: "/requirements.txt", exitCode: 1).lines
        #expect(!lines.joined().contains("TOKEN77"))
        #expect(lines.joined().contains("https://<redacted>@h/ failed"))
    }
}
