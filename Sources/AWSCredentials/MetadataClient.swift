import AWSEndpoints
import AWSRequests
import RunnerCore
import RunnerHTTP

/// Why the metadata service has no answer, as part of a sentence.
struct MetadataAbsence: Error {
    /// The reason.
    let reason: String
    /// The status of the answer that said so; nil when there was none.
    var status: Int?
}

/// Asks the metadata service of an instance.
struct MetadataClient {
    /// Where it answers.
    let address: EndpointAddress
    /// Sends requests.
    let sender: RequestSender
    /// How long to wait for each answer.
    let timeout: Duration
    /// How often to try when nobody answers.
    let attempts: Int

    /// Gets a token.
    ///
    /// - Returns: The token, which goes with each question.
    /// - Throws: `MetadataAbsence`; `CancellationError`.
    func token() async throws -> String {
        let request = HTTPRequest(
            .put,
            address,
            "/latest/api/token",
            headers: ["X-aws-ec2-metadata-token-ttl-seconds": "21600"]
        )
        let token = String(decoding: try await answer(request), as: UTF8.self).trimmed()
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw MetadataAbsence(reason: "the instance metadata service at \(address) gave no token")
        }
        return token
    }

    /// Asks a question.
    ///
    /// - Parameters:
    ///   - path: What to ask for.
    ///   - token: The token.
    /// - Returns: The answer's body.
    /// - Throws: `MetadataAbsence`; `CancellationError`.
    func get(_ path: String, token: String) async throws -> [UInt8] {
        try await answer(HTTPRequest(.get, address, path, headers: ["X-aws-ec2-metadata-token": token]))
    }

    private func answer(_ request: HTTPRequest) async throws -> [UInt8] {
        do {
            do {
                return try await send(request, attempts)
            } catch let error as ServiceError where error.status >= 500 && attempts < 3 {
                // Where nobody answers, each further try is a second of waiting for nothing, and boto3 makes one only;
                // an answer shows that the service is there.
                return try await send(request, 3)
            }
        } catch let error as ServiceError {
            let hint = error.status == 403 ? "; it is switched off for this instance" : ""
            throw MetadataAbsence(
                reason:
                    "the instance metadata service at \(address) answers \(error.status) \(error.code.escaped())\(hint)",
                status: error.status
            )
        } catch is HTTPError {
            throw MetadataAbsence(
                reason: "no instance metadata service answers at \(address) within \(timeout) (a container on an EC2 "
                    + "instance needs the instance's metadata hop limit to be 2)"
            )
        }
    }

    private func send(_ request: HTTPRequest, _ attempts: Int) async throws -> [UInt8] {
        try await sender.send(
            request,
            signing: nil,
            limits: HTTPLimits(total: timeout),
            retries: RetryRules(maximumAttempts: attempts, baseDelay: .milliseconds(200))
        ).body
    }
}
