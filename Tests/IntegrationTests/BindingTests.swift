import RunnerTestSupport
import Testing

/// How hyperparameters reach a function: every row of contract §3.7, and what crashes today.
@Suite(.timeLimit(.minutes(15)))
struct BindingTests {
    /// A function, its hyperparameters and what it must print, or the first line of its failure.
    struct Row: Sendable, CustomTestStringConvertible {
        let definition: String
        let hyperparameters: [String: String]
        let expected: String
        var flags: [String] = []
        var testDescription: String { "\(definition) <- \(hyperparameters) \(flags)" }
    }

    static let working = [
        Row(definition: "def main(): show()", hyperparameters: [:], expected: "()"),
        Row(definition: "def main(a): show(a)", hyperparameters: ["a": "x"], expected: "('x',)"),
        Row(definition: "def main(a, b): show(a, b)", hyperparameters: ["b": "2", "a": "1"], expected: "('1', '2')"),
        Row(definition: "def main(a: int): show(a)", hyperparameters: ["a": "4"], expected: "(4,)"),
        Row(definition: "def main(a: float): show(a)", hyperparameters: ["a": "1e-3"], expected: "(0.001,)"),
        Row(definition: "def main(a: str): show(a)", hyperparameters: ["a": "4"], expected: "('4',)"),
        Row(definition: "def main(a: complex): show(a)", hyperparameters: ["a": "1+2j"], expected: "((1+2j),)"),
        Row(definition: "def main(a: bool): show(a)", hyperparameters: ["a": "False"], expected: "(True,)"),
        Row(definition: "def main(a: list): show(a)", hyperparameters: ["a": "[1]"], expected: "(['[', '1', ']'],)"),
        Row(definition: "def main(a, b=7): show(a, b)", hyperparameters: ["a": "1"], expected: "('1', 7)"),
        Row(definition: "def main(a, b=7): show(a, b)", hyperparameters: ["a": "1", "b": "2"], expected: "('1', '2')"),
        Row(definition: "def main(*, a): show(a)", hyperparameters: ["a": "1"], expected: "('1',)"),
        Row(
            definition: "def main(**k): show(sorted(k.items()))",
            hyperparameters: ["a": "1", "b": "2"],
            expected: "([('a', '1'), ('b', '2')],)"
        ),
        Row(
            definition: "def main(a: int, **k): show(a, k)",
            hyperparameters: ["a": "1", "b": "2"],
            expected: "(1, {'b': '2'})"
        ),
        Row(definition: "def main(a=3): show(a)", hyperparameters: [:], expected: "(3,)"),
        // Binding fails: called with no arguments, which is what makes every decorator job run.
        Row(
            definition: "def main(): show('no arguments')",
            hyperparameters: ["a": "1", "b": "2"],
            expected: "('no arguments',)"
        ),
        Row(definition: "def main(a=3): show(a)", hyperparameters: ["a": "5", "other": "1"], expected: "(3,)"),
        Row(definition: "def main(a: int = 3): show(a)", hyperparameters: ["other": "1"], expected: "(3,)"),
        Row(definition: "def main(*a): show(a)", hyperparameters: ["a": "1"], expected: "((),)"),
        Row(definition: "def main(a=3, /): show(a)", hyperparameters: ["a": "5"], expected: "(3,)"),
        Row(definition: "def main(a: 'int' = 3): show(a)", hyperparameters: ["x": "5"], expected: "(3,)"),
    ]

    static let crashingToday = [
        Row(
            definition: "from typing import Optional\ndef main(a: Optional[int]): show(a)",
            hyperparameters: ["a": "4"],
            expected: "(4,)"
        ),
        Row(
            definition: "from typing import Optional\ndef main(a: Optional[int] = None): show(a)",
            hyperparameters: ["a": "None"],
            expected: "(None,)"
        ),
        Row(
            definition: "from typing import Union\ndef main(a: Union[int, float]): show(a)",
            hyperparameters: ["a": "4.5"],
            expected: "(4.5,)"
        ),
        Row(definition: "def main(a: 'int'): show(a)", hyperparameters: ["a": "4"], expected: "(4,)"),
        Row(
            definition: "from __future__ import annotations\ndef main(a: int, b: float | None): show(a, b)",
            hyperparameters: ["a": "4", "b": "2.5"],
            expected: "(4, 2.5)"
        ),
        Row(
            definition: "from __future__ import annotations\ndef main(a: bool): show(a)",
            hyperparameters: ["a": "True"],
            expected: "(True,)"
        ),
        Row(
            definition: "def main(a: dict): show(a)",
            hyperparameters: ["a": #"{"k": [1, null]}"#],
            expected: "({'k': [1, None]},)"
        ),
        Row(
            definition: "from typing import List\ndef main(a: List[int]): show(a)",
            hyperparameters: ["a": "[1, 2]"],
            expected: "([1, 2],)"
        ),
        Row(
            definition: "def main(a: int): show(a)",
            hyperparameters: ["a": "4", "sagemaker_job_name": "x"],
            expected: "(4,)"
        ),
        Row(
            definition: "def main(a: bool): show(a)",
            hyperparameters: ["a": "False"],
            expected: "(False,)",
            flags: ["--typed-hyperparameters"]
        ),
        Row(
            definition: "def main(a: bool): show(a)",
            hyperparameters: ["a": "true"],
            expected: "(True,)",
            flags: ["--typed-hyperparameters"]
        ),
        Row(
            definition: "def main(a: list): show(a)",
            hyperparameters: ["a": "[1,2]"],
            expected: "([1, 2],)",
            flags: ["--typed-hyperparameters"]
        ),
        Row(
            definition: "def main(a: str): show(a)",
            hyperparameters: ["a": "[1,2]"],
            expected: "('[1,2]',)",
            flags: ["--typed-hyperparameters"]
        ),
    ]

    @Test("A function that works today gets exactly what it gets today", arguments: working)
    func bindsAsToday(_ row: Row) throws { try check(row) }

    @Test("What crashes today works", arguments: crashingToday)
    func bindsWhatCrashes(_ row: Row) throws { try check(row) }

    private func check(_ row: Row) throws {
        try JobFolder.with { folder in
            // A `from __future__` must come first.
            let (first, rest) =
                row.definition.hasPrefix("from __future__")
                ? ("from __future__ import annotations\n", String(row.definition.drop { $0 != "\n" }))
                : ("", row.definition)
            let script = first + "def show(*a): print('GOT', repr(a))\n" + rest
            let values = row.hyperparameters.flatMap { ["--hyperparameter", "\($0.key)=\($0.value)"] }
            let run = folder.runScript(script, entryPoint: "alg:main", values + row.flags)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("GOT " + row.expected), "\(run.output)\(run.errors)")
        }
    }

