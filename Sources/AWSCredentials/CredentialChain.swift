package import AWSRequests
package import RunnerCore
import Synchronization

/// Looks for credentials where boto3 looks, in its order: environment, profile, container, instance.
///
/// The source that was found first is the only one asked from then on: when it fails later, another one would give the
/// job the rights of somebody else.
package final class CredentialChain: Sendable {
    private let sources: [any CredentialSource]
    private let chosen = Mutex<(any CredentialSource)?>(nil)

    /// Makes a chain of sources.
    ///
    /// - Parameter sources: The sources in their order.
    init(_ sources: [any CredentialSource]) {
        self.sources = sources
    }

    /// Makes the provider of the process; nothing is read or asked before it is first used.
    ///
    /// - Parameters:
    ///   - configuration: The settings.
    ///   - sender: Sends requests.
    ///   - files: Reads tokens.
    ///   - runProcess: Runs the program of a `credential_process`.
    ///   - now: The clock.
    /// - Returns: A cache of what the chain gives.
    package static func provider(
        configuration: AWSConfiguration,
        sender: RequestSender,
        files: @escaping FileReader,
        runProcess: @escaping ProcessRunner,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) -> CachedCredentials {
        let environment = configuration.environment
        let chain = CredentialChain([
            EnvironmentCredentials(environment: environment),
            ProfileCredentials(
                configuration: configuration,
                sender: sender,
                files: files,
                run: runProcess,
                now: now
            ),
            ContainerCredentials(environment: environment, files: files, sender: sender),
            InstanceMetadata(configuration: configuration, sender: sender, now: now),
        ])
        return CachedCredentials(now: now) { try await chain.resolve() }
    }

    /// Asks the source that was found before, or all in their order.
    ///
    /// - Returns: The first credential.
    /// - Throws: `CredentialError`; `CancellationError`.
    func resolve() async throws -> ResolvedCredential {
        if let source = chosen.withLock({ $0 }) {
            switch try await source.load() {
            case .found(let credential): return credential
            case .absent(let reason):
                throw CredentialError(.sourceFailed, "the credentials cannot be renewed: \(reason)")
            }
        }
        var reasons: [String] = []
        for source in sources {
            switch try await source.load() {
            case .found(let credential):
                chosen.withLock { $0 = source }
                return credential
            case .absent(let reason): reasons.append(reason)
            }
        }
        throw CredentialError(
            .notFound,
            "no AWS credentials were found: \(reasons.joined(separator: "; ")); give the job a role, or set "
                + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    }
}

extension AWSConfiguration {
    /// The region of the EC2 instance, for when nothing else says one.
    ///
    /// - Parameter sender: Sends requests.
    /// - Returns: nil when there is no metadata service.
    /// - Throws: `CredentialError` for settings that are wrong; `CancellationError`.
    package func instanceRegion(sender: RequestSender) async throws -> String? {
        try await InstanceMetadata(configuration: self, sender: sender, now: { .now() }).region()
    }

    /// Whether this instance is about to be taken away.
    ///
    /// - Parameter sender: Sends the questions.
    /// - Returns: nil while there is no notice.
    /// - Throws: When the metadata service does not answer or is switched off; `CancellationError`.
    package func spotNotice(sender: RequestSender) async throws -> SpotNotice? {
        try await InstanceMetadata(configuration: self, sender: sender, now: { .now() }).spotNotice()
    }
}
