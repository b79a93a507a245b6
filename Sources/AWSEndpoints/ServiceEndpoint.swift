/// A service whose endpoint follows the general rule.
package enum AWSService: Hashable, Sendable {
    /// Security Token Service, which lends credentials.
    case sts
    /// The same, in its one global endpoint where that is older than the region's own
    /// (`AWS_STS_REGIONAL_ENDPOINTS=legacy`).
    case globalSTS
    /// Amazon Braket.
    case braket
    /// CloudWatch Logs.
    case logs
    /// The portal of IAM Identity Center, which exchanges a token for credentials.
    case ssoPortal
    /// IAM Identity Center's issuer of tokens.
    case ssoOIDC

    /// What the host's name begins with.
    fileprivate var hostPrefix: String {
        switch self {
        case .sts, .globalSTS: "sts"
        case .braket: "braket"
        case .logs: "logs"
        case .ssoPortal: "portal.sso"
        case .ssoOIDC: "oidc"
        }
    }

    /// The name in signatures; the two of Identity Center take unsigned requests.
    fileprivate var signingService: String {
        switch self {
        case .sts, .globalSTS: "sts"
        case .braket: "braket"
        case .logs: "logs"
        case .ssoPortal: "awsssoportal"
        case .ssoOIDC: "sso-oauth"
        }
    }

    /// Whether the ordinary endpoint of the government's partition is the FIPS endpoint, too.
    fileprivate var hasOrdinaryFIPSInGovernment: Bool { self != .braket }
}

/// Where requests to a service go and what their signatures name.
package struct ServiceEndpoint: Hashable, Sendable {
    /// Where to.
    package let address: EndpointAddress
    /// The region in signatures.
    package let signingRegion: String
    /// The service's name in signatures.
    package let signingService: String

    /// Regions that are older than STS's regional endpoints: legacy configurations use the global one there.
    private static let legacySTSRegions: Set = [
        "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", Region.global, "ca-central-1",
        "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2",
        "us-west-1", "us-west-2",
    ]

    /// Finds the endpoint of a service.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - region: The region.
    ///   - options: What the configuration says.
    /// - Returns: The endpoint.
    /// - Throws: `EndpointError` with code `.invalid`.
    package static func resolve(
        _ service: AWSService,
        region: String,
        options: EndpointOptions = EndpointOptions()
    ) throws(EndpointError) -> ServiceEndpoint {
        try Region.check(region)
        try options.check()
        let isGlobal = isGlobalSTS(service, region: region, options: options)
        let signingRegion = Region.forSigning(isGlobal ? Region.global : region)
        return ServiceEndpoint(
            address: options.override
                ?? EndpointAddress(
                    host: isGlobal ? "sts.amazonaws.com" : host(service, region: signingRegion, options: options)
                ),
            signingRegion: signingRegion,
            signingService: service.signingService
        )
    }

    private static func isGlobalSTS(_ service: AWSService, region: String, options: EndpointOptions) -> Bool {
        guard options == EndpointOptions() else { return false }
        return service == .sts && region == Region.global || service == .globalSTS && legacySTSRegions.contains(region)
    }

    private static func host(_ service: AWSService, region: String, options: EndpointOptions) -> String {
        let partition = Partition.of(region: region)
        let hasOrdinaryFIPS =
            partition == .government && service.hasOrdinaryFIPSInGovernment && !options.usesDualStack
        let fips = options.usesFIPS && !hasOrdinaryFIPS ? "-fips" : ""
        let suffix = options.usesDualStack ? partition.dualStackSuffix : partition.suffix
        return "\(service.hostPrefix)\(fips).\(region).\(suffix)"
    }
}
