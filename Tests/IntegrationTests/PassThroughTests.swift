import RunnerTestSupport
import Testing

/// The command line's first word: a command, nothing, or another program.
@Suite(.timeLimit(.minutes(15)))
struct PassThroughTests {
    @Test("A program on PATH is executed with its own arguments, environment and folder")
    func execution() throws {
        try JobFolder.with { folder in
            let run = folder.run(
                ["sh", "-c", #"printf '%s|' "$@" "$MARK" "$PWD"; exit 9"#, "sh", "a b", "", "--help", "-x"],
                environment: ["MARK": "mark", "BRAKET_RUNNER_ROOT": "r"]
            )
            #expect(run.exitCode == 9)
            #expect(run.output == "a b||--help|-x|mark|\(folder.directory)|")
            #expect(run.standardError.isEmpty)
            #expect(!folder.exists("r"))
        }
    }

    @Test("The process is the same, so a signal reaches the program")
    func signals() throws {
        try JobFolder.with { folder in
            #expect(folder.run(["sh", "-c", "kill -TERM $$"]).signal == 15)
            #expect(folder.run(["sh", "-c", "kill -USR1 $$"]).signal == 10)
            #expect(folder.run(["sh", "-c", "kill -INT $$"]).signal == 2)
            let program = folder.start(["tail", "-f", "/dev/null"])
            #expect(program.wait { folder.shell("cat /proc/\(program.processID)/comm").output == "tail\n" })
            program.send(15)
            #expect(program.finish().signal == 15)
        }
    }

    @Test("No signal is blocked or ignored in the program")
    func masks() throws {
        try JobFolder.with { folder in
            let arguments = ["-E", "^Sig(Blk|Ign|Cgt):", "/proc/self/status"]
            let run = folder.run(["grep"] + arguments)
            // What posix_spawn(3) itself leaves behind differs between libraries.
            let direct = RunningProgram.run(
                "/usr/bin/env",
                ["grep"] + arguments,
                environment: BinaryUnderTest.minimalEnvironment
            )
            #expect(run.lines.count == 4)
            #expect(run.output == direct.output)
        }
    }

    @Test("Standard input belongs to the program")
    func input() throws {
        try JobFolder.with { folder in
            #expect(folder.run(["cat"], input: "through").output == "through")
        }
    }

    @Test("A path works too")
    func path() throws {
        try JobFolder.with { folder in
            folder.write("tool.sh", "#!/bin/sh\necho TOOL $1\n", mode: 0o755)
            #expect(folder.run([folder.at("tool.sh"), "x"]).output == "TOOL x\n")
        }
    }

    @Test("An unknown word: 64, naming the word and the commands", arguments: ["no-such-program", "rnu", "Run"])
    func unknown(_ word: String) throws {
        try JobFolder.with { folder in
            let run = folder.run([word, "--root", folder.at("root")])
            #expect(run.exitCode == 64)
            for name in [word, "run", "train", "status", "help"] { #expect(run.errors.contains(name), "\(name)") }
            #expect(run.standardOutput.isEmpty)
            #expect(!folder.exists("root"))
        }
    }

    @Test("No word, run and train are the same", arguments: [[], ["run"], ["train"]])
    func run(_ words: [String]) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('RAN')")
            let run = folder.run(words + folder.job("alg"))
            #expect(run.exitCode == 0)
            #expect(run.lines.contains("RAN"))
        }
    }

    @Test(
        "--version and --help",
        arguments: [["--version"], ["--help"], ["help"], ["help", "run"], ["help", "status"]]
    )
    func help(_ arguments: [String]) throws {
        try JobFolder.with { folder in
            let run = folder.run(arguments)
            #expect(run.exitCode == 0)
            #expect(!run.standardOutput.isEmpty && run.standardError.isEmpty)
            if arguments == ["help", "run"] {
                for option in [
                    "job", "script", "entry-point", "compression", "hyperparameter", "hyperparameters", "input",
                    "output",
                    "checkpoints", "checkpoint-dir", "job-name", "device", "max-runtime", "root", "storage", "format",
                    "log-level", "requirements", "sagemaker-env", "dry-run",
                ] { #expect(run.output.contains("--" + option), "\(option)") }
            }
        }
    }
}
