package import RunnerCore

/// What is known about a job, in the shape of GetJob's answer: the contents of `job.json`.
///
/// Programs that read GetJob can read it. What the runner adds beyond the service's members is in `runner`.
package struct JobRecord: Hashable, Sendable {
    /// One event of a job.
    package struct Event: Hashable, Sendable {
        /// The most characters of a message.
        package static let maxMessageLength = 2500

        /// What happened.
        package let eventType: JobEventType
        /// When it happened.
        package let timeOfEvent: Timestamp
        /// Words for a person, at most 2,500 characters.
        package let message: String

        /// Makes an event.
        ///
        /// - Parameters:
        ///   - eventType: What happened.
        ///   - timeOfEvent: When it happened.
        ///   - message: Words for a person; cut at 2,500 characters.
        package init(_ eventType: JobEventType, at timeOfEvent: Timestamp, message: String = "") {
            self.eventType = eventType
            self.timeOfEvent = timeOfEvent
            self.message = message.prefix(scalars: Self.maxMessageLength)
        }
    }

    /// Where a job stands in a queue.
    package struct QueueInfo: Hashable, Sendable {
        /// The queue: `QUANTUM_TASKS_QUEUE` or `JOBS_QUEUE`.
        package let queue: String
        /// The position as the service words it, such as `3` or `>15`.
        package let position: String
        /// Why there is no position.
        package let message: String?

        /// Makes a place in a queue.
        ///
        /// - Parameters:
        ///   - queue: `QUANTUM_TASKS_QUEUE` or `JOBS_QUEUE`.
        ///   - position: The position as the service words it.
        ///   - message: Why there is no position.
        package init(queue: String, position: String, message: String? = nil) {
            self.queue = queue
            self.position = position
            self.message = message
        }
    }

    /// The most characters of a failure reason (GetJob `String1024`).
    package static let maxFailureReasonLength = 1024
    /// The most events that GetJob lists; the record keeps all and lists the last ones.
    package static let maxEventCount = 20

    /// What the job is doing.
    package var status: JobStatus
    /// The job's ARN; nil when it never had one.
    package var jobARN: String?
    /// Why the job failed; written at most 1,024 characters long.
    package var failureReason: String?
    /// When the job was accepted.
    package var createdAt: Timestamp
    /// When the script started.
    package var startedAt: Timestamp?
    /// When the job ended.
    package var endedAt: Timestamp?
    /// The time that the service bills, in milliseconds; nil for a run that costs nothing.
    package var billableDurationMilliseconds: Int?
    /// What happened, oldest first.
    package var events: [Event] = []
    /// Where the job stands in a queue.
    package var queueInfo: QueueInfo?
    /// The members that the request shares with the answer, `jobName` and `hyperParameters` among them, unchanged.
    package var requestMembers: JSONObject
    /// What only this runner knows: exit code, folders, versions.
    package var runner: JSONObject = [:]
    /// Members of a record that was read and that this version does not know; written back unchanged.
    package var otherMembers: JSONObject = [:]

    /// Makes the record of a job that was just accepted.
    ///
    /// - Parameters:
    ///   - request: The job's request.
    ///   - jobARN: The job's ARN, if it has one.
    ///   - createdAt: When it was accepted.
    package init(request: JobRequest, jobARN: String? = nil, createdAt: Timestamp) {
        // In the answer's order, and without the members that it lacks: the client token.
        let shared = Self.memberOrder.compactMap { name in request.document[name].map { (name, $0) } }
        self.init(status: .queued, createdAt: createdAt, requestMembers: JSONObject(shared))
        self.jobARN = jobARN
    }

    /// Makes a record of its parts; for reading one back, and for a job whose request only the platform knows.
    ///
    /// - Parameters:
    ///   - status: Where the job stands.
    ///   - createdAt: When it was accepted.
    ///   - requestMembers: The members of the request that are known.
    package init(status: JobStatus, createdAt: Timestamp, requestMembers: JSONObject) {
        self.status = status
        self.createdAt = createdAt
        self.requestMembers = requestMembers
    }

    /// The job's name; nil only when a record that was read lacks it.
    package var jobName: String? { requestMembers.string("jobName") }
}

extension String {
    /// The first `limit` code points, which is how the service counts characters.
    func prefix(scalars limit: Int) -> String {
        String(unicodeScalars.prefix(limit))
    }
}
