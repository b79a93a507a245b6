package import RunnerCore

/// A CreateJob request that has been checked: what a job is to run, on what, and where its files are.
///
/// The job file of a local run is such a request (contract §2.2), so that the arguments a program passes to the
/// service run here unchanged. A value of this type exists only through `parse(_:rules:)`.
package struct JobRequest: Hashable, Sendable {
    /// The job's name, 1 to 50 letters, digits and hyphens.
    package let jobName: String
    /// The script and the image.
    package let algorithmSpecification: AlgorithmSpecification
    /// The input channels, with distinct names.
    package let inputDataConfig: [InputFileConfig]
    /// Where results go.
    package let outputDataConfig: OutputDataConfig
    /// Where checkpoints go; nil when the job keeps none.
    package let checkpointConfig: CheckpointConfig?
    /// The quantum device or the embedded simulator.
    package let deviceConfig: DeviceConfig
    /// The hyperparameters in the order of the document.
    package let hyperParameters: [HyperParameter]
    /// The time limit.
    package let stoppingCondition: StoppingCondition
    /// The instances; a local run does not need them.
    package let instanceConfig: InstanceConfig?
    /// The role that the service would run the job as; a local run does not need it.
    package let roleARN: String?
    /// The token that keeps the service from creating the job twice; a local run does not need it.
    package let clientToken: String?
    /// The tags in the order of the document.
    package let tags: [Tag]
    /// The reservation the job uses, none or one.
    package let associations: [Association]
    /// The request as it was given, without members that were `null`.
    package let document: JSONObject
}

/// The script and the image of a job.
package struct AlgorithmSpecification: Hashable, Sendable {
    /// The script.
    package let scriptModeConfig: ScriptModeConfig
    /// The image; a local run does not need it.
    package let containerImage: ContainerImage?
}

/// A job's script.
package struct ScriptModeConfig: Hashable, Sendable {
    /// How the script's archive is packed.
    package enum CompressionType: String, Hashable, Sendable {
        /// A single file.
        case none = "NONE"
        /// A tar archive through gzip.
        case gzip = "GZIP"
    }

    /// `module`, `package.module` or `module:function`.
    package let entryPoint: String
    /// Where the script or its archive is; from a flag also a `file:` URI or a path.
    package let s3Uri: String
    /// How it is packed; nil is the service's default, `NONE`.
    package let compressionType: CompressionType?
}

/// A job's image.
package struct ContainerImage: Hashable, Sendable {
    /// The image in ECR with its tag or digest.
    package let uri: String
}

/// An input channel.
package struct InputFileConfig: Hashable, Sendable {
    /// What the location of a channel names.
    package enum S3DataType: String, Hashable, Sendable {
        /// Every object whose key starts with the location's (contract §5.4).
        case s3Prefix = "S3Prefix"
        /// A SageMaker manifest, which lists the objects.
        case manifestFile = "ManifestFile"
    }

    /// The channel's name and the name of its folder; never `.` or `..`.
    package let channelName: String
    /// The MIME type, for the script's information.
    package let contentType: String?
    /// Where the files are; from a flag also a `file:` URI or a path.
    package let s3Uri: String
    /// What the location names; braket-runner's own member, `S3Prefix` when absent.
    package let s3DataType: S3DataType
}

/// Where results go.
package struct OutputDataConfig: Hashable, Sendable {
    /// The location that `output/model.tar.gz` is written below.
    package let s3Path: String
    /// The KMS key that results are encrypted with.
    package let kmsKeyId: String?
}

/// Where checkpoints are, inside the container and outside.
package struct CheckpointConfig: Hashable, Sendable {
    /// The folder when a request names none, by the documentation of CreateJob.
    package static let defaultLocalPath = "/opt/braket/checkpoints"

    /// The location that checkpoints are restored from and copied to.
    package let s3Uri: String
    /// The folder in the container, absolute.
    package let localPath: String
}

/// The instances of a job.
package struct InstanceConfig: Hashable, Sendable {
    /// The type, one of `Constraints.instanceTypes`.
    package let instanceType: String
    /// The size of the volume in gigabytes.
    package let volumeSizeInGb: Int
    /// How many instances, 1 when absent.
    package let instanceCount: Int
}

/// A job's time limit.
package struct StoppingCondition: Hashable, Sendable {
    /// The limit of the service, five days.
    package static let defaultMaxRuntimeInSeconds = 432_000

    /// The limit in seconds; nil when the request names none.
    package let maxRuntimeInSeconds: Int?
}

/// A job's device.
package struct DeviceConfig: Hashable, Sendable {
    /// The device's ARN or `local:<provider>/<simulator>`.
    package let device: String

    /// Whether the job brings its own simulator and needs no device.
    package var isLocal: Bool { device.utf8.starts(with: "local:".utf8) }
}

/// A hyperparameter; its value may be a secret and is not for messages.
package struct HyperParameter: Hashable, Sendable {
    /// The name, 1 to 256 characters.
    package let name: String
    /// The value, 1 to 2500 characters without a line feed.
    package let value: String
}

/// A tag of a job.
package struct Tag: Hashable, Sendable {
    /// The tag's name.
    package let key: String
    /// The tag's value.
    package let value: String
}

/// A resource that a job uses.
package struct Association: Hashable, Sendable {
    /// The resource's ARN.
    package let arn: String
    /// The kind of resource; the service knows `RESERVATION_TIME_WINDOW_ARN`.
    package let type: String
}
