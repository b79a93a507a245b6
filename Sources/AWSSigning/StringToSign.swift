/// Where and on which day a signature holds.
package struct CredentialScope: Hashable, Sendable, CustomStringConvertible {
    /// The day in UTC: `20260102`.
    package let day: String
    /// The region, in which the service looks for the key.
    package let region: String
    /// The service's name for signing: `s3`, `sts`.
    package let service: String

    /// Makes a scope.
    ///
    /// - Parameters:
    ///   - day: The day in UTC: `20260102`.
    ///   - region: The region.
    ///   - service: The service's name for signing.
    package init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    /// The scope as it is signed and sent: `20260102/us-west-2/s3/aws4_request`.
    package var description: String { "\(day)/\(region)/\(service)/aws4_request" }
}

extension SigV4Signer {
    /// The name of the algorithm, in the string to sign and in what is sent.
    static let algorithm = "AWS4-HMAC-SHA256"

    /// The second stage: what the signature is made of.
    ///
    /// - Parameters:
    ///   - canonicalRequest: What the first stage made.
    ///   - time: The moment of signing: `20260102T030405Z`.
    ///   - scope: Where the signature holds.
    /// - Returns: Algorithm, moment, scope and the request's hash, each on a line.
    package static func stringToSign(_ canonicalRequest: [UInt8], time: String, scope: CredentialScope) -> String {
        "\(algorithm)\n\(time)\n\(scope)\n\(PayloadHash.of(canonicalRequest))"
    }
}
