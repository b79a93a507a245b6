import BraketEnvironment
import ObjectStorage
import RunnerCore
import SystemPackage

/// The stores of a job: where an address of the store or of this machine is read and written.
struct Stores: Sendable {
    private let mode: StorageMode

    /// Makes the stores of a job.
    ///
    /// - Parameter mode: Who moves the data, and where the store is.
    init(mode: StorageMode) {
        self.mode = mode
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
            return (try bucketStore(bucket, location), ObjectKey(key))
        }
    }

    /// Everything that a location names: in the store all objects whose keys begin with it, on this machine the files
    /// of a folder, or exactly one file - `x/gra` must not mean `x/graph.json` there.
    ///
    /// - Parameter location: An address.
    /// - Returns: The store, the prefix that the names are relative to, and the objects; none when nothing is there.
    /// - Throws: `ObjectStoreError`.
    func objects(
        at location: DataLocation
    ) async throws -> (store: any ObjectStore, prefix: ObjectKey, objects: [ObjectSummary]) {
        var (store, prefix) = try resolve(location)
        var objects: [ObjectSummary] = []
        if case .local(let path) = location {
            guard FileStatus(of: path)?.isDirectory == true else {
                return (store, prefix, [try await store.summary(of: prefix)])
            }
            (store, prefix) = (LocalFolderStore(folder: path), ObjectKey(""))
        }
        try await store.list(prefix: prefix) { objects.append($0) }
        return (store, prefix, objects)
    }

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

    private func bucketStore(_ bucket: String, _ location: DataLocation) throws(ObjectStoreError) -> any ObjectStore {
        guard case .folder(let root) = mode else {
            throw ObjectStoreError(
                .unavailable,
                "\(location.description.escaped()) lies in Amazon S3, which this version cannot reach yet; use "
                    + "--storage file:DIR with a folder DIR that holds a folder for each bucket, or local paths"
            )
        }
        guard !bucket.isEmpty, bucket != ".", bucket != "..", !bucket.utf8.contains(.slash) else {
            throw ObjectStoreError(.invalidKey, "\"\(bucket.escaped())\" is no bucket name")
        }
        return LocalFolderStore(folder: root.appending(bucket), bucketAddress: "s3://\(bucket)/")
    }
}
