/// Tells kinds of files by their first bytes, never by their names.
enum ArchiveSignature {
    /// What the front of the content calls for.
    enum Kind {
        /// gzip, with a tar inside as is to be hoped.
        case gzip
        /// A zip from its first byte on.
        case zip
        /// A tar header, or a block of zeros, which is an empty tar.
        case tar
        /// Something else, or a zip behind a program.
        case unknown
    }

    /// How many bytes at the front are enough to tell.
    static let headBytes = 512

    /// Tells what to read the content as.
    ///
    /// - Parameter head: The first `headBytes`, fewer when the content is shorter.
    /// - Returns: The kind.
    static func kind(of head: UnsafeRawBufferPointer) -> Kind {
        if head.starts(with: [0x1f, 0x8b]) { return .gzip }
        if ["PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{7}\u{8}"].contains(where: { head.starts(with: $0.utf8) }) {
            return .zip
        }
        guard head.count == headBytes else { return .unknown }
        return head.isZero || hasTarMagic(head) || TarHeader.isChecksumRight(head) ? .tar : .unknown
    }

    /// Whether the block says that it is a tar header, whatever its checksum.
    ///
    /// - Parameter block: 512 bytes.
    /// - Returns: Whether "ustar" stands where POSIX and GNU put it.
    static func hasTarMagic(_ block: UnsafeRawBufferPointer) -> Bool {
        block[TarHeader.Field.magic].starts(with: "ustar".utf8)
    }

    /// The error for content that is not read, with a word on what it looks like and what to do.
    ///
    /// - Parameters:
    ///   - head: The first bytes of the content.
    ///   - format: `gzipTar` when the content was inside gzip.
    /// - Returns: An error of code `unsupportedFormat`.
    static func unsupported(_ head: UnsafeRawBufferPointer, inside format: ArchiveFormat?) -> ArchiveError {
        let found = description(of: head)
        let place = format == .gzipTar ? "the gzip data holds \(found), not a tar file" : "the archive is \(found)"
        return ArchiveError(
            .unsupportedFormat,
            "\(place); braket-runner reads tar.gz, tar and zip: pack the directory with `tar czf archive.tar.gz -C "
                + "directory .`"
        )
    }

    /// Whether a zip may follow: content without a signature of its own, or a program that unpacks itself.
    ///
    /// - Parameter head: The first bytes of the content.
    /// - Returns: Whether it is worth looking for a zip's end record.
    static func mayHideZip(_ head: UnsafeRawBufferPointer) -> Bool {
        guard !head.isEmpty else { return false }
        let known = signatures.first { head.starts(with: $0.bytes) }
        return known.map { $0.name.hasSuffix("program") } ?? true
    }

    private static let signatures: [(bytes: [UInt8], name: String)] = [
        ([0x1f, 0x8b], "a gzip file"),
        (Array("PK\u{3}\u{4}".utf8), "a zip file"),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "an xz file"),
        (Array("BZh".utf8), "a bzip2 file"),
        ([0x28, 0xb5, 0x2f, 0xfd], "a zstd file"),
        ([0x04, 0x22, 0x4d, 0x18], "an lz4 file"),
        (Array("LZIP".utf8), "an lzip file"),
        ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "a 7z file"),
        (Array("Rar!".utf8), "a rar file"),
        ([0x1f, 0x9d], "a compress (.Z) file"),
        (Array("!<arch>".utf8), "an ar file"),
        (Array("070701".utf8), "a cpio file"),
        ([0x7f] + Array("ELF".utf8), "a program"),
        (Array("MZ".utf8), "a Windows program"),
        (Array("%PDF".utf8), "a PDF file"),
    ]

    private static func description(of head: UnsafeRawBufferPointer) -> String {
        if head.isEmpty { return "empty" }
        if let known = signatures.first(where: { head.starts(with: $0.bytes) }) { return known.name }
        // zlib's header: method 8, and the first two bytes divisible by 31 (RFC 1950).
        if head.count > 1, head[0] & 0x0f == 8, (Int(head[0]) << 8 | Int(head[1])).isMultiple(of: 31) {
            return "zlib data without a gzip header"
        }
        let isText = head.prefix(headBytes).allSatisfy { $0 >= 0x20 || (0x09...0x0d).contains($0) }
        guard isText else { return "of no known kind" }
        let text = String(decoding: head.prefix(headBytes), as: UTF8.self).drop { $0.isWhitespace }.lowercased()
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") { return "an HTML page" }
        if text.hasPrefix("<?xml") || text.hasPrefix("<error") {
            return "an XML document, perhaps the store's error message"
        }
        return "a text file"
    }
}
