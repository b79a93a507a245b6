import Archive
import BraketEnvironment
import Logging
import MultiInstance
import ObjectStorage
import RunnerCore
import SystemPackage

/// One set of results from all hosts of a job.
///
/// A worker stores its archives below `<s3Path>/output/hosts/<host>/`. The leader unpacks them beside its own folders,
/// moves what is in them in - its own files win, another host's of the same name becomes `name.<host>` - and removes
/// them from the store once its own archive, which then has everything, is there.
struct HostResults: Sendable {
    /// What came of the merge.
    struct Outcome: Sendable {
        /// The objects that can be removed when the archives are stored.
        var merged: [String] = []
        /// The files that got another name, as `name.<host>`.
        var renamed: [String] = []
        /// What is not in the leader's archives, and why.
        var problems: [String] = []
    }

    /// The job.
    let job: Job

    /// Where a host's own archives go.
    ///
    /// - Parameters:
    ///   - host: The host.
    ///   - name: The archive, `/output/model.tar.gz`.
    /// - Returns: For instance `/output/hosts/algo-2/model.tar.gz`.
    static func name(_ host: String, _ name: String) -> String {
        "/output/hosts/\(host)/" + name.dropFirst("/output/".count)
    }

    /// Takes the other hosts' results into the leader's folders.
    ///
    /// - Parameter hosts: The hosts that have stored theirs, in order.
    /// - Returns: What came of it; what could not be taken stays in the store.
    func merge(_ hosts: [String]) async -> Outcome {
        var outcome = Outcome()
        guard let output = job.configuration.outputPath else { return outcome }
        let folders = [("/output/model.tar.gz", job.paths.model), ("/output/output.tar.gz", job.paths.outputData)]
        for host in hosts {
            for (name, folder) in folders {
                let address = output + Self.name(host, name)
                do {
                    guard let renamed = try await take(address, of: host, into: folder) else { continue }
                    outcome.renamed += renamed
                    outcome.merged.append(address)
                } catch {
                    outcome.problems.append("\(address) is not merged, but is there: \(error)")
                }
            }
        }
        return outcome
    }

    /// Removes what is in the leader's archives now.
    func remove(_ addresses: [String]) async {
        for address in addresses {
            do {
                let (store, key) = try place(address)
                try await store.delete(key)
            } catch {
                job.logger.warning("a host's part is left", metadata: ["address": "\(address)", "reason": "\(error)"])
            }
        }
    }

    private func place(_ address: String) throws -> (store: any ObjectStore, key: ObjectKey) {
        try job.stores.resolve(try DataLocation(address, relativeTo: job.paths.root))
    }

    private func take(_ address: String, of host: String, into folder: FilePath) async throws -> [String]? {
        let (store, key) = try place(address)
        let fresh = job.paths.ml.appending(".of-\(host)")
        let extractor = ArchiveExtractor(engine: job.configuration.deflateEngine)
        do {
            return try await store.read(key) { source in
                try? removeTree(fresh)  // A killed run's; what is in the way is said by the next line.
                try makeDirectories(fresh)
                try makeDirectories(folder)
                defer { try? removeTree(fresh) }  // Everything of it is in the store.
                _ = try extractor.extract(from: source, into: fresh)
                return try mergeTree(fresh, into: folder, host: host)
            }
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        }
    }
}

/// Moves everything below a folder into another one; what has a name that is taken there gets the host's as an ending.
///
/// Blocks.
///
/// - Parameters:
///   - source: What to move; it is left with empty folders.
///   - target: Where to; its own files win.
///   - host: The ending.
/// - Returns: What got another name, relative to `target`, in order.
/// - Throws: `ObjectStoreError`.
func mergeTree(_ source: FilePath, into target: FilePath, host: String) throws(ObjectStoreError) -> [String] {
    var renamed: [String] = []
    for name in try directoryEntryNames(source).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        let from = source.appending(bytes: name)
        let to = target.appending(bytes: name)
        let isFolder = FileStatus(of: from, followingLinks: false)?.isDirectory == true
        switch FileStatus(of: to, followingLinks: false) {
        case nil: try moveTree(from, to: to)
        case let status? where status.isDirectory && isFolder:
            let text = String(decoding: name, as: UTF8.self)
            renamed += try mergeTree(from, into: to, host: host).map { "\(text)/\($0)" }
        default:
            let other = target.appending(bytes: name + Array(".\(host)".utf8))
            // The leader may have a file of that name too; then both are its own.
            guard FileStatus(of: other, followingLinks: false) == nil else {
                throw ObjectStoreError(.failed, "\(to) and \(other) are both taken")
            }
            try moveTree(from, to: other)
            renamed.append(String(decoding: name, as: UTF8.self) + ".\(host)")
        }
    }
    return renamed
}
