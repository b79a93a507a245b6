import BraketAPI
import RunnerCore

/// The service's answers for a person, in the manner of `StatusReport`.
extension JobDescription {
    /// Name, status, reason, queue, events and places.
    var text: String {
        var lines = ["\((name ?? arn).escaped()): \(status.escaped(limit: 40))", "  \(arn.escaped())"]
        if let queue, !isTerminal { lines.append("  \(queue.summary)") }
        if let reason = failureReason {
            lines +=
                ["", "Failure reason"] + reason.split(separator: "\n").map { "  " + String($0).escaped(limit: 1024) }
        }
        if !events.isEmpty { lines += ["", "Events"] }
        lines += events.map { event in
            "  \((event.time ?? "-").escaped(limit: 40))  \(event.type.escaped(limit: 60))"
                + (event.message.isEmpty ? "" : "  " + event.message.escaped(limit: 160))
        }
        let facts: [(String, String?)] = [
            ("Device", device), ("Results", outputPath.map { $0 + "/output/model.tar.gz" }),
            ("Checkpoints", checkpointURI), ("Created", createdAt), ("Started", startedAt), ("Ended", endedAt),
            ("Billed", billableDurationMilliseconds.map { "\(Double($0) / 1000) s" }),
        ]
        return (lines + section(facts)).joined(separator: "\n")
    }
}

extension QuantumTaskDescription {
    /// Status, reason, queue and places.
    var text: String {
        var lines = ["\(arn.escaped()): \(status.escaped(limit: 40))"]
        if let queue, endedAt == nil { lines.append("  \(queue.summary)") }
        if let reason = failureReason { lines += ["", "Failure reason", "  " + reason.escaped(limit: 1024)] }
        let facts: [(String, String?)] = [
            ("Device", deviceARN), ("Job", jobARN), ("Shots", shots.map { "\($0)" }),
            ("Successful shots", successfulShots.map { "\($0)" }), ("Results", outputAddress), ("Created", createdAt),
            ("Ended", endedAt),
        ]
        return (lines + section(facts)).joined(separator: "\n")
    }
}

extension DeviceDescription {
    /// Name, ARN, status and queues.
    var text: String {
        let title = [name, provider].compactMap { $0?.escaped(limit: 80) }.joined(separator: ", ")
        return "\(title.isEmpty ? "" : title + "  ")\(arn.escaped())\n  \(summary)"
    }

    /// The answer without the capabilities, which are a megabyte of JSON in a text.
    var queueJSON: JSONValue {
        var object = json
        object["deviceCapabilities"] = nil
        return .object(object)
    }
}

/// The lines of facts that are known, with an empty one in front.
private func section(_ facts: [(String, String?)]) -> [String] {
    let known = facts.compactMap { name, value in value.map { "\(name): \($0.escaped(limit: 300))" } }
    return known.isEmpty ? [] : [""] + known
}
