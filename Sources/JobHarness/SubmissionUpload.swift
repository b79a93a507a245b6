import BraketEnvironment
import Logging
import ObjectStorage
import RunnerCore
import SystemPackage

/// Stores what a submission needs of this machine: the script as an archive, the channels as they are.
struct SubmissionUpload: Sendable {
    /// The submission.
    let submission: Submission
    /// Where addresses lead.
    let stores: Stores
    /// The runner's own log.
    let logger: Logger

    /// Stores everything, the script first.
    ///
    /// - Throws: `ObjectStoreError`, `ArchiveError`, `JobFailure`, `CancellationError`.
    func run() async throws {
        for upload in submission.uploads {
            switch upload.role {
            case .script: try await storeScript(upload)
            case .channel(let name): try await storeChannel(name, upload)
            }
        }
    }

    /// Without the key of the results: a role that may encrypt with it need not be allowed to decrypt, and the SDK
    /// uploads without it, too.
    private var options: WriteOptions {
        WriteOptions(
            storageClass: submission.store.storageClass,
            tags: submission.store.tags.map { ObjectTag(key: $0.key, value: $0.value) }
        )
    }

    private func storeScript(_ upload: Submission.Upload) async throws {
        let (store, key) = try stores.resolve(upload.target)
        let entryPoint = submission.entryPoint
        let script = try await BlockingPool.shared.run { _ in PackedScript(upload.source, entryPoint: entryPoint) }
        let leftOut = try await script.store(in: store, as: key, options: options)
        for line in leftOut { logger.warning("not in the script's archive: \(line)") }
        logger.info("script uploaded", metadata: ["from": "\(upload.source)", "to": "\(upload.target)"])
    }

    private func storeChannel(_ name: String, _ upload: Submission.Upload) async throws {
        let progress = TransferProgress()
        let transfer = FileUpload(store: try stores.resolve(upload.target), options: options, progress: progress)
        try await reporting(progress, of: "channel \(name)", logger) {
            try await transfer.run(upload.source, filesAtOnce: submission.store.transfersAtOnce)
        }
        logger.info(
            "channel uploaded: \(progress.figures.summary)",
            metadata: ["channel": "\(name)", "from": "\(upload.source)", "to": "\(upload.target)"]
        )
    }
}

/// Stores a file as an object, or a folder as the objects below a prefix.
private struct FileUpload: Sendable {
    let store: any ObjectStore
    let key: ObjectKey
    let options: WriteOptions
    let progress: TransferProgress

    init(store place: (store: any ObjectStore, key: ObjectKey), options: WriteOptions, progress: TransferProgress) {
        store = place.store
        key = place.key
        self.options = options
        self.progress = progress
    }

    func run(_ source: FilePath, filesAtOnce: Int) async throws {
        guard FileStatus(of: source)?.isDirectory == true else {
            progress.found(bytes: FileStatus(of: source)?.sizeBytes ?? 0)
            progress.listingEnded()
            _ = try await store.upload(source, to: key, options: options, progress: progress)
            return progress.objectDone()
        }
        let folder = LocalFolderStore(folder: source)
        try await forEachLargestFirst(
            workers: filesAtOnce,
            sizeBytes: { (object: ObjectSummary) in object.sizeBytes },
            find: { add in
                try await folder.list(prefix: ObjectKey("")) { object in
                    guard !object.key.isFolderMarker else { return }
                    progress.found(bytes: object.sizeBytes)
                    try await add(object)
                }
                progress.listingEnded()
            },
            move: { object in
                let file = try folder.file(of: object.key)
                let target = ObjectKey(bytes: key.bytes + Array("/".utf8) + object.key.bytes)
                _ = try await store.upload(file, to: target, options: options, progress: progress)
                progress.objectDone()
            }
        )
        guard progress.figures.objects > 0 else {
            throw JobFailure(
                .inputMissing,
                .inputs,
                "\(source) holds no file, and a channel without files would fail the job."
            )
        }
    }
}
