import SystemPackage

/// A zip on disk, in a file without a name: a zip is read from its end, so a stream has to be kept first.
struct ZipSpool: ~Copyable {
    private let file: Descriptor
    /// Size in bytes.
    let size: Int64

    /// Copies a source into a new file in `directory` that has no name by the time the first byte is written.
    ///
    /// The target directory and not its parent or /tmp: there is no other place where writing is known to be allowed
    /// and where there is room for the content, and nobody lists it before the extraction is over.
    ///
    /// - Parameters:
    ///   - source: What to copy, to its end; blocks.
    ///   - directory: The target directory.
    ///   - maxBytes: The most to copy.
    /// - Throws: What the source throws; `writeFailed`, `limitExceeded`.
    init(from source: inout BufferedSource, in directory: FilePath, maxBytes: Int64) throws {
        let file = try Self.unnamedFile(in: directory)
        while try source.require(1) {
            guard source.totalBytes <= maxBytes else {
                throw ArchiveError(.limitExceeded, "the archive has more than \(maxBytes) bytes")
            }
            do throws(Errno) {
                try Posix.write(source.available, to: file.raw)
            } catch {
                throw ArchiveError(.writeFailed, "cannot keep the zip archive in \(directory): \(error)")
            }
            source.consume(source.available.count)
        }
        size = source.totalBytes
        self.file = file
    }

    private static func unnamedFile(in directory: FilePath) throws(ArchiveError) -> Descriptor {
        var path = MemberPath()
        path.append(".braket-runner-\(UInt64.random(in: .min ... .max)).zip".utf8)
        do throws(Errno) {
            let parent = try Posix.openDirectory(directory)
            return try path.withName { name throws(Errno) in
                let file = try Posix.createFile(name, at: parent.raw)
                try Posix.unlink(name, at: parent.raw)
                return file
            }
        } catch {
            throw ArchiveError(.writeFailed, "cannot keep the zip archive in \(directory) while unpacking: \(error)")
        }
    }

    /// Reads exactly `count` bytes; blocks.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - offset: From where, in bytes from the start of the file.
    /// - Returns: The bytes.
    /// - Throws: `truncated` when the file ends before, `readFailed`.
    func bytes(_ count: Int, at offset: Int64) throws(ArchiveError) -> ZipBytes {
        guard offset >= 0, offset <= size - Int64(count) else {
            throw ArchiveError(.truncated, "the zip archive points to data behind its end; send it again")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBufferPointer { buffer throws(ArchiveError) in
            let buffer = UnsafeMutableRawBufferPointer(buffer)
            var done = 0
            while done < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                done += try read(into: rest, at: offset + Int64(done))
            }
        }
        return ZipBytes(bytes[...])
    }

    /// Reads some bytes; blocks.
    ///
    /// - Parameters:
    ///   - buffer: Memory to fill, not empty.
    ///   - offset: From where.
    /// - Returns: How many bytes were read, at least 1.
    /// - Throws: `truncated` at the end, `readFailed`.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ArchiveError) -> Int {
        do throws(Errno) {
            let count = try Posix.read(into: buffer, from: file.raw, at: offset)
            if count > 0 { return count }
        } catch {
            throw ArchiveError(.readFailed, "cannot read back the zip archive: \(error)")
        }
        throw ArchiveError(.truncated, "the zip archive ends too early; send it again")
    }
}

/// Bytes of a zip structure; all its numbers are little-endian (APPNOTE 4.4.1.1).
struct ZipBytes {
    /// The bytes.
    let bytes: ArraySlice<UInt8>

    /// Wraps bytes.
    ///
    /// - Parameter bytes: The structure.
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// How many bytes there are.
    var count: Int { bytes.count }

    /// A part of the structure.
    ///
    /// - Parameters:
    ///   - offset: From the start of the structure; the part must lie inside.
    ///   - count: How many bytes.
    /// - Returns: The part.
    func part(_ offset: Int, _ count: Int) -> ZipBytes {
        ZipBytes(bytes[bytes.startIndex + offset..<bytes.startIndex + offset + count])
    }

    /// The number of 2 bytes at an offset.
    func u16(_ offset: Int) -> Int { Int(number(offset, 2)) }

    /// The number of 4 bytes at an offset.
    func u32(_ offset: Int) -> Int64 { Int64(number(offset, 4)) }

    /// The number of 8 bytes at an offset, or nil when it passes 63 bits, which no size or offset may.
    func u64(_ offset: Int) -> Int64? { Int64(exactly: number(offset, 8)) }

    private func number(_ offset: Int, _ count: Int) -> UInt64 {
        part(offset, count).bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
