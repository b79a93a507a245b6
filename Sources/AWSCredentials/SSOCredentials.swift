import AWSEndpoints
import AWSRequests
import AWSSigning
import Crypto
import RunnerCore
import RunnerHTTP

/// Credentials for a person's sign-in, whose token the AWS CLI has left in a file.
struct SSOCredentials {
    /// The settings.
    let configuration: AWSConfiguration
    /// Reads the cached token.
    let files: FileReader
    /// Sends requests.
    let sender: RequestSender
    /// The clock.
    let now: @Sendable () -> Timestamp

    /// Exchanges the token for credentials of the account and role.
    ///
    /// - Parameter profile: What the profile says.
    /// - Returns: The credential.
    /// - Throws: `CredentialError.signInNeeded` when a person has to sign in again.
    func load(_ profile: ProfilePlan.SSOProfile) async throws -> ResolvedCredential {
        let name = profile.profile.escaped()
        let token = try token(profile)
        let address = try portal(profile)
        let query = "role_name=\(encoded(profile.roleName))&account_id=\(encoded(profile.accountID))"
        let request = HTTPRequest(
            .get,
            address,
            "/federation/credentials",
            query: query,
            headers: ["x-amz-sso_bearer_token": token, "Accept": "application/json"]
        )
        let response: HTTPResponse
        do {
            response = try await sender.send(request, signing: nil, limits: HTTPLimits(total: .seconds(20)))
        } catch let error as ServiceError where error.status == 401 {
            throw signIn(profile, "is no longer accepted")
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CredentialError(.sourceFailed, "SSO gives no credentials for profile \(name): \(error)")
        }
        guard let fields = (try? JSONText.parse(response.body))?.objectValue?["roleCredentials"]?.objectValue else {
            throw CredentialError(.sourceFailed, "SSO answered profile \(name) without roleCredentials")
        }
        let names = CredentialFields.Names(
            key: "accessKeyId",
            secret: "secretAccessKey",
            token: "sessionToken",
            expiration: "expiration"
        )
        return try CredentialFields.read(fields, names, of: "SSO", isEnding: true, source: "SSO of profile \(name)")
    }

    /// The file that the AWS CLI keeps a token in: named by the session, or in the older form by the start URL.
    ///
    /// - Parameters:
    ///   - profile: What the profile says.
    ///   - environment: Has HOME.
    /// - Returns: The path.
    static func tokenPath(_ profile: ProfilePlan.SSOProfile, _ environment: [String: String]) -> String {
        let hash = Insecure.SHA1.hash(data: Array((profile.session ?? profile.startURL).utf8))
        let digits = Array("0123456789abcdef".utf8)
        let name = String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        return SharedConfiguration.path("~/.aws/sso/cache/\(name).json", environment)
    }

    private func token(_ profile: ProfilePlan.SSOProfile) throws(CredentialError) -> String {
        let path = Self.tokenPath(profile, configuration.environment)
        let bytes: [UInt8]?
        do {
            bytes = try files(path)
        } catch {
            throw CredentialError(.sourceFailed, "the SSO token \(path.escaped()) cannot be read: \(error)")
        }
        guard let bytes else { throw signIn(profile, "is not there (\(path.escaped()))") }
        let fields = (try? JSONText.parse(bytes))?.objectValue
        guard let fields, let token = fields["accessToken"]?.stringValue, !token.isEmpty,
            token.utf8.allSatisfy({ (0x20...0x7e).contains($0) }),
            let expires = fields["expiresAt"]?.stringValue.flatMap({ Timestamp(iso8601: $0) })
        else { throw signIn(profile, "cannot be used: \(path.escaped()) lacks accessToken or expiresAt") }
        guard expires > now() else { throw signIn(profile, "has expired") }
        return token
    }

    private func portal(_ profile: ProfilePlan.SSOProfile) throws(CredentialError) -> EndpointAddress {
        do {
            let options = EndpointOptions(
                override: try configuration.endpointURL(service: "sso").map { url throws(EndpointError) in
                    try EndpointAddress.parse(url)
                },
                usesFIPS: configuration.useFIPS,
                usesDualStack: configuration.useDualStack
            )
            return try ServiceEndpoint.resolve(.ssoPortal, region: profile.region, options: options).address
        } catch {
            throw CredentialError(
                .invalidConfiguration,
                "SSO cannot be asked for profile \(profile.profile.escaped()): \(error)"
            )
        }
    }

    private func signIn(_ profile: ProfilePlan.SSOProfile, _ words: String) -> CredentialError {
        CredentialError(
            .signInNeeded,
            "the SSO sign-in of profile \(profile.profile.escaped()) \(words): run "
                + "`aws sso login --profile \(profile.profile.escaped())`"
        )
    }

    private func encoded(_ text: String) -> String { percentEncoded(text.utf8, keepingSlash: false) }
}
