import Checksums
import RunnerHTTP

extension ObjectChecksum {
    /// S3's checksums, the cheapest that says the most first.
    private static let preferred: [ChecksumAlgorithm] = [.crc64nvme, .crc32c, .crc32, .sha256, .sha1]

    /// Finds the checksum in the headers of an answer for a whole object.
    ///
    /// Where there is none the entity tag serves: it is the MD5 of an object that was stored in one piece and not
    /// encrypted by a key of its own.
    ///
    /// - Parameter headers: The headers; nil is returned when they tell no checksum.
    init?(_ headers: HTTPFields) {
        for algorithm in Self.preferred {
            guard let text = headers[algorithm.headerName] else { continue }
            self.init(algorithm, text: text)
            return
        }
        guard let tag = headers["ETag"], !Self.hidesMD5(headers),
            let value = ChecksumValue(.md5, hexadecimal: tag.filter { $0 != "\"" })
        else { return nil }
        self.init(value)
    }

    /// Encrypted by KMS or by the customer's key, the tag is of the encrypted bytes or of none.
    private static func hidesMD5(_ headers: HTTPFields) -> Bool {
        headers["x-amz-server-side-encryption"].map { $0.hasPrefix("aws:kms") } ?? false
            || headers["x-amz-server-side-encryption-customer-algorithm"] != nil
    }
}
