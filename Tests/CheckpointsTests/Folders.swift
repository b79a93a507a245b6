import Checkpoints
import Logging
import ObjectStorage
import RunnerCore
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A logger that says nothing.
let quietLogger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Writes a file whole, by rename.
///
/// - Parameters:
///   - text: Its content.
///   - file: The file; folders above it are made.
///   - modified: Its time in seconds since 1970; nil is now.
/// - Throws: `ObjectStoreError`, `Errno`.
func write(_ text: String, to file: FilePath, modified: Int? = nil) throws {
    try replaceFile(file, with: Array(text.utf8))
    if let modified { try setTime(of: file, modified) }
}

/// Writes into a file that is there, without a new inode.
func overwrite(_ text: String, in file: FilePath, modified: Int? = nil) throws {
    let descriptor = try FileDescriptor.open(
        file,
        .writeOnly,
        options: [.create, .truncate],
        permissions: [.ownerReadWrite]
    )
    _ = try descriptor.writeAll(text.utf8)
    try descriptor.close()
    if let modified { try setTime(of: file, modified) }
}

/// Sets a file's times.
func setTime(of file: FilePath, _ seconds: Int) throws {
    let times = [timespec](repeating: timespec(tv_sec: seconds, tv_nsec: 0), count: 2)
    guard utimensat(AT_FDCWD, file.string, times, 0) == 0 else { throw Errno(rawValue: errno) }
}

/// The text of a file.
func text(of file: FilePath) throws -> String {
    try withOpenFile(file, address: file.string) { descriptor in
        var buffer = [UInt8](repeating: 0, count: 1000)
        let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

/// The text of a small file, without the cost of a `FilePath` in a debug build.
func smallText(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1000)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
}

/// The names of the files below a folder that are no runner's own, sorted.
func filesBelow(_ folder: FilePath) -> [String] {
    var names: [String] = []
    _ = TreeScan(below: folder) { key, _ in names.append(key.description) }
    return names.sorted()
}
