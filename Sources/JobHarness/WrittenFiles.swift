import ObjectStorage
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Files that a script wrote beside its results folder, in one entry of its working folder.
struct WrittenFiles: Hashable, Sendable {
    /// The entry: a folder, or a file of the top.
    let name: String
    /// Whether it is a folder.
    let isFolder: Bool
    /// How many files were written.
    var files = 0
    /// Their bytes.
    var bytes: Int64 = 0

    /// What tools leave behind and nobody misses; so is everything whose name begins with a dot.
    private static let ignored: Set<String> = ["__pycache__", "node_modules", "nohup.out"]
    private static let ignoredEndings = [".pyc", ".pyo", ".egg-info"]
    /// Looking is given up there: this is a hint, and the job is over.
    private static let mostEntries = 100_000
    private static let mostShown = 3

    /// Finds what was written into a folder since a moment.
    ///
    /// By the time of the inode's last change and not of its content, which copies may bring from elsewhere.
    ///
    /// - Parameters:
    ///   - folder: The working folder.
    ///   - moment: When the script started.
    ///   - leftOut: Folders that are looked at elsewhere.
    /// - Returns: What was found by entry, the most bytes first; links are not followed.
    static func scan(_ folder: FilePath, since moment: Timestamp, leavingOut leftOut: Set<FilePath>) -> [WrittenFiles] {
        var found: [WrittenFiles] = []
        var entries = 0
        for top in names(in: folder) {
            var written: WrittenFiles?
            var pending = [folder.appending(top)]
            while let path = pending.popLast(), entries < mostEntries {
                entries += 1
                guard !leftOut.contains(path), let status = FileStatus(of: path, followingLinks: false) else {
                    continue
                }
                if written == nil { written = WrittenFiles(name: top, isFolder: status.isDirectory) }
                if status.isDirectory {
                    pending += names(in: path).map { path.appending($0) }
                } else if status.kind == .regularFile, changedAt(path) > moment.milliseconds {
                    written?.files += 1
                    written?.bytes += status.sizeBytes
                }
            }
            if let written, written.files > 0 { found.append(written) }
        }
        return found.sorted { ($0.bytes, $0.name) > ($1.bytes, $1.name) }
    }

    /// The sentence that says it.
    ///
    /// - Parameters:
    ///   - written: What was found, the most important first.
    ///   - canUpload: Whether `--upload` would help: not where the platform stores the results.
    /// - Returns: nil when there is nothing to say.
    static func hint(_ written: [WrittenFiles], canUpload: Bool) -> String? {
        guard !written.isEmpty else { return nil }
        let shown = written.prefix(mostShown)
        let places = shown.map { "\(counted($0.files, "file")) to ./\($0.name.escaped()) (\(humanBytes($0.bytes)))" }
        let rest = written.count > mostShown ? " and to \(written.count - mostShown) other places" : ""
        let options = shown.map { "--upload \($0.name.escaped())=always" }
        let advice = canUpload ? "add \(options.joined(separator: " ")), or " : ""
        return "results folder is empty; your script wrote \(places.joined(separator: ", "))\(rest): "
            + "\(advice)write to $AMZN_BRAKET_JOB_RESULTS_DIR"
    }

    private static func names(in folder: FilePath) -> [String] {
        // Not to be read or not there: nothing to hint at.
        let names = (try? directoryEntryNames(folder)) ?? []
        return names.map { String(decoding: $0, as: UTF8.self) }
            .filter { name in
                !name.hasPrefix(".") && !ignored.contains(name) && !ignoredEndings.contains { name.hasSuffix($0) }
            }
            .sorted()
    }

    private static func changedAt(_ path: FilePath) -> Int64 {
        var status = stat()
        guard path.withPlatformString({ lstat($0, &status) }) == 0 else { return 0 }
        return Int64(status.st_ctim.tv_sec) * 1000 + Int64(status.st_ctim.tv_nsec) / 1_000_000
    }
}
