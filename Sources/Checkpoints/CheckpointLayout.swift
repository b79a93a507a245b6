package import ObjectStorage

/// Under which keys a checkpoint URI keeps what.
package struct CheckpointLayout: Hashable, Sendable {
    /// What a key below the checkpoint URI is.
    package enum Place: Hashable, Sendable {
        /// A checkpoint under its own name.
        case plain(ObjectKey)
        /// A content, and the host that stored it; nil for a job of one host.
        case blob(ContentDigest, host: String?)
        /// The manifest of a set.
        case manifest(ManifestName)
        /// The manifest of one host's part of a set.
        case part(ManifestName, host: String)
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

        /// Reads a name; nil for what is none.
        fileprivate init?(fileName: Substring) {
            let words = fileName.split(separator: "-", maxSplits: 1)
            guard words.count == 2, let number = Int(words[0]), words[1].hasSuffix(".json") else { return nil }
            self.init(number: number, run: String(words[1].dropLast(5)))
        }

        package static func < (left: ManifestName, right: ManifestName) -> Bool {
            (left.number, left.run) < (right.number, right.run)
        }
    }

    private static let own = ".braket-runner/"
    /// What all keys begin with: empty, or ends in `/`.
    package let base: ObjectKey
    /// The host that stores, where several store at one place; nil for a job of one host.
    package let host: String?
    /// Whether it stores for all: the leader, or the only host; that one has the lease of the whole place.
    let isFirst: Bool

    /// Makes the layout below a checkpoint URI.
    ///
    /// - Parameters:
    ///   - prefix: The key of the URI.
    ///   - host: The host that stores, where several store at one place: what only it writes and removes lies in a
    ///     folder of its own.
    ///   - isFirst: Whether it is the one that makes the sets.
    package init(prefix: ObjectKey, host: String? = nil, isFirst: Bool = true) {
        self.isFirst = isFirst
        base = prefix.bytes.isEmpty ? prefix : prefix.child(ObjectKey(""))
        self.host = host
    }

    private func folder(of host: String?) -> String { Self.own + (host.map { "hosts/\($0)/" } ?? "") }

    /// The key of a checkpoint's own name.
    package func plain(_ key: ObjectKey) -> ObjectKey { ObjectKey(bytes: base.bytes + key.bytes) }

    /// The key of a content that this host stores.
    package func blob(_ digest: ContentDigest) -> ObjectKey { blob(digest, host: host) }

    /// The key of a content that a host stored.
    package func blob(_ digest: ContentDigest, host: String?) -> ObjectKey {
        base.appending("\(folder(of: host))objects/\(digest)")
    }

    /// The key of a content whose digest is known only at its end.
    package func incoming(run: String, number: Int) -> ObjectKey {
        base.appending("\(folder(of: host))incoming/\(run)-\(number)")
    }

    /// The key of a set's manifest.
    package func manifest(_ name: ManifestName) -> ObjectKey { manifest(name, of: nil) }

    /// The key of the manifest of a host's part; nil is a set of the whole job.
    package func manifest(_ name: ManifestName, of host: String?) -> ObjectKey {
        let digits = String(name.number)
        // The listing is in the order of the numbers.
        let padded = String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits
        return base.appending("\(folder(of: host))generations/\(padded)-\(name.run).json")
    }

    /// The key of this host's lease; the one that makes the sets has that of the place.
    package var lease: ObjectKey { base.appending("\(folder(of: isFirst ? nil : host))lease.json") }

    /// What a key is that begins with `base`.
    package func place(of key: ObjectKey) -> Place {
        let name = key.droppingFirst(base.bytes.count)
        guard name.hasPrefix(ObjectKey(Self.own)) else { return .plain(name) }
        var parts = name.description.split(separator: "/").dropFirst()
        var host: String?
        if parts.count == 4, parts.first == "hosts" {
            host = String(parts[parts.startIndex + 1])
            parts = parts.dropFirst(2)
        }
        guard parts.count == 2, let kind = parts.first, let name = parts.last else { return .own }
        switch kind {
        case "objects":
            return ContentDigest(hexadecimal: name).map { .blob($0, host: host) } ?? .own
        case "generations":
            guard let name = ManifestName(fileName: name) else { return .own }
            return host.map { .part(name, host: $0) } ?? .manifest(name)
        default:
            return .own
        }
    }
}
