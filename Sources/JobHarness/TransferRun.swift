import BraketEnvironment
package import Logging
import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

/// Copies files between this machine and a store, or inside the store, with the engine that moves a job's data.
package struct TransferRun: Sendable {
    private let inputs: RunInputs
    private let logger: Logger

    /// Makes a transfer.
    ///
    /// - Parameters:
    ///   - inputs: What the program was started with.
    ///   - logger: The runner's own log.
    package init(inputs: RunInputs, logger: Logger) {
        self.inputs = inputs
        self.logger = logger
    }

    /// Copies one file, or all files below a folder when the source ends in `/`.
    ///
    /// - Parameters:
    ///   - source: An address.
    ///   - target: An address; a folder when the source is one.
    /// - Returns: The exit code.
    package func run(from source: String, to target: String) async -> Int32 {
        let (settings, problems) = StoreSettings.read(inputs.options.store)
        guard problems.isEmpty else {
            for problem in problems { logger.error("\(problem)") }
            return ExitCode.usage.rawValue
        }
        let progress = TransferProgress()
        do {
            let access = S3Access(environment: inputs.environment, settings: settings, logger: logger)
            let stores = Stores(mode: inputs.storage, s3: access)
            let from = try location(source)
            let to = try location(target)
            try await reporting(progress, of: "transfer", logger) {
                let transfer = Transfer(stores: stores, settings: settings, progress: progress)
                try await source.hasSuffix("/") ? transfer.copyFolder(from, to) : transfer.copyObject(from, to)
            }
            guard progress.figures.objects > 0 else {
                throw ObjectStoreError(.notFound, "nothing lies at \(source.escaped())")
            }
            logger.info("copied \(progress.figures.summary)")
            return 0
        } catch let error as ObjectStoreError {
            logger.error("\(error)")
            return (error.code == .unavailable ? ExitCode.storageUnavailable : .inputs).rawValue
        } catch is CancellationError {
            logger.notice("stopped on request; \(progress.figures.summary)")
            return ExitCode.stopped.rawValue
        } catch {
            logger.error("\(error)")
            return ExitCode.usage.rawValue
        }
    }

    private func location(_ text: String) throws(LocationError) -> DataLocation {
        do {
            return try DataLocation(text, relativeTo: inputs.workingDirectory)
        } catch {
            throw LocationError("\"\(text.escaped())\" \(error)")
        }
    }
}

/// One copy between two addresses; when both lie in S3 the bytes do not pass through this machine.
private struct Transfer: Sendable {
    let stores: Stores
    let settings: StoreSettings
    let progress: TransferProgress

    func copyObject(_ source: DataLocation, _ target: DataLocation) async throws {
        let (store, key) = try stores.resolve(source)
        let object = try await store.summary(of: key)
        progress.found(bytes: object.sizeBytes)
        progress.listingEnded()
        try await copy(store, object, to: target, named: nil)
    }

    func copyFolder(_ source: DataLocation, _ target: DataLocation) async throws {
        let (store, prefix) = try stores.resolvePrefixForWriting(source)
        try await forEachLargestFirst(
            workers: settings.transfersAtOnce,
            sizeBytes: { (object: ObjectSummary) in object.sizeBytes },
            find: { add in
                try await store.list(prefix: prefix) { object in
                    guard !object.key.isFolderMarker else { return }
                    progress.found(bytes: object.sizeBytes)
                    try await add(object)
                }
                progress.listingEnded()
            },
            move: { object in
                try await copy(store, object, to: target, named: object.key.droppingFirst(prefix.bytes.count))
            }
        )
    }

    /// Copies an object; its name below the target is nil when the target is its own.
    private func copy(
        _ store: any ObjectStore,
        _ object: ObjectSummary,
        to target: DataLocation,
        named name: ObjectKey?
    ) async throws {
        switch target {
        case .local(let path):
            guard let name else {
                _ = try await store.download(object, to: path, progress: progress)
                break
            }
            guard let relative = name.relativePath() else {
                throw ObjectStoreError(
                    .invalidKey,
                    "\(store.address(of: object.key).escaped()) cannot be a file below \(path)"
                )
            }
            _ = try await store.download(object, to: path.pushing(relative), progress: progress)
        case .object:
            let (targetStore, key) = try stores.resolve(target)
            let options = WriteOptions(
                storageClass: settings.storageClass,
                tags: settings.tags.map { ObjectTag(key: $0.key, value: $0.value) }
            )
            let targetKey = name.map { key.child($0) } ?? key
            if let local = store as? LocalFolderStore {
                let file = try local.file(of: object.key)
                _ = try await targetStore.upload(file, to: targetKey, options: options, progress: progress)
            } else if try await targetStore.copy(object, of: store, to: targetKey, options: options) {
                progress.add(bytes: object.sizeBytes)
            } else {
                throw ObjectStoreError(.failed, "\(targetStore.address(of: targetKey)) is in another kind of store")
            }
        }
        progress.objectDone()
    }
}
