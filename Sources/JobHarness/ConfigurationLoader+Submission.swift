import BraketAPI
import BraketEnvironment
import ObjectStorage
import RunnerCore
import SystemPackage

extension ConfigurationLoader {
    /// Reads and checks a submission without asking anybody: the document, the flags, and what they name here.
    ///
    /// - Parameters:
    ///   - options: What only `submit` is given.
    ///   - access: Knows the configured region.
    ///   - needsResults: Whether results will be fetched, so that their folder must be free.
    /// - Returns: The submission.
    /// - Throws: `JobFailure` that names everything that is wrong.
    func loadSubmission(
        _ options: SubmissionOptions,
        _ access: S3Access,
        needsResults: Bool
    ) async throws(JobFailure) -> Submission {
        var given = ConfigurationInputs(
            options: inputs.options,
            environment: inputs.environment,
            workingDirectory: inputs.workingDirectory
        )
        var problems: [Problem] = []
        given.document = await read(inputs.options.job, &problems)
        given.hyperparametersFile = await read(inputs.options.hyperparametersFile, &problems)
        var resolver = ConfigurationResolver(given)
        let identity = SubmissionIdentity(clientToken: Self.token(), time: .now(), region: access.configuredRegion)
        let (submission, more) = resolver.resolveSubmission(options, identity)
        // A document that could not be read lacks no members.
        problems += inputs.options.job != nil && given.document == nil ? [] : more.filter { !problems.contains($0) }
        let (entryPoint, results) = (resolver.submittedEntryPoint, needsResults ? submission?.results : nil)
        // Nothing in it throws.
        problems +=
            (try? await BlockingPool.shared.run { [inputs] _ in
                Self.problemsOnDisk(inputs.options, inputs.workingDirectory, entryPoint)
                    + (results.map(Self.problems(ofResults:)) ?? [])
            }) ?? []
        guard problems.isEmpty, let submission else { throw Self.failure(problems) }
        return submission
    }

    /// 128 bits that nobody else draws.
    private static func token() -> String {
        let number = UInt128.random(in: .min ... .max)
        let digits = String(number, radix: 16)
        return "braket-runner-" + String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    // MARK: What lies on this machine

    /// What is wrong with the files and folders that flags name; also when the document is wrong.
    private static func problemsOnDisk(
        _ options: RunOptions,
        _ directory: FilePath,
        _ entryPoint: String?
    ) -> [Problem] {
        var problems: [Problem] = []
        // What is no address was reported with the flags.
        if let script = options.script, case .local(let path)? = try? DataLocation(script.text, relativeTo: directory) {
            problems += missing(path, script.source)
            if problems.isEmpty, let entryPoint { problems += missing(entryPoint, in: path) }
        }
        for input in options.inputs {
            guard let equals = input.text.firstIndex(of: "="),
                case .local(let path)? = try? DataLocation(
                    String(input.text[input.text.index(after: equals)...]),
                    relativeTo: directory
                )
            else { continue }
            problems += missing(path, input.source)
        }
        return problems
    }

    private static func missing(_ path: FilePath, _ source: String) -> [Problem] {
        guard let status = FileStatus(of: path) else {
            return [Problem(path: source, value: .string(path.string), message: "does not exist")]
        }
        guard !status.isDirectory && !status.isRegularFile else { return [] }
        return [Problem(path: source, value: .string(path.string), message: "is neither a file nor a folder")]
    }

    /// The SDK refuses an entry point that is not in the script, too: the service would say so after the queue.
    private static func missing(_ entryPoint: String, in script: FilePath) -> [Problem] {
        guard !PackedScript(script, entryPoint: entryPoint).holdsEntryPoint else { return [] }
        return [
            Problem(
                path: "algorithmSpecification.scriptModeConfig.entryPoint",
                value: .string(entryPoint),
                message: "is not in \(script.string.escaped())"
            )
        ]
    }

    private static func problems(ofResults folder: FilePath) -> [Problem] {
        guard let status = FileStatus(of: folder) else { return [] }
        // A folder that cannot be listed is said when it is written to.
        if status.isDirectory, (try? directoryEntryNames(folder))?.isEmpty ?? true { return [] }
        return [
            Problem(
                path: "--results",
                value: .string(folder.string),
                message: "is there already and not an empty folder; name another one for the results"
            )
        ]
    }
}
