import CChecksums
import CZlib

/// The header of a gzip member (RFC 1952, 2.3), which says nothing this module needs but has to be got over.
struct GzipHeader {
    private var crc: uLong = 0

    /// The flags a header may have.
    private enum Flag {
        static let headerChecksum: UInt8 = 2
        static let extra: UInt8 = 4
        static let name: UInt8 = 8
        static let comment: UInt8 = 16
        static let reserved: UInt8 = 0xe0
    }

    /// Reads and checks a header; blocks.
    ///
    /// The name in it is never used: it could be any path.
    ///
    /// - Parameter source: Starts with a gzip member; afterwards with its deflate data.
    /// - Throws: What the source throws; `truncated`; `damaged` for another method than deflate, reserved flags,
    ///   which "must give an error indication", and a wrong checksum.
    static func skip(_ source: inout BufferedSource) throws {
        var header = GzipHeader()
        let fixed = try header.take(10, &source)
        guard fixed.starts(with: [0x1f, 0x8b]), fixed[2] == 8, fixed[3] & Flag.reserved == 0 else {
            throw ArchiveError(.damaged, "the gzip header of the archive is damaged; send it again")
        }
        if fixed[3] & Flag.extra != 0 {
            let length = try header.take(2, &source)
            _ = try header.take(Int(length[0]) | Int(length[1]) << 8, &source)
        }
        if fixed[3] & Flag.name != 0 { try header.skipText(&source) }
        if fixed[3] & Flag.comment != 0 { try header.skipText(&source) }
        guard fixed[3] & Flag.headerChecksum != 0 else { return }
        let computed = header.crc & 0xffff
        let stored = try header.take(2, &source)
        guard computed == uLong(stored[0]) | uLong(stored[1]) << 8 else {
            throw ArchiveError(.damaged, "the gzip header of the archive has a wrong checksum; send it again")
        }
    }

    private mutating func take(_ count: Int, _ source: inout BufferedSource) throws -> [UInt8] {
        guard try source.require(count) else { throw Self.truncated(source.totalBytes) }
        return consume(count, &source)
    }

    /// Goes over a text of any length up to its NUL.
    private mutating func skipText(_ source: inout BufferedSource) throws {
        while try source.require(1) {
            if let end = source.available.firstIndex(of: 0) {
                _ = consume(end + 1, &source)
                return
            }
            _ = consume(source.available.count, &source)
        }
        throw Self.truncated(source.totalBytes)
    }

    private mutating func consume(_ count: Int, _ source: inout BufferedSource) -> [UInt8] {
        let bytes = Array(source.available.prefix(count))
        crc = crc32(crc, bytes, CUnsignedInt(count))
        source.consume(count)
        return bytes
    }

    /// The error for an archive that ends inside its gzip data.
    ///
    /// - Parameter totalBytes: How many bytes there were.
    /// - Returns: An error of code `truncated`.
    static func truncated(_ totalBytes: Int64) -> ArchiveError {
        ArchiveError(
            .truncated,
            "the archive ends inside its gzip data after \(totalBytes) bytes; send it again"
        )
    }
}

/// The end of a gzip member: what its content has to be (RFC 1952, 2.3.1).
struct GzipTrailer {
    /// Where in the chunk the member's content ends, in bytes.
    let offset: Int
    /// CRC32 of the content.
    let crc: UInt32
    /// Size of the content modulo 2^32.
    let size: UInt32

    /// Reads a trailer; blocks.
    ///
    /// - Parameters:
    ///   - source: Starts with the trailer; afterwards with what is behind it.
    ///   - offset: Where in the chunk the member's content ends.
    /// - Throws: What the source throws; `truncated`.
    init(_ source: inout BufferedSource, offset: Int) throws {
        guard try source.require(8) else { throw GzipHeader.truncated(source.totalBytes) }
        crc = UInt32(littleEndian: source.available.loadUnaligned(as: UInt32.self))
        size = UInt32(littleEndian: source.available.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        source.consume(8)
        self.offset = offset
    }
}

/// Checks the content of gzip members against their trailers.
///
/// On the thread that writes: the checksum is a fifth of the work of unpacking, and the other thread is the slower
/// one.
struct GzipCheck {
    private var crc: UInt64 = 0
    private var size: UInt32 = 0

    /// Checks the next chunk before anything of it is used.
    ///
    /// - Parameter chunk: The chunk.
    /// - Throws: `damaged`.
    mutating func add(_ chunk: ChunkRing.Chunk) throws(ArchiveError) {
        var start = 0
        for trailer in chunk.trailers {
            add(chunk.bytes[start..<trailer.offset])
            guard crc == UInt64(trailer.crc), size == trailer.size else {
                throw ArchiveError(
                    .damaged,
                    "the archive's gzip data has a wrong checksum or length: it is damaged; send it again"
                )
            }
            crc = 0
            size = 0
            start = trailer.offset
        }
        add(chunk.bytes[start...])
    }

    private mutating func add(_ bytes: Slice<UnsafeRawBufferPointer>) {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        crc = CChecksums_update(CChecksums_crc32, crc, bytes.baseAddress, bytes.count)
        size &+= UInt32(truncatingIfNeeded: bytes.count)
    }
}
