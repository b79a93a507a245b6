import EntryPoint
import ProcessSupervision
import RunnerCore

extension JobFailure {
    /// What was found out about a failure.
    struct Findings: Sendable {
        /// Who was out of memory.
        var scope: String?
        /// One sentence for those who read only one; nil is first line and first detail.
        var sentence: String?
        /// The numbers that it was decided by.
        var evidence = JSONObject()
        /// The script's exception.
        var exception: JSONObject?
        /// The host that failed first, where there are several.
        var host: String?
        /// The rank that failed, where there are several.
        var rank: Int?
        /// When that rank ended, by this host's monotonic clock in nanoseconds.
        var rankEndedAt: Int64?
        /// Where the whole record is.
        var reportAddress: String?
    }

    /// The failure with the scope of an out-of-memory kill.
    func scoped(_ scope: MemoryFinding.Scope) -> JobFailure {
        var failure = self
        failure.findings.scope = scope.rawValue
        return failure
    }

    /// The failure with the address of the whole record, if it is one of the script's.
    func pointing(to address: String) -> JobFailure {
        guard findings.exception != nil || !findings.evidence.isEmpty else { return self }
        var failure = self
        failure.findings.reportAddress = address
        return failure
    }

    /// The failure with what it was decided by.
    ///
    /// - Parameters:
    ///   - end: How the script ended.
    ///   - report: What Python said.
    ///   - evidence: What else is known.
    /// - Returns: The same failure, for the record.
    func adding(end: ProcessExit, report: LaunchReport.Failure?, evidence: EndEvidence) -> JobFailure {
        var failure = self
        failure.findings.evidence = evidence.json(end)
        failure.findings.exception = report?.json
        if let report, firstLine == report.line {
            let place = report.frame.map { " at \($0)" } ?? ""
            failure.findings.sentence =
                "\(firstLine.escaped(limit: 300))\(place)\(evidence.afterTime)\(evidence.progress)."
        }
        if report == nil || firstLine != report?.line {
            // A signal's first line tells the time already.
            let tells = evidence.afterTime.isEmpty || firstLine.contains(evidence.afterTime)
            let end = tells ? "" : "\(time(of: evidence))\(evidence.progress)."
            failure.findings.sentence =
                (tells || !firstLine.hasSuffix(".") ? firstLine : String(firstLine.dropLast())).escaped(limit: 600)
                + end
        }
        // Here the exception's own text stands first, and the reason behind it.
        if let reason = details.first(where: { $0.hasPrefix("Out of memory: ") }) { failure.findings.sentence = reason }
        return failure
    }

    /// How long the script ran; of one that was told to end the first line says already how long it took for that.
    private func time(of evidence: EndEvidence) -> String {
        guard [.stopped, .timeLimit, .preempted, .stalled].contains(kind) else { return evidence.afterTime }
        return evidence.elapsed.map { "; it ran for \(humanDuration($0))" } ?? ""
    }

    /// The failure as `runner.verdict` of the record.
    var verdict: JSONObject {
        let lines = [firstLine] + details.prefix(1)
        var verdict: JSONObject = [
            "kind": .string(kind.rawValue),
            "sentence": .string(findings.sentence ?? lines.map { $0.escaped(limit: 600) }.joined(separator: " ")),
        ]
        if let host = findings.host { verdict["host"] = .string(host) }
        if let rank = findings.rank { verdict["rank"] = .number(JSONNumber(rank)) }
        if let scope = findings.scope { verdict["scope"] = .string(scope) }
        if !findings.evidence.isEmpty { verdict["evidence"] = .object(findings.evidence) }
        if let exception = findings.exception { verdict["exception"] = .object(exception) }
        return verdict
    }

    /// First line, details and the record's address in a limited space.
    ///
    /// A message of 5,000 characters must not take the place of where it happened: when there is more to say than
    /// fits, the first line is cut to what the rest leaves, at least half of the space; of the rest whole lines go in,
    /// the address always.
    ///
    /// - Parameter limitBytes: The most bytes of UTF-8.
    /// - Returns: The text, without a line end at its end.
    func composedText(limitBytes: Int) -> String {
        let pointer = findings.reportAddress.map { "Full report: \($0.escaped(limit: 200))" }
        let rest = details + [pointer].compactMap { $0 }
        let whole = ([firstLine] + rest).joined(separator: "\n")
        guard whole.utf8.count > limitBytes, !rest.isEmpty else { return whole.prefix(utf8Bytes: limitBytes) }
        let restBytes = rest.reduce(0) { $0 + $1.utf8.count + 1 }
        let mark = "…"
        var text = firstLine
        let room = limitBytes - min(restBytes, limitBytes / 2)
        if text.utf8.count > room { text = text.prefix(utf8Bytes: room - mark.utf8.count) + mark }
        let end = pointer.map { "\n" + $0 } ?? ""
        for line in details {
            let left = limitBytes - text.utf8.count - end.utf8.count - 1
            guard left > 20 else { break }
            text += "\n" + (line.utf8.count <= left ? line : line.prefix(utf8Bytes: left - mark.utf8.count) + mark)
        }
        return (text + end).prefix(utf8Bytes: limitBytes)
    }
}

extension LaunchReport.Failure {
    /// The exception as the record shows it; its traceback stands beside the verdict.
    var json: JSONObject {
        [
            "type": .string(type), "message": .string(message), "file": text(file),
            "line": lineNumber.map { .number(JSONNumber($0)) } ?? .null, "function": text(function),
            "source": text(source),
        ]
    }

    private func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
}
