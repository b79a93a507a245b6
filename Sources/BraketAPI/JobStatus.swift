/// What a job is doing, by the service's words (`JobPrimaryStatus`; contract §7.4).
package enum JobStatus: String, CaseIterable, Hashable, Sendable {
    /// Waiting for its turn.
    case queued = "QUEUED"
    /// Preparing, running or storing results.
    case running = "RUNNING"
    /// Ended, and everything is stored.
    case completed = "COMPLETED"
    /// Ended otherwise; the record names the reason.
    case failed = "FAILED"
    /// Being stopped on request.
    case cancelling = "CANCELLING"
    /// Stopped on request.
    case cancelled = "CANCELLED"

    /// Whether the status never changes again.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .cancelled: true
        case .queued, .running, .cancelling: false
        }
    }
}

/// What happened to a job, by the service's words (`JobEventType`; contract §7.4), in the order they usually come.
package enum JobEventType: String, CaseIterable, Hashable, Sendable {
    /// Waiting for other jobs on the device.
    case waitingForPriority = "WAITING_FOR_PRIORITY"
    /// Waiting for an instance.
    case queuedForExecution = "QUEUED_FOR_EXECUTION"
    /// The instance starts.
    case startingInstance = "STARTING_INSTANCE"
    /// The script, the channels and the checkpoints are fetched.
    case downloadingData = "DOWNLOADING_DATA"
    /// The script runs.
    case running = "RUNNING"
    /// The job created no quantum task for a while and lost its priority.
    case deprioritizedDueToInactivity = "DEPRIORITIZED_DUE_TO_INACTIVITY"
    /// Results and checkpoints are stored.
    case uploadingResults = "UPLOADING_RESULTS"
    /// The job ended well.
    case completed = "COMPLETED"
    /// The job failed.
    case failed = "FAILED"
    /// The time limit ended the job.
    case maxRuntimeExceeded = "MAX_RUNTIME_EXCEEDED"
    /// The job was stopped on request.
    case cancelled = "CANCELLED"
}
