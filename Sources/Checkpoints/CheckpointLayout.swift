package import ObjectStorage

/// Under which keys a checkpoint URI keeps what.
package struct CheckpointLayout: Hashable, Sendable {
    /// What a key below the checkpoint URI is.
    package enum Place: Hashable, Sendable {
        /// A checkpoint under its own name.
        case plain(ObjectKey)
        /// A content.
        case blob(ContentDigest)
        /// A manifest.
        case manifest(ManifestName)
        /// Something else of a runner's.
        case own
    }

    /// The name of a manifest; the newest set is the largest.
    package struct ManifestName: Hashable, Comparable, Sendable {
        /// The generation's number.
        package let number: Int
        /// The run that wrote it.
        package let run: String

        /// Makes a name.
        package init(number: Int, run: String) {
            self.number = number
            self.run = run
        }

        package static func < (left: ManifestName, right: ManifestName) -> Bool {
            (left.number, left.run) < (right.number, right.run)
        }
    }

    private static let own = ".braket-runner/"
    /// What all keys begin with: empty, or ends in `/`.
    package let base: ObjectKey

    /// Makes the layout below a checkpoint URI.
    ///
    /// - Parameter prefix: The key of the URI.
    package init(prefix: ObjectKey) {
        base = prefix.bytes.isEmpty ? prefix : prefix.child(ObjectKey(""))
    }

    /// The key of a checkpoint's own name.
    package func plain(_ key: ObjectKey) -> ObjectKey { ObjectKey(bytes: base.bytes + key.bytes) }

    /// The key of a content.
    package func blob(_ digest: ContentDigest) -> ObjectKey { base.appending("\(Self.own)objects/\(digest)") }

    /// The key of a content whose digest is known only at its end.
    package func incoming(run: String, number: Int) -> ObjectKey {
        base.appending("\(Self.own)incoming/\(run)-\(number)")
    }

    /// The key of a manifest.
    package func manifest(_ name: ManifestName) -> ObjectKey {
        let digits = String(name.number)
        // The listing is in the order of the numbers.
        let padded = String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits
        return base.appending("\(Self.own)generations/\(padded)-\(name.run).json")
    }

    /// The key of the lease.
    package var lease: ObjectKey { base.appending("\(Self.own)lease.json") }

    /// What a key is that begins with `base`.
    package func place(of key: ObjectKey) -> Place {
        let name = key.droppingFirst(base.bytes.count)
        guard name.hasPrefix(ObjectKey(Self.own)) else { return .plain(name) }
        let parts = name.description.split(separator: "/")
        guard parts.count == 3 else { return .own }
        switch parts[1] {
        case "objects":
            return ContentDigest(hexadecimal: parts[2]).map(Place.blob) ?? .own
        case "generations":
            let words = parts[2].split(separator: "-", maxSplits: 1)
            guard words.count == 2, let number = Int(words[0]), words[1].hasSuffix(".json") else { return .own }
            return .manifest(ManifestName(number: number, run: String(words[1].dropLast(5))))
        default:
            return .own
        }
    }
}
