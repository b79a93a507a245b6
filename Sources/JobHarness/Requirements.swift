import BraketEnvironment
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

/// Installs what the script asks for in its requirements.txt files (contract §3.6).
struct Requirements: Sendable {
    /// What a failing install does.
    let policy: RequirementsPolicy
    /// The script's variables, which the install gets too.
    let environment: ScriptEnvironment
    /// The runner's own log.
    let logger: Logger

    /// Every requirements.txt of the script, in the order of today's program: a folder's own file first, then its
    /// subfolders, in the order the file system lists them.
    ///
    /// Blocks. Links to folders are not followed, as by `os.walk`.
    ///
    /// - Parameter folder: The unpacked script.
    /// - Returns: The files.
    /// - Throws: `ObjectStoreError` when a folder cannot be read.
    static func files(in folder: FilePath) throws(ObjectStoreError) -> [FilePath] {
        var found: [FilePath] = []
        var pending = [folder]
        while let next = pending.popLast() {
            var subfolders: [FilePath] = []
            for name in try directoryEntryNames(next) {
                let path = next.appending(bytes: name)
                if FileStatus(of: path, followingLinks: false)?.isDirectory == true {
                    subfolders.append(path)
                } else if name.elementsEqual("requirements.txt".utf8), FileStatus(of: path)?.isDirectory == false {
                    found.append(path)
                }
            }
            pending += subfolders.reversed()
        }
        return found
    }

    /// Installs all files, one after another.
    ///
    /// - Parameters:
    ///   - files: The requirements files.
    ///   - folder: The working directory, in which pip resolves relative paths.
    ///   - python: The interpreter to install for; nil when there is none.
    /// - Returns: How many files were installed, and which failed (under `warn`).
    /// - Throws: `JobFailure` for the first failing install under `fail`, or `CancellationError`.
    func install(
        _ files: [FilePath],
        in folder: FilePath,
        python: FilePath?
    ) async throws -> (installed: Int, failed: [String]) {
        var installed = 0
        var failed: [String] = []
        for file in files {
            // A file of comments needs no Python, which costs seconds; one that cannot be read is pip's to complain of.
            guard !Self.lines(of: file).isEmpty || (try? readSmallFile(file)) == nil else { continue }
            do throws(JobFailure) {
                try await install(file, in: folder, python: python)
                installed += 1
            } catch {
                try Task.checkCancellation()
                guard policy == .warn else { throw error }
                failed.append(error.details.first ?? error.firstLine)
                logger.warning(
                    "a requirement could not be installed; the script runs all the same",
                    metadata: [
                        "requirements.file": "\(file)", "reason": "\(error.details.first ?? "")",
                    ]
                )
            }
        }
        return (installed, failed)
    }

    private func install(_ file: FilePath, in folder: FilePath, python: FilePath?) async throws(JobFailure) {
        guard let python else {
            throw JobFailure(
                .requirementFailed,
                .requirements,
                "Unable to install requirements.",
                details: ["Exception: there is no python on PATH to install \(file) for; name one with --python"]
            )
        }
        let run: CapturedRun
        do {
            run = try await CapturedRun.run(command(file, folder, python), output: .standardOutput)
        } catch {
            throw JobFailure(
                .requirementFailed,
                .requirements,
                "Unable to install requirements.",
                details: ["Exception: \(error)"]
            )
        }
        guard run.exit.shellCode != 0 else { return }
        throw JobFailure(
            .requirementFailed,
            .requirements,
            "Unable to install requirements.",
            details: InstallFailure(output: run.tail, file: file, exitCode: run.exit.shellCode).lines
        )
    }

    /// uv where it is there, because it is ten times faster, else pip of the interpreter.
    private func command(_ file: FilePath, _ folder: FilePath, _ python: FilePath) -> ProcessSpecification {
        let uv = findExecutable("uv", path: environment[EnvironmentKey.path])
        let arguments =
            uv.map { [$0.string, "pip", "install", "--python", python.string, "-r", file.string] }
            ?? [python.string, "-m", "pip", "install", "-r", file.string]
        return ProcessSpecification(
            executable: uv ?? python,
            arguments: arguments,
            environment: environment.variables.map { ($0.name, $0.value) },
            workingDirectory: folder
        )
    }

    /// The lines of a requirements file that ask for something.
    ///
    /// - Parameter file: The file; one that cannot be read has none.
    /// - Returns: The lines without comments.
    static func lines(of file: FilePath) -> [String] {
        ((try? readSmallFile(file)) ?? "").split(whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" })
            .map { String($0).trimmed() }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    }
}

/// What pip or uv said about a failed install, cut to what a person needs.
struct InstallFailure {
    private static let lineLimit = 6
    /// The cause, a sentence a line.
    let lines: [String]

    /// Finds the requirement that failed and the tool's own last lines.
    ///
    /// - Parameters:
    ///   - output: The end of the tool's output.
    ///   - file: The requirements file.
    ///   - exitCode: The tool's exit code.
    init(output: String, file: FilePath, exitCode: Int32) {
        let said = output.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" })
            .map { String($0).trimmed().withoutCredentials() }
            .filter { !$0.isEmpty && !$0.hasPrefix("[notice]") && !$0.hasPrefix("WARNING: Running pip as") }
        let requirement = Self.requirement(in: said)
        let subject = requirement.map { "the requirement \"\($0.escaped())\" of \(file)" } ?? "\(file)"
        let errors = Self.errorLines(said)
        let last = errors.isEmpty ? said.suffix(Self.lineLimit) : errors.suffix(Self.lineLimit)
        lines =
            ["Exception: \(subject) could not be installed (exit code \(exitCode))"]
            + last.map { $0.escaped(limit: 240) }
    }

    /// The lines that tell the cause: what pip and uv mark as errors, and of a build's own output its last line,
    /// which is the exception ("See above for output" alone says nothing).
    private static func errorLines(_ said: [String]) -> [String] {
        let marks = ["ERROR", "error", "×", "╰", "cause:", "hint:", "Because "]
        return said.enumerated().compactMap { index, line in
            let next = index + 1 < said.count ? said[index + 1] : ""
            let isBuildsLast = next.hasPrefix("[end of output]") || next.hasPrefix("╰─> [end of output]")
            return isBuildsLast || marks.contains(where: line.hasPrefix) ? line : nil
        }
    }

    /// The requirement by the words of pip and uv; both quote what stands in the file.
    static func requirement(in lines: [String]) -> String? {
        let markers: [(before: String, after: [String])] = [
            ("No matching distribution found for ", []),
            ("Could not find a version that satisfies the requirement ", [" (from"]),
            ("Invalid requirement: ", [": Expected", " (from"]),
            ("Could not open requirements file: ", []),
            ("Failed building wheel for ", []),
            ("there is no version of ", [" and", ","]),
            ("Because ", [" was not found", " has no version"]),
        ]
        for marker in markers {
            for line in lines {
                guard let start = line.firstRange(of: marker.before)?.upperBound else { continue }
                var rest = line[start...]
                let cuts = marker.after.compactMap { rest.firstRange(of: $0)?.lowerBound }
                // A marker with ends that are not there begins another sentence.
                if marker.before.hasPrefix("Because"), cuts.isEmpty { continue }
                if let cut = cuts.min() { rest = rest[..<cut] }
                let name = String(rest).trimmed()
                return name.hasPrefix("'") && name.hasSuffix("'") && name.count > 1
                    ? String(name.dropFirst().dropLast()) : name
            }
        }
        return nil
    }
}
