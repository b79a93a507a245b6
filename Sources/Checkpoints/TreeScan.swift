package import ObjectStorage
import RunnerCore
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What the names of the runner's own files and folders begin with; they are no checkpoints.
let ownFilePrefix = ".braket-runner"

/// A look at everything below a checkpoint folder.
package struct TreeScan: Sendable {
    /// Sockets, links that lead to no file of the folder and the like: they are no checkpoints.
    package private(set) var skipped: [String] = []
    /// Folders that cannot be read, each with the reason.
    package private(set) var unreadable: [String] = []
    private var root = FilePath()

    /// Looks at every file.
    ///
    /// Blocks. A link to a file of the folder - `last.ckpt` - is a file with that content, which is what a store can hold.
    /// Other links are not followed: one to a folder may lead to itself, one to the outside would bring in files
    /// that are no checkpoints. A folder that cannot be read does not hide the others.
    ///
    /// - Parameters:
    ///   - folder: The folder; a missing one has no files.
    ///   - enter: Is called with each folder before it is read, so that it can be watched without a gap.
    ///   - visit: Is called with each regular file, its name relative to the folder.
    package init(
        below folder: FilePath,
        entering enter: (FilePath) -> Void = { _ in },
        _ visit: (ObjectKey, FileStamp) -> Void
    ) {
        if let status = FileStatus(of: folder), !status.isDirectory {
            unreadable = ["\(folder) is no folder any more"]
            return
        }
        root = folder
        var pending: [[UInt8]] = [[]]
        while let prefix = pending.popLast() {
            let path = prefix.isEmpty ? folder : folder.pushing(FilePath(bytes: prefix))
            enter(path)
            do throws(ObjectStoreError) {
                pending += try look(into: path, prefix, visit)
            } catch {
                unreadable.append("\(error)")
            }
        }
    }

    /// One folder: its files are visited, the names of the folders in it are returned.
    private mutating func look(
        into folder: FilePath,
        _ prefix: [UInt8],
        _ visit: (ObjectKey, FileStamp) -> Void
    ) throws(ObjectStoreError) -> [[UInt8]] {
        guard let stream = folder.withPlatformString({ opendir($0) }) else {
            let error = Errno(rawValue: errno)
            if error == .noSuchFileOrDirectory || error == .notDirectory { return [] }
            throw ObjectStoreError(reading: folder.string, error)
        }
        defer { closedir(stream) }
        let directory = dirfd(stream)
        var folders: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            var key = prefix
            let status = withUnsafeBytes(of: &entry.pointee.d_name) { bytes -> FileStatus? in
                let name = bytes.prefix { $0 != 0 }
                guard !Self.isLeftOut(name), let start = bytes.baseAddress else { return nil }
                key.reserveCapacity(prefix.count + name.count + 1)
                key.append(contentsOf: name)
                var status = stat()
                guard fstatat(directory, start.assumingMemoryBound(to: CChar.self), &status, AT_SYMLINK_NOFOLLOW) == 0
                else { return nil }
                return FileStatus(status)
            }
            guard let status else { continue }
            switch status.kind {
            case .directory: folders.append(key + [.slash])
            case .regularFile: visit(ObjectKey(bytes: key), FileStamp(status))
            case .symbolicLink:
                let path = root.pushing(FilePath(bytes: key))
                if let target = LinkedFile.status(of: path, below: root) {
                    visit(ObjectKey(bytes: key), FileStamp(target))
                } else {
                    skipped.append("\(ObjectKey(bytes: key).description.escaped()) is a link to no file of the folder")
                }
            case .other: skipped.append("\(ObjectKey(bytes: key).description.escaped()) is no regular file")
            }
        }
        // Half a list must not pass for the whole: what is missing would be taken for deleted.
        guard errno == 0 else { throw ObjectStoreError(reading: folder.string, Errno(rawValue: errno)) }
        return folders
    }

    private static func isLeftOut(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard name.first == UInt8(ascii: ".") else { return false }
        return name.count == 1 || name.elementsEqual("..".utf8) || name.starts(with: ownFilePrefix.utf8)
    }
}
