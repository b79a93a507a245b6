// The compiler picks by `async`, which a trailing closure does not hide.
// swift-format-ignore-file: AmbiguousTrailingClosureOverload

package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Runs `body` with a fresh directory that is removed afterwards.
///
/// - Parameter body: Gets the directory's absolute path.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or the errno of mkdtemp(3).
package func withTemporaryDirectory<R>(_ body: (FilePath) throws -> R) throws -> R {
    let directory = try makeTemporaryDirectory()
    defer { removeTree(directory) }
    return try body(directory)
}

/// Runs `body` with a fresh directory that is removed afterwards.
///
/// - Parameter body: Gets the directory's absolute path.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or the errno of mkdtemp(3).
package func withTemporaryDirectory<R>(_ body: (FilePath) async throws -> R) async throws -> R {
    let directory = try makeTemporaryDirectory()
    defer { removeTree(directory) }
    return try await body(directory)
}

private func makeTemporaryDirectory() throws -> FilePath {
    var template = Array("/tmp/braket-runner-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw Errno(rawValue: errno)
    }
    return FilePath(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
}

/// Removes a directory and everything below it, also below directories without write permission.
///
/// - Parameter directory: What to remove; a missing one is no error.
package func removeTree(_ directory: FilePath) {
    var status = stat()
    guard directory.withPlatformString({ lstat($0, &status) }) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
        _ = directory.withPlatformString(unlink)
        return
    }
    _ = directory.withPlatformString { chmod($0, 0o700) }
    if let stream = directory.withPlatformString(opendir) {
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath(platformString: $0) }
            }
            // `FilePath` keeps names that are not UTF-8; a `String` would not.
            if name != "." && name != ".." { removeTree(directory.pushing(name)) }
        }
        closedir(stream)
    }
    _ = directory.withPlatformString(rmdir)
}
