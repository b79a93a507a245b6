import BraketEnvironment
package import RunnerCore

/// What a run would do, for a person or a program to check.
package struct DryRunPlan: Sendable {
    /// The script as it was found.
    struct Script: Sendable {
        /// Where it lies.
        let address: String
        /// `tar.gz`, `zip`, `file`, `folder` and so on.
        let form: String
        /// How many files and folders it has.
        let entries: Int
        /// How many bytes would be fetched.
        let bytes: Int64
        /// The SHA-256 of the object; nil for a folder.
        let sha256: String?
        /// What an archive holds and a job must not have.
        let skipped: [String]
    }

    /// The entry point as it was found.
    struct EntryPoint: Sendable {
        /// Its name as the job gives it.
        let name: String
        /// Its file; nil when it is not in the script.
        var file: String?
        /// Its function's signature, when Python could tell.
        var signature: String?
    }

    /// An input channel as it was found.
    struct Channel: Sendable {
        /// Its name.
        let name: String
        /// Where its objects lie.
        let address: String
        /// Its files by the names they would get.
        let files: [(name: String, bytes: Int64)]

        /// The bytes of all files.
        var bytes: Int64 { files.map(\.bytes).saturatingSum() }
    }

    /// Each value and where it came from.
    var configuration: [JobConfiguration.Origin] = []
    /// The names of the script's variables and where they came from.
    var variables: [(name: String, source: String)] = []
    /// The script; nil when it could not be fetched.
    var script: Script?
    /// The entry point; nil when it was not found.
    var entryPoint: EntryPoint?
    /// What would be run.
    var command: String?
    /// The requirements files and what they ask for.
    var requirements: [(file: String, lines: [String])] = []
    /// The channels that could be listed.
    var channels: [Channel] = []
    /// The checkpoints that would be restored; nil when none are kept.
    var checkpoints: [(name: String, bytes: Int64)]?
    /// What would be stored where, a line each.
    var destinations: [String] = []
    /// The time limit.
    var timeLimitSeconds: Int?
    /// What is no problem yet.
    var warnings: [String] = []
    /// What is wrong, in the order in which a run would meet it.
    private(set) var problems: [JobFailure] = []

    /// Adds a problem; the order of the calls is the order in which a run would meet them.
    mutating func add(_ problem: JobFailure) {
        problems.append(problem)
    }

    /// What the process ends with: what the run would end with.
    package var exitCode: Int32 { problems.first?.exitCode ?? 0 }

    // MARK: JSON

    /// The plan for programs.
    package var json: JSONValue {
        var object: JSONObject = [
            "configuration": .array(
                configuration.map {
                    ["name": .string($0.name), "value": .string($0.value), "source": .string($0.source)]
                }
            ),
            "environment": .array(variables.map { ["name": .string($0.name), "source": .string($0.source)] }),
        ]
        object["script"] = script.map(Self.json)
        object["entryPoint"] = entryPoint.map { entry in
            [
                "name": .string(entry.name), "file": Self.optional(entry.file),
                "signature": Self.optional(entry.signature),
            ]
        }
        object["command"] = Self.optional(command)
        object["requirements"] = .array(
            requirements.map { ["file": .string($0.file), "lines": .array($0.lines.map(JSONValue.string))] }
        )
        object["inputs"] = .array(
            channels.map { channel in
                [
                    "name": .string(channel.name), "from": .string(channel.address),
                    "bytes": .number(JSONNumber(channel.bytes)), "files": Self.files(channel.files),
                ]
            }
        )
        object["checkpoints"] = checkpoints.map(Self.files) ?? nil
        object["stored"] = .array(destinations.map(JSONValue.string))
        object["timeLimitSeconds"] = timeLimitSeconds.map { .number(JSONNumber($0)) } ?? JSONValue.null
        object["warnings"] = .array(warnings.map(JSONValue.string))
        object["problems"] = .array(
            problems.map { problem in
                [
                    "kind": .string(problem.kind.rawValue), "exitCode": .number(JSONNumber(Int(problem.exitCode))),
                    "message": .string(problem.firstLine), "details": .array(problem.details.map(JSONValue.string)),
                ]
            }
        )
        object["exitCode"] = .number(JSONNumber(Int(exitCode)))
        return .object(object)
    }

    private static func json(_ script: Script) -> JSONValue {
        [
            "from": .string(script.address), "form": .string(script.form),
            "entries": .number(JSONNumber(script.entries)),
            "bytes": .number(JSONNumber(script.bytes)), "sha256": optional(script.sha256),
            "skipped": .array(script.skipped.map(JSONValue.string)),
        ]
    }

    private static func files(_ files: [(name: String, bytes: Int64)]) -> JSONValue {
        .array(files.map { ["name": .string($0.name), "bytes": .number(JSONNumber($0.bytes))] })
    }

    private static func optional(_ text: String?) -> JSONValue {
        text.map(JSONValue.string) ?? .null
    }
}

