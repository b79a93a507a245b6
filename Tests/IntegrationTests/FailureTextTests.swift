import RunnerCore
import RunnerTestSupport
import Testing

/// The failure file: today's first line, and a file for every kind of failure (contract §3.10).
@Suite(.timeLimit(.minutes(15)))
struct FailureTextTests {
    /// A script and the first line of its failure file.
    struct Row: Sendable, CustomTestStringConvertible {
        let script: String
        let firstLine: String
        var entryPoint = "alg"
        var testDescription: String { script }
    }

    static let today = [
        Row(script: "raise ValueError('bad angle')", firstLine: "ValueError: bad angle"),
        Row(script: "raise ValueError", firstLine: "ValueError"),
        Row(script: "raise KeyError('k')", firstLine: "KeyError: 'k'"),
        Row(
            script: "open('fake_file')",
            firstLine: "FileNotFoundError: [Errno 2] No such file or directory: 'fake_file'"
        ),
        Row(script: "assert 1 == 2", firstLine: "AssertionError"),
        Row(script: "class MyError(Exception): pass\nraise MyError('x')", firstLine: "MyError: x"),
        Row(
            script: "try:\n    1 / 0\nexcept Exception as e:\n    raise RuntimeError('outer') from e",
            firstLine: "RuntimeError: outer"
        ),
        Row(script: "import no_such_module", firstLine: "ModuleNotFoundError: No module named 'no_such_module'"),
        Row(
            script: "def main(): raise ValueError('in function')",
            firstLine: "ValueError: in function",
            entryPoint: "alg:main"
        ),
        Row(
            script: "def main(): return 1 / 0",
            firstLine: "ZeroDivisionError: division by zero",
            entryPoint: "alg:main"
        ),
        Row(script: "", firstLine: "ImportError: No module named nosuch", entryPoint: "nosuch"),
    ]

    @Test("The first line is today's", arguments: today)
    func firstLine(_ row: Row) throws {
        try JobFolder.with { folder in
            let run = folder.runScript(row.script, entryPoint: row.entryPoint)
            #expect(run.exitCode != 0)
            let failure = try #require(folder.failure)
            #expect(failure.split(separator: "\n").first.map(String.init) == row.firstLine, "\(failure)")
            #expect(!failure.hasSuffix("\n"))
        }
    }

    /// A failure that leaves no file today, and words its reason must have.
    static let silentToday: [(script: String, entryPoint: String, words: [String])] = [
        ("import sys; sys.exit('no convergence at step 17')", "alg", ["no convergence at step 17"]),
        ("import sys; sys.exit('42')", "alg", ["42"]),
        ("import sys; sys.exit(7)", "alg", ["7"]),
        ("import os; os._exit(9)", "alg", ["9"]),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "alg", ["SIGKILL"]),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "alg", ["SIGSEGV"]),
        ("import os; os.abort()", "alg", ["SIGABRT"]),
        ("raise KeyboardInterrupt", "alg", ["KeyboardInterrupt"]),
        ("import no_such_module\ndef main(): pass", "alg:main", ["ModuleNotFoundError", "no_such_module"]),
        ("raise OSError('at import')\ndef main(): pass", "alg:main", ["OSError: at import", "alg.py"]),
        ("def main(: pass", "alg:main", ["SyntaxError", "alg.py"]),
        ("", "alg:nothing", ["nothing"]),
        ("", "nosuch:main", ["nosuch"]),
        ("class C:\n    pass", "alg:C.method", ["method"]),
        ("def main(a): pass", "alg:main", ["TypeError", "'a'"]),
        ("import sys; sys.exit({'a': 1})", "alg", ["{'a': 1}"]),
    ]

    @Test("What leaves no file today has one", arguments: silentToday)
    func everyKind(_ script: String, _ entryPoint: String, _ words: [String]) throws {
        try JobFolder.with { folder in
            let run = folder.runScript(script, entryPoint: entryPoint)
            #expect(run.exitCode != 0)
            let failure = try #require(folder.failure)
            for word in words { #expect(failure.contains(word), "\(failure)") }
            let record = try folder.record()
            #expect(record["failureReason"]?.stringValue?.isEmpty == false)
        }
    }

    @Test("It names the user's file, line and source")
    func place() throws {
        try JobFolder.with { folder in
            folder.runScript("import json\ndef f():\n    json.loads('{')\nf()\n")
            let failure = try #require(folder.failure)
            #expect(failure.contains("alg.py:3"), "\(failure)")
            #expect(failure.contains("json.loads('{')"))
        }
    }

    @Test(
        "At most 980 bytes, whole characters, no newline at the end",
        arguments: [
            "raise ValueError('x' * 5000)", "raise ValueError('\u{1F600}' * 3000)",
            "raise ValueError('a' + '\u{e9}' * 3000)",
            "raise ValueError('\\n'.join(['line'] * 900))", "import sys; sys.exit('\u{20AC}' * 3000)",
            "raise ValueError('\\udc80bad')", "raise ValueError('nul \\0 here')",
            "class E(Exception):\n    def __str__(self): raise ValueError('no text')\nraise E()",
        ]
    )
    func limits(_ script: String) throws {
        try JobFolder.with { folder in
            #expect(folder.runScript(script).exitCode == 1)
            let bytes = try #require(folder.bytes("root/ml/output/failure"))
            #expect(bytes.count <= 980 && !bytes.isEmpty)
            #expect(String(validating: bytes, as: UTF8.self) != nil)
            #expect(bytes.last != 0x0A)
        }
    }

    @Test(
        "Today's texts for a setup that says too little",
        arguments: [
            (["AMZN_BRAKET_SCRIPT_ENTRY_POINT": "a"], "No customer script specified"),
            (["AMZN_BRAKET_SCRIPT_S3_URI": "s3://b/k"], "No customer entry point specified"),
        ]
    )
    func setup(_ environment: [String: String], _ text: String) throws {
        try JobFolder.with { folder in
            let run = folder.run(
                ["--root", folder.at("root")],
                environment: environment.merging(["SM_HPS": "{}"]) { $1 }
            )
            #expect(run.exitCode == 64)
            try #expect(#require(folder.failure).contains(text), "\(folder.failure ?? "-")")
        }
    }

    @Test("A failure of an earlier run does not stay")
    func staleFailure() throws {
        try JobFolder.with { folder in
            folder.runScript("raise ValueError('first')")
            #expect(folder.failure != nil)
            #expect(folder.runScript("pass").exitCode == 0)
            #expect(folder.failure == nil)
            folder.runScript("raise ValueError('second')")
            #expect(folder.failure?.contains("first") == false)
        }
    }
}
