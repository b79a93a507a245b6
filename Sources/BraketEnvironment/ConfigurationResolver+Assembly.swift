import BraketAPI
import RunnerCore
import SystemPackage

extension ConfigurationResolver {
    /// Who moves the data: what the option says, and with `auto` the runner when it was given a job of its own.
    ///
    /// - Returns: The mode; a wrong option counts as absent and is a problem.
    package mutating func resolveStorage() -> StorageMode {
        let option = inputs.options.storage
        let text = option?.text ?? "auto"
        let source = option?.source ?? "default"
        let automatic: StorageMode = inputs.options.bringsJob ? .s3 : .managed
        let mode: StorageMode? =
            switch text {
            case "auto": automatic
            case "managed": .managed
            case "s3": .s3
            case _ where text.hasPrefix("file:") && text != "file:": folder(text)
            default: nil
            }
        guard let mode else {
            report(source, "must be auto, managed, s3 or file:DIR", value: text)
            return automatic
        }
        note("storage", mode.description, source)
        return mode
    }

    private func folder(_ text: String) -> StorageMode? {
        guard case .local(let path)? = try? DataLocation(text, relativeTo: inputs.workingDirectory) else { return nil }
        return .folder(path)
    }

    /// Puts the checked pieces together.
    mutating func assemble(_ request: JobRequest, script: ScriptSource, storage: StorageMode) -> JobConfiguration? {
        guard let uri = script.uri, let entryPoint = script.entryPoint, let scriptLocation = location(uri) else {
            return nil
        }
        let paths = ContainerPaths(root: inputs.root)
        let jobName = chosen("job name", ["jobName"], EnvironmentKey.jobName, Self.defaultJobName)
        let device = chosen("device", ["deviceConfig", "device"], EnvironmentKey.deviceARN, "local:none/none")
        note("script", scriptLocation.description, uri.source)
        note("entry point", entryPoint.text, entryPoint.source)
        note("root", paths.root.string, inputs.options.root?.source ?? "default")
        let output = overlay[["outputDataConfig", "s3Path"]]?.stringValue
        if let output { note("results", output, sourceName("outputDataConfig.s3Path")) }
        let checkpoints = overlay[["checkpointConfig", "s3Uri"]]?.stringValue.flatMap {
            location(OptionValue($0, source: sourceName("checkpointConfig.s3Uri")))
        }
        if let checkpoints { note("checkpoints", checkpoints.description, sourceName("checkpointConfig.s3Uri")) }
        return JobConfiguration(
            jobName: jobName, device: device, scriptURI: uri.text, script: scriptLocation,
            entryPoint: entryPoint.text, compression: compression(script), hyperparameters: hyperparameters(),
            channels: storage.movesData ? channels(request) : [], outputPath: output,
            kmsKeyID: request.outputDataConfig.kmsKeyId, checkpoints: checkpoints,
            checkpointDirectory: checkpointDirectory(paths), maxRuntimeSeconds: maxRuntime(request), storage: storage,
            paths: paths, requirements: requirementsPolicy(), python: inputs.options.python?.text,
            graceSeconds: Int(number(inputs.options.grace, "grace", 0...86_400) ?? 120),
            maxArchiveEntries: number(inputs.options.maxArchiveEntries, "archive entries", 1...Int64.max).map(Int.init),
            maxArchiveBytes: number(inputs.options.maxArchiveBytes, "archive bytes", 1...Int64.max),
            maxArchiveRatio: number(inputs.options.maxArchiveRatio, "archive ratio", 1...1_000_000_000).map(Int.init),
            setsSageMakerEnvironment: inputs.options.sageMakerEnvironment || inputs.hasPlatformFiles,
            typedHyperparameters: inputs.options.typedHyperparameters,
            instanceType: request.instanceConfig?.instanceType,
            requestMembers: requestMembers(jobName, device, uri.text, entryPoint.text), origins: origins)
    }

    /// A value of the request, else of the platform's variable, else the default.
    private mutating func chosen(_ name: String, _ path: [String], _ variable: String, _ fallback: String) -> String {
        if let value = overlay[path]?.stringValue {
            note(name, value, sourceName(path.joined(separator: ".")))
            return value
        }
        let value = inputs.environment.nonEmpty(variable)
        note(name, value ?? fallback, value == nil ? "default" : variable)
        return value ?? fallback
    }

    private mutating func compression(_ script: ScriptSource) -> ScriptCompression {
        guard let given = script.compression else {
            // The service's default is NONE (contract §3.5), but who names a file on the command line means its kind.
            let value: ScriptCompression = inputs.options.script != nil ? .automatic : .none
            note("compression", value.rawValue, "default")
            return value
        }
        let value: ScriptCompression = ["GZIP", "ZIP"].contains(given.text.trimmed().uppercased()) ? .archive : .none
        note("compression", value.rawValue, given.source)
        return value
    }

