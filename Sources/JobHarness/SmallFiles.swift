import ObjectStorage
import RunnerCore
import SystemPackage

/// Reads a small text file.
///
/// Blocks.
///
/// - Parameter file: At most 16 MiB.
/// - Returns: Its text; bytes that are no UTF-8 become U+FFFD.
/// - Throws: `ObjectStoreError`.
func readSmallFile(_ file: FilePath) throws -> String {
    String(decoding: try readSmallFileBytes(file), as: UTF8.self)
}

/// Reads a small file.
///
/// Blocks.
///
/// - Parameter file: At most 16 MiB.
/// - Returns: Its bytes.
/// - Throws: `ObjectStoreError`.
func readSmallFileBytes(_ file: FilePath) throws -> [UInt8] {
    try withOpenFile(file, address: file.string) { try readAll($0, name: file.string) }
}

/// Reads an open file to its end.
///
/// Blocks.
///
/// - Parameters:
///   - descriptor: Open for reading; at most 16 MiB are taken.
///   - name: Its name for messages.
/// - Returns: Its bytes.
/// - Throws: `ObjectStoreError`.
func readAll(_ descriptor: FileDescriptor, name: String) throws -> [UInt8] {
    var source = FileSource(descriptor, name: name)
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    defer { buffer.deallocate() }
    while case let count = try source.read(into: buffer), count > 0 {
        bytes.append(contentsOf: buffer[..<count])
        guard bytes.count <= 16 << 20 else {
            throw ObjectStoreError(.failed, "\(name.escaped()) is larger than 16 MiB")
        }
    }
    return bytes
}
