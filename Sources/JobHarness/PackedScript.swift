import Archive
import EntryPoint
import ObjectStorage
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A script of this machine as the archive that the service's container unpacks.
struct PackedScript: Sendable {
    /// What is packed, and how it lies in the archive.
    private enum Form {
        /// The folder itself.
        case folder
        /// What is in the folder.
        case contents
        /// One file.
        case file
        /// It is an archive already.
        case archive
    }

    /// The file or folder, with no link in its path: the SDK packs what a link leads to.
    private let path: FilePath
    private let entryPoint: String
    private let form: Form

    /// Looks at a script; blocks for a few calls.
    ///
    /// - Parameters:
    ///   - path: The file or folder.
    ///   - entryPoint: What is run of it.
    init(_ path: FilePath, entryPoint: String) {
        self.path = Self.resolved(path)
        self.entryPoint = entryPoint
        guard FileStatus(of: self.path)?.isDirectory == true else {
            form = Self.isGzip(self.path) ? .archive : .file
            return
        }
        // A folder that cannot be listed is said when it is packed.
        let names = ((try? directoryEntryNames(self.path)) ?? []).map { String(decoding: $0, as: UTF8.self) }
        let name = self.path.lastComponent?.string
        form = isFolderInArchive(named: name, entryPoint: entryPoint, names: names) ? .folder : .contents
    }

    /// Whether the entry point names a module or a file of the script; true for an archive, which is not looked into.
    var holdsEntryPoint: Bool {
        switch form {
        case .archive: true
        case .folder: Self.resolves(entryPoint, in: path.removingLastComponent())
        case .contents: Self.resolves(entryPoint, in: path)
        case .file:
            entryPoint == path.lastComponent?.string
                || path.extension == "py" && String(entryPoint.prefix { $0 != ":" }) == path.lastComponent?.stem
        }
    }

    /// Stores the archive.
    ///
    /// - Parameters:
    ///   - store: Where.
    ///   - key: Its key.
    ///   - options: How.
    /// - Returns: What is not in the archive and why, a line each.
    /// - Throws: `ObjectStoreError`, `ArchiveError`, `CancellationError`.
    func store(in store: any ObjectStore, as key: ObjectKey, options: WriteOptions) async throws -> [String] {
        let (folder, name) = (path.removingLastComponent(), path.lastComponent.map { Array($0.string.utf8) })
        switch form {
        case .archive:
            try await store.upload(path, to: key, options: options)
            return []
        case .folder, .file:
            return try await pack(folder, only: name, into: store, key, options)
        case .contents:
            return try await pack(path, only: nil, into: store, key, options)
        }
    }

    private func pack(
        _ folder: FilePath,
        only name: [UInt8]?,
        into store: any ObjectStore,
        _ key: ObjectKey,
        _ options: WriteOptions
    ) async throws -> [String] {
        let report = try await store.write(key, options: options) { sink in
            try TreePacker().pack(directory: folder, only: name, into: &sink)
        }
        return report.leftOut
    }

    private static func resolves(_ entryPoint: String, in root: FilePath) -> Bool {
        switch resolveEntryPoint(entryPoint, in: root) {
        case .module(_, _, .some), .program: true
        case .module(_, _, nil), .missingFile: false
        }
    }

    private static func resolved(_ path: FilePath) -> FilePath {
        guard let text = path.withPlatformString({ realpath($0, nil) }) else { return path }
        defer { free(text) }
        return FilePath(platformString: text)
    }

    private static func isGzip(_ file: FilePath) -> Bool {
        let magic: [UInt8] = [0x1f, 0x8b]
        // A file that cannot be read is said when it is packed.
        let head = try? withOpenFile(file, address: file.string) { descriptor in
            var bytes: [UInt8] = [0, 0]
            let count = try bytes.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            return Array(bytes.prefix(count))
        }
        return head == magic
    }
}
