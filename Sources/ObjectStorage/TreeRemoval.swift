package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Removes a file, a link, or a folder with everything in it.
///
/// Blocks. Links are removed, not followed; folders without write permission get it first. Folders are moved up
/// before they are emptied: an archive may hold a thousand folders in each other, whose path is longer than the
/// kernel takes, and more than a process may have open.
///
/// - Parameter path: A missing one is no error.
/// - Throws: `ObjectStoreError` naming what could not be removed.
package func removeTree(_ path: FilePath) throws(ObjectStoreError) {
    guard let status = FileStatus(of: path, followingLinks: false) else { return }
    guard status.isDirectory else { return try removeFile(path) }
    allowRemoval(path, status)
    var moved = 0
    while case let names = try directoryEntryNames(path), !names.isEmpty {
        for name in names {
            let child = path.appending(bytes: name)
            guard let status = FileStatus(of: child, followingLinks: false), status.isDirectory else {
                try removeFile(child)
                continue
            }
            allowRemoval(child, status)
            try empty(child, movingFoldersTo: path, &moved)
            try removeFolder(child)
        }
    }
    try removeFolder(path)
}

/// Gives a complete folder the name of an older one, which is removed.
///
/// Blocks. The older one is renamed before anything of it is removed: of a folder that is a mount of its own the rename
/// fails, and nothing is lost.
///
/// - Parameters:
///   - target: The name; nothing need be there.
///   - fresh: The complete folder.
///   - old: Where the older one is until it is removed; what an interrupted run left there is removed first.
/// - Throws: `ObjectStoreError`.
package func replaceTree(_ target: FilePath, with fresh: FilePath, old: FilePath) throws(ObjectStoreError) {
    try removeTree(old)
    if FileStatus(of: target, followingLinks: false) != nil { try moveTree(target, to: old) }
    try moveTree(fresh, to: target)
    try removeTree(old)
}

/// Moves a file or a folder with everything in it, folder by folder where rename(2) cannot: overlayfs refuses to move
/// a folder of the image as a whole.
///
/// Blocks.
///
/// - Parameters:
///   - source: What to move.
///   - target: Its new path, where nothing is.
/// - Throws: `ObjectStoreError`; what was moved before stays moved.
package func moveTree(_ source: FilePath, to target: FilePath) throws(ObjectStoreError) {
    guard !moveFile(source, to: target) else { return }
    let error = Errno(rawValue: errno)
    guard error == .improperLink, FileStatus(of: source, followingLinks: false)?.isDirectory == true else {
        throw ObjectStoreError(writing: source.string, error)
    }
    try makeDirectories(target)
    for name in try directoryEntryNames(source) {
        try moveTree(source.appending(bytes: name), to: target.appending(bytes: name))
    }
    try removeFolder(source)
}

private func empty(
    _ folder: FilePath,
    movingFoldersTo top: FilePath,
    _ moved: inout Int
) throws(ObjectStoreError) {
    for name in try directoryEntryNames(folder) {
        let entry = folder.appending(bytes: name)
        guard FileStatus(of: entry, followingLinks: false)?.isDirectory == true else {
            try removeFile(entry)
            continue
        }
        // rename(2) changes the folder's `..`, for which it must be writable.
        if let status = FileStatus(of: entry, followingLinks: false) { allowRemoval(entry, status) }
        moved += 1
        let target = top.appending("\(LocalFolderStore.partialPrefix)removing-\(processMark)-\(moved)")
        guard !moveFile(entry, to: target) else { continue }
        let error = Errno(rawValue: errno)
        // overlayfs cannot move a folder of the image; such folders are not nested a thousand deep.
        guard error == .improperLink else { throw ObjectStoreError(writing: entry.string, error) }
        try removeTree(entry)
    }
}

private func allowRemoval(_ folder: FilePath, _ status: FileStatus) {
    if status.permissions & 0o700 != 0o700 { _ = folder.withPlatformString { chmod($0, 0o700) } }
}

private func removeFile(_ path: FilePath) throws(ObjectStoreError) {
    guard removeLink(path) || errno == ENOENT else {
        throw ObjectStoreError(writing: path.string, Errno(rawValue: errno))
    }
}

private func removeFolder(_ path: FilePath) throws(ObjectStoreError) {
    guard path.withPlatformString({ rmdir($0) }) == 0 || errno == ENOENT else {
        throw ObjectStoreError(writing: path.string, Errno(rawValue: errno))
    }
}
