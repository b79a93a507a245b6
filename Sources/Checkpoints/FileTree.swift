package import ObjectStorage
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

/// Lists the regular files below a folder.
///
/// Blocks. Links are not followed: a link to a folder outside would bring in files that are no checkpoints, and the
/// SDK writes plain files.
///
/// - Parameter folder: The folder; a missing one has no files.
/// - Returns: The files in the order of their keys.
/// - Throws: `ObjectStoreError` when a folder cannot be read.
package func regularFiles(below folder: FilePath) throws(ObjectStoreError) -> [TreeFile] {
    var files: [TreeFile] = []
    var pending: [(folder: FilePath, key: [UInt8])] = [(folder, [])]
    while let next = pending.popLast() {
        for name in try directoryEntryNames(next.folder) where !name.starts(with: ownFilePrefix.utf8) {
            let path = next.folder.appending(bytes: name)
            let key = next.key + name
            guard let status = FileStatus(of: path, followingLinks: false) else { continue }
            if status.isDirectory {
                pending.append((path, key + [.slash]))
            } else if status.isRegularFile {
                files.append(TreeFile(key: ObjectKey(bytes: key), path: path, status: status))
            }
        }
    }
    return files.sorted { $0.key < $1.key }
}
