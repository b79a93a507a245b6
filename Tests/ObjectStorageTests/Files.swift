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

/// Writes a file of text and the folders above it.
func write(_ text: String, to file: FilePath) throws {
    try replaceFile(file, with: Array(text.utf8))
}

/// The text of a file.
func text(of file: FilePath) throws -> String {
    String(decoding: try bytes(of: file), as: UTF8.self)
}

/// The bytes of a file.
func bytes(of file: FilePath) throws -> [UInt8] {
    try withOpenFile(file, address: file.string) { descriptor in
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = try buffer.withUnsafeMutableBytes({ try descriptor.read(into: $0) }), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }
}

/// Makes a symbolic link.
func link(_ link: FilePath, to target: String) throws {
    guard symlink(target, link.string) == 0 else { throw Errno(rawValue: errno) }
}

/// The names in a folder, sorted.
func names(in folder: FilePath) throws -> [String] {
    try directoryEntryNames(folder).map { String(decoding: $0, as: UTF8.self) }.sorted()
}

extension ObjectStore {
    /// The keys that begin with `prefix`, in the order of the listing.
    func keys(_ prefix: String = "") async throws -> [String] {
        var keys: [String] = []
        try await list(prefix: ObjectKey(prefix)) { keys.append($0.key.description) }
        return keys
    }
}
