import Crypto

/// What a request says about its body: the body's SHA-256, or that the body is not signed.
package enum PayloadHash {
    /// The SHA-256 of no bytes.
    package static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// The word for a body that is not signed; S3 takes it, and only TLS protects such a body on its way.
    package static let unsigned = "UNSIGNED-PAYLOAD"

    /// The SHA-256 of a body.
    ///
    /// - Parameter bytes: The body.
    /// - Returns: 64 lower-case hexadecimal digits.
    package static func of(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes(of)
    }

    /// The SHA-256 of a body that lies in memory of another kind.
    ///
    /// - Parameter bytes: The body, valid only during the call.
    /// - Returns: 64 lower-case hexadecimal digits.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        var digest = PayloadDigest()
        digest.update(bytes)
        return digest.value
    }
}

/// The SHA-256 of a body that comes one piece after the other.
package struct PayloadDigest: Sendable {
    private var hash = SHA256()

    /// Makes the digest of no bytes.
    package init() {}

    /// Adds bytes.
    ///
    /// - Parameter bytes: The next bytes, valid only during the call.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
    }

    /// What `PayloadHash.of` says of all bytes so far; more may follow.
    package var value: String { hash.finalize().withUnsafeBytes(hexadecimal) }
}

/// Bytes in lower-case hexadecimal digits.
///
/// - Parameter bytes: The bytes, valid only during the call.
/// - Returns: Two digits for each.
func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { output in
        for (index, byte) in bytes.enumerated() {
            output[2 * index] = hexadecimalDigit(byte >> 4, letters: UInt8(ascii: "a"))
            output[2 * index + 1] = hexadecimalDigit(byte & 15, letters: UInt8(ascii: "a"))
        }
        return 2 * bytes.count
    }
}
