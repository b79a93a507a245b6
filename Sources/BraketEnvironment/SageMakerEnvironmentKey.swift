/// The variables of sagemaker-training that are not `SM_*` (contract §1.3).
extension EnvironmentKey {
    /// `package.module:function` of a framework container.
    package static let trainingModule = "SAGEMAKER_TRAINING_MODULE"
    /// The settings of model parallelism, in JSON.
    package static let modelParallelParameters = "SM_HP_MP_PARAMETERS"
    /// This host's name, set by the toolkit.
    package static let currentHost = "CURRENT_HOST"
    /// The hyperparameter `sagemaker_job_name`, set by the toolkit.
    package static let sageMakerJobName = "SAGEMAKER_JOB_NAME"
    /// The hyperparameter `sagemaker_region` or the region, set by the toolkit.
    package static let sageMakerRegion = "SAGEMAKER_REGION"
}
