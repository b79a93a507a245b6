package import ObjectStorage
package import RunnerCore

/// A set of checkpoint files that belong together, as its manifest lists them.
package struct Generation: Hashable, Sendable {
    /// A file of the set.
    package struct File: Hashable, Sendable {
        /// Its name relative to the checkpoint folder.
        package let key: ObjectKey
        /// Its size.
        package let sizeBytes: Int64
        /// Its content.
        package let digest: ContentDigest
        /// When it was written, in nanoseconds since 1970.
        package let modifiedNanoseconds: Int64
        /// The first generation with this content under this name.
        package var since: Int
        /// Whether it was being written when it was stored.
        package let isSnapshot: Bool
        /// The host that stored its content; nil for a job of one host.
        package var host: String?

        /// Makes an entry.
        package init(
            key: ObjectKey,
            sizeBytes: Int64,
            digest: ContentDigest,
            modifiedNanoseconds: Int64,
            since: Int,
            isSnapshot: Bool = false,
            host: String? = nil
        ) {
            self.key = key
            self.sizeBytes = sizeBytes
            self.digest = digest
            self.modifiedNanoseconds = modifiedNanoseconds
            self.since = since
            self.isSnapshot = isSnapshot
            self.host = host
        }
    }

    /// Its number; a later set has a larger one.
    package var number: Int
    /// The run that stored it.
    package var run: String
    /// When it was stored.
    package var time: Timestamp
    /// Whether some file had to stay in an older version than the others: it was being written for long.
    package var isPartial: Bool
    /// The files.
    package var files: [File]
    /// Names whose files the script removed, and which are still there in the store.
    package var gone: [ObjectKey]
    /// The number of each host's part that the set has; none for a job of one host.
    package var parts: [String: Int] = [:]

    /// Makes a generation.
    package init(
        number: Int,
        run: String,
        time: Timestamp,
        isPartial: Bool = false,
        files: [File] = [],
        gone: [ObjectKey] = []
    ) {
        self.number = number
        self.run = run
        self.time = time
        self.isPartial = isPartial
        self.files = files
        self.gone = gone
    }
}
