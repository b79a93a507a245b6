import AWSEndpoints
import AWSRequests
import RunnerCore

/// The metadata service of an EC2 instance, by version 2 of its protocol only: a token first, then the questions.
///
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
struct InstanceMetadata: CredentialSource {
    private static let rolePath = "/latest/meta-data/iam/security-credentials/"
    private static let spotPath = "/latest/meta-data/spot/instance-action"
    private static let regionPath = "/latest/meta-data/placement/region"

    /// The settings.
    let configuration: AWSConfiguration
    /// Sends requests.
    let sender: RequestSender
    /// The clock.
    let now: @Sendable () -> Timestamp

    func load() async throws -> Lookup {
        do {
            let client = try client()
            let token = try await client.token()
            let role = try await roleName(client, token)
            return .found(try credential(try await client.get(Self.rolePath + role, token: token)))
        } catch let absence as MetadataAbsence {
            return .absent(absence.reason)
        }
    }

    /// The region that the instance is in.
    ///
    /// - Returns: nil when there is no metadata service or it does not say.
    /// - Throws: `CredentialError` for settings that are wrong; `CancellationError`.
    func region() async throws -> String? {
        do {
            let client = try client()
            let bytes = try await client.get(Self.regionPath, token: try await client.token())
            let region = String(decoding: bytes, as: UTF8.self).trimmed()
            return region.isEmpty ? nil : region
        } catch is MetadataAbsence {
            return nil
        }
    }

    /// Whether this instance is about to be taken away.
    ///
    /// - Returns: nil while there is no notice.
    /// - Throws: `MetadataAbsence` when the service does not answer; `CredentialError`; `CancellationError`.
    func spotNotice() async throws -> SpotNotice? {
        let client = try client()
        let token = try await client.token()
        do {
            return SpotNotice(try await client.get(Self.spotPath, token: token))
        } catch let absence as MetadataAbsence where absence.status == 404 {
            return nil
        }
    }

    /// Where the service answers.
    ///
    /// - Parameter configuration: May name another place than the usual one.
    /// - Returns: The address.
    /// - Throws: For an address or a mode that is none.
    static func address(_ configuration: AWSConfiguration) throws(CredentialError) -> EndpointAddress {
        let environment = configuration.environment
        if let endpoint = environment[.metadataEndpoint] ?? configuration.setting("ec2_metadata_service_endpoint") {
            do {
                return try EndpointAddress.parse(endpoint)
            } catch {
                throw CredentialError(
                    .invalidConfiguration,
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT (or ec2_metadata_service_endpoint of the profile): \(error)"
                )
            }
        }
        let mode = environment[.metadataEndpointMode] ?? configuration.setting("ec2_metadata_service_endpoint_mode")
        switch mode?.lowercased() {
        case nil, "ipv4": return EndpointAddress(isSecure: false, host: "169.254.169.254")
        case "ipv6": return EndpointAddress(isSecure: false, host: "fd00:ec2::254")
        case let other?:
            throw CredentialError(
                .invalidConfiguration,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (or ec2_metadata_service_endpoint_mode of the profile) is "
                    + "\(other.escaped()), but must be IPv4 or IPv6"
            )
        }
    }

    private func client() throws -> MetadataClient {
        if configuration.environment[.metadataDisabled]?.lowercased() == "true" {
            throw MetadataAbsence(reason: "AWS_EC2_METADATA_DISABLED is true")
        }
        return MetadataClient(
            address: try Self.address(configuration),
            sender: sender,
            timeout: .seconds(try configuration.number(.metadataTimeout, "metadata_service_timeout") ?? 1),
            attempts: try configuration.number(.metadataAttempts, "metadata_service_num_attempts") ?? 1
        )
    }

    private func roleName(_ client: MetadataClient, _ token: String) async throws -> String {
        let noRole = "the instance has no role"
        let list: [UInt8]
        do {
            list = try await client.get(Self.rolePath, token: token)
        } catch let absence as MetadataAbsence where absence.status == 404 {
            throw MetadataAbsence(reason: noRole)
        }
        let role = String(decoding: list, as: UTF8.self).trimmed()
        // The name becomes part of a path.
        guard !role.isEmpty, role.utf8.allSatisfy({ isAlphanumeric($0) || "+=,.@-_".utf8.contains($0) }) else {
            throw MetadataAbsence(reason: noRole)
        }
        return role
    }

    private func credential(_ bytes: [UInt8]) throws(CredentialError) -> ResolvedCredential {
        let name = "the instance metadata service"
        guard let fields = (try? JSONText.parse(bytes))?.objectValue else {
            throw CredentialError(.sourceFailed, "\(name) answered something that is no JSON object")
        }
        if let code = fields["Code"]?.stringValue, code != "Success" {
            throw CredentialError(
                .sourceFailed,
                "\(name) has no credentials for the instance's role: \(code.escaped())"
            )
        }
        let credential = try CredentialFields.read(
            fields,
            .metadata,
            of: name,
            isEnding: true,
            source: "instance metadata"
        )
        return extended(credential)
    }

    /// Lets a credential that has ended live on.
    ///
    /// When the service cannot renew credentials it goes on serving the old ones, and the other services go on taking
    /// them: https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
    private func extended(_ credential: ResolvedCredential) -> ResolvedCredential {
        let moment = now()
        guard let expires = credential.expires, expires <= moment else { return credential }
        return ResolvedCredential(
            credential.credential,
            expires: Timestamp(milliseconds: moment.milliseconds + 20 * 60_000),
            source: credential.source
        )
    }
}
