import RunnerCore

extension JobRequest {
    /// Reads an object that has no problems; nil when it has one.
    init?(valid object: JSONObject) {
        guard let jobName = object.string("jobName"),
            let device = object.object("deviceConfig")?.string("device"),
            let algorithm = object.object("algorithmSpecification").flatMap(AlgorithmSpecification.init(valid:)),
            let output = object.object("outputDataConfig").flatMap(OutputDataConfig.init(valid:))
        else { return nil }
        self.jobName = jobName
        algorithmSpecification = algorithm
        inputDataConfig = object.objects("inputDataConfig").compactMap(InputFileConfig.init(valid:))
        outputDataConfig = output
        checkpointConfig = object.object("checkpointConfig").flatMap(CheckpointConfig.init(valid:))
        deviceConfig = DeviceConfig(device: device)
        hyperParameters = object.strings("hyperParameters").map(HyperParameter.init)
        let maxRuntime = object.object("stoppingCondition")?["maxRuntimeInSeconds"]?.intValue
        stoppingCondition = StoppingCondition(maxRuntimeInSeconds: maxRuntime)
        instanceConfig = object.object("instanceConfig").flatMap(InstanceConfig.init(valid:))
        roleARN = object.string("roleArn")
        clientToken = object.string("clientToken")
        tags = object.strings("tags").map(Tag.init)
        associations = object.objects("associations").compactMap(Association.init(valid:))
        document = object
    }
}

extension AlgorithmSpecification {
    fileprivate init?(valid object: JSONObject) {
        guard let script = object.object("scriptModeConfig"),
            let entryPoint = script.string("entryPoint"),
            let s3Uri = script.string("s3Uri")
        else { return nil }
        scriptModeConfig = ScriptModeConfig(
            entryPoint: entryPoint,
            s3Uri: s3Uri,
            compressionType: script.string("compressionType").flatMap(ScriptModeConfig.CompressionType.init)
        )
        containerImage = object.object("containerImage")?.string("uri").map(ContainerImage.init)
    }
}

extension InputFileConfig {
    fileprivate init?(valid object: JSONObject) {
        guard let channelName = object.string("channelName"),
            let source = object.object("dataSource")?.object("s3DataSource"),
            let s3Uri = source.string("s3Uri")
        else { return nil }
        self.channelName = channelName
        contentType = object.string("contentType")
        self.s3Uri = s3Uri
        s3DataType = source.string("s3DataType").flatMap(S3DataType.init) ?? .s3Prefix
    }
}

extension OutputDataConfig {
    fileprivate init?(valid object: JSONObject) {
        guard let s3Path = object.string("s3Path") else { return nil }
        self.s3Path = s3Path
        kmsKeyId = object.string("kmsKeyId")
    }
}

extension CheckpointConfig {
    fileprivate init?(valid object: JSONObject) {
        guard let s3Uri = object.string("s3Uri") else { return nil }
        self.s3Uri = s3Uri
        localPath = object.string("localPath") ?? Self.defaultLocalPath
    }
}

extension InstanceConfig {
    fileprivate init?(valid object: JSONObject) {
        guard let type = object.string("instanceType"), let size = object["volumeSizeInGb"]?.intValue else {
            return nil
        }
        instanceType = type
        volumeSizeInGb = size
        instanceCount = object["instanceCount"]?.intValue ?? 1
    }
}

extension Association {
    fileprivate init?(valid object: JSONObject) {
        guard let arn = object.string("arn"), let type = object.string("type") else { return nil }
        self.arn = arn
        self.type = type
    }
}

extension JSONObject {
    /// The string of a member, nil when it is absent or something else.
    func string(_ name: String) -> String? { self[name]?.stringValue }

    /// The object of a member, nil when it is absent or something else.
    func object(_ name: String) -> JSONObject? { self[name]?.objectValue }

    /// The objects of a list, empty when it is absent or something else.
    func objects(_ name: String) -> [JSONObject] { self[name]?.arrayValue?.compactMap(\.objectValue) ?? [] }

    /// The names and strings of a map, empty when it is absent or something else.
    func strings(_ name: String) -> [(String, String)] {
        object(name)?.members.compactMap { member in member.value.stringValue.map { (member.name, $0) } } ?? []
    }
}
