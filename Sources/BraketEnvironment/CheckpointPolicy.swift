package import BraketAPI
import RunnerCore

/// The options about checkpoints, as texts.
package struct CheckpointOptions: Sendable {
    /// How often the folder is looked at, in seconds.
    package var interval: OptionValue?
    /// How long a file must have been the same, in seconds.
    package var quiet: OptionValue?
    /// After how long without a safe point that is said loudly, in seconds.
    package var lagWarning: OptionValue?
    /// `newest`, `local` or `remote`.
    package var resume: OptionValue?
    /// Whether files that the script deletes are deleted in the store.
    package var mirrorsDeletions = false
    /// Whether each host has a folder of its own.
    package var isPerHost = false

    /// Makes options with nothing given.
    package init() {}
}

/// How checkpoints are kept.
package struct CheckpointPolicy: Hashable, Sendable {
    /// Which of two different files a restore leaves in the folder.
    package enum Resume: String, Hashable, Sendable, CaseIterable {
        /// The one that was written later.
        case newest
        /// The one that is there.
        case local
        /// The stored one.
        case remote
    }

    /// How often the folder is looked at, in seconds.
    package var intervalSeconds = 30
    /// How long a file must have been the same before it is taken for finished, in seconds.
    package var quietSeconds = 1.0
    /// After how long without a safe point that is said loudly, in seconds.
    package var lagWarningSeconds = 300
    /// Which of two different files a restore leaves in the folder; nil when nobody said: the newest, and of hosts that
    /// keep sets together the stored one.
    package var resume: Resume?
    /// Whether files that the script deletes are deleted in the store.
    package var mirrorsDeletions = false
    /// Whether each host has a folder of its own below the checkpoint URI.
    package var isPerHost = false

    /// Makes the policy of a run without options.
    package init() {}

    /// Reads the options about checkpoints.
    ///
    /// - Parameter options: The options as texts.
    /// - Returns: The policy, with defaults in place of what is wrong, and everything that is wrong.
    package static func read(_ options: CheckpointOptions) -> (policy: CheckpointPolicy, problems: [Problem]) {
        var policy = CheckpointPolicy()
        var problems: [Problem] = []
        func read<Value>(
            _ option: OptionValue?,
            _ value: WritableKeyPath<CheckpointPolicy, Value>,
            _ rule: String,
            _ parse: (String) -> Value?
        ) {
            guard let option else { return }
            if let parsed = parse(option.text) {
                policy[keyPath: value] = parsed
            } else {
                problems.append(Problem(path: option.source, value: .string(option.text), message: "must be \(rule)"))
            }
        }
        let day = 1...86_400
        func seconds(_ text: String) -> Int? { Int(text).flatMap { day.contains($0) ? $0 : nil } }
        read(options.interval, \.intervalSeconds, "a whole number from 1 to 86400", seconds)
        read(options.quiet, \.quietSeconds, "a number from 0 to 3600") { text in
            Double(text).flatMap { (0...3600).contains($0) ? $0 : nil }
        }
        read(options.lagWarning, \.lagWarningSeconds, "a whole number from 1 to 86400", seconds)
        // Of an optional: what is no word of these is nothing, and not "nobody said".
        read(options.resume, \.resume, "newest, local or remote") { Resume(rawValue: $0).map(Optional.some) }
        policy.mirrorsDeletions = options.mirrorsDeletions
        policy.isPerHost = options.isPerHost
        return (policy, problems)
    }
}
