import RunnerCore

/// How long each phase of a run may take, by `--timeout PHASE=SECONDS`.
package struct PhaseLimits: Hashable, Sendable {
    /// The phases that have a limit of their own.
    package enum Phase: String, CaseIterable, Sendable {
        /// Script, input channels and checkpoints, all together.
        case fetch
        /// The requirements.
        case install
        /// Storing results, checkpoints and log at the end.
        case upload
    }

    private var seconds: [Phase: Int] = [:]

    /// Makes limits that limit nothing.
    package init() {}

    /// The limit of a phase in seconds; nil when it has none.
    package subscript(phase: Phase) -> Int? { seconds[phase] }

    /// Reads options.
    ///
    /// - Parameter options: `PHASE=SECONDS` each, or several with commas between them.
    /// - Returns: The limits, and for each part that is wrong its option, what is wrong and the part.
    static func read(
        _ options: [OptionValue]
    ) -> (limits: PhaseLimits, problems: [(source: String, problem: String, value: String)]) {
        var limits = PhaseLimits()
        var problems: [(source: String, problem: String, value: String)] = []
        for option in options {
            for part in option.text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
                if let problem = limits.add(part) { problems.append((option.source, problem, part)) }
            }
        }
        return (limits, problems)
    }

    /// Takes one `PHASE=SECONDS`.
    ///
    /// - Returns: What is wrong with it.
    private mutating func add(_ part: String) -> String? {
        let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
            String($0).trimmed()
        }
        guard words.count == 2, let phase = Phase(rawValue: words[0]) else {
            let names = Phase.allCases.map { "\($0.rawValue)=SECONDS" }.joined(separator: ", ")
            return "must be \(names)"
        }
        guard let value = Int(words[1]), (1...31_536_000).contains(value) else {
            return "the seconds must be a whole number from 1 to 31536000"
        }
        guard seconds.updateValue(value, forKey: phase) == nil else { return "\(phase.rawValue) is limited twice" }
        return nil
    }

    /// The limits in words.
    var summary: String {
        Phase.allCases.compactMap { phase in seconds[phase].map { "\(phase.rawValue)=\($0)" } }.joined(separator: ",")
    }
}
