import RunnerCore

/// What is new about a job since it was asked for last; pure, so that following a job can be tested by a table.
package struct JobProgress: Hashable, Sendable {
    private var status: String?
    private var place: QueuePlace?
    private var lastEvent: JobDescription.Event?

    /// Makes the state before anything was told.
    package init() {}

    /// Takes the next description.
    ///
    /// - Parameter job: What GetJob answers now.
    /// - Returns: What to tell, a line each; none when nothing changed.
    package mutating func take(_ job: JobDescription) -> [String] {
        var lines: [String] = []
        // The service lists the last 20 events only, so what was told is found by its content and not by its place.
        let events = job.events
        let told = lastEvent.flatMap { events.lastIndex(of: $0) }.map { $0 + 1 } ?? 0
        for event in events.dropFirst(told) {
            let words = event.message.isEmpty ? "" : ": " + event.message.escaped(limit: 500)
            let time = event.time.map { " at \($0.escaped(limit: 40))" } ?? ""
            lines.append("event \(event.type.escaped(limit: 60))\(time)\(words)")
        }
        lastEvent = events.last ?? lastEvent
        if job.status != status {
            lines.append("status \(job.status.escaped(limit: 40))")
            status = job.status
        }
        if let queue = job.queue, queue != place, !job.isTerminal { lines.append("queue: \(queue.summary)") }
        place = job.queue
        return lines
    }
}
