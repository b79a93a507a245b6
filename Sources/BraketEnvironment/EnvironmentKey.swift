/// The names of all environment variables the runner reads or sets; no other file spells one out.
///
/// Secret is only `jobToken` and the AWS keys; they are passed on and never printed.
package enum EnvironmentKey {
    /// Where the script archive lies (contract §1.1).
    package static let scriptURI = "AMZN_BRAKET_SCRIPT_S3_URI"
    /// `module`, `module:function` or a file of the archive.
    package static let entryPoint = "AMZN_BRAKET_SCRIPT_ENTRY_POINT"
    /// `GZIP`, `ZIP`, `NONE` or unset.
    package static let compressionType = "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE"
    /// The hyperparameters file.
    package static let hyperparametersFile = "AMZN_BRAKET_HP_FILE"
    /// The folder of the input channels.
    package static let inputDirectory = "AMZN_BRAKET_INPUT_DIR"
    /// The folder that becomes model.tar.gz.
    package static let resultsDirectory = "AMZN_BRAKET_JOB_RESULTS_DIR"
    /// The folder of the checkpoints.
    package static let checkpointDirectory = "AMZN_BRAKET_CHECKPOINT_DIR"
    /// The job's name.
    package static let jobName = "AMZN_BRAKET_JOB_NAME"
    /// The device the job was made for.
    package static let deviceARN = "AMZN_BRAKET_DEVICE_ARN"
    /// The bucket of the results.
    package static let outputBucket = "AMZN_BRAKET_OUT_S3_BUCKET"
    /// Where quantum tasks put their results.
    package static let taskResultsURI = "AMZN_BRAKET_TASK_RESULTS_S3_URI"
    /// A key that nothing in the SDK reads (contract §5.3).
    package static let resultsPath = "AMZN_BRAKET_JOB_RESULTS_S3_PATH"
    /// The job's token: a secret.
    package static let jobToken = "AMZN_BRAKET_JOB_TOKEN"

    /// The region, as boto3 reads it.
    package static let defaultRegion = "AWS_DEFAULT_REGION"
    /// The region, as most other SDKs read it.
    package static let region = "AWS_REGION"
    /// The store's address, as tools other than AWS's read it.
    package static let otherS3Endpoint = "S3_ENDPOINT_URL"
    /// SageMaker's name of the job (contract §1.3).
    package static let trainingJobName = "TRAINING_JOB_NAME"
    /// The user hyperparameters as JSON, when the toolkit started us.
    package static let sageMakerHyperparameters = "SM_HPS"

    /// Amazon Braket's address, as the SDK reads it.
    package static let braketEndpoint = "BRAKET_ENDPOINT"
    /// The role of submitted jobs, as the SDK reads it (contract §1.2).
    package static let jobsRoleARN = "BRAKET_JOBS_ROLE_ARN"

    /// The number of Slurm's job, where Slurm started us.
    package static let slurmJobID = "SLURM_JOB_ID"
    /// When Slurm will end the job, in seconds since 1970.
    package static let slurmJobEndTime = "SLURM_JOB_END_TIME"
    /// Where the metadata service of an instance is, when not at the usual place.
    package static let metadataEndpoint = "AWS_EC2_METADATA_SERVICE_ENDPOINT"

    /// Where programs are looked for.
    package static let path = "PATH"
    /// Our own options as variables: `BRAKET_RUNNER_` + the option's name.
    package static let runnerPrefix = "BRAKET_RUNNER_"
    /// The file that appears when the script is to end.
    package static let stopFile = "BRAKET_RUNNER_STOP_FILE"
    /// The Swift runtime's crash handler, kept away from the script (style.md P18).
    package static let swiftBacktrace = "SWIFT_BACKTRACE"

    /// The variable of an option.
    ///
    /// - Parameter option: The option's name without dashes in front, e.g. `job-name`.
    /// - Returns: For instance `BRAKET_RUNNER_JOB_NAME`.
    package static func variable(of option: String) -> String {
        runnerPrefix + String(option.uppercased().map { $0 == "-" ? "_" : $0 })
    }
}
