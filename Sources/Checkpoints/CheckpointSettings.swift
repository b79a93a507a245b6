/// How a checkpoint folder is kept.
package struct CheckpointSettings: Hashable, Sendable {
    /// Which of two different files a restore leaves in the folder.
    package enum Resume: String, Hashable, Sendable, CaseIterable {
        /// The one that was written later.
        case newest
        /// The one that is there.
        case local
        /// The stored one; the other is moved aside.
        case remote
    }

    /// How often the whole folder is looked at, and how long a file may keep others from being stored.
    package var interval = Duration.seconds(30)
    /// How long a file must have been the same before it is taken for finished.
    package var quiet = Duration.seconds(1)
    /// After how long without a safe point that is said loudly.
    package var lagWarning = Duration.seconds(300)
    /// Whether files that the script deletes are deleted at their plain names, too.
    package var mirrorsDeletions = false
    /// Which of two different files a restore leaves in the folder.
    package var resume = Resume.newest

    /// How far apart generations are at least; nil is a tenth of the interval.
    ///
    /// Only tests set it.
    var spacing: Duration?

    /// Makes the settings of a run without options.
    package init() {}

    /// How far apart generations are at least: each costs some requests.
    var generationSpacing: Duration { spacing ?? interval / 10 }

    /// After how long a file that is never quiet is taken for one that is held open for ever.
    var heldOpenAfter: Duration { interval * 4 }
}
