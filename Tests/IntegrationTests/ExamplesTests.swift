import RunnerCore
import RunnerTestSupport
import Testing

/// The examples that need no package run as their README says; `make demo` runs qaoa.
@Suite(.timeLimit(.minutes(15)))
struct ExamplesTests {
    private static let examples =
        String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }) + "/examples"

    @Test("examples/shell runs without Python, and a second run resumes")
    func shell() throws {
        try JobFolder.with { folder in
            let arguments = [
                "--root", folder.at("root"), "--storage", "file:" + folder.at("store"), "--job",
                Self.examples + "/shell/job.json", "--script", Self.examples + "/shell/source", "--input",
                "samples=" + Self.examples + "/shell/data/samples",
            ]
            let first = folder.run(arguments)
            #expect(first.exitCode == 0, "\(first.errors)")
            let second = folder.run(arguments)
            #expect(second.exitCode == 0, "\(second.errors)")
            #expect(second.output.contains("resumed from line"))
            #expect(folder.exists("store/amazon-braket-examples/shell/data/output/model.tar.gz"))
        }
    }

    @Test("Each example's request is one that the service would take", arguments: ["bell", "qaoa", "shell"])
    func requests(name: String) throws {
        try JobFolder.with { folder in
            let run = folder.run(
                folder.options + [
                    "--dry-run", "--format", "json", "--job", "\(Self.examples)/\(name)/job.json", "--script",
                    "\(Self.examples)/\(name)",
                ]
            )
            let plan = try #require(try JSONText.parse(run.output).objectValue)
            let kinds = plan["problems"]?.arrayValue?.compactMap { $0.objectValue?["kind"]?.stringValue } ?? []
            #expect(!kinds.contains("configuration"), "\(run.output)")
            #expect(plan["configuration"]?.arrayValue?.isEmpty == false)
        }
    }
}