    static let failing = [
        Row(
            definition: "def main(a): pass",
            hyperparameters: [:],
            expected: "TypeError: main() missing 1 required positional argument: 'a'"
        ),
        Row(
            definition: "def main(a, b): pass",
            hyperparameters: ["a": "1"],
            expected: "TypeError: main() missing 2 required positional arguments: 'a' and 'b'"
        ),
        Row(
            definition: "def main(a: int): pass",
            hyperparameters: ["a": "3.14"],
            expected: "ValueError: invalid literal for int() with base 10: '3.14'"
        ),
        Row(
            definition: "def main(a: float): pass",
            hyperparameters: ["a": "x"],
            expected: "ValueError: could not convert string to float: 'x'"
        ),
    ]

    @Test("A binding that fails is a failure file, exit code 1 and no half-run script", arguments: failing)
    func bindingFailure(_ row: Row) throws {
        try JobFolder.with { folder in
            let values = row.hyperparameters.flatMap { ["--hyperparameter", "\($0.key)=\($0.value)"] }
            let run = folder.runScript(row.definition, entryPoint: "alg:main", values)
            #expect(run.exitCode == 1)
            let failure = try #require(folder.failure)
            #expect(failure.split(separator: "\n").first.map(String.init) == row.expected)
        }
    }

    @Test("A module run as a script gets no arguments but finds the file")
    func moduleForm() throws {
        try JobFolder.with { folder in
            let run = folder.runScript(
                "import json, os; print('GOT', json.load(open(os.environ['AMZN_BRAKET_HP_FILE'])))",
                ["--hyperparameter", "a=1", "--hyperparameter", "b=x=y"]
            )
            #expect(run.lines.contains("GOT {'a': '1', 'b': 'x=y'}"))
        }
    }

    @Test("--hyperparameters FILE, and one --hyperparameter over it")
    func hyperparametersFile() throws {
        try JobFolder.with { folder in
            folder.write("hp.json", #"{"a": "1", "b": "2"}"#)
            let run = folder.runScript(
                "def main(a, b): print('GOT', a, b)",
                entryPoint: "alg:main",
                ["--hyperparameters", folder.at("hp.json"), "--hyperparameter", "b=3"]
            )
            #expect(run.lines.contains("GOT 1 3"), "\(run.output)\(run.errors)")
        }
    }

    @Test("Hyperparameters reach the script also when the platform moves the data")
    func managed() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "def main(n: int): print('GOT', n)")
            let run = folder.run([
                "--root", folder.at("root"), "--storage", "managed", "--python", BinaryUnderTest.python, "--script",
                folder.at("source"), "--entry-point", "alg:main", "--hyperparameter", "n=5",
            ])
            #expect(run.lines.contains("GOT 5"), "\(run.output)\(run.errors)")
        }
    }

    @Test(
        "A hyperparameter file of the platform that is no JSON fails with a reason",
        arguments: ["{", "[]", "\u{FF}"]
    )
    func brokenFile(_ text: String) throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "def main(n=1): print('RAN')")
            folder.write("root/ml/input/config/hyperparameters.json", text)
            let run = folder.run(
                ["--root", folder.at("root"), "--python", BinaryUnderTest.python],
                environment: [
                    "AMZN_BRAKET_SCRIPT_S3_URI": "file:" + folder.at("source/alg.py"),
                    "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "alg:main",
                    "AMZN_BRAKET_HP_FILE": folder.at("root/braket/input/config/hyperparameters.json"),
                ]
            )
            #expect(run.exitCode == 64 || run.exitCode == 1)
            try #expect(#require(folder.failure).contains("hyperparameters.json"))
        }
    }
}
