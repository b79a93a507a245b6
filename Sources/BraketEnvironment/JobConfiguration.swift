package import BraketAPI
package import RunnerCore
package import SystemPackage

/// How the script is packed.
package enum ScriptCompression: String, Hashable, Sendable {
    /// One file, used as it is.
    case none = "NONE"
    /// An archive, told by its content.
    case archive = "GZIP"
    /// Nobody said: an archive is unpacked, anything else is used as it is.
    case automatic = "by content"
}

/// What a failing install of a requirement does.
package enum RequirementsPolicy: String, Hashable, Sendable, CaseIterable {
    /// It ends the job.
    case fail
    /// It is logged, as today.
    case warn
    /// Nothing is installed.
    case skip
}

/// The settings of a run that the request knows nothing of.
package struct RunSettings: Hashable, Sendable {
    /// What a failing install does.
    package var requirements = RequirementsPolicy.fail
    /// The Python program that was asked for.
    package var python: String?
    /// How long a stop may take in all, in seconds; the platform's is 120 (contract §7.1).
    package var graceSeconds = 120
    /// What tells the script to end.
    package var stopSignal = StopSignal.asReceived
    /// How long each phase may take.
    package var phaseLimits = PhaseLimits()
    /// When a script counts as stalled, and what is done then; nil for never.
    package var stall: StallPolicy? = .standard
    /// What else is stored at the end, and after which ends.
    package var uploads: [UploadRule] = []
    /// What packs and unpacks: `auto`, `isal` or `zlib`.
    package var deflate = "auto"
    /// How many members a script archive may have; nil is the default.
    package var maxArchiveEntries: Int?
    /// How many bytes a script archive may unpack to; nil is the default.
    package var maxArchiveBytes: Int64?
    /// How many times its packed size a script archive may unpack to; nil is the default.
    package var maxArchiveRatio: Int?
    /// Where the script's output is kept.
    package var log = LogSettings()
    /// Whether hyperparameters are read by type.
    package var typedHyperparameters = false
    /// Whether the device is looked at before the script is fetched.
    package var checksDevice = false
    /// The job's name in the service, where somebody knows it: no variable of the container carries it.
    package var jobARN: ResourceARN?

    /// How the object store is reached and used.
    package var store = StoreSettings()
    /// How checkpoints are kept.
    package var checkpoints = CheckpointPolicy()

    /// Makes the settings of a run without options.
    package init() {}
}

/// An input channel of a run.
package struct ConfiguredChannel: Hashable, Sendable {
    /// The channel's name, which is its folder's.
    package let name: String
    /// Where its files lie.
    package let location: DataLocation
    /// The MIME type, for inputdataconfig.json.
    package let contentType: String?
    /// Whether the location is a manifest that lists the objects.
    package let isManifest: Bool
}

/// Everything a run needs to know, checked, with nothing left to look up.
package struct JobConfiguration: Sendable {
    /// A value and where it came from, for `--dry-run`.
    package struct Origin: Hashable, Sendable {
        /// What it is, such as `entry point`.
        package let name: String
        /// The value as it may be shown.
        package let value: String
        /// A flag, a variable, `job document`, `default`.
        package let source: String

        /// Makes an origin.
        package init(name: String, value: String, source: String) {
            self.name = name
            self.value = value
            self.source = source
        }
    }

    /// What a flag or variable may say against the platform's own word.
    package enum Override: Hashable, Sendable {
        case jobName
        case device
        case script
        case entryPoint
        case compression
        case checkpointDirectory
        case hyperparameters
    }

    /// The job's name.
    package var jobName: String
    /// The device.
    package var device: String
    /// The script's address as it was given.
    package var scriptURI: String
    /// Where the script lies.
    package var script: DataLocation
    /// What to run of it.
    package var entryPoint: String
    /// How it is packed.
    package var compression: ScriptCompression
    /// The raw hyperparameters, texts but for what a platform's file may hold otherwise.
    package var hyperparameters: JSONObject
    /// The channels that the runner fills; none when the platform does.
    package var channels: [ConfiguredChannel]
    /// `outputDataConfig.s3Path` as it was given; nil keeps results where they are.
    package var outputPath: String?
    /// The key of server-side encryption.
    package var kmsKeyID: String?
    /// Where the checkpoints are kept; nil when nobody said.
    package var checkpoints: DataLocation?
    /// The checkpoint folder of this machine.
    package var checkpointDirectory: FilePath
    /// The time limit.
    package var maxRuntimeSeconds: Int?
    /// Who moves the data.
    package var storage: StorageMode
    /// The files and folders.
    package var paths: ContainerPaths
    /// The settings of the run itself.
    package var settings: RunSettings
    /// What a flag or variable says against the platform's own word.
    package var overrides: Set<Override>
    /// Whether the script gets SM_* variables and arguments.
    package var setsSageMakerEnvironment: Bool
    /// The instance type, for the hosts file.
    package var instanceType: String?
    /// How many instances the request asks for.
    package var instanceCount: Int
    /// The request's own members for the record, without values that look like secrets.
    package var requestMembers: JSONObject
    /// Where each value came from.
    package var origins: [Origin]

    /// The hosts of the job and how the script is started on them.
    package var hosts = ClusterSettings()

    /// All addresses that this program reads or writes: only the script's where the platform moves everything else.
    package var addresses: [DataLocation] {
        guard storage.movesData else { return [script] }
        let output = outputPath.flatMap { try? DataLocation($0, relativeTo: paths.root) }
        return [script] + channels.map(\.location) + [output, checkpoints].compactMap { $0 }
    }

    /// What is no mistake, but not what the request says either.
    package var warnings: [String] {
        guard instanceCount > 1, hosts.cluster == nil, hosts.instances == 1 else { return [] }
        return [
            "instanceConfig.instanceCount is \(instanceCount), but this is one host that knows of no other: name them "
                + "with --hosts, or make them of this machine with --instances"
        ]
    }
}

/// Everything that is wrong with a configuration.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The problems, never none.
    package let problems: [Problem]

    /// Makes an error.
    package init(_ problems: [Problem]) {
        self.problems = problems
    }

    /// The problems, one a line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
