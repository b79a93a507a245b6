#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What is left of the file system that a folder is on, statvfs(3).
package struct DiskSpace: Hashable, Sendable {
    /// The folder that was asked for.
    package let path: String
    /// Bytes that a user may still write.
    package let freeBytes: Int64
    /// Its size.
    package let totalBytes: Int64
    /// Files that may still be made; nil where the file system does not count them.
    package let freeInodes: Int64?

    /// Makes known space.
    package init(path: String, freeBytes: Int64, totalBytes: Int64, freeInodes: Int64?) {
        self.path = path
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
        self.freeInodes = freeInodes
    }

    /// Asks for the space of a folder.
    ///
    /// Blocks, on a network's file system until its server answers.
    ///
    /// - Parameter path: A file or folder.
    /// - Returns: nil when there is no such path.
    package static func of(_ path: String) -> DiskSpace? {
        var space = statvfs()
        guard statvfs(path, &space) == 0 else { return nil }
        let unit = Int64(clamping: space.f_frsize)
        return DiskSpace(
            path: path,
            freeBytes: Int64(clamping: space.f_bavail).multipliedReportingOverflow(by: unit).partialValue,
            totalBytes: Int64(clamping: space.f_blocks).multipliedReportingOverflow(by: unit).partialValue,
            freeInodes: space.f_files == 0 ? nil : Int64(clamping: space.f_favail)
        )
    }

    /// Whether a writer must expect to be refused: less than a megabyte, or no file.
    package var isFull: Bool { totalBytes > 0 && freeBytes < 1 << 20 || freeInodes == 0 }
}
