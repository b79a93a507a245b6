#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// How full the file system below a folder is.
struct DiskUsage: Hashable, Sendable {
    /// The folder.
    let path: String
    /// All its bytes.
    let totalBytes: Int64
    /// What the script may still take.
    var freeBytes: Int64
    /// The least that was ever free.
    var leastFreeBytes: Int64
    /// Tells file systems apart.
    let identity: UInt64

    /// Looks at the file systems of folders, each file system once.
    ///
    /// Blocks for one statvfs(3) a folder, on a network's file system for as long as that takes.
    ///
    /// - Parameters:
    ///   - folders: The folders; those that are not there are passed over.
    ///   - earlier: What was seen before, for the least.
    /// - Returns: What there is.
    static func look(at folders: [String], earlier: [DiskUsage]) -> [DiskUsage] {
        var found: [DiskUsage] = []
        for folder in folders {
            var status = stat()
            var figures = statvfs()
            guard stat(folder, &status) == 0, !found.contains(where: { $0.identity == UInt64(status.st_dev) }),
                statvfs(folder, &figures) == 0
            else { continue }
            let block = UInt64(figures.f_frsize)
            let free = Int64(clamping: UInt64(figures.f_bavail).multipliedReportingOverflow(by: block).partialValue)
            let identity = UInt64(status.st_dev)
            let least = earlier.first { $0.identity == identity }?.leastFreeBytes ?? free
            found.append(
                DiskUsage(
                    path: folder,
                    totalBytes: Int64(
                        clamping: UInt64(figures.f_blocks).multipliedReportingOverflow(by: block).partialValue
                    ),
                    freeBytes: free,
                    leastFreeBytes: min(least, free),
                    identity: identity
                )
            )
        }
        return found
    }
}
