import CLinuxShims
package import RunnerCore
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A file read from start to end.
package struct FileSource: ByteSource {
    private let descriptor: FileDescriptor
    private let name: String
    private let cancellation: CancellationFlag

    /// Makes a source over an open file, which stays the caller's to close.
    ///
    /// - Parameters:
    ///   - descriptor: Open for reading.
    ///   - name: The file's name for messages.
    ///   - cancellation: Makes the next read throw once it is set.
    package init(_ descriptor: FileDescriptor, name: String, cancellation: CancellationFlag = CancellationFlag()) {
        self.descriptor = descriptor
        self.name = name
        self.cancellation = cancellation
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try cancellation.check()
        do {
            return try descriptor.read(into: buffer)
        } catch let error as Errno {
            throw ObjectStoreError(reading: name, error)
        }
    }
}

/// A file written from start to end.
package struct FileSink: ByteSink {
    private let descriptor: FileDescriptor
    private let name: String
    private let cancellation: CancellationFlag

    /// Makes a sink over an open file, which stays the caller's to close.
    ///
    /// - Parameters:
    ///   - descriptor: Open for writing.
    ///   - name: The file's name for messages.
    ///   - cancellation: Makes the next write throw once it is set.
    package init(_ descriptor: FileDescriptor, name: String, cancellation: CancellationFlag = CancellationFlag()) {
        self.descriptor = descriptor
        self.name = name
        self.cancellation = cancellation
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try cancellation.check()
        do {
            try descriptor.writeAll(bytes)
        } catch let error as Errno {
            throw ObjectStoreError(writing: name, error)
        }
    }
}

extension ObjectStoreError {
    /// An error of reading, by its errno.
    package init(reading name: String, _ error: Errno) {
        self.init(Self.code(of: error), "cannot read \(name): \(error)")
    }

    /// An error of writing, by its errno.
    package init(writing name: String, _ error: Errno) {
        let isInTheWay = [.fileExists, .notDirectory, .isDirectory].contains(error)
        self.init(isInTheWay ? .exists : Self.code(of: error), "cannot write \(name): \(error)")
    }

    private static func code(of error: Errno) -> Code {
        switch error {
        case .noSuchFileOrDirectory, .notDirectory: .notFound
        case .permissionDenied, .notPermitted, .readOnlyFileSystem: .accessDenied
        default: .failed
        }
    }
}

/// Takes the disk space of a new file at once: a full disk is said before the first gigabyte, and parts that arrive in
/// any order lie in one piece.
///
/// - Parameters:
///   - descriptor: Open for writing.
///   - sizeBytes: How long the file will be.
///   - name: The file's name for messages.
/// - Throws: `ObjectStoreError` when there is no room. A file system that cannot tell is no error.
package func preallocate(_ descriptor: FileDescriptor, sizeBytes: Int64, name: String) throws(ObjectStoreError) {
    while CLinuxShims_fallocate(descriptor.rawValue, sizeBytes) != 0 {
        let error = Errno(rawValue: errno)
        if error == .interrupted { continue }
        guard error == .noSpace || error == .diskQuotaExceeded else { return }
        throw ObjectStoreError(.failed, "cannot write \(name): \(error) (it needs \(humanBytes(sizeBytes)))")
    }
}

/// Copies the rest of one file into another, inside the kernel where the file systems allow it.
///
/// Blocks. copy_file_range(2) fails across some file systems and on pseudo files; then the bytes go through memory.
///
/// - Parameters:
///   - source: Open for reading.
///   - target: Open for writing.
///   - cancellation: Makes the copy end early once it is set.
/// - Returns: How many bytes were copied.
/// - Throws: `Errno`, or `CancellationError`.
package func copyBytes(
    from source: FileDescriptor,
    to target: FileDescriptor,
    cancellation: CancellationFlag
) throws -> Int64 {
    var total: Int64 = 0
    while true {
        try cancellation.check()
        let count = CLinuxShims_copy_file_range(source.rawValue, target.rawValue, 16 << 20)
        guard count >= 0 else {
            if errno == EINTR { continue }
            guard total == 0 else { throw Errno(rawValue: errno) }
            return try copyBytesThroughMemory(from: source, to: target, cancellation: cancellation)
        }
        // A file of /proc says size 0 to the kernel's copy: let a read decide.
        if count == 0 {
            return total > 0
                ? total : try copyBytesThroughMemory(from: source, to: target, cancellation: cancellation)
        }
        total += Int64(count)
    }
}

private func copyBytesThroughMemory(
    from source: FileDescriptor,
    to target: FileDescriptor,
    cancellation: CancellationFlag
) throws -> Int64 {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
    defer { buffer.deallocate() }
    var total: Int64 = 0
    while case let count = try source.read(into: buffer), count > 0 {
        try cancellation.check()
        try target.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        total += Int64(count)
    }
    return total
}
