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

    /// Puts the pieces together; parts of the document that the validator refused are passed over.
    mutating func assemble(
        script: ScriptSource,
        storage: StorageMode,
        settings: RunSettings,
        places: ResultPlaces
    ) -> JobConfiguration? {
        guard let uri = script.uri, let entryPoint = script.entryPoint, let scriptLocation = location(uri) else {
            return nil
        }
        let paths = ContainerPaths(root: inputs.root)
        let hyperparameters = hyperparameters()
        let jobName = chosen("job name", ["jobName"], EnvironmentKey.jobName, Self.defaultJobName)
        let device = chosen("device", ["deviceConfig", "device"], EnvironmentKey.deviceARN, "local:none/none")
        note("script", scriptLocation.description, uri.source)
        note("entry point", entryPoint.text, entryPoint.source)
        note("root", paths.root.string, inputs.options.root?.source ?? "default")
        let instanceCount = overlay[["instanceConfig", "instanceCount"]]?.intValue ?? 1
        let hosts = resolveCluster(hyperparameters: hyperparameters, instanceCount: instanceCount)
        return JobConfiguration(
            jobName: jobName,
            device: device,
            scriptURI: uri.text,
            script: scriptLocation,
            entryPoint: entryPoint.text,
            compression: compression(script),
            hyperparameters: hyperparameters,
            channels: storage.movesData ? channels() : [],
            outputPath: places.output,
            kmsKeyID: overlay[["outputDataConfig", "kmsKeyId"]]?.stringValue,
            checkpoints: places.checkpoints,
            checkpointDirectory: checkpointDirectory(paths, storage),
            maxRuntimeSeconds: maxRuntime(),
            storage: storage,
            paths: paths,
            settings: settings,
            overrides: overrides(),
            setsSageMakerEnvironment: inputs.options.sageMakerEnvironment || inputs.hasPlatformFiles,
            instanceType: overlay[["instanceConfig", "instanceType"]]?.stringValue,
            instanceCount: instanceCount,
            requestMembers: requestMembers(jobName, device, uri.text, entryPoint.text, hyperparameters),
            origins: origins,
            hosts: hosts
        )
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

    private mutating func channels() -> [ConfiguredChannel] {
        var channels: [ConfiguredChannel] = []
        for (index, element) in (overlay[["inputDataConfig"]]?.arrayValue ?? []).enumerated() {
            let place = element.objectValue?["dataSource"]?.objectValue?["s3DataSource"]?.objectValue
            // A name that the validator refuses may lead out of the folder of the channels.
            guard let name = element.objectValue?["channelName"]?.stringValue, let uri = place?["s3Uri"]?.stringValue,
                !name.isEmpty, name != ".", name != "..", !name.contains("/")
            else { continue }
            let source = sourceName("inputDataConfig[\(index)]")
            guard let location = location(OptionValue(uri, source: source)) else { continue }
            note("input \(name)", location.description, source)
            channels.append(
                ConfiguredChannel(
                    name: name,
                    location: location,
                    contentType: element.objectValue?["contentType"]?.stringValue,
                    isManifest: place?["s3DataType"]?.stringValue == "ManifestFile"
                )
            )
        }
        return channels
    }

    private mutating func checkpointDirectory(_ paths: ContainerPaths, _ storage: StorageMode) -> FilePath {
        let (folder, source) = givenCheckpointDirectory(paths)
        note("checkpoint folder", folder.string, source)
        // These are moved aside or replaced at the next run, and with them the checkpoints of a killed one.
        let own = ["model", "output", "code", "input"].flatMap { [paths.ml.appending($0), paths.braket.appending($0)] }
        let clash = own.contains { $0.starts(with: folder) || folder.starts(with: $0) }
        if storage.movesData, clash {
            report(
                source,
                "the checkpoint folder must lie beside model, output, code and input of \(paths.ml), not in or above them",
                value: folder.string
            )
        }
        return folder
    }

    private func givenCheckpointDirectory(_ paths: ContainerPaths) -> (folder: FilePath, source: String) {
        if let option = inputs.options.checkpointDirectory {
            let path = inputs.workingDirectory.pushing(FilePath(option.text))
            // The flag names a folder of this machine, but /opt is the container's in it too.
            return (path.starts(with: "/opt") ? paths.rerooted(path) : path.lexicallyNormalized(), option.source)
        }
        if let document = overlay[["checkpointConfig", "localPath"]]?.stringValue {
            return (paths.rerooted(FilePath(document)), "job document")
        }
        if let variable = inputs.environment.nonEmpty(EnvironmentKey.checkpointDirectory) {
            return (paths.rerooted(FilePath(variable)), EnvironmentKey.checkpointDirectory)
        }
        return (paths.rerooted(FilePath(CheckpointConfig.defaultLocalPath)), "default")
    }

    private mutating func maxRuntime() -> Int? {
        let limit = overlay[["stoppingCondition", "maxRuntimeInSeconds"]]?.intValue
        note(
            "time limit",
            limit.map { "\($0) s" } ?? "none",
            limit == nil
                ? "default"
                : sourceName("stoppingCondition.maxRuntimeInSeconds")
        )
        return limit
    }

    /// What the record shows of the request: the document with its flags, without what looks like a secret.
    private func requestMembers(
        _ jobName: String,
        _ device: String,
        _ uri: String,
        _ entryPoint: String,
        _ hyperparameters: JSONObject
    ) -> JSONObject {
        var members = overlay
        members.fill(["jobName"], .string(jobName))
        members.fill(["deviceConfig", "device"], .string(device))
        members.fill(["algorithmSpecification", "scriptModeConfig", "s3Uri"], .string(uri))
        members.fill(["algorithmSpecification", "scriptModeConfig", "entryPoint"], .string(entryPoint))
        var document = members.document
        if !hyperparameters.isEmpty {
            document["hyperParameters"] = .object(
                JSONObject(hyperparameters.members.map { ($0.name, Self.redacted($0)) })
            )
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
