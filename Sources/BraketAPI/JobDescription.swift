package import RunnerCore

/// A hybrid job as GetJob describes it (`GetJobResponse`).
///
/// The answer is kept as it came, so that a member of a newer service is not lost; what is asked for often has a view
/// of its own. A status or an event that this version does not know is a text like any other.
package struct JobDescription: Hashable, Sendable {
    /// One step of a job (`JobEventDetails`).
    package struct Event: Hashable, Sendable {
        /// What happened, one of `JobEventType` or newer.
        package let type: String
        /// When it happened; nil when the service did not say.
        package let time: String?
        /// Words for a person; empty without any.
        package let message: String
    }

    /// The whole answer.
    package let json: JSONObject
    /// The job's name in the service.
    package let arn: String
    /// One of `JobStatus`, or newer.
    package let status: String

    /// Reads an answer.
    ///
    /// - Parameter json: The body of GetJob.
    /// - Throws: The required member that is missing.
    package init(_ json: JSONValue) throws(Problem) {
        self.json = try Problem.object(json, of: "GetJob")
        arn = try Problem.required("jobArn", in: self.json)
        status = try Problem.required("status", in: self.json)
    }

    /// The status where it is a known one.
    package var knownStatus: JobStatus? { JobStatus(rawValue: status) }
    /// Whether the status never changes again.
    package var isTerminal: Bool { knownStatus?.isTerminal ?? false }
    /// The name that the job's owner gave.
    package var name: String? { json.string("jobName") }
    /// Why the job failed, in the service's words.
    package var failureReason: String? { json.string("failureReason") }
    /// The role that the job runs as.
    package var roleARN: String? { json.string("roleArn") }
    /// When it was created.
    package var createdAt: String? { JSONTime.text(json["createdAt"]) }
    /// When it started.
    package var startedAt: String? { JSONTime.text(json["startedAt"]) }
    /// When it ended.
    package var endedAt: String? { JSONTime.text(json["endedAt"]) }
    /// The time that is billed, in milliseconds.
    package var billableDurationMilliseconds: Int? { json["billableDuration"]?.intValue }
    /// The device, or `local:` and a simulator.
    package var device: String? { json.object("deviceConfig")?.string("device") }
    /// Where the results are.
    package var outputPath: String? { json.object("outputDataConfig")?.string("s3Path") }
    /// Where the checkpoints are.
    package var checkpointURI: String? { json.object("checkpointConfig")?.string("s3Uri") }
    /// Where it stands in its queue.
    package var queue: QueuePlace? { QueuePlace(json["queueInfo"]) }

    /// What happened so far, oldest first.
    package var events: [Event] {
        json.objects("events").compactMap { object in
            object.string("eventType").map {
                Event(type: $0, time: JSONTime.text(object["timeOfEvent"]), message: object.string("message") ?? "")
            }
        }
    }

    /// Whether the time limit ended the job: the status does not say so (contract §7.4).
    package var reachedTimeLimit: Bool {
        isTerminal && events.contains { $0.type == JobEventType.maxRuntimeExceeded.rawValue }
    }
}

/// What CancelJob answers (`CancelJobResponse`).
package struct JobCancellation: Hashable, Sendable {
    /// The whole answer.
    package let json: JSONObject
    /// The job.
    package let arn: String
    /// `CANCELLING` or `CANCELLED`.
    package let status: String

    /// Reads an answer.
    ///
    /// - Parameter json: The body of CancelJob.
    /// - Throws: The required member that is missing.
    package init(_ json: JSONValue) throws(Problem) {
        self.json = try Problem.object(json, of: "CancelJob")
        arn = try Problem.required("jobArn", in: self.json)
        status = try Problem.required("cancellationStatus", in: self.json)
    }
}
