import RunnerCore
import RunnerTestSupport

/// Keys that one source gives to a test; each text holds `planted`, so that a search finds what leaks.
struct PlantedKeys: Sendable {
    /// AccessKeyId.
    let id: String
    /// SecretAccessKey.
    let secret: String
    /// SessionToken.
    let token: String

    /// Makes the keys of a source.
    init(_ name: String) {
        id = "AKIAplanted\(name)"
        secret = "planted/secret+\(name)"
        token = "planted//token==\(name)"
    }

    /// The three texts.
    var all: [String] { [id, secret, token] }

    /// The names that containers and instance metadata use.
    func document(token name: String) -> String {
        #"""
        {"Code": "Success", "Version": 1, "AccessKeyId": "\#(id)", "SecretAccessKey": "\#(secret)", "\#(name)": "\#(token)",
         "Expiration": "2099-01-01T00:00:00Z"}
        """#
    }
}

/// STS, the endpoint of a container and instance metadata on one server of loopback.
enum CredentialServices {
    /// The keys of each service.
    static let role = PlantedKeys("Role")
    static let webIdentity = PlantedKeys("Web")
    static let container = PlantedKeys("Container")
    static let instance = PlantedKeys("Instance")
    /// What opens the services.
    static let tokens = (web: "planted.web.jwt", container: "planted-container-token", instance: "planted-imds-token")

    /// Starts the server.
    static func start() throws -> ScriptedServer {
        try ScriptedServer { request in
            switch (request.method, request.path) {
            case ("POST", "/"): securityTokenService(request)
            case ("GET", "/container"):
                request.header("authorization") == tokens.container
                    ? .http(200, text: container.document(token: "Token")) : .http(403)
            case ("PUT", "/latest/api/token"): .http(200, text: tokens.instance)
            case ("GET", _) where request.header("x-aws-ec2-metadata-token") != tokens.instance: .http(401)
            case ("GET", "/latest/meta-data/iam/security-credentials/"): .http(200, text: "job-role\n")
            case ("GET", "/latest/meta-data/iam/security-credentials/job-role"):
                .http(200, text: instance.document(token: "Token"))
            case ("GET", "/latest/meta-data/placement/region"): .http(200, text: "eu-central-1")
            default: .http(404)
            }
        }
    }

    private static func securityTokenService(_ request: RecordedRequest) -> ScriptedAnswer {
        let fields = String(decoding: request.body, as: UTF8.self)
        if fields.contains("Action=AssumeRoleWithWebIdentity&") {
            guard fields.contains("WebIdentityToken=\(tokens.web)") else { return .http(400) }
            return .http(200, text: answer("AssumeRoleWithWebIdentity", webIdentity))
        }
        return .http(200, text: answer("AssumeRole", role))
    }

    private static func answer(_ operation: String, _ keys: PlantedKeys) -> String {
        """
        <\(operation)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><\(operation)Result><Credentials>
        <AccessKeyId>\(keys.id)</AccessKeyId><SecretAccessKey>\(keys.secret)</SecretAccessKey>
        <SessionToken>\(keys.token)</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
        </Credentials></\(operation)Result></\(operation)Response>
        """
    }
}
