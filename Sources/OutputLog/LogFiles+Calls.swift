import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension LogFiles {
    /// Opens a file for reading and writing; a FIFO without a reader is refused, not waited for.
    static func make(_ file: FilePath, _ options: FileDescriptor.OpenOptions) throws(Errno) -> FileDescriptor {
        let flags = options.rawValue | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        while true {
            let descriptor = file.withPlatformString { open($0, O_RDWR | flags, 0o644) }
            if descriptor >= 0 { return FileDescriptor(rawValue: descriptor) }
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
    }

    /// Makes the folders that a file is to lie in; what cannot be made is met when the file is opened.
    static func makeFolders(above file: FilePath) {
        var folder = FilePath(root: file.root)
        for component in file.removingLastComponent().components {
            folder.append(component)
            _ = folder.withPlatformString { mkdir($0, 0o755) }
        }
    }

    /// Writes the beginning of some bytes.
    ///
    /// - Parameters:
    ///   - bytes: Not empty.
    ///   - file: Where to.
    ///   - position: Where in it; nil is wherever it stands.
    /// - Returns: How many bytes were taken, at least one.
    /// - Throws: `Errno`, `.noSpace` also when nothing was taken.
    static func write(
        _ bytes: UnsafeRawBufferPointer,
        to file: FileDescriptor?,
        at position: Int64?
    ) throws(Errno) -> Int {
        guard let number = file?.rawValue else { throw Errno.badFileDescriptor }
        while true {
            let count =
                position.map { pwrite(number, bytes.baseAddress, bytes.count, off_t($0)) }
                ?? writeBytes(number, bytes.baseAddress, bytes.count)
            if count > 0 { return count }
            guard count < 0, errno == EINTR else { throw count == 0 ? Errno.noSpace : Errno(rawValue: errno) }
        }
    }

    /// Writes all bytes at a position.
    ///
    /// - Returns: How many these were.
    /// - Throws: `Errno`.
    static func writeAll(
        _ bytes: UnsafeRawBufferPointer,
        to file: FileDescriptor,
        at position: Int64
    ) throws(Errno) -> Int64 {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            written += try write(rest, to: file, at: position + Int64(written))
        }
        return Int64(written)
    }

    /// Writes all bytes to where a file stands.
    static func writeAll(_ bytes: [UInt8], to file: FileDescriptor) throws {
        var written = 0
        while written < bytes.count {
            written += try bytes[written...].withUnsafeBytes { try write($0, to: file, at: nil) }
        }
    }

    /// Copies a segment to a position of another file.
    ///
    /// - Returns: How many bytes that were.
    /// - Throws: `Errno`.
    static func append(_ segment: Segment, to file: FileDescriptor, at position: Int64) throws(Errno) -> Int64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var copied: Int64 = 0
        while copied < segment.length {
            let count = pread(segment.descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(copied))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw count == 0 ? Errno.ioError : Errno(rawValue: errno) }
            copied += try writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: file, at: position + copied)
        }
        return copied
    }

    /// Empties a file.
    static func cut(_ file: FileDescriptor) throws(Errno) {
        while ftruncate(file.rawValue, 0) != 0 {
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The first bytes.
    func prefixed(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[..<count]) }
}

private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
