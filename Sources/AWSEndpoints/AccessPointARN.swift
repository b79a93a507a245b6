import RunnerCore

/// An access point, given in place of a bucket by its ARN.
struct AccessPointARN: Hashable, Sendable {
    /// The service that answers, which is also its name in signatures.
    enum Service: String, Sendable {
        /// S3 itself.
        case s3
        /// S3 with a function that changes objects on their way.
        case objectLambda = "s3-object-lambda"
    }

    /// The service that answers.
    let service: Service
    /// The region of the access point, whatever region is configured.
    let region: String
    /// The host's first label, which names the access point and its owner: `NAME-ACCOUNT`.
    let hostLabel: String

    /// Reads an ARN.
    ///
    /// - Parameter text: What was given as a bucket, beginning with `arn:`.
    /// - Returns: The access point.
    /// - Throws: `EndpointError` with code `.unsupported` for Outposts and for access points of several regions, else
    ///   `.invalid`.
    static func parse(_ text: String) throws(EndpointError) -> AccessPointARN {
        let shown = "the ARN \"\(text.escaped())\""
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", !parts[1].isEmpty, !parts[5].isEmpty else {
            throw EndpointError(
                .invalid,
                "\(shown) is not complete: it must be arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME"
            )
        }
        guard parts[2] != "s3-outposts" else {
            throw EndpointError(.unsupported, "\(shown) lies on an Outpost, which braket-runner does not support")
        }
        let resource = parts[5].split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "/" }.map(String.init)
        guard let service = Service(rawValue: parts[2]), resource[0] == "accesspoint" else {
            throw EndpointError(
                .invalid,
                "\(shown) is not that of an S3 access point; a bucket is given by its name alone"
            )
        }
        guard !parts[3].isEmpty || service != .s3 else {
            throw EndpointError(
                .unsupported,
                "\(shown) is that of a multi-region access point, which braket-runner does not support: name a bucket "
                    + "or an access point of one region"
            )
        }
        guard resource.count == 2, isHostLabel(parts[3]), isHostLabel(parts[4]), isHostLabel(resource[1]) else {
            throw EndpointError(
                .invalid,
                "\(shown) must end in REGION:ACCOUNT:accesspoint/NAME, each of letters, digits and '-'"
            )
        }
        return AccessPointARN(service: service, region: parts[3], hostLabel: "\(resource[1])-\(parts[4])")
    }
}
