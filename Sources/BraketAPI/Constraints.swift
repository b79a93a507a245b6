/// The request of CreateJob as a table: every member, with its limits (contract §8; botocore's model 2019-09-01).
///
/// botocore itself checks only types, required members and minima; the service checks all of this.
package enum Constraints {
    /// The whole request.
    package static let createJob = Shape.structure([
        .service("clientToken", .string(1...64)),
        .required(
            "algorithmSpecification",
            .structure([
                // Optional in the service's model. A job of this runner is a script, so every use needs it.
                .required("scriptModeConfig", scriptModeConfig),
                .optional("containerImage", .structure([.required("uri", .string(1...255, .imageURI))])),
            ])
        ),
        .optional("inputDataConfig", .list(inputFileConfig, maxCount: 20)),
        .required(
            "outputDataConfig",
            .structure([
                .optional("kmsKeyId", .string(1...2048)),
                .required("s3Path", s3Path),
            ])
        ),
        .optional(
            "checkpointConfig",
            .structure([
                .optional("localPath", .string(1...4096)),
                .required("s3Uri", s3Path),
            ])
        ),
        .required("jobName", .string(1...50, .jobName)),
        .service("roleArn", .string(StringRule(pattern: .roleARN))),
        .optional(
            "stoppingCondition",
            .structure([.optional("maxRuntimeInSeconds", .integer(1...432_000))])
        ),
        .service(
            "instanceConfig",
            .structure([
                .required("instanceType", .string(StringRule(values: instanceTypes))),
                .required("volumeSizeInGb", .integer(1...Int64(Int32.max))),
                .optional("instanceCount", .integer(1...Int64(Int32.max))),
            ])
        ),
        .optional(
            "hyperParameters",
            .map(
                key: StringRule(minLength: 1, maxLength: 256),
                value: StringRule(minLength: 1, maxLength: 2500, pattern: .line, isSecret: true),
                maxCount: 100
            )
        ),
        .required("deviceConfig", .structure([.required("device", .string(1...256, .device))])),
        .optional("tags", .map(key: StringRule(), value: StringRule(), maxCount: nil)),
        .optional("associations", .list(association, maxCount: 1)),
    ])

    private static let scriptModeConfig = Shape.structure([
        .required("entryPoint", .string(StringRule())),
        .required("s3Uri", s3Path),
        .optional("compressionType", .oneOf("NONE", "GZIP")),
    ])

    private static let inputFileConfig = Shape.structure([
        .required("channelName", .string(1...64, .channelName)),
        .optional("contentType", .string(1...256)),
        .required(
            "dataSource",
            .structure([
                .required(
                    "s3DataSource",
                    .structure([
                        .required("s3Uri", s3Path),
                        // SageMaker's member: Braket's documentation mentions it, its model does not have it.
                        .ours("s3DataType", .oneOf("S3Prefix", "ManifestFile")),
                    ])
                )
            ])
        ),
    ])

    private static let association = Shape.structure([
        .required("arn", .string(StringRule(pattern: .resourceARN))),
        .required("type", .oneOf("RESERVATION_TIME_WINDOW_ARN")),
    ])

    private static let s3Path = Shape.string(StringRule(maxLength: 1024, pattern: .s3Path, isLocation: true))

    /// The instance types that CreateJob takes.
    package static let instanceTypes = sizes.flatMap { family, sizes in
        sizes.map { "ml.\(family).\($0)" }
    }

    private static let sizes: KeyValuePairs = [
        "t3": ["large", "xlarge", "2xlarge"],
        "m4": ["xlarge", "2xlarge", "4xlarge", "10xlarge", "16xlarge"],
        "m5": ["large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"],
        "c4": ["xlarge", "2xlarge", "4xlarge", "8xlarge"],
        "c5": ["xlarge", "2xlarge", "4xlarge", "9xlarge", "18xlarge"],
        "c5n": ["xlarge", "2xlarge", "4xlarge", "9xlarge", "18xlarge"],
        "p2": ["xlarge", "8xlarge", "16xlarge"],
        "p3": ["2xlarge", "8xlarge", "16xlarge"],
        "p3dn": ["24xlarge"],
        "p4d": ["24xlarge"],
        "g4dn": ["xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"],
        "g6": ["xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge"],
        "g6e": ["xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge"],
    ]
}
