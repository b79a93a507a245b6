import AWSEndpoints
import AWSRequests
import RunnerCore
import RunnerHTTP

/// Credentials of the endpoint that ECS, EKS and Braket give a container.
///
/// Variables and the token's file are read at each call: EKS replaces the token while the job runs.
struct ContainerCredentials: CredentialSource {
    /// Where ECS answers.
    private static let ecs = "http://169.254.170.2"
    /// ECS, and the two addresses of EKS Pod Identity; to others a token goes over TLS only.
    private static let knownHosts: Set = ["localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "::1"]

    /// The variables.
    let environment: [String: String]
    /// Reads the token's file.
    let files: FileReader
    /// Sends requests.
    let sender: RequestSender

    func load() async throws -> Lookup {
        guard let (address, query) = try Self.address(environment) else {
            return .absent("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set")
        }
        var headers: HTTPFields = ["Accept": "application/json"]
        if let token = try token() { headers["Authorization"] = token }
        let request = HTTPRequest(.get, address, address.path.isEmpty ? "/" : "", query: query, headers: headers)
        let response: HTTPResponse
        do {
            let limits = HTTPLimits(total: .seconds(3))
            response = try await sender.send(request, signing: nil, limits: limits)
        } catch let error as CancellationError {
            throw error
        } catch {
            // The path is what ECS tells containers apart by.
            let reason = request.path.count > 1 ? "\(error)".replacing(request.path, with: "/…") : "\(error)"
            throw failure(request.origin, reason)
        }
        guard let fields = (try? JSONText.parse(response.body))?.objectValue else {
            throw failure(request.origin, "the answer is no JSON object")
        }
        let name = "the container's credential endpoint"
        return .found(
            try CredentialFields.read(fields, .metadata, of: name, isEnding: true, source: "container credentials")
        )
    }

    /// Where to ask; the relative address comes before the full one, as in boto3.
    ///
    /// - Parameter environment: The variables.
    /// - Returns: The address and its query; nil when no variable names an endpoint.
    /// - Throws: When one names something else than an endpoint that may have the token.
    static func address(
        _ environment: [String: String]
    ) throws(CredentialError) -> (address: EndpointAddress, query: String)? {
        if let relative = environment[.containerRelativeURI] {
            // Without the slash the text would go on with the host: 169.254.170.2.example.com.
            guard relative.hasPrefix("/") else {
                throw invalid(.containerRelativeURI, "must be a path that begins with /")
            }
            return try address(ecs + relative, .containerRelativeURI)
        }
        guard let full = environment[.containerFullURI] else { return nil }
        let (address, query) = try address(full, .containerFullURI)
        let host = address.host.lowercased()
        guard address.isSecure || knownHosts.contains(host) || isLoopback(host) else {
            throw invalid(.containerFullURI, "names \(host.escaped()), which may be asked over https only")
        }
        return (address, query)
    }

    private static func address(
        _ text: String,
        _ variable: AWSVariable
    ) throws(CredentialError) -> (address: EndpointAddress, query: String) {
        let base = text.prefix { $0 != "?" }
        let query = String(text.dropFirst(base.count + 1))
        guard query.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw invalid(variable, "has a query that is not percent-encoded")
        }
        // What the parser says of the address is left out: it shows the path, by which ECS tells containers apart.
        guard let address = try? EndpointAddress.parse(String(base)) else {
            throw invalid(variable, "must be an address such as http://169.254.170.23/v1/credentials")
        }
        return (address, query)
    }

    private func token() throws(CredentialError) -> String? {
        var token = environment[.containerToken]
        var variable = AWSVariable.containerToken
        if let path = environment[.containerTokenFile] {
            variable = .containerTokenFile
            token = try readToken(path, files, for: variable)
        }
        guard let token else { return nil }
        // A line end would let the token add headers of its own.
        guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw Self.invalid(variable, "holds a token that cannot be a header: there is a control character in it")
        }
        return token
    }

    /// Whether a host is an address of 127.0.0.0/8.
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private func failure(_ origin: HTTPOrigin, _ reason: String) -> CredentialError {
        CredentialError(
            .sourceFailed,
            "the container's credential endpoint at \(origin) gives no credentials: \(reason)"
        )
    }

    private static func invalid(_ variable: AWSVariable, _ words: String) -> CredentialError {
        CredentialError(.invalidConfiguration, "\(variable.rawValue) \(words)")
    }
}

/// The token that a file holds, without the line end that editors and `echo` leave.
///
/// - Parameters:
///   - path: The file.
///   - files: Reads it.
///   - variable: What named the file, for messages.
/// - Returns: The token.
/// - Throws: When the file is missing, empty or unreadable.
func readToken(_ path: String, _ files: FileReader, for variable: AWSVariable) throws(CredentialError) -> String {
    let bytes: [UInt8]?
    do {
        bytes = try files(path)
    } catch {
        throw CredentialError(
            .sourceFailed,
            "the token file \(path.escaped()) (\(variable.rawValue)) cannot be read: \(error)"
        )
    }
    guard let bytes else {
        throw CredentialError(.sourceFailed, "the token file \(path.escaped()) (\(variable.rawValue)) does not exist")
    }
    let token = String(decoding: bytes, as: UTF8.self).trimmed()
    guard !token.isEmpty else {
        throw CredentialError(.sourceFailed, "the token file \(path.escaped()) (\(variable.rawValue)) is empty")
    }
    return token
}
