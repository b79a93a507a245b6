import BraketAPI
package import BraketEnvironment
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What a run was started with, before anything was read.
package struct RunInputs: Sendable {
    /// The options.
    package let options: RunOptions
    /// The variables of the process.
    package let environment: ProcessEnvironment
    /// The folder it was started in.
    package let workingDirectory: FilePath

    /// The arguments of this process, for those that run it once more.
    package let arguments: [String]

    /// Makes inputs.
    package init(
        options: RunOptions,
        environment: ProcessEnvironment,
        workingDirectory: FilePath,
        arguments: [String] = []
    ) {
        self.arguments = arguments
        self.options = options
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// Who moves the data, as far as the options alone say; a wrong option counts as absent.
    var storage: StorageMode {
        var resolver = ConfigurationResolver(
            ConfigurationInputs(options: options, environment: environment, workingDirectory: workingDirectory)
        )
        return resolver.resolveStorage()
    }

    /// What stands for `/opt`.
    package var root: FilePath {
        ConfigurationInputs(options: options, environment: environment, workingDirectory: workingDirectory).root
    }
}

/// Reads everything a configuration is made from, and makes it.
struct ConfigurationLoader: Sendable {
    /// What the run was started with.
    let inputs: RunInputs
    /// The runner's own log.
    let logger: Logger

    /// Loads the configuration.
    ///
    /// - Returns: The checked configuration.
    /// - Throws: `JobFailure` that names everything that is wrong.
    func load() async throws(JobFailure) -> JobConfiguration {
        let (configuration, failure) = await loadLeniently()
        if let failure { throw failure }
        guard let configuration else {
            throw JobFailure(.runnerFault, .internalFault, "The configuration was lost without a word.")
        }
        return configuration
    }

    /// Loads what can be loaded, for a dry run that goes on to look for problems elsewhere.
    ///
    /// - Returns: The configuration without its wrong parts, nil when nothing can be looked at; and what is wrong.
    func loadLeniently() async -> (configuration: JobConfiguration?, failure: JobFailure?) {
        var given = ConfigurationInputs(
            options: inputs.options,
            environment: inputs.environment,
            workingDirectory: inputs.workingDirectory
        )
        let files = ConfigurationFiles(paths: ContainerPaths(root: given.root))
        given.hasPlatformFiles = files.hasPlatformFiles
        given.machineName = Self.machineName()
        do throws(JobFailure) {
            given.platformHyperparameters = try files.platformHyperparameters()
            if given.hasPlatformFiles {
                given.platformResourceConfig = try files.readIfThere(files.paths.resourceConfig)
            }
        } catch {
            return (nil, error)
        }
        var problems: [Problem] = []
        given.document = await read(inputs.options.job, &problems)
        given.hyperparametersFile = await read(inputs.options.hyperparametersFile, &problems)
        var resolver = ConfigurationResolver(given)
        let (configuration, more) = resolver.resolveLeniently()
        // A document that could not be read lacks no members.
        problems += inputs.options.job != nil && given.document == nil ? [] : more.filter { !problems.contains($0) }
        checkPython(&problems)
        let failure = problems.isEmpty ? nil : Self.failure(problems)
        guard let configuration else { return (nil, failure) }
        do throws(JobFailure) {
            try checkStorage(configuration)
        } catch {
            // Both are wrong: the configuration's exit code counts, as a run would meet that first.
            return (configuration, failure.map { $0.adding([error.firstLine] + error.details) } ?? error)
        }
        return (configuration, failure)
    }

    /// This machine's own name.
    private static func machineName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Reads a JSON file that an option names; what is wrong goes to the problems.
    func read(_ option: OptionValue?, _ problems: inout [Problem]) async -> JSONValue? {
        guard let option else { return nil }
        do {
            let bytes = option.text == "-" ? try await readStandardInput() : try await readAddress(option)
            let (value, repetitions) = try JSONText.parseReportingRepetitions(bytes)
            for repetition in repetitions {
                problems.append(
                    Problem(
                        path: option.source,
                        message: "line \(repetition.line): the name \"\(repetition.name.escaped())\" stands twice"
                    )
                )
            }
            return value
        } catch let error as JSONError {
            problems.append(
                Problem(
                    path: option.source,
                    message: "\(option.text.withoutCredentials().escaped()) is no JSON: \(error)"
                )
            )
        } catch {
            problems.append(Problem(path: option.source, message: "\(error)".withoutCredentials()))
        }
        return nil
    }

    private func readStandardInput() async throws -> [UInt8] {
        try await BlockingPool.shared.run { cancellation in
            var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            // A terminal or a pipe that nobody writes to: a stop request must get through.
            while poll(&request, 1, 200) == 0 { try cancellation.check() }
            return try readAll(.standardInput, name: "standard input")
        }
    }

    private func readAddress(_ option: OptionValue) async throws -> [UInt8] {
        let access = S3Access(
            environment: inputs.environment,
            settings: StoreSettings.read(inputs.options.store).settings,
            logger: logger
        )
        let stores = Stores(mode: inputs.storage, s3: access)
        let location = try DataLocation(option.text, relativeTo: inputs.workingDirectory)
        // A pipe such as /dev/fd/63 is no object, but a fine document.
        if case .local(let path) = location {
            return try await BlockingPool.shared.run { _ in try readSmallFileBytes(path) }
        }
        let (store, key) = try stores.resolve(location)
        return try await store.get(key)
    }

    /// Today's words stand first, for the services that look for them (contract §3.3).
    static func failure(_ problems: [Problem]) -> JobFailure {
        let lines = problems.map(\.description)
        let known = [
            "Hyperparameters not specified in env", "No customer script specified", "No customer entry point specified",
        ]
        let first = known.first { lines.contains($0) }
        return JobFailure(
            .configuration,
            .usage,
            first ?? "The job's configuration is wrong.",
            details: lines.filter { $0 != first }
        )
    }

    /// A program that was asked for by name and is not there is a mistake of the command line.
    private func checkPython(_ problems: inout [Problem]) {
        guard let option = inputs.options.python,
            findExecutable(option.text, path: inputs.environment[EnvironmentKey.path]) == nil
        else { return }
        problems.append(
            Problem(path: option.source, value: .string(option.text), message: "is no program that can be executed")
        )
    }

    /// A folder that can never be made is a store that cannot be reached.
    private func checkFolder(_ folder: FilePath) throws(JobFailure) {
        var existing = folder
        while FileStatus(of: existing) == nil, existing != existing.removingLastComponent() {
            existing = existing.removingLastComponent()
        }
        guard FileStatus(of: existing)?.isDirectory != true else { return }
        throw JobFailure(
            .storageUnavailable,
            .storageUnavailable,
            "The store cannot be reached: \(existing) is no folder.",
            details: ["--storage file:\(folder)"]
        )
    }

    /// Says at the start what would fail after hours: a store that is none.
    private func checkStorage(_ configuration: JobConfiguration) throws(JobFailure) {
        if case .folder(let folder) = configuration.storage { try checkFolder(folder) }
    }
}
