import ObjectStorage
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Links of the checkpoint folder that count as the file they lead to.
enum LinkedFile {
    /// O_PATH of Linux, which libc shows to GNU programs only: asks nothing of the file, so it may be a device.
    private static let pathOnly: CInt = 0o10_000_000

    /// Opens the file that a link leads to, where that lies in the folder as well.
    ///
    /// Where it lies is asked of the open file: what the link says may change between a look and the opening. Blocks.
    ///
    /// - Parameters:
    ///   - link: The link.
    ///   - folder: The checkpoint folder, which may be reached through links itself.
    ///   - access: How to open it besides for reading.
    /// - Returns: The file, to be closed by the caller; nil when the link leads to nothing, to a folder or to the outside.
    static func open(_ link: FilePath, below folder: FilePath, _ access: CInt = O_RDONLY) -> FileDescriptor? {
        let number = link.withPlatformString { openFile($0, access | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
        guard number >= 0 else { return nil }
        let file = FileDescriptor(rawValue: number)
        guard FileStatus(of: file)?.isRegularFile == true, let place = place(of: file),
            let root = FilePath.resolved(folder), place.starts(with: root), place != root
        else {
            try? file.close()  // Nothing was written.
            return nil
        }
        return file
    }

    /// The state of the file that a link leads to; nil as of ``open(_:below:_:)``.
    static func status(of link: FilePath, below folder: FilePath) -> FileStatus? {
        guard let file = open(link, below: folder, pathOnly) else { return nil }
        defer { try? file.close() }  // Nothing was written.
        return FileStatus(of: file)
    }

    /// Where an open file lies; nil without /proc, and for one without a name.
    private static func place(of file: FileDescriptor) -> FilePath? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/fd/\(file.rawValue)", &buffer, buffer.count - 1)
        return count > 0 ? FilePath(platformString: buffer) : nil
    }
}

extension FilePath {
    /// A path without links; nil when it leads nowhere.
    fileprivate static func resolved(_ path: FilePath) -> FilePath? {
        guard let text = path.withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(text) }
        return FilePath(platformString: text)
    }
}

private func openFile(_ path: UnsafePointer<CChar>, _ flags: CInt) -> CInt { open(path, flags) }
