/// A member of a zip, as its central directory tells (APPNOTE 4.3.12).
struct ZipEntry {
    /// The final name, with Unicode and Windows separators taken care of.
    let name: [UInt8]
    /// How the content is packed.
    let method: Int
    /// CRC32 of the content.
    let crc: UInt
    /// Size in the archive, in bytes.
    let packedBytes: Int64
    /// Size of the content, in bytes.
    let size: Int64
    /// Where the local header is, without `ZipEndRecord.base`.
    let localOffset: Int64
    /// Type and permission bits as in stat(2), 0 when the archive was not made on Unix.
    let unixMode: UInt32
    /// Whether the name or the attributes call it a directory.
    let isDirectory: Bool
    /// Time of last change.
    let modified: Timestamp
    /// Size of this entry in the directory, in bytes.
    let entryBytes: Int

    /// Size of the part before the name.
    static let fixedBytes = 46
    /// Packed without compression.
    static let stored = 0
    /// Packed with deflate.
    static let deflated = 8

    /// Reads an entry.
    ///
    /// - Parameters:
    ///   - header: The first `fixedBytes`.
    ///   - variable: Name and extra fields behind it.
    /// - Throws: `damaged`; `unsupportedFeature` when it is encrypted or packed with a method that is not read.
    init(header: ZipBytes, variable: ZipBytes) throws(ArchiveError) {
        let nameBytes = header.u16(28)
        let rawName = Array(variable.part(0, nameBytes).bytes)
        let extra = try ZipExtra(variable.part(nameBytes, header.u16(30)), member: rawName)
        let host = header.u16(4) >> 8
        let attributes = header.u32(38)
        entryBytes = Self.fixedBytes + nameBytes + header.u16(30) + header.u16(32)
        name = try Self.name(rawName, flags: header.u16(8), host: host, extra)
        method = header.u16(10)
        crc = UInt(header.u32(16))
        var wide = extra.zip64
        size = try wide.value(header.u32(24), member: rawName)
        packedBytes = try wide.value(header.u32(20), member: rawName)
        localOffset = try wide.value(header.u32(42), member: rawName)
        modified = extra.modified ?? ZipTime.timestamp(date: header.u16(14), time: header.u16(12))
        unixMode = host == Host.unix || host == Host.macOS ? UInt32(attributes >> 16) : 0
        let isDOSDirectory = unixMode & FileType.mask == 0 && attributes & 0x10 != 0
        isDirectory = name.last == slash || isDOSDirectory || unixMode & FileType.mask == FileType.directory
        try checkIsReadable(flags: header.u16(8))
    }

    private func checkIsReadable(flags: Int) throws(ArchiveError) {
        // Bit 0: encrypted; 6: strong encryption; 13: the local header is masked (APPNOTE 4.4.4).
        guard flags & 0x2041 == 0 else {
            throw ArchiveError(.unsupportedFeature, "is encrypted; pack it without a password", member: name)
        }
        guard method == Self.stored || method == Self.deflated else {
            let shown = Self.methodNames[method].map { "with \($0)" } ?? "with method \(method)"
            throw ArchiveError(
                .unsupportedFeature,
                "is packed \(shown); braket-runner reads stored and deflate",
                member: name
            )
        }
        guard method == Self.deflated || packedBytes == size else {
            throw ArchiveError(.damaged, "is stored but has two different sizes", member: name)
        }
        guard !isDirectory || size == 0 else {
            throw ArchiveError(.damaged, "is a directory with content", member: name)
        }
    }

    private static let methodNames = [
        1: "shrink", 6: "implode", 9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz", 98: "PPMd", 99: "AES",
    ]

    /// What a name means.
    ///
    /// - Parameters:
    ///   - raw: The name's bytes; without the UTF-8 flag in an unknown code page, kept as they are.
    ///   - flags: The general purpose flags.
    ///   - host: The system the entry was made on.
    ///   - extra: The extra fields.
    /// - Returns: The name with slashes.
    /// - Throws: `damaged`, `unsafePath`.
    static func name(_ raw: [UInt8], flags: Int, host: Int, _ extra: ZipExtra) throws(ArchiveError) -> [UInt8] {
        let name = extra.unicodeName(for: raw) ?? raw
        let isMarkedUTF8 = flags & 0x0800 != 0
        if isMarkedUTF8, String(validating: name, as: UTF8.self) == nil {
            throw ArchiveError(.damaged, "has a name marked as UTF-8 that is not", member: name)
        }
        guard name.contains(UInt8(ascii: "\\")) else { return name }
        let converted = name.map { $0 == UInt8(ascii: "\\") ? slash : $0 }
        // Windows tools that write backslashes against APPNOTE 4.4.17; on Unix it is an ordinary character.
        if Host.windows.contains(host), !name.contains(slash) { return converted }
        // Ordinary, but a reader that splits there would leave the target: nobody means such a name.
        _ = try MemberPath(checking: converted)
        return name
    }

    /// The systems an entry can be made on (APPNOTE 4.4.2).
    private enum Host {
        static let unix = 3
        static let macOS = 19
        static let windows: Set<Int> = [0, 6, 10, 11, 14]
    }

    /// File types of stat(2), as in the upper half of the attributes.
    enum FileType {
        /// The bits that hold the type.
        static let mask: UInt32 = 0o170_000
        /// A directory.
        static let directory: UInt32 = 0o040_000
        /// A regular file.
        static let regular: UInt32 = 0o100_000
        /// A symbolic link.
        static let symbolicLink: UInt32 = 0o120_000
    }
}
