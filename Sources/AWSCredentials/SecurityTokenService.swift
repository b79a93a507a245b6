import AWSEndpoints
import AWSRequests
import AWSSigning
import NIOCore
import RunnerCore
import RunnerHTTP

/// The service that lends credentials of roles.
struct SecurityTokenService {
    private typealias Fields = [(name: String, value: String)]

    /// The settings.
    let configuration: AWSConfiguration
    /// Sends requests.
    let sender: RequestSender
    /// The clock.
    let now: @Sendable () -> Timestamp

    /// Assumes a role with another credential.
    ///
    /// - Parameters:
    ///   - role: The role.
    ///   - source: The credential that may assume it.
    /// - Returns: The role's credential.
    /// - Throws: `CredentialError` with what the service says.
    func assume(_ role: ProfilePlan.Role, with source: ResolvedCredential) async throws -> ResolvedCredential {
        var fields: Fields = [
            ("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", role.arn),
            ("RoleSessionName", role.sessionName ?? ownSessionName),
        ]
        if let seconds = role.durationSeconds { fields.append(("DurationSeconds", String(seconds))) }
        if let id = role.externalID { fields.append(("ExternalId", id)) }
        return try await call(
            fields,
            signedBy: source,
            result: "AssumeRoleResult",
            role: role.arn,
            source: "role of profile \(role.profile.escaped())"
        )
    }

    /// Assumes a role with the token of an identity provider.
    ///
    /// - Parameters:
    ///   - identity: The role.
    ///   - token: The token.
    /// - Returns: The role's credential.
    /// - Throws: `CredentialError` with what the service says.
    func assume(_ identity: ProfilePlan.WebIdentity, token: String) async throws -> ResolvedCredential {
        try await call(
            [
                ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", identity.roleARN),
                ("RoleSessionName", identity.sessionName ?? ownSessionName), ("WebIdentityToken", token),
            ],
            signedBy: nil,
            result: "AssumeRoleWithWebIdentityResult",
            role: identity.roleARN,
            source: "web identity"
        )
    }

    private var ownSessionName: String { "braket-runner-\(now().milliseconds / 1000)" }

    private func call(
        _ fields: Fields,
        signedBy credential: ResolvedCredential?,
        result: StaticString,
        role: String,
        source: String
    ) async throws -> ResolvedCredential {
        let endpoint = try endpoint()
        var request = HTTPRequest(
            .post,
            endpoint.address,
            "/",
            headers: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"]
        )
        request.body = ByteBuffer(string: fields.map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&"))
        let signing = credential.map {
            Signing(
                region: endpoint.signingRegion,
                service: endpoint.signingService,
                credentials: FixedCredential(credential: $0),
                path: .twice
            )
        }
        do {
            let limits = HTTPLimits(total: .seconds(20))
            let response = try await sender.send(request, signing: signing, limits: limits)
            let root = try ServiceError.root(
                of: response,
                named: "AssumeRoleResponse",
                "AssumeRoleWithWebIdentityResponse"
            )
            return try Self.credential(root.child(result)?.child("Credentials"), source: source)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CredentialError(
                .sourceFailed,
                "STS at \(endpoint.address) gives no credentials of role \(role.escaped()): \(error)"
            )
        }
    }

    private static func credential(
        _ element: XMLElement?,
        source: String
    ) throws(CredentialError) -> ResolvedCredential {
        guard let element, let key = element.text("AccessKeyId"), let secret = element.text("SecretAccessKey"),
            let token = element.text("SessionToken"),
            let expires = element.text("Expiration").flatMap({ Timestamp(iso8601: $0) })
        else { throw CredentialError(.sourceFailed, "the answer lacks a part of the credentials") }
        return ResolvedCredential(
            AWSCredential(accessKeyID: key, secretAccessKey: secret, sessionToken: token),
            expires: expires,
            source: source
        )
    }

    private func endpoint() throws(CredentialError) -> ServiceEndpoint {
        do {
            let options = EndpointOptions(
                override: try configuration.stsEndpointURL.map { url throws(EndpointError) in
                    try EndpointAddress.parse(url)
                },
                usesFIPS: configuration.useFIPS,
                usesDualStack: configuration.useDualStack
            )
            return try ServiceEndpoint.resolve(.sts, region: configuration.region ?? Region.global, options: options)
        } catch {
            throw CredentialError(.invalidConfiguration, "STS cannot be asked: \(error)")
        }
    }

    private func encoded(_ text: String) -> String { percentEncoded(text.utf8, keepingSlash: false) }
}

/// Signs with one credential that has no successor.
private struct FixedCredential: CredentialProvider {
    let credential: ResolvedCredential

    func credential() async throws -> ResolvedCredential { credential }

    func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential { credential }
}
