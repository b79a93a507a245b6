import RunnerCore

/// Names of regions.
package enum Region {
    /// The name for S3's and STS's endpoints that belong to no region; they sign as us-east-1.
    package static let global = "aws-global"

    /// The region in the name of an S3 host, such as a redirect's `Endpoint`: `bucket.s3.eu-west-1.amazonaws.com`,
    /// with the older `s3-eu-west-1`, `dualstack` and private links.
    ///
    /// - Parameter host: A host's name.
    /// - Returns: nil when the host is not AWS's or names no region, as `bucket.s3.amazonaws.com`.
    package static func inHost(_ host: String) -> String? {
        let host = host.lowercased()
        guard let partition = Partition.all.first(where: { host.hasSuffix(".\($0.suffix)") }) else { return nil }
        var labels = host.dropLast(partition.suffix.count + 1).split(separator: ".")
        if labels.last == "vpce" { labels.removeLast() }
        guard var label = labels.popLast() else { return nil }
        if label.hasPrefix("s3-") {
            label = label.dropFirst(3)
        } else if !labels.contains(where: { $0 == "s3" || $0.hasPrefix("s3-") }) {
            return nil
        }
        return looksLikeRegion(label) ? String(label) : nil
    }

    /// Tells `eu-west-1` and `us-gov-west-1` from `external-1`, `fips` and `accelerate`.
    private static func looksLikeRegion(_ label: Substring) -> Bool {
        let parts = label.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, let number = parts.last else { return false }
        return parts.allSatisfy { !$0.isEmpty } && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Checks that a region can be part of a host's name: a name with a dot or a slash would send requests, and what
    /// is in them, to another host.
    ///
    /// - Parameter region: The region that was configured.
    /// - Throws: `EndpointError` with code `.invalid`.
    static func check(_ region: String) throws(EndpointError) {
        guard !region.isEmpty else {
            throw EndpointError(.invalid, "no region is set: set AWS_REGION, for example to us-west-2")
        }
        guard isHostLabel(region) else {
            throw EndpointError(
                .invalid,
                "the region \"\(region.escaped())\" is not a region's name, which looks like us-west-2"
            )
        }
    }

    /// The region that signatures name.
    ///
    /// - Parameter region: The region of the endpoint.
    /// - Returns: `us-east-1` for the global endpoints, else the region itself.
    static func forSigning(_ region: String) -> String {
        region == global ? "us-east-1" : region
    }
}

/// Whether a text can be one label of a host's name: letters, digits and inner hyphens, at most 63.
///
/// - Parameter text: The text.
/// - Returns: true when it can.
func isHostLabel(_ text: some StringProtocol) -> Bool {
    let bytes = text.utf8
    guard (1...63).contains(bytes.count) else { return false }
    guard text.first != "-", text.last != "-" else { return false }
    return bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
