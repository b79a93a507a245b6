import Archive
import BraketAPI
import BraketEnvironment
import Checkpoints
import EntryPoint
package import Logging
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

/// Finds out everything that a run would do and everything that is wrong, and changes nothing.
///
/// It looks at each thing although an earlier one failed, so that all problems come at once. Only the script is
/// fetched, into a temporary folder that is removed.
package struct DryRun: Sendable {
    private let inputs: RunInputs
    private let logger: Logger

    /// Makes a dry run.
    ///
    /// - Parameters:
    ///   - inputs: What the run would be started with.
    ///   - logger: The runner's own log.
    package init(inputs: RunInputs, logger: Logger) {
        self.inputs = inputs
        self.logger = logger
    }

    /// Looks at everything.
    ///
    /// - Returns: The plan; its exit code is the one that the run would end with for the first problem it met.
    package func run() async -> DryRunPlan {
        var plan = DryRunPlan()
        let (configuration, failure) = await ConfigurationLoader(inputs: inputs, logger: logger).loadLeniently()
        if let failure { plan.add(failure) }
        guard let configuration else { return plan }
        await describe(configuration, &plan)
        // One sentence says that the store cannot be reached; each address again would bury the rest.
        if failure?.kind != .storageUnavailable { await examine(configuration, &plan) }
        return plan
    }

    /// What the configuration says by itself.
    private func describe(_ configuration: JobConfiguration, _ plan: inout DryRunPlan) async {
        plan.configuration = configuration.origins
        plan.variables = await environment(of: configuration).variables.map { ($0.name, $0.source) }
        plan.warnings += configuration.warnings + secretWarnings(configuration)
        plan.destinations = destinations(configuration)
        plan.timeLimitSeconds = configuration.maxRuntimeSeconds
    }

    /// What the store and the script say.
    private func examine(_ configuration: JobConfiguration, _ plan: inout DryRunPlan) async {
        let access = S3Access(
            environment: inputs.environment,
            settings: configuration.settings.store,
            logger: logger
        )
        let stores = Stores(mode: configuration.storage, s3: access)
        await examineDevice(configuration, stores, &plan)
        await examineScript(configuration, stores, await environment(of: configuration), &plan)
        await examineChannels(configuration, stores, &plan)
        await examineCheckpoints(configuration, stores, &plan)
    }

    private func environment(of configuration: JobConfiguration) async -> ScriptEnvironment {
        ScriptEnvironment(
            configuration,
            process: inputs.environment,
            sageMaker: await sageMakerNames(configuration)
        )
    }

    // MARK: Script

    private func examineScript(
        _ configuration: JobConfiguration,
        _ stores: Stores,
        _ environment: ScriptEnvironment,
        _ plan: inout DryRunPlan
    ) async {
        do {
            try await withScratchFolder { folder in
                let extracted = folder.appending("extracted")
                let bundle = CodeBundle(
                    configuration: configuration,
                    stores: stores,
                    limits: ExtractionLimits(configuration),
                    logger: logger
                )
                let fetched = try await bundle.fetch(into: extracted)
                plan.script = DryRunPlan.Script(
                    address: configuration.script.description,
                    form: fetched.form,
                    entries: fetched.entries,
                    bytes: fetched.bytes,
                    sha256: fetched.sha256,
                    skipped: fetched.skipped
                )
                plan.requirements = try Requirements.files(in: extracted).map { file in
                    (
                        self.relative(file, to: extracted),
                        Requirements.lines(of: file).map { $0.withoutCredentials() }
                    )
                }
                await examineEntryPoint(configuration, environment, extracted, &plan)
            }
        } catch let failure as JobFailure {
            plan.add(failure)
        } catch {
            plan.add(JobFailure(.runnerFault, .internalFault, "Cannot look at the script.", details: ["\(error)"]))
        }
    }

    private func examineEntryPoint(
        _ configuration: JobConfiguration,
        _ environment: ScriptEnvironment,
        _ extracted: FilePath,
        _ plan: inout DryRunPlan
    ) async {
        let python = ScriptLaunch.findPython(configuration, path: environment[EnvironmentKey.path])
        switch resolveEntryPoint(configuration.entryPoint, in: extracted) {
        case .program(let file):
            plan.entryPoint = DryRunPlan.EntryPoint(
                name: configuration.entryPoint,
                file: relative(file, to: extracted),
                signature: nil
            )
            plan.command = relative(file, to: extracted)
        case .missingFile(let name):
            plan.add(
                JobFailure(
                    .entryPointMissing,
                    .scriptArchive,
                    "The entry point \"\(name.escaped())\" is not in the script."
                )
            )
        case .module(_, _, let file):
            guard let python else {
                return plan.add(
                    JobFailure(
                        .notExecutable,
                        .scriptArchive,
                        "The entry point needs Python, and there is none on PATH."
                    )
                )
            }
            plan.command = "\(python) braket_container.py"
            plan.entryPoint = DryRunPlan.EntryPoint(
                name: configuration.entryPoint,
                file: file.map { relative($0, to: extracted) },
                signature: nil
            )
            var request = ScriptLaunch.request(configuration, environment, [])
            request.extracted = extracted
            await describe(request, python, environment, extracted, &plan)
        }
    }

    /// Asks Python, which does not import the user's code for it.
    private func describe(
        _ request: PythonLauncher.Request,
        _ python: FilePath,
        _ environment: ScriptEnvironment,
        _ extracted: FilePath,
        _ plan: inout DryRunPlan
    ) async {
        let specification = ProcessSpecification(
            executable: python,
            arguments: PythonLauncher.describeArguments(python: python, request),
            environment: environment.variables.map { ($0.name, $0.value) } + [("PYTHONDONTWRITEBYTECODE", "1")],
            workingDirectory: extracted
        )
        guard let run = try? await CapturedRun.run(specification, output: nil),
            let line = run.tail.split(separator: "\n").last,
            let answer = try? JSONText.parse(String(line)).objectValue
        else {
            plan.warnings.append("Python could not say what the entry point is; the run will tell")
            return
        }
        plan.entryPoint?.signature = answer["signature"]?.stringValue
        if plan.entryPoint?.file == nil { plan.entryPoint?.file = answer["file"]?.stringValue }
        let problem = answer["error"]?.stringValue
        if answer["found"]?.boolValue != true {
            let words = "ImportError: \(problem ?? "No module named \(request.entryPoint)")"
            // The requirements may bring a module, but none into a package of the script.
            let top = String(request.entryPoint.prefix { $0 != "." && $0 != ":" })
            let isOwn = ["", ".py"].contains { FileStatus(of: extracted.appending(top + $0)) != nil }
            guard plan.requirements.isEmpty || isOwn else {
                return plan.warnings.append("\(words); it may come with the requirements")
            }
            plan.add(JobFailure(.entryPointMissing, .scriptArchive, words))
        } else if answer["defined"]?.boolValue == false, let problem {
            plan.add(JobFailure(.entryPointMissing, .scriptArchive, problem))
        }
    }

    // MARK: Data

    private func examineChannels(
        _ configuration: JobConfiguration,
        _ stores: Stores,
        _ plan: inout DryRunPlan
    ) async {
        let stage = InputStage(configuration: configuration, stores: stores, logger: logger)
        for channel in configuration.channels {
            do {
                let contents = try await stage.contents(of: channel)
                plan.channels.append(
                    DryRunPlan.Channel(
                        name: channel.name,
                        address: channel.location.description,
                        files: (contents.files ?? []).map { ($0.name.string, $0.object.sizeBytes) }
                    )
                )
            } catch {
                plan.add(error as? JobFailure ?? JobFailure(.inputMissing, .inputs, "\(error)"))
            }
        }
    }

    private func examineCheckpoints(
        _ configuration: JobConfiguration,
        _ stores: Stores,
        _ plan: inout DryRunPlan
    ) async {
        do {
            guard let (store, prefix) = try configuration.checkpointPlace(in: stores) else { return }
            let sync = CheckpointSync(
                folder: configuration.checkpointDirectory,
                store: store,
                prefix: prefix,
                options: WriteOptions(),
                logger: logger
            )
            plan.checkpoints = try await sync.storedCheckpoints().map { ($0.name.string, $0.sizeBytes) }
        } catch {
            plan.add((error as? ObjectStoreError).map(JobFailure.init(restoring:)) ?? Self.fault(error))
        }
    }

    private func destinations(_ configuration: JobConfiguration) -> [String] {
        guard configuration.storage.movesData else { return ["the platform stores results and checkpoints"] }
        var lines: [String] = []
        if let output = configuration.outputPath {
            lines += [
                "\(configuration.paths.model) -> \(output)/output/model.tar.gz",
                "\(configuration.paths.outputData) -> \(output)/output/output.tar.gz",
                "\(configuration.paths.record) -> \(output)/output/job.json",
            ]
            lines += configuration.settings.uploads.map { rule in
                switch rule.source {
                case .results: "\(configuration.paths.model) is stored: \(rule.policy.rawValue)"
                case .data: "\(configuration.paths.outputData) is stored: \(rule.policy.rawValue)"
                case .path(let path): "\(path) -> \(output)/output/\(rule.objectName ?? ""): \(rule.policy.rawValue)"
                }
            }
        } else {
            lines.append("results stay in \(configuration.paths.model): no output location was given")
        }
        if let checkpoints = configuration.checkpoints {
            lines.append("\(configuration.checkpointDirectory) -> \(checkpoints)")
        } else {
            lines.append("checkpoints stay in \(configuration.checkpointDirectory): no location was given")
        }
        return lines
    }

    // MARK: Small things

    private static func fault(_ error: any Error) -> JobFailure {
        JobFailure(.runnerFault, .internalFault, "The dry run failed.", details: ["\(error)"])
    }

    private func secretWarnings(_ configuration: JobConfiguration) -> [String] {
        configuration.hyperparameters.members.compactMap { member in
            guard let value = member.value.stringValue,
                let reason = SecretDetector.reason(name: member.name, value: value)
            else { return nil }
            return "hyperparameter \"\(member.name.escaped())\" \(reason); hyperparameters are no place for secrets: "
                + "the service stores and shows them"
        }
    }

    /// The names only: the values would have to be computed from files that are not written yet.
    private func sageMakerNames(_ configuration: JobConfiguration) async -> [(name: String, value: String)] {
        guard configuration.setsSageMakerEnvironment else { return [] }
        let files = ConfigurationFiles(paths: configuration.paths)
        let channels = JSONObject(configuration.channels.map { ($0.name, .object([:])) })
        let environment = SageMakerEnvironment(
            files: SageMakerEnvironment.Files(
                hyperparameters: configuration.hyperparameters,
                inputDataConfig: (try? files.readIfThere(configuration.paths.inputDataConfig)) ?? channels,
                resourceConfig: (try? files.readIfThere(configuration.paths.resourceConfig))
                    ?? ["current_host": "algo-1", "hosts": ["algo-1"]]
            ),
            machine: await .current(path: inputs.environment[EnvironmentKey.path]),
            mlDirectory: configuration.paths.ml.string,
            environment: inputs.environment
        )
        return environment.processVariables + environment.variables
    }

    private func relative(_ path: FilePath, to folder: FilePath) -> String {
        var path = path
        return path.removePrefix(folder) ? path.string : path.string
    }
}

/// Runs `body` with a temporary folder that is removed afterwards.
///
/// - Parameter body: Gets the folder.
/// - Throws: What `body` throws, or `JobFailure` when there is no place for it.
private func withScratchFolder(_ body: (FilePath) async throws -> Void) async throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/braket-runner-plan-XXXXXX".utf8CString)
    guard template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) != nil else {
        throw JobFailure(
            .runnerFault,
            .internalFault,
            "Cannot make a temporary folder in \(parent): \(Errno(rawValue: errno))",
            details: ["Set TMPDIR to a folder that can be written."]
        )
    }
    let folder = FilePath(bytes: template.dropLast().map(UInt8.init(bitPattern:)))
    do {
        try await body(folder)
        try removeTree(folder)
    } catch {
        try? removeTree(folder)  // The first error is the one to report.
        throw error
    }
}
