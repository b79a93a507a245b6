import SystemPackage

/// Reads small files as a whole before anything of them is in the archive, so that one that changes meanwhile is simply
/// read again.
final class SmallFileReader {
    /// A file's content.
    struct Content {
        /// The file as it was when it was read, with the size that was read.
        let status: FileStatus
        /// The content; valid until the next file is read.
        let bytes: UnsafeRawBufferPointer
        /// Why this may be a mixture; nil when it is not.
        let problem: String?
    }

    /// The largest file that is read so.
    static let mostBytes = 1 << 20
    /// How often a file is read that changes each time.
    private static let tries = 3

    // One byte more: a file that grew is told by what comes behind its end. Pages never written cost nothing.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: mostBytes + 1, alignment: 4096)

    deinit {
        buffer.deallocate()
    }

    /// Reads a file that is small; blocks.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - status: What it is.
    /// - Returns: nil for one that is too large to be read so, at first or by now, or that cannot be read: whoever
    ///   copies it meets the error.
    func read(_ file: borrowing Descriptor, _ status: FileStatus) -> Content? {
        var status = status
        var last: Content?
        for _ in 0..<Self.tries {
            guard status.size <= Self.mostBytes, let count = try? contentSize(file, status), count <= Self.mostBytes,
                let after = try? Posix.status(of: file.raw)
            else { return nil }
            let isWhole = Int64(count) == status.size && after.hasContent(of: status)
            last = Content(
                status: after.withSize(Int64(count)),
                bytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]),
                problem: isWhole ? nil : "changed each time it was read"
            )
            if isWhole { break }
            status = after
        }
        return last
    }

    /// Reads the whole file; more than `mostBytes` says that it is larger than that.
    ///
    /// More is asked for than it should have: one that has grown by now is told from one that has not without asking
    /// again where it ends.
    private func contentSize(_ file: borrowing Descriptor, _ status: FileStatus) throws(Errno) -> Int {
        var filled = 0
        while filled < buffer.count, filled == 0 || filled != status.size {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = try Posix.read(into: room, from: file.raw, at: Int64(filled))
            if count == 0 { break }
            filled += count
        }
        return filled
    }
}

/// The files that changed while they were packed and are to be packed once more, within bounds.
struct ChangedFiles {
    /// The most files that are packed again.
    static let mostFiles = 100
    /// The most bytes of them all.
    static let mostBytes: Int64 = 1 << 30

    /// The files, in the order they are in the archive.
    private(set) var paths: [MemberPath] = []
    private var bytes: Int64 = 0

    /// Notes a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - sizeBytes: Its size.
    /// - Returns: false when there are too many, or too much in them, to be packed again.
    mutating func add(_ path: MemberPath, sizeBytes: Int64) -> Bool {
        guard paths.count < Self.mostFiles, bytes + sizeBytes <= Self.mostBytes else { return false }
        paths.append(path)
        bytes += sizeBytes
        return true
    }
}
