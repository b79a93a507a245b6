package import BraketAPI
import RunnerCore
import SystemPackage

/// Turns what was given into one checked configuration, or into the list of everything that is wrong.
///
/// Precedence, weakest first: defaults, the platform's variables and files, the job document, `BRAKET_RUNNER_*`
/// variables, flags.
package struct ConfigurationResolver {
    /// The member of the request that describes the script.
    static let scriptPath = ["algorithmSpecification", "scriptModeConfig"]
    /// Everything that was given.
    let inputs: ConfigurationInputs
    /// What is wrong so far.
    var problems: [Problem] = []
    /// Where each value came from, for a dry run.
    var origins: [JobConfiguration.Origin] = []
    /// The document with the flags over it.
    var overlay: RequestOverlay

    /// Makes a resolver.
    ///
    /// - Parameter inputs: Everything that was given.
    package init(_ inputs: ConfigurationInputs) {
        self.inputs = inputs
        overlay = RequestOverlay(inputs.document?.objectValue ?? [:])
    }

    /// Resolves the configuration.
    ///
    /// - Returns: The configuration.
    /// - Throws: All problems at once.
    package mutating func resolve() throws(ConfigurationError) -> JobConfiguration {
        let (configuration, problems) = resolveLeniently()
        guard problems.isEmpty, let configuration else { throw ConfigurationError(problems) }
        return configuration
    }

    /// Resolves what can be resolved, for a dry run that goes on to look for problems elsewhere.
    ///
    /// - Returns: The configuration without its wrong parts, nil when script or entry point are missing; and all
    ///   problems.
    package mutating func resolveLeniently() -> (configuration: JobConfiguration?, problems: [Problem]) {
        let storage = resolveStorage()
        let settings = resolveSettings()
        overlayFlags()
        let script = resolveScript()
        let places = resolvePlaces(storage)
        validate()
        let configuration = assemble(script: script, storage: storage, settings: settings, places: places)
        return (configuration, problems)
    }

    // MARK: Flags over the document

    /// Lays the flags over the document.
    mutating func overlayFlags() {
        let options = inputs.options
        setAddress(options.script, at: Self.scriptPath + ["s3Uri"])
        set(options.entryPoint, at: Self.scriptPath + ["entryPoint"])
        set(
            options.compression.map { OptionValue($0.text.trimmed().uppercased(), source: $0.source) },
            at: Self.scriptPath + ["compressionType"]
        )
        set(options.output, at: ["outputDataConfig", "s3Path"])
        setAddress(options.checkpoints, at: ["checkpointConfig", "s3Uri"])
        set(options.jobName, at: ["jobName"])
        set(options.device, at: ["deviceConfig", "device"])
        if let seconds = options.maxRuntime {
            let value = Int(seconds.text).map { JSONValue.number(JSONNumber($0)) } ?? .string(seconds.text)
            overlay.set(["stoppingCondition", "maxRuntimeInSeconds"], value, from: seconds.source)
        }
        overlayHyperparameters()
        var named: Set<String> = []
        for input in options.inputs {
            guard let (name, address) = split(input, "CHANNEL=ADDRESS") else { continue }
            guard named.insert(name).inserted else {
                report(input.source, "the channel \"\(name.escaped())\" is given twice")
                continue
            }
            guard let location = location(OptionValue(address, source: input.source)) else { continue }
            overlay.setChannel(name, uri: location.description, from: input.source)
        }
    }

    private mutating func overlayHyperparameters() {
        if let file = inputs.hyperparametersFile, let source = inputs.options.hyperparametersFile?.source {
            guard let object = file.objectValue else {
                return report(source, "must be a file with one JSON object of names and values")
            }
            for member in object.members {
                overlay.setHyperparameter(member.name, Self.text(of: member.value), from: source)
            }
        }
        for option in inputs.options.hyperparameters {
            guard let (name, value) = split(option, "NAME=VALUE") else { continue }
            overlay.setHyperparameter(name, value, from: option.source)
        }
    }

    private mutating func set(_ option: OptionValue?, at path: [String]) {
        guard let option else { return }
        overlay.set(path, .string(option.text), from: option.source)
    }

    private mutating func setAddress(_ option: OptionValue?, at path: [String]) {
        guard let option else { return }
        // A wrong address is reported here; the validator must not stumble over it a second time.
        let text = location(option)?.description ?? "s3://unknown/unknown"
        overlay.set(path, .string(text), from: option.source)
    }

    // MARK: Script and entry point

    /// The script's address and the entry point, by today's rule and today's words (contract §3.3).
    private mutating func resolveScript() -> ScriptSource {
        let isComplete = overlay[Self.scriptPath + ["s3Uri"]] != nil && overlay[Self.scriptPath + ["entryPoint"]] != nil
        var source = isComplete ? ScriptSource() : ScriptSource(platform: inputs, problems: &problems)
        if let uri = overlay[Self.scriptPath + ["s3Uri"]]?.stringValue {
            source.uri = OptionValue(uri, source: sourceName("algorithmSpecification.scriptModeConfig.s3Uri"))
        }
        if let entry = overlay[Self.scriptPath + ["entryPoint"]]?.stringValue {
            source.entryPoint = OptionValue(
                entry,
                source: sourceName("algorithmSpecification.scriptModeConfig.entryPoint")
            )
        }
        if let type = overlay[Self.scriptPath + ["compressionType"]]?.stringValue {
            source.compression = OptionValue(
                type,
                source: sourceName("algorithmSpecification.scriptModeConfig.compressionType")
            )
        } else if inputs.document != nil || inputs.options.script != nil {
            // What the platform says of its own script says nothing of another one.
            source.compression = nil
        }
        if source.uri == nil {
            problems.append(Problem(path: "", message: "No customer script specified"))
        }
        if source.entryPoint == nil {
            problems.append(Problem(path: "", message: "No customer entry point specified"))
        }
        return source
    }

    // MARK: The request

    /// Checks the document with its flags.
    ///
    /// Without a document the members that only a document could give are filled
    /// with values that pass, so that the flags alone are judged.
    private mutating func validate() {
        if let document = inputs.document, document.objectValue == nil {
            return report(inputs.options.job?.source ?? "--job", "must be one JSON object, a CreateJob request")
        }
        var checked = overlay
        checked.fill(Self.scriptPath + ["s3Uri"], "s3://none/none")
        checked.fill(Self.scriptPath + ["entryPoint"], "none")
        if inputs.document == nil {
            checked.fill(["jobName"], .string(Self.defaultJobName))
            checked.fill(["deviceConfig", "device"], "local:none/none")
            checked.fill(["outputDataConfig", "s3Path"], "s3://none/none")
            if checked[["checkpointConfig"]] != nil { checked.fill(["checkpointConfig", "s3Uri"], "s3://none/none") }
        }
        do {
            _ = try JobRequest.parse(
                .object(checked.document),
                rules: JobRequest.Rules(use: .localRun, flags: checked.flags)
            )
        } catch {
            problems += error.problems
        }
    }

    // MARK: Small things

    /// The name of a job that nobody named: constant, because the SDK names checkpoints after the job.
    static let defaultJobName = "local-job"

    /// Adds a problem with an option.
    mutating func report(_ source: String, _ message: String, value: String? = nil) {
        problems.append(Problem(path: source, value: value.map(JSONValue.string), message: message))
    }

    /// Notes where a value came from.
    mutating func note(_ name: String, _ value: String, _ source: String) {
        origins.append(JobConfiguration.Origin(name: name, value: value, source: source))
    }

    /// Who set a member of the request.
    func sourceName(_ path: String) -> String {
        overlay.flags[path] ?? "job document"
    }

    /// Reads an address of an option, or reports why it is none.
    mutating func location(_ option: OptionValue) -> DataLocation? {
        do {
            return try DataLocation(option.text, relativeTo: inputs.workingDirectory)
        } catch {
            report(option.source, error.description, value: option.text.withoutCredentials())
            return nil
        }
    }

    private mutating func split(_ option: OptionValue, _ form: String) -> (name: String, value: String)? {
        guard let equals = option.text.firstIndex(of: "="), equals != option.text.startIndex else {
            // The text may be a value without its name, and every value may be a secret.
            report(option.source, "must have the form \(form)")
            return nil
        }
        return (String(option.text[..<equals]), String(option.text[option.text.index(after: equals)...]))
    }

    /// A hyperparameter's text: the service knows only texts, so `0.5` in a file means `"0.5"`.
    private static func text(of value: JSONValue) -> String {
        value.stringValue ?? value.serialized()
    }
}
