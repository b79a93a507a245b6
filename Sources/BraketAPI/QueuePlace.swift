package import RunnerCore

/// Where a job or a quantum task stands in a queue (`HybridJobQueueInfo`, `QuantumTaskQueueInfo`).
package struct QueuePlace: Hashable, Sendable {
    /// `QUANTUM_TASKS_QUEUE` or `JOBS_QUEUE`.
    package let queue: String
    /// The position as the service words it: `3`, `>15`, or `None`.
    package let position: String
    /// `Normal` or `Priority`; only of a task.
    package let priority: String?
    /// Why there is no position.
    package let message: String?

    /// Reads the member `queueInfo`; nil when it is not one.
    ///
    /// - Parameter json: The member.
    package init?(_ json: JSONValue?) {
        guard let object = json?.objectValue, let queue = object.string("queue"),
            let position = object.string("position")
        else { return nil }
        self.queue = queue
        self.position = position
        priority = object.string("queuePriority")
        message = object.string("message")
    }

    /// The place for a person: `position 3 in JOBS_QUEUE`, with the service's words where it has no position to tell.
    package var summary: String {
        let explained = message.flatMap { $0.isEmpty ? nil : ": " + $0.escaped(limit: 300) } ?? ""
        let place = position == "None" || position.isEmpty ? "no position" : "position \(position.escaped(limit: 40))"
        return "\(place) in \(queue.escaped(limit: 60))\(explained)"
    }
}

/// How long one queue of a device is (`DeviceQueueInfo`).
package struct DeviceQueue: Hashable, Sendable {
    /// `QUANTUM_TASKS_QUEUE` or `JOBS_QUEUE`.
    package let queue: String
    /// How many wait, as the service words it: `12`, `>4000`.
    package let size: String
    /// `Normal` or `Priority`; nil for the queue of jobs.
    package let priority: String?

    /// Reads an element of `deviceQueueInfo`; nil when it is not one.
    ///
    /// - Parameter object: The element.
    init?(_ object: JSONObject) {
        guard let queue = object.string("queue"), let size = object.string("queueSize") else { return nil }
        self.queue = queue
        self.size = size
        priority = object.string("queuePriority")
    }

    /// The queue for a person: `12 quantum tasks (normal)`, `3 hybrid jobs`.
    package var summary: String {
        let noun =
            switch queue {
            case "QUANTUM_TASKS_QUEUE": "quantum tasks"
            case "JOBS_QUEUE": "hybrid jobs"
            default: "in \(queue.escaped(limit: 60))"
            }
        let kind = priority.map { " (\($0.lowercased().escaped(limit: 20)))" } ?? ""
        return "\(size.escaped(limit: 40)) \(noun)\(kind)"
    }
}
