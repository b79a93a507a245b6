package import RunnerCore

/// A quantum task as GetQuantumTask describes it (`GetQuantumTaskResponse`); the answer is kept as it came.
package struct QuantumTaskDescription: Hashable, Sendable {
    /// The whole answer.
    package let json: JSONObject
    /// The task's name in the service.
    package let arn: String
    /// `CREATED`, `QUEUED`, `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLING`, `CANCELLED`, or newer.
    package let status: String

    /// Reads an answer.
    ///
    /// - Parameter json: The body of GetQuantumTask.
    /// - Throws: The required member that is missing.
    package init(_ json: JSONValue) throws(Problem) {
        self.json = try Problem.object(json, of: "GetQuantumTask")
        arn = try Problem.required("quantumTaskArn", in: self.json)
        status = try Problem.required("status", in: self.json)
    }

    /// Why it failed, in the service's words.
    package var failureReason: String? { json.string("failureReason") }
    /// The device.
    package var deviceARN: String? { json.string("deviceArn") }
    /// The job that created it.
    package var jobARN: String? { json.string("jobArn") }
    /// How often it is run.
    package var shots: Int? { json["shots"]?.intValue }
    /// How many of the shots succeeded.
    package var successfulShots: Int? { json["numSuccessfulShots"]?.intValue }
    /// When it was created.
    package var createdAt: String? { JSONTime.text(json["createdAt"]) }
    /// When it ended.
    package var endedAt: String? { JSONTime.text(json["endedAt"]) }
    /// Where it stands in its queue.
    package var queue: QueuePlace? { QueuePlace(json["queueInfo"]) }

    /// The address of the results' folder.
    package var outputAddress: String? {
        guard let bucket = json.string("outputS3Bucket"), let folder = json.string("outputS3Directory") else {
            return nil
        }
        return "s3://\(bucket)/\(folder)"
    }
}
