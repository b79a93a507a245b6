import ObjectStorage
import RunnerCore

/// The keys below a checkpoint URI, read and written.
struct CheckpointStore: Sendable {
    /// What is there.
    struct Listing: Sendable {
        /// Checkpoints under their own names.
        var plain: [ObjectSummary] = []
        /// Contents by the host that stored them; nil is a job of one host.
        var blobs: [String?: Set<ContentDigest>] = [:]
        /// Manifests with the time they were stored at, the newest set first.
        var manifests: [(name: CheckpointLayout.ManifestName, modified: Timestamp)] = []
        /// Parts of sets with the time they were stored at, by the host that stored them.
        var parts: [String: [(name: CheckpointLayout.ManifestName, modified: Timestamp)]] = [:]

        /// Whether the content of an entry is there.
        func hasContent(of file: Generation.File) -> Bool { blobs[file.host]?.contains(file.digest) ?? false }
    }

    /// The store.
    let store: any ObjectStore
    /// Where what is.
    let layout: CheckpointLayout
    /// How objects are stored.
    let options: WriteOptions
    /// The run that stores.
    let run: String

    /// Lists everything: 1 request for 1,000 objects.
    ///
    /// - Throws: `ObjectStoreError`.
    func list() async throws -> Listing {
        var listing = Listing()
        try await store.list(prefix: layout.base) { object in
            switch layout.place(of: object.key) {
            case .plain: if !object.key.isFolderMarker { listing.plain.append(object) }
            case .blob(let digest, let host): listing.blobs[host, default: []].insert(digest)
            case .manifest(let name): listing.manifests.append((name, object.modified))
            case .part(let name, let host): listing.parts[host, default: []].append((name, object.modified))
            case .own: ()
            }
        }
        // Of two runs that stored the same number, the younger set counts.
        listing.manifests.sort {
            ($0.name.number, $0.modified, $0.name.run) > ($1.name.number, $1.modified, $1.name.run)
        }
        return listing
    }

    // MARK: Manifests

    /// Reads a manifest.
    ///
    /// - Parameters:
    ///   - name: Which.
    ///   - host: Whose part; nil for a set.
    /// - Returns: The set, or the part.
    /// - Throws: `ObjectStoreError`, `.damaged` for one that is not whole.
    func generation(_ name: CheckpointLayout.ManifestName, of host: String? = nil) async throws -> Generation {
        let key = layout.manifest(name, of: host)
        let address = store.address(of: key)
        return try await store.read(key) { try Generation(manifest: $0, address: address) }
    }

    /// Writes the manifest of a generation whose contents are all there.
    ///
    /// - Parameters:
    ///   - generation: The generation.
    ///   - host: Whose part of a set it is; nil for a whole set.
    /// - Throws: `ObjectStoreError`.
    func put(_ generation: Generation, of host: String? = nil) async throws {
        let name = CheckpointLayout.ManifestName(number: generation.number, run: generation.run)
        try await store.write(layout.manifest(name, of: host), options: options) { sink in
            try generation.writeManifest { piece in try piece.withUnsafeBytes { try sink.write($0) } }
        }
    }

    // MARK: Contents

    /// A content as an object to copy from.
    func blob(_ digest: ContentDigest, sizeBytes: Int64) -> ObjectSummary {
        ObjectSummary(key: layout.blob(digest), sizeBytes: sizeBytes, modified: Timestamp(milliseconds: 0))
    }

    /// The content of an entry as an object to copy from.
    func content(of file: Generation.File) -> ObjectSummary {
        let key = layout.blob(file.digest, host: file.host)
        return ObjectSummary(key: key, sizeBytes: file.sizeBytes, modified: Timestamp(milliseconds: 0))
    }

    /// Gives an object another name as well.
    ///
    /// - Throws: `ObjectStoreError`.
    func copy(_ object: ObjectSummary, to key: ObjectKey) async throws {
        guard try await store.copy(object, of: store, to: key, options: options) else {
            throw ObjectStoreError(.failed, "\(store.address(of: key).escaped()): the store cannot copy")
        }
    }

    // MARK: The lease

    /// Reads the lease.
    ///
    /// - Returns: nil when there is none.
    /// - Throws: `ObjectStoreError`.
    func lease() async throws -> Lease? {
        do {
            return Lease(try await store.get(layout.lease, limitBytes: 65_536))
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        }
    }

    /// Writes the lease.
    ///
    /// - Throws: `ObjectStoreError`.
    func put(_ lease: Lease) async throws {
        try await store.put(lease.bytes, to: layout.lease, options: options)
    }
}
