import Archive
import BraketAPI
import BraketEnvironment
import Logging
import ObjectStorage
import RunnerCore
import SystemPackage

/// Fetches what a job in the service left: the names are those of the service and the SDK (contract §5.1).
struct ResultFetch: Sendable {
    /// What is fetched: an archive's name below `<s3Path>/output`, and the folder that gets what is in it.
    private static let archives = [(name: "model.tar.gz", folder: "model"), (name: "output.tar.gz", folder: "output")]

    /// The job's `outputDataConfig.s3Path`.
    let outputPath: String
    /// The folder for everything; it is made, and what it holds is not replaced.
    let folder: FilePath
    /// Where addresses lead.
    let stores: Stores
    /// The runner's own log.
    let logger: Logger

    /// Fetches and unpacks the archives that are there, and the record that this runner writes.
    ///
    /// - Returns: How many of them were there; a failed job may have none.
    /// - Throws: `ObjectStoreError`, `ArchiveError`, `LocationError`, `CancellationError`.
    func run() async throws -> Int {
        try makeDirectories(folder)
        var count = 0
        for archive in Self.archives {
            guard try await unpack(archive.name, into: folder.appending(archive.folder)) else { continue }
            count += 1
        }
        if try await fetchRecord() { count += 1 }
        return count
    }

    /// - Returns: false when there is no such archive.
    private func unpack(_ name: String, into target: FilePath) async throws -> Bool {
        let (store, key) = try place(name)
        // It gets its name only when everything is in it.
        let fresh = target.removingLastComponent().appending(".fetching-\(target.lastComponent?.string ?? "")")
        do {
            try removeTree(fresh)
            try makeDirectories(fresh)
            let report = try await store.read(key) { source in
                try ArchiveExtractor().extract(from: source, into: fresh)
            }
            guard moveFile(fresh, to: target) else {
                throw ObjectStoreError(.failed, "\(fresh) cannot be renamed to \(target)")
            }
            for member in report.skipped { logger.warning("not unpacked", metadata: ["member": "\(member)"]) }
            logger.info("results fetched", metadata: ["from": "\(store.address(of: key))", "to": "\(target)"])
            return true
        } catch {
            try? removeTree(fresh)  // The first error is the one to report.
            if let error = error as? ObjectStoreError, error.code == .notFound { return false }
            throw error
        }
    }

    private func fetchRecord() async throws -> Bool {
        let (store, key) = try place("job.json")
        do {
            try await store.download(key, to: folder.appending("job.json"))
            return true
        } catch let error as ObjectStoreError where error.code == .notFound {
            return false
        }
    }

    private func place(_ name: String) throws -> (store: any ObjectStore, key: ObjectKey) {
        // Plain concatenation, as the SDK does: with a trailing `/` the key has two.
        try stores.resolve(try DataLocation("\(outputPath)/output/\(name)", relativeTo: folder))
    }
}
