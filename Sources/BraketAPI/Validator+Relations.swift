import RunnerCore

extension Validator {
    /// Checks what no single member shows; members of the wrong kind are left to the table.
    mutating func checkRelations(of request: JSONObject) {
        checkEntryPoint(of: request)
        checkChannelNames(of: request)
        checkLocalPath(of: request)
        checkInstanceCount(of: request)
    }

    /// The service takes an empty entry point; the container then fails with "Empty module name".
    private mutating func checkEntryPoint(of request: JSONObject) {
        let script = request.object("algorithmSpecification")?.object("scriptModeConfig")
        guard script?.string("entryPoint")?.isEmpty == true else { return }
        report("algorithmSpecification.scriptModeConfig.entryPoint", "", "must not be empty")
    }

    /// The pattern of the service lets `..` through, and a channel's name becomes a folder's.
    private mutating func checkChannelNames(of request: JSONObject) {
        var firstUses: [[UInt8]: Int] = [:]
        for (index, channel) in (request["inputDataConfig"]?.arrayValue ?? []).enumerated() {
            guard let name = channel.objectValue?.string("channelName") else { continue }
            let path = "inputDataConfig".element(index).member("channelName")
            if name == "." || name == ".." {
                report(path, .string(name), #"must not be "." or ".." (it names a folder)"#)
            }
            if let first = firstUses[Array(name.utf8)] {
                report(path, .string(name), "is also the name of inputDataConfig[\(first)]")
            } else {
                firstUses[Array(name.utf8)] = index
            }
        }
    }

    /// Checks the checkpoint folder against the paths that the documentation reserves (contract §8).
    private mutating func checkLocalPath(of request: JSONObject) {
        guard let localPath = request.object("checkpointConfig")?.string("localPath"), !localPath.isEmpty else {
            return
        }
        let path = "checkpointConfig.localPath"
        let components = localPath.split(separator: "/").filter { $0 != "." }
        if localPath.utf8.first != UInt8(ascii: "/") {
            report(path, .string(localPath), "must be an absolute path")
        } else if components.contains("..") {
            report(path, .string(localPath), #"must not contain "..""#)
        } else if components.isEmpty {
            report(path, .string(localPath), "must not be the root folder")
        } else if let reserved = Self.reservedPrefix(of: components) {
            report(path, .string(localPath), "must not be in \(reserved), which is reserved")
        }
    }

    /// The reserved folder that holds the path, if one does.
    ///
    /// `/opt/braket/checkpoints` is below a reserved folder and still allowed: it is the default of CreateJob.
    private static func reservedPrefix(of components: [Substring]) -> String? {
        guard !components.starts(with: ["opt", "braket", "checkpoints"]) else { return nil }
        return ["/opt/ml", "/opt/braket", "/tmp", "/usr/local/nvidia"].first { reserved in
            components.starts(with: reserved.split(separator: "/"))
        }
    }

    /// Several instances are only for jobs that bring their own simulator (quota of the service, contract §8).
    private mutating func checkInstanceCount(of request: JSONObject) {
        guard let count = request.object("instanceConfig")?["instanceCount"]?.intValue, count > 1,
            let device = request.object("deviceConfig")?.string("device"),
            !DeviceConfig(device: device).isLocal
        else { return }
        report(
            "instanceConfig.instanceCount",
            .number(JSONNumber(count)),
            "must be 1 with the device \(device.escaped(limit: 80)); only local: devices run on several instances"
        )
    }
}
