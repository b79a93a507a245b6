import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// When something below some folders was last changed; looked at only when nothing else shows that the script lives.
struct FileActivity {
    /// How many files and folders are looked at, at most, over all folders.
    static let maximumEntries = 20_000

    /// The folders.
    let folders: [String]

    /// How long ago the newest change was, by the times that the file systems keep.
    ///
    /// Blocks for one lstat(2) an entry. A file that is being written through a mapping changes its time as well.
    ///
    /// - Parameter nanoseconds: The moment of the call, since 1970.
    /// - Returns: Seconds, below zero for a change in the future; nil when there is no file.
    func secondsSinceChange(at nanoseconds: Int64 = Self.realTime()) -> Double? {
        var newest: Int64?
        var rest = Self.maximumEntries
        var pending = folders
        while let folder = pending.popLast(), rest > 0 {
            guard let listing = opendir(folder) else { continue }
            defer { closedir(listing) }
            while let entry = readdir(listing), rest > 0 {
                rest -= 1
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard name != "..", let status = status(name == "." ? folder : "\(folder)/\(name)") else { continue }
                newest = max(newest ?? status.changed, status.changed)
                if status.isFolder, name != "." { pending.append("\(folder)/\(name)") }
            }
        }
        return newest.map { Double(nanoseconds - $0) / 1_000_000_000 }
    }

    private func status(_ path: String) -> (changed: Int64, isFolder: Bool)? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        // Not st_mtime alone: unpacking sets it to the past.
        let times = [status.st_mtim, status.st_ctim].map { Int64($0.tv_sec) * 1_000_000_000 + Int64($0.tv_nsec) }
        return (max(times[0], times[1]), status.st_mode & S_IFMT == S_IFDIR)
    }

    /// Nanoseconds since 1970.
    static func realTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
