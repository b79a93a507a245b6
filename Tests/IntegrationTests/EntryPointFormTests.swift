import RunnerTestSupport
import Testing

/// What an entry point may be, and where it runs (contract §3.7, §3.8).
@Suite(.timeLimit(.minutes(15)))
struct EntryPointFormTests {
    /// Files of the script, the entry point and the line it prints.
    struct Row: Sendable, CustomTestStringConvertible {
        let files: [String: String]
        let entryPoint: String
        var mode: UInt32 = 0o644
        var testDescription: String { "\(entryPoint) of \(files.keys.sorted())" }
    }

    static let rows = [
        Row(files: ["alg.py": "print('RAN', __name__)"], entryPoint: "alg"),
        Row(files: ["pkg/__init__.py": "", "pkg/alg.py": "print('RAN', __name__)"], entryPoint: "pkg.alg"),
        Row(files: ["space/alg.py": "print('RAN', __name__)"], entryPoint: "space.alg"),
        Row(files: ["pkg/__init__.py": "", "pkg/__main__.py": "print('RAN', __name__)"], entryPoint: "pkg"),
        Row(files: ["alg.py": "def main(): print('RAN')"], entryPoint: "alg:main"),
        Row(files: ["space/alg.py": "def main(): print('RAN')"], entryPoint: "space.alg:main"),
        Row(files: ["alg.py": "class C:\n    @staticmethod\n    def m(): print('RAN')"], entryPoint: "alg:C.m"),
        Row(files: ["alg.py": "class C:\n    @classmethod\n    def m(cls): print('RAN')"], entryPoint: "alg:C.m"),
        Row(files: ["alg.py": "class C:\n    def __init__(self): print('RAN')"], entryPoint: "alg:C"),
        Row(files: ["alg.py": "import functools\nmain = functools.partial(print, 'RAN')"], entryPoint: "alg:main"),
        Row(files: ["alg.py": "print('RAN')"], entryPoint: "alg.py"),
        Row(files: ["sub/alg.py": "print('RAN')"], entryPoint: "sub/alg.py"),
        Row(files: ["run.sh": "#!/bin/sh\necho RAN\n"], entryPoint: "run.sh", mode: 0o755),
        Row(files: ["run.sh": "#!/bin/sh\necho RAN\n"], entryPoint: "run.sh"),
        Row(files: ["run.sh": "echo RAN\n"], entryPoint: "run.sh"),
        Row(files: ["sub/run.sh": "#!/bin/sh\necho RAN\n"], entryPoint: "sub/run.sh"),
        Row(files: ["tool": "#!/bin/sh\necho RAN\n"], entryPoint: "tool", mode: 0o755),
        Row(files: ["tool": "#!/usr/bin/env -S sh -e\necho RAN\n"], entryPoint: "tool"),
    ]

    @Test("Every form runs once", arguments: rows)
    func runs(_ row: Row) throws {
        try JobFolder.with { folder in
            for (name, text) in row.files { folder.write("source/" + name, text, mode: row.mode) }
            let run = folder.run(folder.job(row.entryPoint))
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.filter { $0.hasPrefix("RAN") }.count == 1, "\(run.output)")
        }
    }

    @Test("A program needs no Python")
    func noPython() throws {
        try JobFolder.with { folder in
            #expect(folder.shell("mkdir bin && cp /bin/true source/tool && ln -s /bin/sh bin/sh").exitCode == 0)
            let run = folder.run(
                [
                    "--root", folder.at("root"), "--storage", "file:" + folder.at("store"), "--script",
                    folder.at("source"),
                    "--entry-point", "tool", "--output", "s3://bucket/out", "--job-name", "job",
                ],
                environment: ["PATH": folder.at("bin")]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
        }
    }

    @Test(
        "What is missing is named: 65",
        arguments: ["nosuch", "nosuch:main", "pkg.nosuch", "run.sh", "nosuch.py", "../alg.py", "/bin/true"]
    )
    func missing(_ entryPoint: String) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            folder.write("source/pkg/__init__.py", "")
            let run = folder.run(folder.job(entryPoint))
            #expect(run.exitCode == 65 || run.exitCode == 64, "\(run.errors)")
            #expect(!run.lines.contains("RAN"))
            try #expect(
                #require(folder.failure).contains(entryPoint.replacing(":main", with: "")),
                "\(folder.failure ?? "-")"
            )
        }
    }

    @Test("Working directory, search path and arguments of a module")
    func surroundings() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                """
                import os, sys, queue
                print("CWD", os.path.realpath(os.getcwd()))
                print("LAST", os.path.realpath(sys.path[-1]))
                print("FIRST", os.path.realpath(sys.path[0]))
                print("ARGV", sys.argv)
                print("QUEUE", "extracted" in queue.__file__)
                print("STDIN", sys.stdin is None or sys.stdin.read())
                """
            )
            let extracted = folder.at("root/ml/code/customer_code/extracted")
            #expect(run.lines.contains("CWD " + extracted), "\(run.output)")
            #expect(run.lines.contains("LAST " + extracted))
            #expect(run.lines.contains("FIRST " + folder.at("root/ml/code")))
            #expect(run.lines.contains("ARGV ['braket_container.py']"))
        }
    }

    @Test("A module of the script does not hide the standard library's")
    func shadowing() throws {
        try JobFolder.with { folder in
            folder.write("source/queue.py", "raise SystemExit('the wrong queue')")
            folder.write("source/helper.py", "value = 5")
            let run = folder.runScript("import queue, helper; print('RAN', helper.value)")
            #expect(run.lines.contains("RAN 5"), "\(run.output)\(run.errors)")
        }
    }

    @Test("A file of the script runs in the script's folder with the job's environment")
    func fileSurroundings() throws {
        try JobFolder.with { folder in
            folder.write(
                "source/run.sh",
                "echo \"AT $(pwd -P)\"; echo \"ARGS $# DIR $AMZN_BRAKET_JOB_RESULTS_DIR\"; exit 5\n"
            )
            let run = folder.run(folder.job("run.sh"))
            #expect(run.exitCode == 5)
            #expect(run.lines.contains("AT " + folder.at("root/ml/code/customer_code/extracted")), "\(run.output)")
            #expect(run.lines.contains("ARGS 0 DIR " + folder.at("root/braket/model")))
        }
    }
}