    /// The platform's file, the document in its place, the flags over both.
    private mutating func hyperparameters() -> JSONObject {
        let given = overlay[["hyperParameters"]]?.objectValue
        var result = inputs.document == nil ? inputs.platformHyperparameters ?? [:] : [:]
        for member in given?.members ?? [] { result[member.name] = member.value }
        let source =
            switch (inputs.document != nil, given != nil, inputs.platformHyperparameters != nil) {
            case (true, true, _): "job document and flags"
            case (false, true, true): "hyperparameters.json and flags"
            case (false, true, false): "flags"
            case (false, false, true): "hyperparameters.json"
            default: "default"
            }
        // Names only: any value may be a secret.
        note("hyperparameters", result.isEmpty ? "none" : result.names.joined(separator: ", "), source)
        return result
    }

    private mutating func channels(_ request: JobRequest) -> [ConfiguredChannel] {
        request.inputDataConfig.enumerated().compactMap { index, channel in
            let source = sourceName("inputDataConfig[\(index)]")
            guard let location = location(OptionValue(channel.s3Uri, source: source)) else { return nil }
            note("input \(channel.channelName)", location.description, source)
            return ConfiguredChannel(
                name: channel.channelName, location: location, contentType: channel.contentType,
                isManifest: channel.s3DataType == .manifestFile)
        }
    }

    private mutating func checkpointDirectory(_ paths: ContainerPaths) -> FilePath {
        if let option = inputs.options.checkpointDirectory {
            let path = inputs.workingDirectory.pushing(FilePath(option.text))
            note("checkpoint folder", path.string, option.source)
            // The flag names a folder of this machine, but /opt is the container's in it too.
            return FilePath(option.text).starts(with: "/opt") ? paths.rerooted(path) : path.lexicallyNormalized()
        }
        let document = overlay[["checkpointConfig", "localPath"]]?.stringValue
        let variable = inputs.environment.nonEmpty(EnvironmentKey.checkpointDirectory)
        let fallback = CheckpointConfig.defaultLocalPath
        let path = paths.rerooted(FilePath(document ?? variable ?? fallback))
        note(
            "checkpoint folder", path.string,
            document != nil ? "job document" : variable != nil ? EnvironmentKey.checkpointDirectory : "default")
        return path
    }

    private mutating func maxRuntime(_ request: JobRequest) -> Int? {
        let limit = request.stoppingCondition.maxRuntimeInSeconds
        note("time limit", limit.map { "\($0) s" } ?? "none", limit == nil ? "default"
            : sourceName("stoppingCondition.maxRuntimeInSeconds"))
        return limit
    }

    private mutating func requirementsPolicy() -> RequirementsPolicy {
        guard let option = inputs.options.requirements else { return .fail }
        guard let policy = RequirementsPolicy(rawValue: option.text) else {
            report(option.source, "must be fail, warn or skip", value: option.text)
            return .fail
        }
        note("requirements", policy.rawValue, option.source)
        return policy
    }

    private mutating func number(_ option: OptionValue?, _ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let option else { return nil }
        guard let value = Int64(option.text), range.contains(value) else {
            let limit = range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            report(option.source, "must be a whole number \(limit)", value: option.text)
            return nil
        }
        note(name, "\(value)", option.source)
        return value
    }

    /// What the record shows of the request: the document with its flags, without what looks like a secret.
    private func requestMembers(_ jobName: String, _ device: String, _ uri: String, _ entryPoint: String) -> JSONObject {
        var members = overlay
        members.fill(["jobName"], .string(jobName))
        members.fill(["deviceConfig", "device"], .string(device))
        members.fill(["algorithmSpecification", "scriptModeConfig", "s3Uri"], .string(uri))
        members.fill(["algorithmSpecification", "scriptModeConfig", "entryPoint"], .string(entryPoint))
        var document = members.document
        let values = (document["hyperParameters"]?.objectValue ?? inputs.platformHyperparameters)?.members ?? []
        if !values.isEmpty {
            document["hyperParameters"] = .object(JSONObject(values.map { ($0.name, Self.redacted($0)) }))
        }
        document["clientToken"] = nil
        return document
    }

    private static func redacted(_ member: JSONObject.Member) -> JSONValue {
        guard let text = member.value.stringValue, SecretDetector.reason(name: member.name, value: text) != nil else {
            return member.value
        }
        return "<redacted>"
    }
}
