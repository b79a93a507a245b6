package import ObjectStorage
import RunnerCore
package import SystemPackage

/// One regular file below a folder.
package struct TreeFile: Hashable, Sendable {
    /// Its name relative to the folder, which is also its key below the checkpoint URI.
    package let key: ObjectKey
    /// Where it lies.
    package let path: FilePath
    /// What stat(2) said when it was listed.
    package let status: FileStatus
}

/// What the names of the runner's own files begin with; they are no checkpoints, even when a killed run left one.
let ownFilePrefix = ".braket-runner-"

/// What stands below a checkpoint folder.
package struct FileTree: Sendable {
    /// The regular files in the order of their keys.
    package private(set) var files: [TreeFile] = []
    /// Links, sockets and the like: they are no checkpoints.
    package private(set) var skipped: [String] = []
    /// Folders that cannot be read, each with the reason.
    package private(set) var unreadable: [String] = []

    /// Lists what stands below a folder.
    ///
    /// Blocks. Links are not followed: a link to a folder outside would bring in files that are no checkpoints, and
    /// the SDK writes plain files. A folder that cannot be read does not hide the others.
    ///
    /// - Parameter folder: The folder; a missing one has no files.
    package init(below folder: FilePath) {
        if let status = FileStatus(of: folder), !status.isDirectory {
            unreadable = ["\(folder) is no folder any more"]
            return
        }
        var pending: [(folder: FilePath, key: [UInt8])] = [(folder, [])]
        while let next = pending.popLast() {
            do throws(ObjectStoreError) {
                pending += try list(next.folder, next.key)
            } catch {
                unreadable.append("\(error)")
            }
        }
        files.sort { $0.key < $1.key }
    }

    private mutating func list(
        _ folder: FilePath,
        _ prefix: [UInt8]
    ) throws(ObjectStoreError) -> [(folder: FilePath, key: [UInt8])] {
        var folders: [(folder: FilePath, key: [UInt8])] = []
        for name in try directoryEntryNames(folder) where !name.starts(with: ownFilePrefix.utf8) {
            let path = folder.appending(bytes: name)
            let key = prefix + name
            guard let status = FileStatus(of: path, followingLinks: false) else { continue }
            switch status.kind {
            case .directory: folders.append((path, key + [.slash]))
            case .regularFile: files.append(TreeFile(key: ObjectKey(bytes: key), path: path, status: status))
            case .symbolicLink: skipped.append("\(ObjectKey(bytes: key).description.escaped()) is a link")
            case .other: skipped.append("\(ObjectKey(bytes: key).description.escaped()) is no regular file")
            }
        }
        return folders
    }
}
