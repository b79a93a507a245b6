/// A part of AWS with its own accounts, keys and domains.
struct Partition: Hashable, Sendable {
    /// The name, as ARNs have it.
    let name: String
    /// What the names of its regions begin with.
    let regionPrefix: String
    /// The domain of its services.
    let suffix: String
    /// The domain of its services that also have IPv6 addresses; S3 has its own rule.
    let dualStackSuffix: String

    /// The partition of commercial regions, and of all region names that no other partition claims: AWS opens regions
    /// faster than programs are built.
    static let commercial = Partition(
        name: "aws",
        regionPrefix: "",
        suffix: "amazonaws.com",
        dualStackSuffix: "api.aws"
    )

    /// China, where S3 has no FIPS endpoints.
    static let china = Partition(
        name: "aws-cn",
        regionPrefix: "cn-",
        suffix: "amazonaws.com.cn",
        dualStackSuffix: "api.amazonwebservices.com.cn"
    )

    /// The government of the United States, many of whose ordinary endpoints are FIPS endpoints.
    static let government = Partition(
        name: "aws-us-gov",
        regionPrefix: "us-gov-",
        suffix: "amazonaws.com",
        dualStackSuffix: "api.aws"
    )

    /// All partitions.
    static let all = [
        china, government,
        Partition(
            name: "aws-eusc",
            regionPrefix: "eusc-",
            suffix: "amazonaws.eu",
            dualStackSuffix: "api.amazonwebservices.eu"
        ),
        Partition(
            name: "aws-iso",
            regionPrefix: "us-iso-",
            suffix: "c2s.ic.gov",
            dualStackSuffix: "api.aws.ic.gov"
        ),
        Partition(
            name: "aws-iso-b",
            regionPrefix: "us-isob-",
            suffix: "sc2s.sgov.gov",
            dualStackSuffix: "api.aws.scloud"
        ),
        Partition(
            name: "aws-iso-e",
            regionPrefix: "eu-isoe-",
            suffix: "cloud.adc-e.uk",
            dualStackSuffix: "api.cloud-aws.adc-e.uk"
        ),
        Partition(
            name: "aws-iso-f",
            regionPrefix: "us-isof-",
            suffix: "csp.hci.ic.gov",
            dualStackSuffix: "api.aws.hci.ic.gov"
        ),
        commercial,
    ]

    /// The partition of a region.
    ///
    /// - Parameter region: A region's name.
    /// - Returns: The commercial one for a name that is not known.
    static func of(region: String) -> Partition {
        all.first { region.hasPrefix($0.regionPrefix) } ?? commercial
    }
}
