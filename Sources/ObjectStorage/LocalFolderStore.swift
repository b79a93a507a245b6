package import RunnerCore
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A folder in the place of a bucket: the key `a/b` is the file `a/b` below it.
///
/// Everything blocks on `BlockingPool`. A write goes to a hidden file beside the target and is renamed, so that a
/// reader - another job restoring its checkpoints - never sees a part of an object.
package struct LocalFolderStore: ObjectStore {
    /// Names of files that are not complete yet; listings leave them out.
    static let partialPrefix = ".braket-runner-partial-"

    /// The folder that stands for the bucket.
    package let folder: FilePath
    private let bucketAddress: String

    /// Makes a store over a folder, which need not exist yet.
    ///
    /// - Parameters:
    ///   - folder: The folder that stands for the bucket.
    ///   - bucketAddress: What comes before the key in messages, such as `s3://bucket/`; the folder itself when nil.
    package init(folder: FilePath, bucketAddress: String? = nil) {
        self.folder = folder
        self.bucketAddress = bucketAddress ?? (folder.string.hasSuffix("/") ? folder.string : folder.string + "/")
    }

    package func address(of key: ObjectKey) -> String { bucketAddress + key.description }

    /// The file of a key.
    ///
    /// - Throws: `ObjectStoreError.invalidKey` for a key that would leave the folder.
    package func file(of key: ObjectKey) throws(ObjectStoreError) -> FilePath {
        // The file `a` is not the object `a/`, which consoles make as a folder.
        guard !key.isFolderMarker else {
            throw ObjectStoreError(.notFound, "\(address(of: key).escaped()) is a folder, not an object")
        }
        return try path(of: key)
    }

    /// The path of a key or of a folder of keys.
    ///
    /// - Throws: `ObjectStoreError.invalidKey` for a key that would leave the folder.
    func path(of key: ObjectKey) throws(ObjectStoreError) -> FilePath {
        guard let relative = key.relativePath() else {
            throw ObjectStoreError(
                .invalidKey,
                "\(address(of: key).escaped()): a local folder cannot hold this key "
                    + "(it is empty, or a part of it is \"..\", longer than 255 bytes or holds a NUL byte)"
            )
        }
        return folder.pushing(relative)
    }

    package func summary(of key: ObjectKey) async throws -> ObjectSummary {
        let file = try file(of: key)
        let address = address(of: key)
        return try await BlockingPool.shared.run { _ in
            guard let status = FileStatus(of: file), status.isRegularFile, !key.isFolderMarker else {
                throw ObjectStoreError(.notFound, "\(address.escaped()) does not exist")
            }
            return status.summary(key)
        }
    }

    package func read<R: Sendable>(
        _ key: ObjectKey,
        _ body: @escaping @Sendable (any ByteSource) throws -> R
    ) async throws -> R {
        let file = try file(of: key)
        let address = address(of: key)
        return try await BlockingPool.shared.run { cancellation in
            try withOpenFile(file, address: address) { descriptor in
                try body(FileSource(descriptor, name: address, cancellation: cancellation))
            }
        }
    }

    package func download(
        _ object: ObjectSummary,
        to target: FilePath,
        progress: TransferProgress?
    ) async throws -> ObjectSummary {
        let file = try file(of: object.key)
        let address = address(of: object.key)
        return try await BlockingPool.shared.run { cancellation in
            try withOpenFile(file, address: address) { source in
                guard let status = FileStatus(of: source), status.isRegularFile else {
                    throw ObjectStoreError(.notFound, "\(address.escaped()) is not a file")
                }
                try writeNewFile(target) { target in
                    let bytes = try copyBytes(from: source, to: target, cancellation: cancellation)
                    progress?.add(bytes: bytes)
                }
                return status.summary(object.key)
            }
        }
    }

    package func upload(
        _ file: FilePath,
        to key: ObjectKey,
        options: WriteOptions,
        progress: TransferProgress?
    ) async throws -> Int64 {
        let target = try self.file(of: key)
        return try await BlockingPool.shared.run { cancellation in
            let bytes = try withOpenFile(file, address: file.string) { source in
                try replaceFile(target, isDurable: true) { target in
                    try copyBytes(from: source, to: target, cancellation: cancellation)
                }
            }
            progress?.add(bytes: bytes)
            return bytes
        }
    }

    package func write<R: Sendable>(
        _ key: ObjectKey,
        options: WriteOptions,
        _ body: @escaping @Sendable (inout any ByteSink) throws -> R
    ) async throws -> R {
        let target = try file(of: key)
        let address = address(of: key)
        return try await BlockingPool.shared.run { cancellation in
            try replaceFile(target, isDurable: true) { descriptor in
                var sink: any ByteSink = FileSink(descriptor, name: address, cancellation: cancellation)
                return try body(&sink)
            }
        }
    }

    package func copy(
        _ object: ObjectSummary,
        of source: any ObjectStore,
        to key: ObjectKey,
        options: WriteOptions
    ) async throws -> Bool {
        guard let source = source as? LocalFolderStore else { return false }
        let file = try source.file(of: object.key)
        let address = source.address(of: object.key)
        let target = try self.file(of: key)
        // Never a hard link: the next write to one name must not change the other.
        return try await BlockingPool.shared.run { cancellation in
            try withOpenFile(file, address: address) { opened in
                _ = try replaceFile(target, isDurable: true) { target in
                    try copyBytes(from: opened, to: target, cancellation: cancellation)
                }
            }
            return true
        }
    }

    package func delete(_ key: ObjectKey) async throws {
        let file = try file(of: key)
        try await BlockingPool.shared.run { _ in
            guard removeLink(file) || errno == ENOENT || errno == ENOTDIR else {
                throw ObjectStoreError(writing: file.string, Errno(rawValue: errno))
            }
        }
    }

    package func removeAbandonedUploads(prefix: ObjectKey, begunBefore moment: Timestamp) async throws -> Int {
        // A partial file has a name of its own for each try and is never listed; the next write of the same key does
        // not meet it. It stays for a person to look at.
        0
    }
}
