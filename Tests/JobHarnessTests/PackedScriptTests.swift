import BraketAPI
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import JobHarness

/// How a script of this machine lies in the archive that is submitted, and whether its entry point is in it.
@Suite struct PackedScriptTests {
    /// A script, what is run of it, and what the archive holds; nil when the entry point is not in it.
    struct Row: Sendable, CustomTestStringConvertible {
        let script: String
        let entryPoint: String
        let members: [String]?
        var testDescription: String { "\(script): \(entryPoint)" }
    }

    static let rows = [
        Row(script: "qaoa", entryPoint: "qaoa.main", members: ["qaoa/lib/__init__.py", "qaoa/main.py", "qaoa/run.sh"]),
        Row(
            script: "qaoa",
            entryPoint: "qaoa.main:f",
            members: ["qaoa/lib/__init__.py", "qaoa/main.py", "qaoa/run.sh"]
        ),
        Row(script: "qaoa", entryPoint: "main", members: ["lib/__init__.py", "main.py", "run.sh"]),
        Row(script: "qaoa", entryPoint: "lib:f", members: ["lib/__init__.py", "main.py", "run.sh"]),
        Row(script: "qaoa", entryPoint: "run.sh", members: ["lib/__init__.py", "main.py", "run.sh"]),
        Row(script: "qaoa", entryPoint: "qaoa.mian", members: nil),
        Row(script: "qaoa", entryPoint: "other", members: nil),
        Row(script: "qaoa", entryPoint: "qaoa/none.py", members: nil),
        Row(
            script: "linked",
            entryPoint: "qaoa.main",
            members: ["qaoa/lib/__init__.py", "qaoa/main.py", "qaoa/run.sh"]
        ),
        // The folder holds something of its own name: what is in it lies at the top, as in a local run.
        Row(script: "twice", entryPoint: "twice.main", members: ["twice/main.py"]),
        Row(script: "alg.py", entryPoint: "alg", members: ["alg.py"]),
        Row(script: "alg.py", entryPoint: "alg:f", members: ["alg.py"]),
        Row(script: "alg.py", entryPoint: "alg.py", members: ["alg.py"]),
        // Beside the file, not in the archive.
        Row(script: "alg.py", entryPoint: "other", members: nil),
    ]

    @Test("Layout and entry point", arguments: rows)
    func layout(_ row: Row) async throws {
        let folder = FilePath("/tmp/braket-runner-packed-\(UInt64.random(in: 0 ... .max))")
        defer { RunnerTestSupport.removeTree(folder) }
        for name in [
            "qaoa/main.py", "qaoa/lib/__init__.py", "qaoa/run.sh", "twice/twice/main.py", "alg.py", "other.py",
        ] {
            try makeDirectories(folder.pushing(FilePath(name)).removingLastComponent())
            try write("x", to: folder.pushing(FilePath(name)))
        }
        try link(folder.appending("linked"), to: "qaoa")
        let script = PackedScript(folder.appending(row.script), entryPoint: row.entryPoint)
        #expect(script.holdsEntryPoint == (row.members != nil))
        guard let members = row.members else { return }
        let store = LocalFolderStore(folder: folder.appending("store"))
        let leftOut = try await script.store(in: store, as: ObjectKey("s.tar.gz"), options: WriteOptions())
        #expect(leftOut.isEmpty)
        let listing = RunningProgram.run(
            "/bin/tar",
            ["tzf", folder.pushing("store/s.tar.gz").string],
            environment: BinaryUnderTest.minimalEnvironment
        )
        #expect(listing.lines.filter { !$0.isEmpty && !$0.hasSuffix("/") }.sorted() == members)
    }

    @Test("An archive is stored as it is")
    func archive() async throws {
        let folder = FilePath("/tmp/braket-runner-packed-\(UInt64.random(in: 0 ... .max))")
        defer { RunnerTestSupport.removeTree(folder) }
        try makeDirectories(folder)
        try replaceFile(folder.appending("s.tgz"), with: [0x1f, 0x8b, 8, 0, 7])
        let script = PackedScript(folder.appending("s.tgz"), entryPoint: "any")
        #expect(script.holdsEntryPoint)
        let store = LocalFolderStore(folder: folder.appending("store"))
        _ = try await script.store(in: store, as: ObjectKey("k"), options: WriteOptions())
        try await #expect(store.get(ObjectKey("k")) == [0x1f, 0x8b, 8, 0, 7])
    }

    /// A job's last status and what `submit --wait` ends with.
    static let endings: [(job: JSONObject, code: ExitCode)] = [
        (["status": "COMPLETED"], .success), (["status": "FAILED"], .jobFailed), (["status": "CANCELLED"], .stopped),
        (["status": "CANCELLED", "events": [["eventType": "MAX_RUNTIME_EXCEEDED"]]], .timeLimit),
    ]

    @Test("The exit code of a job that was waited for", arguments: endings)
    func exitCode(job: JSONObject, code: ExitCode) throws {
        var job = job
        job["jobArn"] = "a"
        try #expect(JobDescription(.object(job)).exitCode == code)
    }
}
