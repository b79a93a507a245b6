import Archive
import BraketEnvironment
import Logging
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

/// What was fetched as the script.
struct FetchedCode: Sendable {
    /// `tar.gz`, `zip`, `file`, `folder` and so on.
    let form: String
    /// How many files and folders it has.
    let entries: Int
    /// How many bytes were fetched.
    let bytes: Int64
    /// The SHA-256 of the object; nil for a folder.
    let sha256: String?
    /// What an archive held and a job must not have.
    let skipped: [String]
}

/// Fetches the script and unpacks it into a fresh folder.
///
/// The folder gets its name only when everything is in it, and takes the place of an older one: code of an earlier
/// run never runs again (contract §3.4).
struct CodeBundle: Sendable {
    /// The job.
    let configuration: JobConfiguration
    /// The job's stores.
    let stores: Stores
    /// What an archive may unpack to.
    let limits: ExtractionLimits
    /// The runner's own log.
    let logger: Logger

    /// Fetches the script into `extracted`.
    ///
    /// - Parameter target: The folder to make; what stands there is replaced.
    /// - Returns: What was fetched.
    /// - Throws: `JobFailure`, or `CancellationError`.
    func fetch(into target: FilePath) async throws -> FetchedCode {
        let fresh = target.removingLastComponent().appending(".fetching")
        do {
            try removeTree(fresh)
            try makeDirectories(fresh)
            let fetched = try await fill(fresh)
            try replaceTree(target, with: fresh, old: target.removingLastComponent().appending(".replaced"))
            return fetched
        } catch {
            try? removeTree(fresh)  // The first error is the one to report.
            throw describe(error)
        }
    }

    private func fill(_ folder: FilePath) async throws -> FetchedCode {
        let (store, key) = try stores.resolve(configuration.script)
        if !key.isFolderMarker, !key.bytes.isEmpty {
            do {
                let summary = try await store.summary(of: key)
                return try await fetchObject(store, summary, into: folder)
            } catch let error as ObjectStoreError where error.code == .notFound {
                logger.debug("no object of this name; trying it as a folder")
            }
        }
        return try await fetchFolder(into: folder)
    }

    // MARK: One object

    private func fetchObject(
        _ store: any ObjectStore,
        _ summary: ObjectSummary,
        into folder: FilePath
    ) async throws -> FetchedCode {
        let hash = ContentHash()
        defer { hash.finish() }
        let compression = configuration.compression
        let file = folder.appending(bytes: summary.key.lastComponent.bytes)
        let extractor = ArchiveExtractor(limits: limits, engine: configuration.deflateEngine)
        let report = try await store.read(summary.key) { source -> ExtractionReport? in
            var source: any ByteSource = HashingSource(source, hash: hash)
            if compression == .automatic {
                let peeked = try PeekedSource(source)
                source = peeked
                guard peeked.looksLikeArchive else { return try copy(source, to: file) }
            }
            guard compression != .none else { return try copy(source, to: file) }
            return try extractor.extract(from: source, into: folder)
        }
        return FetchedCode(
            form: report?.format.rawValue ?? "file",
            entries: report?.entries ?? 1,
            bytes: hash.byteCount,
            sha256: hash.hexadecimal,
            skipped: report?.skipped ?? []
        )
    }

    // MARK: A folder

    private func fetchFolder(into folder: FilePath) async throws -> FetchedCode {
        var location = configuration.script
        // `s3://bucket/code` names the folder `code/`, never `code2/`.
        if case .object(let bucket, let key) = location, !key.isEmpty, !key.hasSuffix("/") {
            location = .object(bucket: bucket, key: key + "/")
        }
        let (store, prefix, found) = try await stores.objects(at: location)
        let objects = found ?? []
        guard objects.contains(where: { !$0.key.isFolderMarker }) else {
            throw ObjectStoreError(.notFound, "\(configuration.scriptURI.escaped()) does not exist")
        }
        let files = try channelFiles(
            objects,
            prefix: prefix,
            channel: "script",
            address: configuration.script.description
        )
        let top = folder.pushing(topFolder(for: files))
        try await forEachLargestFirst(
            workers: configuration.settings.store.transfersAtOnce,
            sizeBytes: { (file: ChannelFile) in file.object.sizeBytes },
            find: { add in for file in files { try await add(file) } },
            move: { file in
                _ = try await store.download(file.object, to: top.pushing(file.name), progress: nil)
            }
        )
        if case .local(let source) = configuration.script { keepPermissions(of: files, from: source, at: top) }
        return FetchedCode(
            form: "folder",
            entries: files.count,
            bytes: files.map(\.object.sizeBytes).saturatingSum(),
            sha256: nil,
            skipped: []
        )
    }

