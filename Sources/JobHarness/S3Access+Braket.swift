import AWSCredentials
import AWSEndpoints
import AWSRequests
import BraketAPI
import BraketService
import ObjectStorage
import RunnerCore

extension S3Access {
    /// A client of Amazon Braket with the credentials, the connections and the settings of S3's.
    ///
    /// The region is the resource's own where its name has one: a job of another region than the configured one is
    /// still that job.
    ///
    /// - Parameter arn: What is asked about; nil for the configured region.
    /// - Returns: A client that has sent nothing yet.
    /// - Throws: `BraketServiceError.notConfigured` when no region is known or a setting is wrong; `CancellationError`.
    func braket(for arn: ResourceARN? = nil) async throws -> BraketClient {
        let connected: Connected
        let options: EndpointOptions
        do {
            connected = try connect()
            let text = braketEndpoint ?? connected.configuration.endpointURL(service: "braket")
            options = EndpointOptions(
                override: try text.map { try EndpointAddress.parse($0) },
                usesFIPS: connected.configuration.useFIPS,
                usesDualStack: connected.configuration.useDualStack
            )
        } catch let error as ObjectStoreError {
            throw BraketServiceError(.notConfigured, error.description)
        } catch let error as EndpointError {
            throw BraketServiceError(.notConfigured, "Amazon Braket cannot be asked: \(error)")
        }
        guard let region = try await region(of: arn) else {
            throw BraketServiceError(
                .notConfigured,
                "no region is set to ask Amazon Braket in: give --region, or set AWS_REGION, for example to us-west-2"
            )
        }
        var retries = RetryRules.standard
        if let attempts = connected.configuration.maxAttempts { retries.maximumAttempts = attempts }
        return BraketClient(
            region: region,
            endpoint: options,
            sender: connected.serviceSender,
            credentials: connected.credentials,
            retries: retries
        )
    }

    private func region(of arn: ResourceARN?) async throws -> String? {
        if let region = arn?.region { return region }
        return try await regionForScript()
    }
}
