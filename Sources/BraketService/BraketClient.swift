package import AWSEndpoints
package import AWSRequests
import AWSSigning
package import BraketAPI
package import RunnerCore
import RunnerHTTP

/// The operations of Amazon Braket that this program needs, in one region.
///
/// Each function may be called again: CreateJob carries a token that keeps the service from making a second job.
package struct BraketClient: Sendable {
    /// The most pages of SearchDevices; the service has some tens of devices, a hundred a page.
    private static let pageLimit = 50

    /// The region whose endpoint is asked.
    package let region: String
    private let endpoint: EndpointOptions
    private let sender: RequestSender
    private let credentials: any CredentialProvider
    private let retries: RetryRules

    /// Makes a client; nothing is sent.
    ///
    /// - Parameters:
    ///   - region: The region whose endpoint is asked.
    ///   - endpoint: What the configuration says about Braket's endpoint.
    ///   - sender: Signs and sends.
    ///   - credentials: Who signs.
    ///   - retries: When a request is sent again.
    package init(
        region: String,
        endpoint: EndpointOptions,
        sender: RequestSender,
        credentials: any CredentialProvider,
        retries: RetryRules = .standard
    ) {
        self.region = region
        self.endpoint = endpoint
        self.sender = sender
        self.credentials = credentials
        self.retries = retries
    }

    /// Describes a job.
    ///
    /// - Parameter arn: The job's ARN.
    /// - Returns: What GetJob answers.
    /// - Throws: `BraketServiceError`; `CancellationError`.
    package func job(_ arn: String) async throws -> JobDescription {
        try await describing("GetJob of \(arn)") { try JobDescription(try await send(.getJob(arn))) }
    }

    /// Describes a device.
    ///
    /// - Parameter arn: The device's ARN.
    /// - Returns: What GetDevice answers.
    /// - Throws: `BraketServiceError`; `CancellationError`.
    package func device(_ arn: String) async throws -> DeviceDescription {
        try await describing("GetDevice of \(arn)") { try DeviceDescription(try await send(.getDevice(arn))) }
    }

    /// Describes a quantum task.
    ///
    /// - Parameter arn: The task's ARN.
    /// - Returns: What GetQuantumTask answers.
    /// - Throws: `BraketServiceError`; `CancellationError`.
    package func quantumTask(_ arn: String) async throws -> QuantumTaskDescription {
        try await describing("GetQuantumTask of \(arn)") {
            try QuantumTaskDescription(try await send(.getQuantumTask(arn)))
        }
    }

    /// Creates a job.
    ///
    /// - Parameter request: A request that was checked, with its client token.
    /// - Returns: The job's ARN.
    /// - Throws: `BraketServiceError`; `CancellationError`.
    package func createJob(_ request: JSONObject) async throws -> String {
        try await describing("CreateJob") {
            let answer = try await send(.createJob(request))
            guard let arn = answer.objectValue?["jobArn"]?.stringValue else {
                throw Problem(path: "jobArn", message: "is missing in the service's answer")
            }
            return arn
        }
    }

    /// Asks a job to end.
    ///
    /// - Parameter arn: The job's ARN.
    /// - Returns: What CancelJob answers.
    /// - Throws: `BraketServiceError`, `.conflict` for a job that has ended; `CancellationError`.
    package func cancelJob(_ arn: String) async throws -> JobCancellation {
        try await describing("CancelJob of \(arn)") { try JobCancellation(try await send(.cancelJob(arn))) }
    }

    /// Lists the devices of the region.
    ///
    /// - Parameter filters: Which ones; none for all.
    /// - Returns: The devices in the service's order.
    /// - Throws: `BraketServiceError`; `CancellationError`.
    package func searchDevices(_ filters: [DeviceFilter] = []) async throws -> [DeviceDescription] {
        try await describing("SearchDevices in \(region)") {
            var devices: [DeviceDescription] = []
            var token: String?
            for _ in 0..<Self.pageLimit {
                let page = try DevicePage(try await send(.searchDevices(filters, after: token)))
                devices += page.devices
                guard let next = page.nextToken else { return devices }
                token = next
            }
            throw Problem(path: "nextToken", message: "the service gives page after page")
        }
    }

    private func send(_ call: BraketCall) async throws -> JSONValue {
        let endpoint = try ServiceEndpoint.resolve(.braket, region: region, options: endpoint)
        let signing = Signing(
            region: endpoint.signingRegion,
            service: endpoint.signingService,
            credentials: credentials,
            path: .twice
        )
        let request = call.request(to: endpoint.address)
        return try await sender.retrying(retries) { attempt in
            let limits = HTTPLimits(total: .seconds(60))
            let response = try await sender.send(request, signing: signing, limits: limits, in: attempt)
            // An answer that was cut or comes from a proxy's page; the next try may have a whole one.
            guard let json = try? JSONText.parse(response.body) else {
                throw ServiceError.unreadable(response.head, "the body is no JSON")
            }
            return json
        }
    }

    private func describing<R>(_ operation: String, _ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch {
            throw BraketServiceError(describing: error, operation: operation.escaped(limit: 300)) ?? error
        }
    }
}
