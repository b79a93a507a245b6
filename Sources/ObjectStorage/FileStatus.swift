package import RunnerCore
package import SystemPackage

#if canImport(Glibc)
package import Glibc
#elseif canImport(Musl)
package import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What stat(2) says of a file.
package struct FileStatus: Hashable, Sendable {
    /// The kinds that matter here.
    package enum Kind: Hashable, Sendable {
        case regularFile
        case directory
        case symbolicLink
        case other
    }

    /// Device and inode: the same for every name of a file.
    package struct Identity: Hashable, Sendable {
        /// The file system.
        package let device: UInt64
        fileprivate let inode: UInt64
    }

    /// What the file is.
    package let kind: Kind
    /// Its size.
    package let sizeBytes: Int64
    /// When its content was last written, in nanoseconds since 1970.
    package let modifiedNanoseconds: Int64
    /// When anything of it last changed, its times included, in nanoseconds since 1970; nobody can set it.
    package let changedNanoseconds: Int64
    /// Its device and inode.
    package let identity: Identity
    /// How many names it has; 0 when it was removed or replaced while it is open.
    package let links: UInt64
    /// Its permission bits.
    package let permissions: UInt32

    /// Looks at a path; nil when there is nothing, or nothing this process may see.
    ///
    /// - Parameters:
    ///   - path: What to look at.
    ///   - followingLinks: false looks at a link itself (lstat).
    package init?(of path: FilePath, followingLinks: Bool = true) {
        var status = stat()
        let result = path.withPlatformString { pointer in
            followingLinks ? stat(pointer, &status) : lstat(pointer, &status)
        }
        guard result == 0 else { return nil }
        self.init(status)
    }

    /// Looks at an open file.
    ///
    /// - Parameter descriptor: The open file.
    package init?(of descriptor: FileDescriptor) {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Takes over what a call of the stat(2) family said.
    ///
    /// - Parameter status: The kernel's answer.
    package init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regularFile
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        sizeBytes = Int64(status.st_size)
        modifiedNanoseconds = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        changedNanoseconds = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
        links = UInt64(status.st_nlink)
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        permissions = UInt32(status.st_mode & 0o7777)
    }

    /// Tells whether it is a regular file.
    package var isRegularFile: Bool { kind == .regularFile }

    /// Tells whether it is a directory.
    package var isDirectory: Bool { kind == .directory }

    /// When its content was last written.
    package var modified: Timestamp { Timestamp(milliseconds: modifiedNanoseconds / 1_000_000) }

    /// The file as an object.
    package func summary(_ key: ObjectKey) -> ObjectSummary {
        ObjectSummary(key: key, sizeBytes: sizeBytes, modified: modified)
    }
}
