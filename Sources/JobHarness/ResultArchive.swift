import Archive
import BraketEnvironment
import Logging
import ObjectStorage
import RunnerCore
import SystemPackage

/// A folder or file that becomes an archive in the store at the end.
struct ResultArchive: Hashable, Sendable {
    /// The folder, or the one a single file lies in.
    let folder: FilePath
    /// The file's name in the folder; nil for the whole folder.
    var file: [UInt8]?
    /// What is joined to the results path: `/output/model.tar.gz`.
    let name: String
    /// Whether it is stored although it is empty.
    var evenEmpty = false
    /// Whether the folder is made when it is not there: a script may have removed its empty one.
    var isOurs = false

    /// Whether there is something to store; makes the folder where it is ours.
    ///
    /// - Parameter logger: Is told when what `--upload` names is not there.
    /// - Returns: false for an empty folder, but for the results of a script that succeeded.
    /// - Throws: `ObjectStoreError` when the folder cannot be read.
    func isStored(_ logger: Logger) throws -> Bool {
        if isOurs { try makeDirectories(folder) }
        guard file == nil else { return true }
        guard FileStatus(of: folder)?.isDirectory == true else {
            logger.warning("nothing is there to be stored", metadata: ["path": "\(folder)", "as": "\(name)"])
            return false
        }
        return try evenEmpty || !isOurs || !directoryEntryNames(folder).isEmpty
    }
}

extension Job {
    /// What is stored after this end, in order.
    ///
    /// A failed job that saved nothing has no archive, a successful one has an empty one (contract §5.2).
    ///
    /// - Parameter succeeded: Whether the script succeeded.
    /// - Returns: The archives, the results first.
    func resultArchives(succeeded: Bool) -> [ResultArchive] {
        let rules = configuration.settings.uploads
        var archives: [ResultArchive] = []
        if rules.policy(of: .results).applies(succeeded: succeeded) {
            archives.append(
                ResultArchive(folder: paths.model, name: "/output/model.tar.gz", evenEmpty: succeeded, isOurs: true)
            )
        }
        if rules.policy(of: .data).applies(succeeded: succeeded) {
            archives.append(ResultArchive(folder: paths.outputData, name: "/output/output.tar.gz", isOurs: true))
        }
        for rule in rules where rule.policy.applies(succeeded: succeeded) {
            guard case .path(let path) = rule.source, let name = rule.objectName else { continue }
            archives.append(Self.archive(of: uploadPath(path), name: "/output/\(name)"))
        }
        return archives
    }

    /// The archive of a path: of its content when it is a folder, of itself when it is a file.
    private static func archive(of path: FilePath, name: String) -> ResultArchive {
        guard let status = FileStatus(of: path), !status.isDirectory, let file = path.lastComponent else {
            return ResultArchive(folder: path, name: name)
        }
        return ResultArchive(folder: path.removingLastComponent(), file: Array(file.string.utf8), name: name)
    }

    /// Where something lies that the script names relative to its working folder: that of Python is the code folder,
    /// that of a program the unpacked script, which also holds what the archive brought.
    private func uploadPath(_ path: FilePath) -> FilePath {
        if path.isAbsolute { return paths.rerooted(path) }
        let inCode = paths.code.pushing(path).lexicallyNormalized()
        if !path.components.isEmpty, FileStatus(of: inCode) != nil { return inCode }
        return paths.extracted.pushing(path).lexicallyNormalized()
    }

    /// Says where a script wrote that left its results folder empty: those files are in no archive.
    func hintAtWrittenFiles() async {
        guard let started = record.scriptStartedAt,
            // What cannot be listed was said when it was packed.
            let results = try? directoryEntryNames(paths.model), results.isEmpty
        else { return }
        // The unpacked script is below the code folder; each is looked at by itself.
        let leftOut: Set = [paths.code.appending("customer_code"), configuration.checkpointDirectory]
        let folders = [paths.code, paths.extracted]
        let found = try? await BlockingPool.shared.run { _ in
            folders.flatMap { WrittenFiles.scan($0, since: started, leavingOut: leftOut) }
        }
        // The scan throws nothing, and neither does the pool.
        var written = found ?? []
        let uploaded = configuration.settings.uploads.compactMap(\.objectName)
        written.removeAll { uploaded.contains("uploads/\($0.name).tar.gz") }
        guard let hint = WrittenFiles.hint(written, canUpload: configuration.storage.movesData) else { return }
        logger.warning("\(hint)")
        record.set("hint", .string(hint))
    }
}

extension JobConfiguration {
    /// What packs and unpacks.
    var deflateEngine: DeflateEngine { DeflateEngine(rawValue: settings.deflate) ?? .automatic }
}
