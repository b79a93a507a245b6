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
        settings.stopSignal = stopSignal() ?? settings.stopSignal
        settings.phaseLimits = phaseLimits()
        settings.stall = stallPolicy() ?? settings.stall
        settings.maxArchiveEntries = number(options.maxArchiveEntries, "archive entries", 1...Int64.max).map(Int.init)
        settings.maxArchiveBytes = number(options.maxArchiveBytes, "archive bytes", 1...Int64.max)
        settings.maxArchiveRatio = number(options.maxArchiveRatio, "archive ratio", 1...1_000_000_000).map(Int.init)
        settings.log = logSettings()
        let uploads = UploadRule.read(options.uploads)
        settings.uploads = uploads.rules
        problems += uploads.problems
        settings.deflate = deflate() ?? settings.deflate
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

    private mutating func stopSignal() -> StopSignal? {
        guard let option = inputs.options.stopSignal else { return nil }
        note("stop signal", option.text, option.source)
        if option.text.lowercased() == "none" { return StopSignal.none }
        guard let number = signalNumber(option.text), endsProcesses(number) else {
            report(
                option.source,
                "must be the name or the number of a signal that can end a program, such as SIGINT, or none",
                value: option.text
            )
            return nil
        }
        return .number(number)
    }

    private mutating func phaseLimits() -> PhaseLimits {
        let (limits, wrong) = PhaseLimits.read(inputs.options.timeouts)
        for part in wrong { report(part.source, part.problem, value: part.value) }
        if let source = inputs.options.timeouts.first?.source { note("timeouts", limits.summary, source) }
        return limits
    }

    private mutating func logSettings() -> LogSettings {
        var log = LogSettings()
        if let option = inputs.options.logFile {
            if let choice = LogSettings.Choice(option.text) {
                log.choice = choice
                note("log file", option.text, option.source)
            } else {
                report(option.source, "must be auto, none or a file", value: option.text)
            }
        }
        log.capBytes = number(inputs.options.logSize, "log size", 4096...Int64.max) ?? log.capBytes
        return log
    }

    private mutating func stallPolicy() -> StallPolicy?? {
        guard let option = inputs.options.stall else { return nil }
        guard let policy = StallPolicy.parse(option.text) else {
            report(option.source, "must be SECONDS, SECONDS:warn, SECONDS:stop, or none", value: option.text)
            return nil
        }
        note("stall", policy?.text ?? "none", option.source)
        return policy
    }

    private mutating func deflate() -> String? {
        guard let option = inputs.options.deflate else { return nil }
        guard ["auto", "isal", "zlib"].contains(option.text) else {
            report(option.source, "must be auto, isal or zlib", value: option.text)
            return nil
        }
        return option.text
    }

    /// A whole number of an option; nil when it is absent, or wrong, which is then a problem.
    mutating func number(_ option: OptionValue?, _ name: String, _ range: ClosedRange<Int64>) -> Int64? {
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
