import CChecksums
import Crypto

/// The checksum of bytes that come one piece after the other.
package struct Checksum: Sendable {
    private enum State {
        case crc(CChecksums_kind, UInt64)
        case sha256(SHA256)
        case sha1(Insecure.SHA1)
        case md5(Insecure.MD5)
    }

    /// Which checksum this is.
    package let algorithm: ChecksumAlgorithm
    private var state: State

    /// Makes the checksum of nothing yet.
    ///
    /// - Parameter algorithm: Which one.
    package init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        state =
            switch algorithm {
            case .crc64nvme: .crc(CChecksums_crc64nvme, 0)
            case .crc32c: .crc(CChecksums_crc32c, 0)
            case .crc32: .crc(CChecksums_crc32, 0)
            case .sha256: .sha256(SHA256())
            case .sha1: .sha1(Insecure.SHA1())
            case .md5: .md5(Insecure.MD5())
            }
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The next bytes, valid only during the call.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .crc(let kind, let value):
            state = .crc(kind, CChecksums_update(kind, value, bytes.baseAddress, bytes.count))
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha1(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha1(hash)
        case .md5(var hash):
            hash.update(bufferPointer: bytes)
            state = .md5(hash)
        }
    }

    /// The checksum of all bytes so far; more may follow.
    package var value: ChecksumValue {
        let bytes: [UInt8] =
            switch state {
            case .crc(_, let value): ChecksumValue.bigEndian(value, count: algorithm.byteCount)
            case .sha256(let hash): Array(hash.finalize())
            case .sha1(let hash): Array(hash.finalize())
            case .md5(let hash): Array(hash.finalize())
            }
        return ChecksumValue(algorithm, trusting: bytes)
    }
}
