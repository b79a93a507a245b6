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
    guard template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress) }) != nil else {
        throw Errno(rawValue: errno)
    }
    return FilePath(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
}

/// Removes a directory and everything below it, also below directories without write permission.
///
/// - Parameter directory: What to remove; a missing one is no error.
package func removeTree(_ directory: FilePath) {
    _ = directory.string.withCString { path in
        nftw(
            path,
            { path, info, kind, _ in
                if kind == FTW_D || kind == FTW_DNR { _ = chmod(path, 0o700) }
                return 0
            }, 32, FTW_PHYS)
    }
    _ = directory.string.withCString { path in
        nftw(path, { path, _, _, _ in remove(path) }, 32, FTW_PHYS | FTW_DEPTH)
    }
}
