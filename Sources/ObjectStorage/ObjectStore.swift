package import RunnerCore
package import SystemPackage

/// What a store knows of an object without reading it.
package struct ObjectSummary: Hashable, Sendable {
    /// The object's key.
    package let key: ObjectKey
    /// Its size.
    package let sizeBytes: Int64
    /// When it was last written.
    package let modified: Timestamp
    /// A value that changes with the content, where the store has one.
    package let entityTag: String?

    /// Makes a summary.
    package init(key: ObjectKey, sizeBytes: Int64, modified: Timestamp, entityTag: String? = nil) {
        self.key = key
        self.sizeBytes = sizeBytes
        self.modified = modified
        self.entityTag = entityTag
    }
}

/// A name and a value that an object carries for billing and access rules.
package struct ObjectTag: Hashable, Sendable {
    /// The name.
    package let key: String
    /// The value, which may be empty.
    package let value: String

    /// Makes a tag.
    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// How an object is to be stored; a local folder ignores all of it.
package struct WriteOptions: Hashable, Sendable {
    /// The key for server-side encryption (`outputDataConfig.kmsKeyId`).
    package var kmsKeyID: String?
    /// S3's storage class, such as `STANDARD_IA`; the bucket's default when nil.
    package var storageClass: String?
    /// The object's tags.
    package var tags: [ObjectTag]

    /// Makes options.
    package init(kmsKeyID: String? = nil, storageClass: String? = nil, tags: [ObjectTag] = []) {
        self.kmsKeyID = kmsKeyID
        self.storageClass = storageClass
        self.tags = tags
    }
}

/// One bucket, or a folder that stands for one.
///
/// The rules every store keeps, and callers may rely on:
/// - A write is all or nothing: readers see the old object or the new one, never a part (no torn checkpoints).
/// - `list` yields keys in the order of their bytes and in constant memory.
/// - Every function may be called again with the same arguments after an error.
/// - Bodies run on a thread that may block; cancelling the task makes their next read or write throw.
package protocol ObjectStore: Sendable {
    /// Where the object lies, for messages and records: `s3://bucket/key` or a path.
    func address(of key: ObjectKey) -> String

    /// Looks at one object.
    ///
    /// - Throws: `ObjectStoreError`, `.notFound` when there is none.
    func summary(of key: ObjectKey) async throws -> ObjectSummary

    /// Calls `visit` with each object whose key begins with `prefix`, in byte order.
    ///
    /// - Throws: `ObjectStoreError`, or what `visit` throws, which ends the listing. No match is no error.
    func list(prefix: ObjectKey, _ visit: (ObjectSummary) async throws -> Void) async throws

    /// Tells whether `prefix` names a folder: something begins with it, and all that does begins with it and a `/`.
    ///
    /// - Parameter prefix: Does not end in `/`.
    /// - Returns: false also when nothing begins with it.
    /// - Throws: `ObjectStoreError`.
    func isFolder(_ prefix: ObjectKey) async throws -> Bool

    /// Reads an object from start to end.
    ///
    /// - Throws: `ObjectStoreError`, or what `body` throws.
    func read<R: Sendable>(
        _ key: ObjectKey,
        _ body: @escaping @Sendable (any ByteSource) throws -> R
    ) async throws -> R

    /// Copies an object into a file, which must not exist; a failed download leaves none.
    ///
    /// - Parameters:
    ///   - object: The object as it was listed or looked at; when it changed since, the file gets what is there now.
    ///   - file: The new file; folders above it are made.
    ///   - progress: Gets each byte that arrives.
    /// - Returns: The object as it was read.
    /// - Throws: `ObjectStoreError`; `.exists` when there is such a file.
    func download(
        _ object: ObjectSummary,
        to file: FilePath,
        progress: TransferProgress?
    ) async throws -> ObjectSummary

    /// Stores a file's bytes.
    ///
    /// - Parameters:
    ///   - file: The file; one that changes meanwhile is stored in some state of that time.
    ///   - key: Where.
    ///   - options: How.
    ///   - progress: Gets each byte that the store took.
    /// - Returns: How many bytes were stored.
    /// - Throws: `ObjectStoreError`.
    func upload(
        _ file: FilePath,
        to key: ObjectKey,
        options: WriteOptions,
        progress: TransferProgress?
    ) async throws -> Int64

    /// Stores what `body` writes; the object appears when `body` returned, and stays as it was when it throws.
    ///
    /// - Throws: `ObjectStoreError`, or what `body` throws.
    func write<R: Sendable>(
        _ key: ObjectKey,
        options: WriteOptions,
        _ body: @escaping @Sendable (inout any ByteSink) throws -> R
    ) async throws -> R

    /// Copies an object inside the store, without its bytes passing through this machine.
    ///
    /// - Parameters:
    ///   - object: The object as it was listed or looked at; one that changed since is not copied where the store can tell.
    ///   - source: Where it lies; this store, or another one of the same kind.
    ///   - key: The key of the copy.
    ///   - options: How the copy is to be stored.
    /// - Returns: false when this store cannot reach the source by itself: the bytes must be fetched and stored.
    /// - Throws: `ObjectStoreError`, `.notFound` when there is no such object.
    func copy(
        _ object: ObjectSummary,
        of source: any ObjectStore,
        to key: ObjectKey,
        options: WriteOptions
    ) async throws -> Bool

    /// Removes an object; a missing one is no error.
    ///
    /// - Throws: `ObjectStoreError`.
    func delete(_ key: ObjectKey) async throws

    /// Removes what a killed run left of uploads it did not finish; such parts are paid for and seen by no listing.
    ///
    /// - Parameters:
    ///   - prefix: Only of keys that begin with it.
    ///   - moment: Only what was begun before it: the caller's own start.
    /// - Returns: How many were removed.
    /// - Throws: `ObjectStoreError`.
    func removeAbandonedUploads(prefix: ObjectKey, begunBefore moment: Timestamp) async throws -> Int
}

extension ObjectStore {
    /// Copies an object into a file, which must not exist.
    ///
    /// - Parameters:
    ///   - key: Which object.
    ///   - file: The new file; folders above it are made.
    /// - Returns: The object as it was read.
    /// - Throws: `ObjectStoreError`.
    @discardableResult
    package func download(_ key: ObjectKey, to file: FilePath) async throws -> ObjectSummary {
        try await download(try await summary(of: key), to: file, progress: nil)
    }

    /// Stores a file's bytes.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - key: Where.
    ///   - options: How.
    /// - Returns: How many bytes were stored.
    /// - Throws: `ObjectStoreError`.
    @discardableResult
    package func upload(_ file: FilePath, to key: ObjectKey, options: WriteOptions) async throws -> Int64 {
        try await upload(file, to: key, options: options, progress: nil)
    }

    /// Stores a small text or document.
    ///
    /// - Parameters:
    ///   - bytes: The whole content.
    ///   - key: Where.
    ///   - options: How.
    /// - Throws: `ObjectStoreError`.
    package func put(_ bytes: [UInt8], to key: ObjectKey, options: WriteOptions) async throws {
        try await write(key, options: options) { sink in
            try bytes.withUnsafeBytes { try sink.write($0) }
        }
    }

    /// Reads a small object into memory.
    ///
    /// - Parameters:
    ///   - key: Which.
    ///   - limitBytes: More than that is an error: a manifest or a job document is never large.
    /// - Returns: Its bytes.
    /// - Throws: `ObjectStoreError`.
    package func get(_ key: ObjectKey, limitBytes: Int = 16 << 20) async throws -> [UInt8] {
        let address = address(of: key)
        return try await read(key) { source in
            var source = source
            var bytes: [UInt8] = []
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
            defer { buffer.deallocate() }
            while case let count = try source.read(into: buffer), count > 0 {
                bytes.append(contentsOf: buffer[..<count])
                guard bytes.count <= limitBytes else {
                    throw ObjectStoreError(
                        .failed,
                        "\(address) is larger than the \(humanBytes(Int64(limitBytes))) allowed"
                    )
                }
            }
            return bytes
        }
    }
}
