import BraketEnvironment
import MultiInstance
import ObjectStorage
import RunnerCore
import SystemPackage

/// The three files below `input/config` (contract §2.2): read where the platform wrote them, written where it did not.
struct ConfigurationFiles: Sendable {
    /// A list of the files that a run of ours wrote: in the same root they must not pass for the platform's later.
    private static let ownListName = ".written-by-braket-runner"

    private static let channelPrefix = "data/"

    /// The job's folders.
    let paths: ContainerPaths

    /// Whether a SageMaker platform started this container: its hosts file is there and is not ours.
    var hasPlatformFiles: Bool { FileStatus(of: paths.resourceConfig) != nil && !isOwn(paths.resourceConfig) }

    /// The hyperparameters that the platform wrote.
    ///
    /// - Returns: nil when there is no such file, or it is of an earlier run of ours.
    /// - Throws: `JobFailure` when it is no JSON object.
    func platformHyperparameters() throws(JobFailure) -> JSONObject? {
        guard FileStatus(of: paths.hyperparameters) != nil, !isOwn(paths.hyperparameters) else { return nil }
        return try read(paths.hyperparameters)
    }

    /// Reads one of the files.
    ///
    /// - Parameter file: The file.
    /// - Returns: Its object.
    /// - Throws: `JobFailure` when it cannot be read or is no JSON object.
    func read(_ file: FilePath) throws(JobFailure) -> JSONObject {
        do {
            // The platform's reader is Python's, which takes NaN as well.
            if let object = try JSONText.parse(try readSmallFileBytes(file), dialect: .python).objectValue {
                return object
            }
            throw ObjectStoreError(.failed, "\(file) must hold one JSON object")
        } catch {
            let cause = error is JSONError ? "\(file): \(error)" : "\(error)"
            throw JobFailure(.configuration, .usage, "The job's configuration is wrong.", details: [cause])
        }
    }

    /// Reads one of the files when it is there.
    ///
    /// - Parameter file: The file.
    /// - Returns: Its object, or nil.
    /// - Throws: `JobFailure` when it cannot be read or is no JSON object.
    func readIfThere(_ file: FilePath) throws(JobFailure) -> JSONObject? {
        FileStatus(of: file) == nil ? nil : try read(file)
    }

    /// Writes the files that the platform did not.
    ///
    /// - Parameter configuration: The job.
    /// - Throws: `JobFailure` when they cannot be written.
    func write(_ configuration: JobConfiguration) throws(JobFailure) {
        guard configuration.storage.movesData else { return try writeOverrides(configuration) }
        var own: [String] = []
        let files: [(path: FilePath, content: JSONValue)] = [
            (paths.hyperparameters, .object(configuration.hyperparameters)),
            (paths.inputDataConfig, Self.inputDataConfig(configuration)),
            (paths.resourceConfig, Self.resourceConfig(configuration)),
        ]
        do {
            for file in files
            where FileStatus(of: file.path) == nil || isOwn(file.path) || file.path == paths.hyperparameters {
                own.append(file.path.lastComponent?.string ?? "")
            }
            own += configuration.channels.map { Self.channelPrefix + $0.name }
            try replaceFile(
                paths.inputConfig.appending(Self.ownListName),
                with: Array((own.joined(separator: "\n") + "\n").utf8)
            )
            for file in files where own.contains(file.path.lastComponent?.string ?? "") {
                try replaceFile(file.path, with: Array(file.content.serialized().utf8))
            }
        } catch {
            throw JobFailure(preparing: error)
        }
    }

    /// Where the platform moves the data its files stand, but for hyperparameters that a flag overrides.
    private func writeOverrides(_ configuration: JobConfiguration) throws(JobFailure) {
        guard configuration.overrides.contains(.hyperparameters) else { return }
        do {
            try replaceFile(
                paths.hyperparameters,
                with: Array(JSONValue.object(configuration.hyperparameters).serialized().utf8)
            )
        } catch {
            throw JobFailure(preparing: error)
        }
    }

    private func isOwn(_ file: FilePath) -> Bool {
        ownList.contains { $0 == file.lastComponent?.string }
    }

    /// The channels whose folders a run of ours made.
    var ownChannels: [String] {
        ownList.compactMap { $0.hasPrefix(Self.channelPrefix) ? String($0.dropFirst(Self.channelPrefix.count)) : nil }
    }

    private var ownList: [String] {
        let text = (try? readSmallFile(paths.inputConfig.appending(Self.ownListName))) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private static func inputDataConfig(_ configuration: JobConfiguration) -> JSONValue {
        .object(
            JSONObject(
                configuration.channels.map { channel -> (String, JSONValue) in
                    var entry: JSONObject = [:]
                    if let type = channel.contentType { entry["ContentType"] = .string(type) }
                    entry["TrainingInputMode"] = "File"
                    entry["S3DistributionType"] = "FullyReplicated"
                    entry["RecordWrapperType"] = "None"
                    return (channel.name, .object(entry))
                }
            )
        )
    }

    /// The hosts, in the shape of a real job (contract §2.2).
    private static func resourceConfig(_ configuration: JobConfiguration) -> JSONValue {
        let type: JSONValue = .string(configuration.instanceType ?? "local")
        let cluster = configuration.hosts.cluster
        let hosts = JSONValue.array((cluster?.hosts ?? ["algo-1"]).map(JSONValue.string))
        return [
            "current_group_name": "homogeneousCluster", "current_host": .string(cluster?.current ?? "algo-1"),
            "current_instance_type": type, "hosts": hosts,
            "instance_groups": [
                ["hosts": hosts, "instance_group_name": "homogeneousCluster", "instance_type": type]
            ],
            "network_interface_name": .string(cluster?.interface ?? "eth0"), "topology": nil,
        ]
    }

    /// Writes the hostfile, which is always ours; nothing in a job of one.
    ///
    /// - Parameter hosts: The hosts.
    /// - Throws: `JobFailure` when it cannot be written.
    func writeHostfile(_ hosts: ClusterSettings) throws(JobFailure) {
        guard let cluster = hosts.cluster else { return }
        do {
            try replaceFile(paths.hostfile, with: Array(cluster.hostfile(slots: hosts.launch.ranksPerHost).utf8))
        } catch {
            throw JobFailure(preparing: error)
        }
    }
}
