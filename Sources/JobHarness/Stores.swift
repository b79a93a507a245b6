import BraketEnvironment
import ObjectStorage
import RunnerCore
import SystemPackage

/// The stores of a job: where an address of the store or of this machine is read and written.
struct Stores: Sendable {
    private let mode: StorageMode
    /// The way to S3, for addresses that lie there.
    let s3: S3Access

    /// Makes the stores of a job.
    ///
    /// - Parameters:
    ///   - mode: Who moves the data, and where the store is.
    ///   - s3: The way to S3.
    init(mode: StorageMode, s3: S3Access) {
        self.mode = mode
        self.s3 = s3
    }

    /// The store and the key of a location.
    ///
    /// A local path is the key of its name in the folder it lies in.
    ///
    /// - Parameter location: An address.
    /// - Returns: The store to ask, and the key or prefix in it.
    /// - Throws: `ObjectStoreError.unavailable` when this build cannot reach it.
    func resolve(_ location: DataLocation) throws(ObjectStoreError) -> (store: any ObjectStore, key: ObjectKey) {
        switch location {
        case .local(let path):
            let folder = LocalFolderStore(folder: path.removingLastComponent())
            return (folder, ObjectKey(bytes: FilePath(path.lastComponent?.string ?? "").bytes))
        case .object(let bucket, let key):
            return (try bucketStore(bucket), ObjectKey(key))
        }
    }

    /// Whether an address lies in S3, and not in a folder that stands for it.
    ///
    /// - Parameter location: The address.
    /// - Returns: true when requests would be sent for it.
    func isInS3(_ location: DataLocation) -> Bool {
        if case .folder = mode { return false }
        return location.bucket != nil
    }

    /// Everything that a location names: in the store all objects whose keys begin with it, on this machine the files
    /// of a folder, or exactly one file - `x/gra` must not mean `x/graph.json` there.
    ///
    /// - Parameters:
    ///   - location: An address.
    ///   - limit: The list is given up when it gets longer.
    /// - Returns: The store, the prefix that the names are relative to, and the objects; none when nothing is there,
    ///   nil when there are more than the limit.
    /// - Throws: `ObjectStoreError`.
    func objects(
        at location: DataLocation,
        atMost limit: Int = .max
    ) async throws -> (store: any ObjectStore, prefix: ObjectKey, objects: [ObjectSummary]?) {
        var (store, prefix) = try resolve(location)
        if case .local(let path) = location {
            guard FileStatus(of: path)?.isDirectory == true else {
                return (store, prefix, [try await store.summary(of: prefix)])
            }
            (store, prefix) = (LocalFolderStore(folder: path), ObjectKey(""))
        }
        var objects: [ObjectSummary] = []
        do {
            try await store.list(prefix: prefix) { object in
                guard objects.count < limit else { throw TooMany() }
                objects.append(object)
            }
        } catch is TooMany {
            return (store, prefix, nil)
        }
        return (store, prefix, objects)
    }

    /// Ends a listing.
    private struct TooMany: Error {}

    /// The store and the prefix below which something is to be kept: a local path is a folder, there or not.
    ///
    /// - Parameter location: An address.
    /// - Returns: The store to write to, and the prefix.
    /// - Throws: `ObjectStoreError.unavailable` when this build cannot reach it.
    func resolvePrefixForWriting(
        _ location: DataLocation
    ) throws(ObjectStoreError) -> (store: any ObjectStore, prefix: ObjectKey) {
        if case .local(let path) = location { return (LocalFolderStore(folder: path), ObjectKey("")) }
        let (store, key) = try resolve(location)
        return (store, key)
    }

    private func bucketStore(_ bucket: String) throws(ObjectStoreError) -> any ObjectStore {
        guard case .folder(let root) = mode else { return try s3.store(bucket: bucket) }
        guard !bucket.isEmpty, bucket != ".", bucket != "..", !bucket.utf8.contains(.slash) else {
            throw ObjectStoreError(.invalidKey, "\"\(bucket.escaped())\" is no bucket name")
        }
        return LocalFolderStore(folder: root.appending(bucket), bucketAddress: "s3://\(bucket)/")
    }
}

extension JobConfiguration {
    /// How everything that the job stores is stored.
    var writeOptions: WriteOptions {
        WriteOptions(
            kmsKeyID: kmsKeyID,
            storageClass: settings.store.storageClass,
            tags: settings.store.tags.map { ObjectTag(key: $0.key, value: $0.value) }
        )
    }
}
