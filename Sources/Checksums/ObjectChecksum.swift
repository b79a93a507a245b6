/// The checksum of an object as S3 tells it: of all its bytes, or of the checksums of its parts.
package struct ObjectChecksum: Hashable, Sendable, CustomStringConvertible {
    /// The checksum.
    package let value: ChecksumValue
    /// Of how many parts' checksums it is the checksum (`base64-N`); nil when it is that of the object's bytes.
    package let partCount: Int?

    /// Makes the checksum of an object.
    ///
    /// - Parameters:
    ///   - value: The checksum.
    ///   - partCount: Of how many parts' checksums it is the checksum; nil when it is that of the object's bytes.
    package init(_ value: ChecksumValue, partCount: Int? = nil) {
        self.value = value
        self.partCount = partCount
    }

    /// Reads a header's or a document's text.
    ///
    /// - Parameters:
    ///   - algorithm: Which checksum it is.
    ///   - text: `base64` or `base64-N`; nil is returned for any other text.
    package init?(_ algorithm: ChecksumAlgorithm, text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let value = ChecksumValue(algorithm, base64: String(parts[0])) else { return nil }
        self.value = value
        switch parts.count {
        case 1:
            partCount = nil
        case 2:
            guard let count = Int(parts[1]), count > 0, !parts[1].hasPrefix("+") else { return nil }
            partCount = count
        default:
            return nil
        }
    }

    /// Makes the checksum that S3 gives to an object of parts: that of the parts' checksums in a row.
    ///
    /// - Parameter parts: The parts' checksums in order; nil is returned when they are none or not of one algorithm.
    package init?(ofParts parts: [ChecksumValue]) {
        guard let algorithm = parts.first?.algorithm, parts.allSatisfy({ $0.algorithm == algorithm }) else {
            return nil
        }
        value = ChecksumValue(algorithm, of: parts.flatMap(\.bytes))
        partCount = parts.count
    }

    /// The text as S3 has it.
    package var text: String { partCount.map { "\(value.base64)-\($0)" } ?? value.base64 }

    /// Algorithm and text for messages.
    package var description: String { "\(value.algorithm.name) \(text)" }
}
