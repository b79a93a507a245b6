package import RunnerCore

extension JobRecord {
    /// GetJob's members in the order of its model; the runner's own come after them.
    static let memberOrder = [
        "status", "jobArn", "roleArn", "failureReason", "jobName", "hyperParameters", "inputDataConfig",
        "outputDataConfig", "stoppingCondition", "checkpointConfig", "algorithmSpecification", "instanceConfig",
        "createdAt", "startedAt", "endedAt", "billableDuration", "deviceConfig", "events", "tags", "queueInfo",
        "associations",
    ]

    /// The members that this type holds as values of their own; the others of the order come from the request.
    private static let ownMembers: Set<String> = [
        "status", "jobArn", "failureReason", "createdAt", "startedAt", "endedAt", "billableDuration", "events",
        "queueInfo",
    ]

    /// The record in the shape of GetJob's answer, then `runner`, then members that were read and are not known.
    ///
    /// - Returns: An object; absent members are left out.
    package func json() -> JSONValue {
        var object: JSONObject = [:]
        for name in Self.memberOrder {
            object[name] = Self.ownMembers.contains(name) ? ownMember(name) : requestMembers[name]
        }
        if !runner.isEmpty { object["runner"] = .object(runner) }
        for member in otherMembers.members where object[member.name] == nil {
            object[member.name] = member.value
        }
        return .object(object)
    }

    private func ownMember(_ name: String) -> JSONValue? {
        switch name {
        case "status": .string(status.rawValue)
        case "jobArn": jobARN.map(JSONValue.string)
        case "failureReason": failureReason.map { .string($0.prefix(scalars: Self.maxFailureReasonLength)) }
        case "createdAt": .string(createdAt.description)
        case "startedAt": startedAt.map { .string($0.description) }
        case "endedAt": endedAt.map { .string($0.description) }
        case "billableDuration": billableDurationMilliseconds.map { .number(JSONNumber($0)) }
        case "events": .array(events.suffix(Self.maxEventCount).map { $0.json() })
        case "queueInfo": queueInfo?.json()
        default: nil
        }
    }

    /// Reads a record, for instance to show a job's status.
    ///
    /// A newer runner or the service may have written it: members that this version does not know are kept, and
    /// events of types that it does not know are passed over.
    ///
    /// - Parameter json: The contents of `job.json`, or an answer of GetJob.
    /// - Throws: The first member that cannot be understood.
    package init(json: JSONValue) throws(Problem) {
        guard let object = json.objectValue else {
            throw Problem(path: "", message: "must be an object, is not a job's record")
        }
        guard let status = object.string("status").flatMap(JobStatus.init) else {
            throw Problem(path: "status", value: object["status"], message: "must be the status of a job")
        }
        guard let createdAt = try Self.time("createdAt", in: object) else {
            throw Problem(path: "createdAt", message: "is required")
        }
        let shared = Set(Self.memberOrder).subtracting(Self.ownMembers)
        let known = Self.memberOrder + ["runner"]
        let pairs = object.members.map { ($0.name, $0.value) }
        self.init(
            status: status,
            createdAt: createdAt,
            requestMembers: JSONObject(pairs.filter { shared.contains($0.0) })
        )
        jobARN = object.string("jobArn")
        failureReason = object.string("failureReason")
        startedAt = try Self.time("startedAt", in: object)
        endedAt = try Self.time("endedAt", in: object)
        billableDurationMilliseconds = object["billableDuration"]?.intValue
        events = object.objects("events").compactMap(Event.init(json:))
        queueInfo = object.object("queueInfo").flatMap(QueueInfo.init(json:))
        runner = object.object("runner") ?? [:]
        otherMembers = JSONObject(pairs.filter { !known.contains($0.0) })
    }

    private static func time(_ name: String, in object: JSONObject) throws(Problem) -> Timestamp? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let time = value.stringValue.flatMap(Timestamp.init(iso8601:)) else {
            throw Problem(path: name, value: value, message: "must be a time such as 2026-11-21T23:41:19.123Z")
        }
        return time
    }
}

extension JobRecord.Event {
    /// The event in the shape of GetJob's `JobEventDetails`, one line of an events file.
    ///
    /// - Returns: An object.
    package func json() -> JSONValue {
        [
            "eventType": .string(eventType.rawValue),
            "timeOfEvent": .string(timeOfEvent.description),
            "message": .string(message),
        ]
    }

    /// Reads an event; nil when its type or its time is not known.
    fileprivate init?(json object: JSONObject) {
        guard let type = object.string("eventType").flatMap(JobEventType.init),
            let time = object.string("timeOfEvent").flatMap(Timestamp.init(iso8601:))
        else { return nil }
        self.init(type, at: time, message: object.string("message") ?? "")
    }
}

extension JobRecord.QueueInfo {
    fileprivate func json() -> JSONValue {
        var object: JSONObject = ["queue": .string(queue), "position": .string(position)]
        object["message"] = message.map(JSONValue.string)
        return .object(object)
    }

    fileprivate init?(json object: JSONObject) {
        guard let queue = object.string("queue"), let position = object.string("position") else { return nil }
        self.init(queue: queue, position: position, message: object.string("message"))
    }
}
