import Crypto

/// The third stage: the key of one day, region and service, made from a secret access key.
package struct SigningKey: Sendable {
    /// The state of the code after its key: making it costs more than signing with it.
    private let keyed: HMAC<SHA256>

    /// Derives the key.
    ///
    /// - Parameters:
    ///   - secretAccessKey: The secret half of the credential.
    ///   - scope: What the key is for.
    package init(secretAccessKey: String, scope: CredentialScope) {
        var key = SymmetricKey(data: Array("AWS4\(secretAccessKey)".utf8))
        for part in [scope.day, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        keyed = HMAC<SHA256>(key: key)
    }

    /// The fourth stage: the signature.
    ///
    /// - Parameter stringToSign: What the second stage made.
    /// - Returns: 64 lower-case hexadecimal digits.
    package func signature(of stringToSign: String) -> String {
        var code = keyed
        code.update(data: Array(stringToSign.utf8))
        return code.finalize().withUnsafeBytes(hexadecimal)
    }
}
