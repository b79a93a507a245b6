import Crypto

extension SHA256 {
    /// Hashes bytes; the module itself has no use for it.
    ///
    /// - Parameter bytes: All of them.
    /// - Returns: The hash in lower-case hexadecimal.
    static func hexadecimal(of bytes: [UInt8]) -> String {
        hash(data: bytes).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
