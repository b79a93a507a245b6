import SystemPackage

/// A regular file that is being filled.
struct NewFile: ~Copyable {
    private let descriptor: Descriptor
    private let path: MemberPath

    /// Takes over an open, empty file.
    ///
    /// - Parameters:
    ///   - descriptor: The file, writable.
    ///   - path: Its place, for messages.
    init(descriptor: consuming Descriptor, path: MemberPath) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Appends bytes; blocks.
    ///
    /// - Parameter bytes: What to write.
    /// - Throws: `writeFailed`, as when the disk is full.
    borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        do throws(Errno) {
            try Posix.write(bytes, to: descriptor.raw)
        } catch {
            throw failure(error)
        }
    }

    /// Writes bytes at an offset and leaves holes untouched; blocks.
    ///
    /// - Parameters:
    ///   - bytes: What to write.
    ///   - offset: Where, in bytes from the start.
    /// - Throws: `writeFailed`.
    borrowing func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ArchiveError) {
        do throws(Errno) {
            try Posix.write(bytes, to: descriptor.raw, at: offset)
        } catch {
            throw failure(error)
        }
    }

    /// Sets the final size, for a file that ends in a hole.
    ///
    /// - Parameter size: The size in bytes.
    /// - Throws: `writeFailed`.
    borrowing func setSize(_ size: Int64) throws(ArchiveError) {
        do throws(Errno) {
            try Posix.setSize(size, of: descriptor.raw)
        } catch {
            throw failure(error)
        }
    }

    /// Sets permissions and time and closes the file.
    ///
    /// - Parameters:
    ///   - permissions: Permission bits; set-id and sticky are dropped, the owner can read and write in any case.
    ///   - modified: Time of last change, nil for now. One the file system cannot hold is left out.
    /// - Throws: `writeFailed`.
    consuming func finish(permissions: UInt32, modified: Timestamp?) throws(ArchiveError) {
        let path = path
        do throws(Errno) {
            try Posix.setPermissions((permissions & 0o777) | 0o600, of: descriptor.raw)
            // A wrong time is no reason to lose the file: year 36812 does not fit every file system.
            if let modified { try? Posix.setModified(modified, of: descriptor.raw) }
            try descriptor.closeChecked()
        } catch {
            throw ArchiveError(.writeFailed, "cannot be written: \(error)", member: path.bytes)
        }
    }

    private borrowing func failure(_ error: Errno) -> ArchiveError {
        ArchiveError(.writeFailed, "cannot be written: \(error)", member: path.bytes)
    }
}
