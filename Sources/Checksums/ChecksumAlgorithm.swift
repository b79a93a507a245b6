import CChecksums

/// The ways S3 has to check that bytes are the same at both ends.
package enum ChecksumAlgorithm: String, CaseIterable, Hashable, Sendable {
    /// S3's own default; by far the cheapest here.
    case crc64nvme
    /// CRC-32C of Castagnoli.
    case crc32c
    /// CRC-32 of zlib.
    case crc32
    /// SHA-256.
    case sha256
    /// SHA-1, for objects that others stored with it.
    case sha1
    /// MD5, for stores that take nothing newer.
    case md5

    /// S3's name, as `x-amz-checksum-algorithm` has it: `CRC64NVME`.
    package var name: String { rawValue.uppercased() }

    /// The header that carries the value: `x-amz-checksum-crc64nvme`, for MD5 `Content-MD5`.
    package var headerName: String { self == .md5 ? "Content-MD5" : "x-amz-checksum-\(rawValue)" }

    /// How long the value is.
    package var byteCount: Int {
        switch self {
        case .crc64nvme: 8
        case .crc32c, .crc32: 4
        case .sha256: 32
        case .sha1: 20
        case .md5: 16
        }
    }

    /// Whether the checksum of a whole follows from those of its pieces.
    package var isCombinable: Bool { crc != nil }

    /// Which CRC this is; nil for the others, of which parts cannot be put together.
    var crc: CChecksums_kind? {
        switch self {
        case .crc64nvme: CChecksums_crc64nvme
        case .crc32c: CChecksums_crc32c
        case .crc32: CChecksums_crc32
        case .sha256, .sha1, .md5: nil
        }
    }
}
