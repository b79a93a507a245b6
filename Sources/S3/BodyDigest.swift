import AWSSigning
import Checksums

/// What a request says of its body, computed of one piece after the other.
struct BodyDigest {
    /// Small enough that a piece is still in the processor's cache when it is hashed, after it was read or by the other
    /// algorithm.
    static let pieceBytes = 256 << 10

    private var checksum: Checksum
    private var payload: PayloadDigest?

    /// Makes the digest of no bytes.
    ///
    /// - Parameters:
    ///   - algorithm: The checksum.
    ///   - signsPayload: Whether the SHA-256 for the signature is wanted, too.
    init(_ algorithm: ChecksumAlgorithm, signsPayload: Bool) {
        checksum = Checksum(algorithm)
        payload = signsPayload ? PayloadDigest() : nil
    }

    /// Adds bytes; blocks for milliseconds a megabyte.
    ///
    /// - Parameter bytes: The next bytes, valid only during the call.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceBytes))
            rest = rest.dropFirst(piece.count)
            payload?.update(piece)
            checksum.update(piece)
        }
    }

    /// The checksum of all bytes so far.
    var checksumValue: ChecksumValue { checksum.value }

    /// The SHA-256 of all bytes so far, when it is wanted.
    var payloadHash: String? { payload?.value }
}
