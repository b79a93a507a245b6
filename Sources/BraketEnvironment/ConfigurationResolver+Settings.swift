import BraketAPI
import RunnerCore
import SystemPackage

/// Where results and checkpoints go.
struct ResultPlaces {
    /// The results path as it was given; nil when nobody gave one.
    let output: String?
    /// Where checkpoints are kept.
    let checkpoints: DataLocation?
}

extension ConfigurationResolver {
    /// The settings of the run itself: judged without the request, so that all problems come at once.
    mutating func resolveSettings() -> RunSettings {
        var settings = RunSettings()
        let options = inputs.options
        settings.requirements = requirementsPolicy() ?? settings.requirements
        settings.python = options.python?.text
        settings.graceSeconds = number(options.grace, "grace", 0...86_400).map(Int.init) ?? settings.graceSeconds
        settings.maxArchiveEntries = number(options.maxArchiveEntries, "archive entries", 1...Int64.max).map(Int.init)
        settings.maxArchiveBytes = number(options.maxArchiveBytes, "archive bytes", 1...Int64.max)
        settings.maxArchiveRatio = number(options.maxArchiveRatio, "archive ratio", 1...1_000_000_000).map(Int.init)
        settings.typedHyperparameters = options.typedHyperparameters
        let store = StoreSettings.read(options.store)
        settings.store = store.settings
        problems += store.problems
        let checkpoints = CheckpointPolicy.read(options.checkpointPolicy)
        settings.checkpoints = checkpoints.policy
        problems += checkpoints.problems
        return settings
    }

    /// Where results and checkpoints go; an address that no store takes is refused before the script runs for hours.
    mutating func resolvePlaces(_ storage: StorageMode) -> ResultPlaces {
        let output = place("results", ["outputDataConfig", "s3Path"], storage)
        let checkpoints = place("checkpoints", ["checkpointConfig", "s3Uri"], storage)
        return ResultPlaces(output: output?.text, checkpoints: checkpoints?.location)
    }

    private mutating func place(
        _ name: String,
        _ path: [String],
        _ storage: StorageMode
    ) -> (text: String, location: DataLocation)? {
        guard let text = overlay[path]?.stringValue else { return nil }
        let source = overlay.flags[path.joined(separator: ".")] ?? path.joined(separator: ".")
        guard let location = location(OptionValue(text, source: source)) else { return nil }
        if case .folder = storage, case .object(let bucket, let key) = location {
            let parts = [bucket] + key.split(separator: "/").map(String.init)
            if parts.contains("..") || bucket == "." {
                report(source, "cannot be kept in a folder: a part of it is \".\" or \"..\"", value: text)
                return nil
            }
        }
        note(name, location.description, sourceName(path.joined(separator: ".")))
        return (text, location)
    }

    /// What a flag or variable says against the platform's own word.
    func overrides() -> Set<JobConfiguration.Override> {
        let options = inputs.options
        let given: [(JobConfiguration.Override, Bool)] = [
            (.jobName, options.jobName != nil), (.device, options.device != nil), (.script, options.script != nil),
            (.entryPoint, options.entryPoint != nil), (.compression, options.compression != nil),
            (.checkpointDirectory, options.checkpointDirectory != nil),
            (.hyperparameters, !options.hyperparameters.isEmpty || options.hyperparametersFile != nil),
        ]
        return Set(given.filter(\.1).map(\.0))
    }

    private mutating func requirementsPolicy() -> RequirementsPolicy? {
        guard let option = inputs.options.requirements else { return nil }
        guard let policy = RequirementsPolicy(rawValue: option.text) else {
            report(option.source, "must be fail, warn or skip", value: option.text)
            return nil
        }
        note("requirements", policy.rawValue, option.source)
        return policy
    }

    private mutating func number(_ option: OptionValue?, _ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let option else { return nil }
        guard let value = Int64(option.text), range.contains(value) else {
            let limit =
                range.upperBound == .max
                ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            report(option.source, "must be a whole number \(limit)", value: option.text)
            return nil
        }
        note(name, "\(value)", option.source)
        return value
    }
}
