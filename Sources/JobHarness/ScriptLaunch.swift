import BraketEnvironment
import EntryPoint
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The command that runs the entry point, with what it needs to report back.
struct ScriptLaunch: Sendable {
    /// What is run.
    let specification: ProcessSpecification
    /// The line for the log, without the launcher's text and without values of hyperparameters.
    let shownCommand: String
    /// The launcher, when Python runs it.
    let launcher: PythonLauncher?

    /// Makes the launch of an engine, which starts the entry point itself.
    ///
    /// - Parameters:
    ///   - specification: The engine.
    ///   - shown: The line for the log.
    init(engine specification: ProcessSpecification, shown: String) {
        self.specification = specification
        shownCommand = shown
        launcher = nil
    }

    /// Makes the launch of a job's entry point.
    ///
    /// - Parameters:
    ///   - configuration: The job.
    ///   - environment: The script's variables.
    ///   - python: The Python program; nil when there is none.
    ///   - arguments: The script's arguments, none outside SageMaker (contract §1.5).
    /// - Throws: `JobFailure` when the entry point is not there or cannot be run.
    init(
        _ configuration: JobConfiguration,
        environment: ScriptEnvironment,
        python: FilePath?,
        arguments: [String]
    ) throws(JobFailure) {
        let extracted = configuration.paths.extracted
        switch resolveEntryPoint(configuration.entryPoint, in: extracted) {
        case .module:
            try self.init(python: python, configuration, environment, arguments)
        case .program(let file):
            try self.init(program: file, configuration, environment, python, arguments)
        case .missingFile(let name):
            throw Self.missing(name, in: extracted)
        }
    }

    private init(
        python: FilePath?,
        _ configuration: JobConfiguration,
        _ environment: ScriptEnvironment,
        _ arguments: [String]
    ) throws(JobFailure) {
        guard let python else {
            throw JobFailure(
                .notExecutable,
                .scriptArchive,
                "The entry point needs Python, and there is none on PATH.",
                details: [
                    "Install python3, name one with --python, or use a program of the archive as the entry point."
                ]
            )
        }
        let launcher: PythonLauncher
        do {
            launcher = try PythonLauncher()
        } catch {
            throw JobFailure(.runnerFault, .internalFault, "Cannot start the script: \(error)")
        }
        let request = Self.request(configuration, environment, arguments)
        self.launcher = launcher
        specification = ProcessSpecification(
            executable: python,
            arguments: launcher.arguments(python: python, request),
            environment: environment.variables.map { ($0.name, $0.value) },
            workingDirectory: configuration.paths.code,
            descriptors: launcher.descriptors.map { .init(ours: $0.ours, theirs: $0.theirs) }
        )
        shownCommand = "\(python) \(request.program)" + Self.shown(arguments)
    }

    /// A program of the archive.
    ///
    /// A Python file without a first line that names its interpreter runs with Python, and
    /// a text without one with /bin/sh, as execvp(3) would.
    private init(
        program: FilePath,
        _ configuration: JobConfiguration,
        _ environment: ScriptEnvironment,
        _ python: FilePath?,
        _ arguments: [String]
    ) throws(JobFailure) {
        let status = FileStatus(of: program)
        if let status, status.permissions & 0o100 == 0 {
            // The archive was made without the bit (zip on Windows); it is our own copy (contract §3.12 does the same).
            _ = program.withPlatformString { chmod($0, status.permissions | 0o111) }
        }
        let start = (try? withOpenFile(program, address: program.string) { try readStart($0) }) ?? []
        let runsItself = start.starts(with: Array("#!".utf8)) || start.starts(with: [0x7f] + Array("ELF".utf8))
        var command = [program.string]
        if !runsItself, program.extension == "py" {
            guard let python else {
                throw JobFailure(
                    .notExecutable,
                    .scriptArchive,
                    "The entry point needs Python, and there is none on PATH.",
                    details: ["Install python3 or name one with --python."]
                )
            }
            command.insert(python.string, at: 0)
        } else if !runsItself {
            command.insert("/bin/sh", at: 0)
        }
        launcher = nil
        specification = ProcessSpecification(
            executable: FilePath(command[0]),
            arguments: command + arguments,
            environment: environment.variables.map { ($0.name, $0.value) },
            workingDirectory: configuration.paths.extracted
        )
        shownCommand = command.joined(separator: " ") + Self.shown(arguments)
    }

    /// What the launcher is asked to run.
    static func request(
        _ configuration: JobConfiguration,
        _ environment: ScriptEnvironment,
        _ arguments: [String]
    ) -> PythonLauncher.Request {
        var request = PythonLauncher.Request(
            entryPoint: configuration.entryPoint,
            code: configuration.paths.code,
            extracted: configuration.paths.extracted
        )
        request.hyperparametersFile = environment[EnvironmentKey.hyperparametersFile]
        request.typed = configuration.settings.typedHyperparameters
        // Only for who asked: the dispositions of a script are else the defaults, and SIGUSR1 ends it.
        request.offersStacks = ![nil, StallPolicy.standard].contains(configuration.settings.stall)
        request.arguments = arguments
        return request
    }

    /// The Python program of a job: the one that was asked for, else `python` as today, else `python3`.
    static func findPython(_ configuration: JobConfiguration, path: String?) -> FilePath? {
        if let asked = configuration.settings.python { return findExecutable(asked, path: path) }
        return findExecutable("python", path: path) ?? findExecutable("python3", path: path)
    }

    /// The names of the arguments; their values are hyperparameters, and any of them may be a secret.
    private static func shown(_ arguments: [String]) -> String {
        arguments.enumerated().map { index, argument in
            " " + (index.isMultiple(of: 2) && argument.hasPrefix("-") ? argument.escaped() : "…")
        }.joined()
    }

    private static func missing(_ name: String, in folder: FilePath) -> JobFailure {
        let names = ((try? directoryEntryNames(folder)) ?? []).map {
            String(decoding: $0, as: UTF8.self).escaped(limit: 60)
        }
        let shown = names.sorted().prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        return JobFailure(
            .entryPointMissing,
            .scriptArchive,
            "The entry point \"\(name.escaped())\" is not in the script.",
            details: [names.isEmpty ? "The script is empty." : "The script holds: \(shown)."]
        )
    }
}

private func readStart(_ descriptor: FileDescriptor) throws -> [UInt8] {
    var start = [UInt8](repeating: 0, count: 4)
    let count = try start.withUnsafeMutableBytes { try descriptor.read(into: $0) }
    return Array(start[..<count])
}