extension DryRunPlan {
    private static let filesShown = 20

    /// The plan for a person.
    package var text: String {
        var lines = ["Dry run: this is what `braket-runner run` would do. Nothing was changed.", ""]
        lines += section("Configuration", configuration.map { "\($0.name): \($0.value.escaped())   [\($0.source)]" })
        lines += section("Script", scriptLines)
        lines += section(
            "Requirements",
            requirements.isEmpty
                ? ["none"]
                : requirements.flatMap { requirement in
                    ["install \(requirement.file.escaped())"] + requirement.lines.map { "  " + $0.escaped() }
                }
        )
        lines += section("Inputs", channels.isEmpty ? ["none"] : channels.flatMap(channelLines))
        if let checkpoints {
            let total = checkpoints.map(\.bytes).saturatingSum()
            lines += section(
                "Checkpoints to restore",
                ["\(counted(checkpoints.count, "file")), \(humanBytes(total))"] + fileLines(checkpoints)
            )
        }
        lines += section("Command", [command ?? "unknown"])
        lines += section("Environment (names only)", environmentLines)
        lines += section("Stored at the end", destinations)
        lines += section("Time limit", [timeLimitSeconds.map { "\($0) s" } ?? "none"])
        if !warnings.isEmpty { lines += section("Warnings", warnings) }
        lines += section(
            "Problems",
            problems.isEmpty
                ? ["none"]
                : problems.flatMap { ["exit \($0.exitCode): \($0.firstLine)"] + $0.details.map { "  " + $0 } }
        )
        return lines.joined(separator: "\n")
    }

    /// What the job sets a line each, what is only passed on in one.
    private var environmentLines: [String] {
        let passedOn = variables.filter { $0.source == "process" }.map(\.name)
        let own = variables.filter { $0.source != "process" }.map { "\($0.name)   [\($0.source)]" }
        return passedOn.isEmpty
            ? own : own + ["from this process: " + passedOn.joined(separator: ", ").escaped(limit: 4000)]
    }

    private var scriptLines: [String] {
        var lines: [String] = []
        if let script {
            lines.append(
                "\(script.address.escaped()): \(script.form), \(counted(script.entries, "entry", plural: "entries")), \(humanBytes(script.bytes))"
            )
            if let sha256 = script.sha256 { lines.append("sha256 \(sha256)") }
            lines += script.skipped.map { "not unpacked: \($0)" }
        }
        if let entryPoint {
            lines.append(
                "entry point \(entryPoint.name.escaped()): \(entryPoint.file?.escaped() ?? "not in the script")"
            )
            if let signature = entryPoint.signature { lines.append("signature \(signature)") }
        }
        return lines.isEmpty ? ["unknown"] : lines
    }

    private func channelLines(_ channel: Channel) -> [String] {
        [
            "\(channel.name): \(channel.address.escaped()), \(counted(channel.files.count, "file")), \(humanBytes(channel.bytes))"
        ]
            + fileLines(channel.files)
    }

    private func fileLines(_ files: [(name: String, bytes: Int64)]) -> [String] {
        let shown = files.prefix(Self.filesShown).map { "  \($0.name.escaped()) (\(humanBytes($0.bytes)))" }
        return files.count > Self.filesShown ? shown + ["  and \(files.count - Self.filesShown) more"] : shown
    }

    private func section(_ title: String, _ lines: [String]) -> [String] {
        [title] + lines.map { "  " + $0 } + [""]
    }
}
