import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The system calls of this module, with `Errno` for errno and a retry after EINTR.
enum Posix {
    private static let directoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC

    /// Opens the target or source directory by its path; a link there is followed, it is the caller's choice.
    static func openDirectory(_ path: FilePath) throws(Errno) -> Descriptor {
        Descriptor(raw: try retrying { path.withPlatformString { open($0, directoryFlags) } })
    }

    /// Opens a directory in another one, never through a link.
    static func openDirectory(_ name: UnsafePointer<CChar>, at directory: CInt) throws(Errno) -> Descriptor {
        Descriptor(raw: try retrying { openat(directory, name, directoryFlags | O_NOFOLLOW) })
    }

    /// Opens a file for reading, never through a link and never waiting for the other end of a FIFO.
    static func openFile(_ name: UnsafePointer<CChar>, at directory: CInt) throws(Errno) -> Descriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        return Descriptor(raw: try retrying { openat(directory, name, flags) })
    }

    /// Makes a file that is not there yet, for reading and writing by the owner only.
    static func createFile(_ name: UnsafePointer<CChar>, at directory: CInt) throws(Errno) -> Descriptor {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return Descriptor(raw: try retrying { openat(directory, name, flags, 0o600) })
    }

    /// Opens what a descriptor stands for a second time.
    static func duplicate(_ descriptor: CInt) throws(Errno) -> CInt {
        try retrying { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
    }

    /// Makes a directory.
    static func makeDirectory(_ name: UnsafePointer<CChar>, at directory: CInt) throws(Errno) {
        try retrying { mkdirat(directory, name, 0o755) }
    }

    /// Removes a name that is no directory.
    static func unlink(_ name: UnsafePointer<CChar>, at directory: CInt) throws(Errno) {
        try retrying { unlinkat(directory, name, 0) }
    }

    /// Makes a symbolic link holding `target`.
    static func makeSymbolicLink(
        _ name: UnsafePointer<CChar>,
        at directory: CInt,
        target: UnsafePointer<CChar>
    ) throws(Errno) {
        try retrying { symlinkat(target, directory, name) }
    }

    /// Makes a second name for a file; a symbolic link is not followed but gets the second name itself.
    static func makeHardLink(
        _ name: UnsafePointer<CChar>,
        at directory: CInt,
        to old: UnsafePointer<CChar>,
        at oldDirectory: CInt
    ) throws(Errno) {
        try retrying { linkat(oldDirectory, old, directory, name, 0) }
    }

    /// Tells what lies at a name, without following a link.
    static func status(_ name: UnsafePointer<CChar>, at directory: CInt) throws(Errno) -> FileStatus {
        var info = stat()
        try retrying { fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) }
        return FileStatus(info)
    }

    /// Tells what an open descriptor is.
    static func status(of descriptor: CInt) throws(Errno) -> FileStatus {
        var info = stat()
        try retrying { fstat(descriptor, &info) }
        return FileStatus(info)
    }

    /// Reads what a symbolic link holds.
    static func readLink(_ name: UnsafePointer<CChar>, at directory: CInt) throws(Errno) -> [UInt8] {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try retrying { readlinkat(directory, name, &target, target.count) }
        return target[..<count].map(UInt8.init(bitPattern:))
    }

    /// Sets the permission bits.
    static func setPermissions(_ permissions: UInt32, of descriptor: CInt) throws(Errno) {
        try retrying { fchmod(descriptor, mode_t(permissions)) }
    }

    /// Sets the time of last change and leaves the time of last access alone.
    static func setModified(_ time: Timestamp, of descriptor: CInt) throws(Errno) {
        // UTIME_OMIT is a macro Swift does not import; utimensat(2) fixes its value.
        let omit = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)
        let times = [omit, timespec(tv_sec: time_t(clamping: time.seconds), tv_nsec: time.nanoseconds)]
        try retrying { futimens(descriptor, times) }
    }

    /// Sets the size of a file.
    static func setSize(_ size: Int64, of descriptor: CInt) throws(Errno) {
        try retrying { ftruncate(descriptor, off_t(size)) }
    }

    /// Writes all of `bytes` at the file's position.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) throws(Errno) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try retrying { systemWrite(descriptor, rest.baseAddress, rest.count) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Writes all of `bytes` at an offset.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, at offset: Int64) throws(Errno) {
        var rest = bytes
        var offset = offset
        while !rest.isEmpty {
            let count = try retrying { pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset)) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            offset += Int64(count)
        }
    }

    /// Reads up to `buffer.count` bytes at the file's position; 0 at the end.
    static func read(into buffer: UnsafeMutableRawBufferPointer, from descriptor: CInt) throws(Errno) -> Int {
        try retrying { systemRead(descriptor, buffer.baseAddress, buffer.count) }
    }

    /// Reads up to `buffer.count` bytes at an offset; 0 at the end.
    static func read(
        into buffer: UnsafeMutableRawBufferPointer,
        from descriptor: CInt,
        at offset: Int64
    ) throws(Errno) -> Int {
        try retrying { pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) }
    }

    /// Lists a directory in no order, without "." and "..".
    static func entries(in directory: CInt) throws(Errno) -> [DirectoryEntry] {
        // A second descriptor: fdopendir(3) takes over the one it gets, and the position is shared by dup(2).
        let own = try retrying { openat(directory, ".", directoryFlags) }
        guard let stream = fdopendir(own) else {
            let failure = Errno(rawValue: errno)
            _ = close(own)
            throw failure
        }
        defer { closedir(stream) }
        var entries: [DirectoryEntry] = []
        while true {
            // readdir(3) tells an error from the end only by errno.
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw Errno(rawValue: errno) }
                return entries
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard name != [dot], name != [dot, dot] else { continue }
            entries.append(DirectoryEntry(name: name, kind: kind(of: entry.pointee.d_type)))
        }
    }

    /// What the type in a directory's entry says (readdir(3), "d_type"); nil where that is not enough.
    ///
    /// Some file systems tell none, and below a mount point lies something else than is told.
    private static func kind(of type: UInt8) -> FileStatus.Kind? {
        switch Int(type) {
        case Int(DT_REG): .file
        case Int(DT_DIR): .directory
        default: nil
        }
    }

    private static let dot = UInt8(ascii: ".")

    @discardableResult
    private static func retrying<I: FixedWidthInteger>(_ call: () -> I) throws(Errno) -> I {
        while true {
            let result = call()
            if result != -1 { return result }
            if errno != EINTR { throw Errno(rawValue: errno) }
        }
    }
}

// The members of `Posix` hide the calls of the same name.
private let systemWrite = write
private let systemRead = read
