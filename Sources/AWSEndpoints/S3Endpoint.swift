import RunnerCore

/// Where requests for a bucket go and what their signatures name.
package struct S3Endpoint: Hashable, Sendable {
    /// Where to; with the bucket in its host when `isBucketInHost`.
    package let address: EndpointAddress
    /// Whether the host names the bucket; else the path does, behind the address's own path: `/bucket/key`.
    package let isBucketInHost: Bool
    /// The region in signatures.
    package let signingRegion: String
    /// The service's name in signatures.
    package let signingService: String

    /// Finds the endpoint of a bucket.
    ///
    /// The bucket goes into the host where it can, as AWS wants it, and into the path where the host would not resolve
    /// or its certificate not hold: names that are no host's names, names with dots over TLS, endpoints that are a
    /// number, `localhost` or another name without a dot.
    ///
    /// - Parameters:
    ///   - bucket: The bucket's name or alias, or the ARN of an access point.
    ///   - region: The bucket's region, as far as it is known; `Region.global` for none.
    ///   - options: What the configuration says.
    ///   - forcesPathStyle: Whether the bucket goes into the path in any case.
    /// - Returns: The endpoint.
    /// - Throws: `EndpointError`; code `.unsupported` for buckets of other kinds: directory buckets (S3 Express One
    ///   Zone), Outposts, multi-region access points.
    package static func resolve(
        bucket: String,
        region: String,
        options: EndpointOptions = EndpointOptions(),
        forcesPathStyle: Bool = false
    ) throws(EndpointError) -> S3Endpoint {
        try Region.check(region)
        try options.check()
        let partition = Partition.of(region: region)
        guard !options.usesFIPS || partition != .china else {
            throw EndpointError(.invalid, "S3 has no FIPS endpoints in China, so not in the region \(region)")
        }
        guard !bucket.hasPrefix("arn:") else {
            guard !forcesPathStyle else {
                throw EndpointError(
                    .invalid,
                    "\"\(bucket.escaped())\" is an ARN, which has no path style: allow virtual-hosted addresses"
                )
            }
            return try resolve(AccessPointARN.parse(bucket), partition: partition, options: options)
        }
        try checkKind(bucket)
        let address = options.override ?? EndpointAddress(host: host(region: region, partition, options))
        let isBucketInHost =
            !forcesPathStyle && address.hasSubdomains
            && isVirtualHostable(bucket: bucket, allowingDots: !address.isSecure)
        return S3Endpoint(
            address: isBucketInHost ? address.below(bucket) : address,
            isBucketInHost: isBucketInHost,
            signingRegion: Region.forSigning(region),
            signingService: "s3"
        )
    }

    private static func host(region: String, _ partition: Partition, _ options: EndpointOptions) -> String {
        if region == Region.global, !options.usesFIPS, !options.usesDualStack { return "s3.\(partition.suffix)" }
        let fips = options.usesFIPS ? "-fips" : ""
        let dualStack = options.usesDualStack ? ".dualstack" : ""
        return "s3\(fips)\(dualStack).\(Region.forSigning(region)).\(partition.suffix)"
    }

    /// Refuses names that AWS reserves for buckets that other endpoints serve and other signatures open.
    private static func checkKind(_ bucket: String) throws(EndpointError) {
        guard !bucket.isEmpty else { throw EndpointError(.invalid, "no bucket is named: write s3://BUCKET/KEY") }
        let kinds = [
            ("--x-s3", "a directory bucket (S3 Express One Zone)"),
            ("--xa-s3", "an access point of a directory bucket (S3 Express One Zone)"),
            ("--op-s3", "a bucket on an Outpost"),
        ]
        for (suffix, kind) in kinds where bucket.hasSuffix(suffix) {
            throw EndpointError(
                .unsupported,
                "\"\(bucket.escaped())\" is \(kind), which braket-runner does not support: use a general purpose bucket"
            )
        }
    }
}

extension S3Endpoint {
    /// Finds the endpoint of an access point, whose region is that of its ARN.
    private static func resolve(
        _ point: AccessPointARN,
        partition: Partition,
        options: EndpointOptions
    ) throws(EndpointError) -> S3Endpoint {
        let partitionOfPoint = Partition.of(region: point.region)
        guard partitionOfPoint == partition else {
            throw EndpointError(
                .invalid,
                "the access point lies in \(point.region) (partition \(partitionOfPoint.name)), the configured region in "
                    + "partition \(partition.name): credentials of one do not hold in the other"
            )
        }
        let address: EndpointAddress
        if let override = options.override {
            address = override
        } else {
            address = EndpointAddress(host: try host(of: point, partition, options))
        }
        return S3Endpoint(
            address: address.below(point.hostLabel),
            isBucketInHost: true,
            signingRegion: point.region,
            signingService: point.service.rawValue
        )
    }

    private static func host(
        of point: AccessPointARN,
        _ partition: Partition,
        _ options: EndpointOptions
    ) throws(EndpointError) -> String {
        let fips = options.usesFIPS ? "-fips" : ""
        let dualStack = options.usesDualStack ? ".dualstack" : ""
        switch point.service {
        case .s3:
            return "s3-accesspoint\(fips)\(dualStack).\(point.region).\(partition.suffix)"
        case .objectLambda:
            guard !options.usesDualStack else {
                throw EndpointError(.invalid, "access points of S3 Object Lambda have no dual-stack endpoints")
            }
            return "s3-object-lambda\(fips).\(point.region).\(partition.suffix)"
        }
    }
}
