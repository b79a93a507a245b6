import MultiInstance
import RunnerCore
import SystemPackage

/// The environment of the script, each variable with where it came from.
package struct ScriptEnvironment: Sendable {
    /// A variable; its value may be a secret and is not for messages.
    package struct Variable: Sendable {
        /// Its name.
        package let name: String
        /// Its value.
        package let value: String
        /// `process`, `job`, `platform files`, or `default`.
        package let source: String
    }

    /// The variables in order.
    package private(set) var variables: [Variable] = []

    /// The names of variables that are too long for the kernel: SM_HPS of a hundred long hyperparameters.
    package private(set) var leftOut: [String] = []

    /// Makes the environment of a job's script (contract §1.1, §1.4).
    ///
    /// Where the platform moves the data its variables stand as they are, but for paths below `/opt`, which follow
    /// the root. A job of our own sets all of them.
    ///
    /// - Parameters:
    ///   - configuration: The job.
    ///   - process: The variables of this process.
    ///   - sageMaker: The SM_* variables, none when the script gets none.
    ///   - region: The region to name when no variable does.
    package init(
        _ configuration: JobConfiguration,
        process: ProcessEnvironment,
        sageMaker: [(name: String, value: String)],
        region: String? = nil
    ) {
        for variable in process.variables where !Self.isOurs(variable.name) {
            set(variable.name, variable.value, "process")
        }
        if configuration.storage.movesData {
            setJobVariables(configuration)
        } else {
            reroot(configuration.paths)
            setOverrides(configuration)
        }
        setDefaults(configuration)
        setRegion(option: configuration.settings.store.region, otherwise: region)
        for variable in sageMaker {
            // The kernel takes no longer one, MAX_ARG_STRLEN of execve(2), and would refuse the whole script.
            if variable.name.utf8.count + variable.value.utf8.count + 2 > 128 * 1024 {
                leftOut.append(variable.name)
            } else {
                set(variable.name, variable.value, "platform files")
            }
        }
    }

    /// The value of a variable.
    package subscript(name: String) -> String? {
        variables.first { $0.name.hasSameBytes(as: name) }?.value
    }

    /// Names the file that appears when the script is to end.
    package mutating func setStopFile(_ path: String) {
        set(EnvironmentKey.stopFile, path, "job")
    }

    /// Tells the script of the other hosts; does nothing in a job of one.
    package mutating func setCluster(_ job: JobConfiguration) {
        guard let cluster = job.hosts.cluster else { return }
        let launch = job.hosts.launch
        let variables = cluster.variables(
            launch: launch.kind,
            ranksPerHost: launch.ranksPerHost,
            hostfile: job.paths.hostfile.string
        )
        for variable in variables { set(variable.name, variable.value, "hosts") }
    }

    /// Our options and what was said to our own runtime are not the script's.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix(EnvironmentKey.runnerPrefix) || name == EnvironmentKey.swiftBacktrace
    }

    private mutating func set(_ name: String, _ value: String, _ source: String) {
        let variable = Variable(name: name, value: value, source: source)
        if let index = variables.firstIndex(where: { $0.name.hasSameBytes(as: name) }) {
            variables[index] = variable
        } else {
            variables.append(variable)
        }
    }

    private mutating func setDefault(_ name: String, _ value: String) {
        if self[name] == nil { set(name, value, "default") }
    }

    private mutating func setJobVariables(_ job: JobConfiguration) {
        let paths = job.paths
        set(EnvironmentKey.hyperparametersFile, paths.braketText("input/config/hyperparameters.json"), "job")
        set(EnvironmentKey.inputDirectory, paths.braketText("input/data"), "job")
        set(EnvironmentKey.resultsDirectory, paths.braketText("model"), "job")
        set(EnvironmentKey.checkpointDirectory, job.checkpointDirectory.string, "job")
        set(EnvironmentKey.jobName, job.jobName, "job")
        set(EnvironmentKey.deviceARN, job.device, "job")
        guard let output = job.outputPath,
            case .object(let bucket, let key)? = try? DataLocation(output, relativeTo: paths.root)
        else { return }
        set(EnvironmentKey.outputBucket, bucket, "job")
        set(EnvironmentKey.taskResultsURI, "s3://\(bucket)/jobs/\(job.jobName)/tasks", "job")
        // SDK local mode writes this although results lie elsewhere (contract §5.3); nothing reads it.
        set(EnvironmentKey.resultsPath, "\(key)/\(job.jobName)/output", "job")
    }

    /// Flags beside the platform's variables.
    private mutating func setOverrides(_ job: JobConfiguration) {
        let values: [(JobConfiguration.Override, String, String)] = [
            (.jobName, EnvironmentKey.jobName, job.jobName), (.device, EnvironmentKey.deviceARN, job.device),
            (.script, EnvironmentKey.scriptURI, job.scriptURI),
            (.entryPoint, EnvironmentKey.entryPoint, job.entryPoint),
            (.compression, EnvironmentKey.compressionType, job.compression.rawValue),
            (.checkpointDirectory, EnvironmentKey.checkpointDirectory, job.checkpointDirectory.string),
            (
                .hyperparameters, EnvironmentKey.hyperparametersFile,
                job.paths.braketText("input/config/hyperparameters.json")
            ),
        ]
        for (override, name, value) in values where job.overrides.contains(override) { set(name, value, "job") }
    }

    private mutating func reroot(_ paths: ContainerPaths) {
        let names = [
            EnvironmentKey.hyperparametersFile, EnvironmentKey.inputDirectory, EnvironmentKey.resultsDirectory,
            EnvironmentKey.checkpointDirectory,
        ]
        for name in names {
            guard let value = self[name], value.hasPrefix("/opt/"), paths.root != "/opt" else { continue }
            set(name, paths.rerooted(FilePath(value)).string, "process, below the root")
        }
    }

    /// What every world needs; the SDK would fall back to the working directory without them.
    private mutating func setDefaults(_ job: JobConfiguration) {
        setDefault(EnvironmentKey.scriptURI, job.scriptURI)
        setDefault(EnvironmentKey.entryPoint, job.entryPoint)
        if job.storage.movesData {
            // What the process says of the compression is said of another script.
            variables.removeAll { $0.name == EnvironmentKey.compressionType }
            set(EnvironmentKey.scriptURI, job.scriptURI, "job")
            set(EnvironmentKey.entryPoint, job.entryPoint, "job")
        }
        if job.compression != .automatic { setDefault(EnvironmentKey.compressionType, job.compression.rawValue) }
        setDefault(EnvironmentKey.resultsDirectory, job.paths.braketText("model"))
        setDefault(EnvironmentKey.checkpointDirectory, job.checkpointDirectory.string)
        // The images set it: without it the last lines of a killed script are lost in its buffer.
        setDefault("PYTHONUNBUFFERED", "1")
    }

    /// boto3 reads one name, most other SDKs the other (contract §1.2); an option beats both.
    private mutating func setRegion(option: String?, otherwise found: String?) {
        let names = [EnvironmentKey.region, EnvironmentKey.defaultRegion]
        if let option {
            for name in names { set(name, option, "option") }
            return
        }
        guard let region = names.compactMap({ self[$0] }).first(where: { !$0.isEmpty }) ?? found else { return }
        for name in names where self[name]?.isEmpty ?? true { set(name, region, "default") }
    }
}
