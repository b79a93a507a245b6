import CChecksums

/// A checksum that is known: of bytes here, or as a service tells it.
package struct ChecksumValue: Hashable, Sendable, CustomStringConvertible {
    /// Which checksum it is.
    package let algorithm: ChecksumAlgorithm
    /// Its bytes; those of a CRC with the highest first.
    package let bytes: [UInt8]

    /// Makes a value of bytes whose number fits.
    init(_ algorithm: ChecksumAlgorithm, trusting bytes: [UInt8]) {
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// Makes the checksum of bytes in memory.
    ///
    /// - Parameters:
    ///   - algorithm: Which one.
    ///   - bytes: The bytes.
    package init(_ algorithm: ChecksumAlgorithm, of bytes: [UInt8]) {
        var checksum = Checksum(algorithm)
        bytes.withUnsafeBytes { checksum.update($0) }
        self = checksum.value
    }

    /// Reads the form that S3's headers and documents have.
    ///
    /// - Parameters:
    ///   - algorithm: Which one.
    ///   - base64: The bytes in base64; nil is returned when they are not as many as they should be.
    package init?(_ algorithm: ChecksumAlgorithm, base64: String) {
        guard let bytes = Base64.decode(base64), bytes.count == algorithm.byteCount else { return nil }
        self.init(algorithm, trusting: bytes)
    }

    /// Reads the form that entity tags have.
    ///
    /// - Parameters:
    ///   - algorithm: Which one.
    ///   - hexadecimal: Two lower-case digits for each byte; nil is returned for any other text.
    package init?(_ algorithm: ChecksumAlgorithm, hexadecimal: some StringProtocol) {
        let digits = hexadecimal.utf8.map { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        let values = digits.compactMap { $0 }
        guard digits.count == 2 * algorithm.byteCount, values.count == digits.count else { return nil }
        let bytes = stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
        self.init(algorithm, trusting: bytes)
    }

    /// Reads hexadecimal digits, as entity tags have them.
    ///
    /// - Parameters:
    ///   - algorithm: Which one.
    ///   - hexadecimal: The bytes as digits; nil is returned when they are not as many as they should be.
    package init?(_ algorithm: ChecksumAlgorithm, hexadecimal: String) {
        let digits = hexadecimal.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * algorithm.byteCount, hexadecimal.utf8.count == digits.count else { return nil }
        let bytes = (0..<algorithm.byteCount).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
        self.init(algorithm, trusting: bytes)
    }

    /// The form that S3's headers and documents have.
    package var base64: String { Base64.encode(bytes) }

    /// Algorithm and value for messages: `CRC64NVME ro5LhgpwqYg=`.
    package var description: String { "\(algorithm.name) \(base64)" }

    /// The checksum of these bytes and others behind them, without looking at either again.
    ///
    /// - Parameters:
    ///   - next: The checksum of what follows.
    ///   - lengthBytes: The length of what follows.
    /// - Returns: nil when the two are not the same CRC; other checksums cannot be put together.
    package func combined(with next: ChecksumValue, lengthBytes: Int64) -> ChecksumValue? {
        guard let kind = algorithm.crc, next.algorithm == algorithm, lengthBytes >= 0 else { return nil }
        let value = CChecksums_combine(kind, number, next.number, UInt64(lengthBytes))
        return ChecksumValue(algorithm, trusting: Self.bigEndian(value, count: algorithm.byteCount))
    }

    private var number: UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    /// The lowest bytes of a number, the highest of them first.
    static func bigEndian(_ number: UInt64, count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
