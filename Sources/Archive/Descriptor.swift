import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// An open file or directory that is closed when it goes out of scope.
///
/// Everything below the target directory is reached from such a descriptor one component at a time and without
/// following links, so that no member can lead outside whatever the tree looks like.
struct Descriptor: ~Copyable {
    /// The number the kernel gave; nobody else closes it.
    let raw: CInt

    deinit {
        // Nothing can be done about an error here; writers that care call `closeChecked`.
        _ = close(raw)
    }

    /// Closes and reports what close(2) says: on network file systems that is where a full disk shows.
    ///
    /// - Throws: The errno of close(2).
    consuming func closeChecked() throws(Errno) {
        let number = raw
        discard self
        // Linux has freed the descriptor even when it reports EINTR (close(2), "Dealing with error returns").
        if close(number) != 0, errno != EINTR { throw Errno(rawValue: errno) }
    }
}

/// What lies at a place of the tree.
struct FileStatus {
    /// The kinds an archive knows.
    enum Kind {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A symbolic link.
        case symbolicLink
        /// A device, FIFO or socket.
        case other
    }

    /// What it is.
    let kind: Kind
    /// Permission bits, without the type.
    let permissions: UInt32
    /// Size in bytes.
    let size: Int64
    /// When the content last changed.
    let modified: Timestamp

    /// Reads the fields of a stat(2) answer.
    init(_ info: stat) {
        kind =
            switch info.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        permissions = UInt32(info.st_mode) & 0o7777
        size = Int64(info.st_size)
        modified = Timestamp(seconds: Int64(info.st_mtim.tv_sec), nanoseconds: Int(info.st_mtim.tv_nsec))
    }

    /// Whether nothing was written between another look and this one, as far as size and time tell.
    ///
    /// - Parameter other: The file at the other moment.
    /// - Returns: false when one of them differs.
    func hasContent(of other: FileStatus) -> Bool {
        size == other.size && modified == other.modified
    }

    /// The same with another size.
    ///
    /// - Parameter size: The size in bytes.
    /// - Returns: The changed copy.
    func withSize(_ size: Int64) -> FileStatus {
        FileStatus(kind: kind, permissions: permissions, size: size, modified: modified)
    }

    private init(kind: Kind, permissions: UInt32, size: Int64, modified: Timestamp) {
        self.kind = kind
        self.permissions = permissions
        self.size = size
        self.modified = modified
    }
}

/// A name in a directory.
struct DirectoryEntry {
    /// The name, without a slash.
    let name: [UInt8]
    /// A file or a directory, where the directory tells: looking at each costs as much as reading a small file.
    let kind: FileStatus.Kind?
}

/// A point in time as tar knows it: seconds since 1970, negative before.
struct Timestamp: Equatable, Sendable {
    /// Whole seconds, rounded down.
    var seconds: Int64
    /// Nanoseconds since then, 0 to 999,999,999.
    var nanoseconds: Int
}
