/// When a script that does nothing counts as stalled, and what is done then: the value of `--stall`.
package struct StallPolicy: Hashable, Sendable {
    /// What a stall brings about.
    package enum Action: String, Hashable, Sendable {
        /// It is logged and recorded.
        case warn
        /// The job is ended as by a stop request.
        case stop
    }

    /// For how long nothing may happen.
    package let seconds: Int
    /// What is done then.
    package let action: Action

    /// Makes a policy.
    package init(seconds: Int, action: Action) {
        self.seconds = seconds
        self.action = action
    }

    /// What holds when nobody says anything: half an hour, and only a warning.
    package static let standard = StallPolicy(seconds: 1800, action: .warn)

    /// The policy as it is given.
    package var text: String { "\(seconds):\(action.rawValue)" }

    /// Reads the value of `--stall`.
    ///
    /// - Parameter text: `SECONDS`, `SECONDS:warn`, `SECONDS:stop`; `0` and `none` turn it off.
    /// - Returns: The policy, none inside when stalls are not looked for; nil when the text is no such value.
    package static func parse(_ text: String) -> StallPolicy?? {
        if text == "none" { return .some(nil) }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        // A year: more is a typing error, and the sum of silence stays exact.
        guard let first = parts.first, let seconds = Int(first), (0...31_536_000).contains(seconds) else { return nil }
        guard let action = parts.count == 1 ? .warn : Action(rawValue: String(parts[1])) else { return nil }
        return .some(seconds == 0 ? nil : StallPolicy(seconds: seconds, action: action))
    }
}
