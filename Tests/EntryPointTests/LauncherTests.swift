import EntryPoint
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

@Suite(.timeLimit(.minutes(15))) struct LauncherTests {
    /// The launcher's own tests, in Python: `launcher/` beside this file.
    @Test func pythonsOwnTests() async throws {
        let folder = FilePath(#filePath).removingLastComponent().appending("launcher")
        let run = try await runProgram([
            "/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", "python3", "-m", "unittest", "discover", "-s", folder.string,
        ])
        #expect(run.code == 0, "\(run.output)")
        // `discover` is content with finding nothing.
        #expect(run.output.contains("\nRan ") && !run.output.contains("\nRan 0 tests"), "\(run.output)")
    }

    private func script(_ text: String, in folder: FilePath) throws -> PythonLauncher.Request {
        for name in ["code", "extracted"] { mkdir(folder.appending(name).string, 0o755) }
        let file = try FileDescriptor.open(
            folder.pushing("extracted/alg.py"),
            .writeOnly,
            options: [.create],
            permissions: .ownerReadWrite
        )
        try file.writeAll(text.utf8)
        try file.close()
        return PythonLauncher.Request(
            entryPoint: "alg:main",
            code: folder.appending("code"),
            extracted: folder.appending("extracted")
        )
    }

    private func run(
        _ request: PythonLauncher.Request
    ) async throws -> (code: Int32, output: String, report: LaunchReport) {
        let launcher = try PythonLauncher()
        defer { launcher.close() }
        let arguments = launcher.arguments(python: "python3", request)
        let run = try await runProgram(["/usr/bin/env"] + arguments, descriptors: launcher.descriptors)
        return (run.code, run.output, launcher.readReport())
    }

    @Test func aFunctionRuns() async throws {
        try await withTemporaryDirectory { folder in
            var request = try script("import os, sys\ndef main(): print(os.getcwd(), sys.argv)", in: folder)
            request.arguments = ["--a", "b c"]
            let result = try await run(request)
            #expect(result.output == "\(folder)/extracted ['braket_container.py', '--a', 'b c']\n")
            #expect(result.code == 0)
            #expect(result.report.started)
            #expect(result.report.failure == nil)
        }
    }

    @Test(arguments: [(false, "'4' True"), (true, "'4' False")])
    func hyperparametersAreBound(typed: Bool, expected: String) async throws {
        try await withTemporaryDirectory { folder in
            var request = try script("def main(a, flag: bool): print(repr(a), flag)", in: folder)
            let file = try FileDescriptor.open(
                folder.appending("hp.json"),
                .writeOnly,
                options: [.create],
                permissions: .ownerReadWrite
            )
            try file.writeAll(#"{"a": "4", "flag": "false"}"#.utf8)
            try file.close()
            request.hyperparametersFile = "\(folder)/hp.json"
            request.typed = typed
            let result = try await run(request)
            #expect(result.output == expected + "\n")
            #expect(result.report.started)
        }
    }

    @Test(
        arguments: [
            ("def main(): raise ValueError('bad angle')", .exception, "ValueError: bad angle", 1, true),
            ("def main():\n  import sys; sys.exit('gone')", .exit, "SystemExit: gone", 1, true),
            ("def main():\n  import sys; sys.exit(7)", .exit, "SystemExit: 7", 7, true),
            ("import no_such_module", .importError, "ModuleNotFoundError: No module named 'no_such_module'", 1, false),
            ("def other(): pass", .missingEntry, "AttributeError: module 'alg' has no attribute 'main'", 1, false),
            ("def main(a): pass", .binding, "TypeError: main() missing 1 required positional argument: 'a'", 1, true),
        ] as [(String, LaunchReport.Kind, String, Int32, Bool)]
    )
    func failuresAreReported(
        text: String,
        kind: LaunchReport.Kind,
        line: String,
        code: Int32,
        started: Bool
    ) async throws {
        try await withTemporaryDirectory { folder in
            let result = try await run(try script(text, in: folder))
            #expect(result.code == code, "\(result.output)")
            #expect(result.report.started == started)
            let failure = try #require(result.report.failure, "\(result.output)")
            #expect(failure.kind == kind)
            #expect(failure.line == line)
        }
    }

    @Test func aScriptThatSaysNothing() async throws {
        try await withTemporaryDirectory { folder in
            let result = try await run(try script("def main():\n  import os; os._exit(9)", in: folder))
            #expect(result.code == 9)
            #expect(result.report.started)
            #expect(result.report.failure == nil)
        }
    }

    @Test func garbageInTheReportIsPassedOver() async throws {
        try await withTemporaryDirectory { folder in
            let text = "import os\ndef main():\n  os.write(3, b'garbage\\n\\xff{\\n')\n  raise KeyError('k')"
            let result = try await run(try script(text, in: folder))
            #expect(result.report.failure?.line == "KeyError: 'k'")
        }
    }

    @Test func anEmptyReport() throws {
        let launcher = try PythonLauncher()
        defer { launcher.close() }
        let report = launcher.readReport()
        #expect(!report.started)
        #expect(report.failure == nil)
    }

    /// It must not import the user's code, which would print.
    @Test func describeSaysTheSignature() async throws {
        try await withTemporaryDirectory { folder in
            let request = try script("print('imported')\ndef main(a: int, b='x'): pass", in: folder)
            let run = try await runProgram(
                ["/usr/bin/env"] + PythonLauncher.describeArguments(python: "python3", request)
            )
            let answer = try #require(try JSONText.parse(run.output.trimmed()).objectValue, "\(run.output)")
            #expect(answer["found"] == true)
            #expect(answer["signature"]?.stringValue?.contains("a: int, b='x'") == true, "\(run.output)")
            #expect(!run.output.contains("imported"))
        }
    }
}

/// Runs a program to its end; `ProcessSupervision` is another module's business.
///
/// - Parameters:
///   - arguments: The program's path first.
///   - descriptors: What it inherits: ours and its numbers.
/// - Returns: Its exit code (-1 after a signal), and its standard output and error together.
/// - Throws: `Errno` when it cannot be started.
private func runProgram(
    _ arguments: [String],
    descriptors: [(ours: FileDescriptor, theirs: Int32)] = []
) async throws -> (code: Int32, output: String) {
    try await BlockingPool.shared.run { _ in
        let (readEnd, writeEnd) = try FileDescriptor.pipe()
        for end in [readEnd, writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        defer { try? readEnd.close() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Above the child's numbers first: a later copy must not overwrite what a still later one reads.
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        for (ours, theirs) in descriptors + [(writeEnd, 1), (writeEnd, 2)] {
            let copy = fcntl(ours.rawValue, F_DUPFD_CLOEXEC, 100)
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, theirs)
        }
        let strings = arguments.map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        var process = pid_t()
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads of the tests block all signals, and a child would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let error = posix_spawn(&process, arguments[0], &actions, &attributes, strings, environ)
        try writeEnd.close()
        for copy in copies { close(copy) }
        copies = []
        guard error == 0 else { throw Errno(rawValue: error) }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = try buffer.withUnsafeMutableBytes({ try readEnd.read(into: $0) }), count > 0 {
            output += buffer[..<count]
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return (status & 0x7f == 0 ? status >> 8 & 0xff : -1, String(decoding: output, as: UTF8.self))
    }
}
