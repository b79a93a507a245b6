import Checksums
import RunnerHTTP

/// By what a store checks that the bytes of an upload are those that were read.
enum UploadCheck: Hashable, Sendable {
    /// CRC64NVME in a header, which S3 keeps with the object; computed at the speed of memory.
    case checksum
    /// `Content-MD5`, which every store of the last fifteen years checks, and the entity tag in the answer.
    case md5

    /// What is computed of a body while it is read.
    var algorithm: ChecksumAlgorithm {
        switch self {
        case .checksum: .crc64nvme
        case .md5: .md5
        }
    }
}
