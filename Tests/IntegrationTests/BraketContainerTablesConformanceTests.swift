import RunnerCore
import RunnerTestSupport
import Testing

/// The parametrised rows of the original container's own unit tests, run through the binary.
@Suite(.timeLimit(.minutes(15)))
struct BraketContainerTablesConformanceTests {
    /// The tables; nil when the shared suites are not on this machine.
    static let tables = Suites.json("braket-container-tables/tables.json").objectValue

    private func rows(_ table: String) throws -> [JSONObject] {
        let rows = try #require(Self.tables?[table]?.arrayValue).compactMap(\.objectValue)
        #expect(!rows.isEmpty)
        return rows
    }

    @Test("code_setup", .enabled(if: tables != nil, "\(Suites.absent)"))
    func codeSetup() throws {
        var count = 0
        for row in try rows("code_setup") {
            let name = row["name"]?.stringValue ?? ""
            var environment: [String: String] = [:]
            for member in row["env"]?.objectValue?.members ?? [] { environment[member.name] = member.value.stringValue }
            try JobFolder.with { folder in
                // The rows' address is no address: the file of that name stands for it.
                folder.write("test_entry_point.py", "print('RAN')")
                folder.makeDirectory("test_s3_uri")
                folder.write("test_s3_uri/test_entry_point.py", "print('RAN')")
                let run = folder.run(
                    ["train", "--root", folder.at("root"), "--python", BinaryUnderTest.python],
                    environment: environment
                )
                if row["expect"]?.isNull == true {
                    // Today it ends with 0; the issue says 64.
                    #expect(run.exitCode == 64, "\(name): \(run.errors)")
                    #expect(folder.failure != nil, "\(name)")
                } else {
                    #expect(run.exitCode == 0, "\(name): \(run.errors)")
                    #expect(run.lines.contains("RAN"), "\(name)")
                }
            }
            count += 1
        }
        print("braket-container-tables code_setup: \(count) rows run")
    }

    @Test("hyperparameter_binding", .enabled(if: tables != nil, "\(Suites.absent)"))
    func binding() throws {
        var count = 0
        for row in try rows("hyperparameter_binding") {
            let parameters = row["parameters"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let hyperparameters = row["hyperparameters"]?.objectValue ?? JSONObject()
            let expected = row["expect"]?.stringValue ?? ""
            try JobFolder.with { folder in
                let run = folder.runScript(
                    "def function(\(parameters.joined(separator: ", "))): print('GOT', sorted(locals().items()))",
                    entryPoint: "alg:function",
                    hyperparameters.members.flatMap {
                        ["--hyperparameter", "\($0.name)=\($0.value.stringValue ?? "")"]
                    }
                )
                switch expected {
                case "bind {}": #expect(run.lines.contains("GOT []"), "\(run.output)\(run.errors)")
                case "bind as strings":
                    let items = hyperparameters.members.map { "('\($0.name)', '\($0.value.stringValue ?? "")')" }
                        .sorted()
                    #expect(run.lines.contains("GOT [" + items.joined(separator: ", ") + "]"), "\(run.output)")
                case "do not bind", "do not bind: call without arguments":
                    #expect(run.exitCode == 1)
                    #expect(
                        folder.failure?.hasPrefix("TypeError: function() missing 2 required positional arguments")
                            == true
                    )
                default:
                    #expect(run.exitCode == 1)
                    #expect(folder.failure?.hasPrefix(expected) == true, "\(folder.failure ?? "-")")
                }
            }
            count += 1
        }
        print("braket-container-tables hyperparameter_binding: \(count) rows run")
    }

    @Test("compression_type", .enabled(if: tables != nil, "\(Suites.absent)"))
    func compressionType() throws {
        var count = 0
        for row in try rows("compression_type") {
            let value = row["value"]?.stringValue ?? ""
            try JobFolder.with { folder in
                folder.write("code.tar.gz", SmallArchives.tarGz(files: ["alg.py": "print('RAN')"]))
                let run = folder.run(
                    ["train", "--root", folder.at("root"), "--python", BinaryUnderTest.python],
                    environment: [
                        "AMZN_BRAKET_SCRIPT_S3_URI": "file:" + folder.at("code.tar.gz"),
                        "AMZN_BRAKET_SCRIPT_ENTRY_POINT": "alg", "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE": value,
                    ]
                )
                let unpacked = row["unpack"]?.boolValue == true
                #expect(run.lines.contains("RAN") == unpacked, "\"\(value)\": \(run.errors)")
                #expect(folder.exists("root/ml/code/customer_code/extracted/alg.py") == unpacked, "\"\(value)\"")
            }
            count += 1
        }
        print("braket-container-tables compression_type: \(count) rows run")
    }

    @Test("requirements_txt", .enabled(if: tables != nil, "\(Suites.absent)"))
    func requirements() throws {
        var count = 0
        for row in try rows("requirements_txt") {
            try JobFolder.with { folder in
                for directory in row["files"]?.objectValue?.members ?? [] {
                    folder.makeDirectory("source/" + directory.name)
                    for file in directory.value.arrayValue?.compactMap(\.stringValue) ?? [] {
                        folder.write("source/\(directory.name)/\(file)", "anything\n")
                    }
                }
                folder.write("source/run.sh", "true\n")
                folder.write(
                    "python",
                    "#!/bin/sh\n[ \"$2\" = pip ] && echo x >> '\(folder.at("pip.log"))'\nexit 0\n",
                    mode: 0o755
                )
                let run = folder.run(
                    folder.job("run.sh") + ["--python", folder.at("python")],
                    environment: ["PATH": "/usr/bin:/bin"]
                )
                #expect(run.exitCode == 0, "\(run.errors)")
                let runs = folder.text("pip.log")?.split(separator: "\n").count ?? 0
                #expect(runs == row["pip_runs"]?.intValue)
            }
            count += 1
        }
        print("braket-container-tables requirements_txt: \(count) rows run")
    }
}