    /// The folder that a script given as a folder goes into.
    private func topFolder(for files: [ChannelFile]) -> FilePath {
        let folderName =
            switch configuration.script {
            case .local(let path): path.lastComponent?.string
            case .object(_, let key): key.split(separator: "/").last.map(String.init)
            }
        let isInArchive = isFolderInArchive(
            named: folderName,
            entryPoint: configuration.entryPoint,
            names: files.lazy.compactMap { $0.name.components.first?.string }
        )
        return isInArchive ? FilePath(folderName ?? "") : ""
    }

    private func keepPermissions(of files: [ChannelFile], from source: FilePath, at folder: FilePath) {
        for file in files {
            guard let status = FileStatus(of: source.pushing(file.name)) else { continue }
            // A tool that cannot be made executable fails later with a clear sentence of its own.
            _ = folder.pushing(file.name).withPlatformString { chmod($0, status.permissions & 0o777 | 0o600) }
        }
    }

    // MARK: Words

    private static func remedy(_ error: ArchiveError) -> [String] {
        guard error.code == .limitExceeded else { return [] }
        return ["The limits are --max-archive-entries, --max-archive-bytes and --max-archive-ratio."]
    }

    /// Today's words first (contract §3.4, §3.5), then the cause.
    private func describe(_ error: any Error) -> any Error {
        switch error {
        case let error as ArchiveError:
            return JobFailure(
                .archiveRefused,
                .scriptArchive,
                "Got an exception while trying to unpack archive: \(configuration.scriptURI.escaped(limit: 300)) of type: "
                    + "\(configuration.compression.rawValue).",
                details: ["Exception: \(error)"] + Self.remedy(error)
            )
        case let error as ObjectStoreError:
            let (kind, code): (JobFailure.Kind, ExitCode) =
                switch error.code {
                case .unavailable: (.storageUnavailable, .storageUnavailable)
                default: (JobFailure.kind(of: error, otherwise: .scriptMissing), .scriptArchive)
                }
            return JobFailure(kind, code, "Unable to download code.", details: ["Exception: \(error)"])
        case let error as ChannelError:
            return JobFailure(
                .archiveRefused,
                .scriptArchive,
                "Unable to download code.",
                details: ["Exception: \(error)"]
            )
        default:
            return error
        }
    }
}

/// Copies a source into a new file.
private func copy(_ source: any ByteSource, to file: FilePath) throws -> ExtractionReport? {
    var source = source
    try writeNewFile(file) { descriptor in
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
        defer { buffer.deallocate() }
        while case let count = try source.read(into: buffer), count > 0 {
            try descriptor.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
    return nil
}

/// A source whose first bytes were looked at.
private struct PeekedSource: ByteSource {
    private var source: any ByteSource
    private var first: [UInt8] = []

    init(_ source: any ByteSource) throws {
        self.source = source
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)
        defer { buffer.deallocate() }
        while first.count < 512 {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(512 - first.count)])
            let count = try self.source.read(into: rest)
            guard count > 0 else { break }
            first.append(contentsOf: rest[..<count])
        }
    }

    /// gzip, zip, or a tar with its magic; a file that is none of them is the script itself.
    var looksLikeArchive: Bool {
        first.starts(with: [0x1f, 0x8b]) || first.starts(with: Array("PK".utf8) + [3, 4])
            || first.starts(with: Array("PK".utf8) + [5, 6])
            || (first.count >= 262 && first[257..<262].elementsEqual("ustar".utf8))
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !first.isEmpty else { return try source.read(into: buffer) }
        let count = min(first.count, buffer.count)
        buffer.copyBytes(from: first[..<count])
        first.removeFirst(count)
        return count
    }
}
