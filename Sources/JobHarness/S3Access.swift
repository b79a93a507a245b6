import AWSCredentials
import AWSEndpoints
import AWSRequests
import BraketEnvironment
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore
import RunnerHTTP
import S3
import Synchronization
import SystemPackage

/// The way to S3: made when an address asks for it, and then one for the whole process.
///
/// A job on local folders starts no thread of it and reads no file of the AWS settings.
final class S3Access: Sendable {
    /// What there is once S3 was needed.
    struct Connected: Sendable {
        /// What all buckets share.
        let client: S3Client
        /// Who signs.
        let credentials: CachedCredentials
        /// The settings of AWS.
        let configuration: AWSConfiguration
        /// Asks the sources of credentials.
        let sender: RequestSender
        /// Asks other services than S3.
        let serviceSender: RequestSender
    }

    private let environment: ProcessEnvironment
    /// What options say.
    let settings: StoreSettings
    private let logger: Logger
    private let connected = Mutex<Result<Connected, ObjectStoreError>?>(nil)

    /// Makes the way without going it.
    ///
    /// - Parameters:
    ///   - environment: The variables of the process.
    ///   - settings: What options say.
    ///   - logger: The runner's own log.
    init(environment: ProcessEnvironment, settings: StoreSettings, logger: Logger) {
        self.environment = environment
        self.settings = settings
        self.logger = logger
    }

    /// The store of a bucket; asks it nothing yet.
    ///
    /// - Parameter bucket: The bucket's name, or the ARN of an access point.
    /// - Returns: The store.
    /// - Throws: `ObjectStoreError.unavailable` when a setting is wrong.
    func store(bucket: String) throws(ObjectStoreError) -> S3ObjectStore {
        S3ObjectStore(bucket: bucket, client: try connect().client)
    }

    /// Where the credentials came from, for the record; nil when none were needed.
    var credentialSummary: String? {
        connected.withLock { try? $0?.get().credentials.summary }
    }

    /// Gets the first credential, so that the log says at the start what would fail after hours.
    ///
    /// - Parameter timeLimitSeconds: How long the job may run.
    /// - Throws: `ObjectStoreError.unavailable` when there is none.
    func checkCredentials(timeLimitSeconds: Int?) async throws {
        let connected = try connect()
        do {
            let found = try await connected.credentials.credential()
            logger.info("credentials found", metadata: ["credentials.source": "\(found.source)"])
            warnOfEnd(found, timeLimitSeconds: timeLimitSeconds)
        } catch let error as CredentialError {
            throw ObjectStoreError(.unavailable, error.description)
        }
    }

    /// Whether a store that is away is waited for longer, from now on; nothing when S3 was not needed so far.
    func setPatience(_ isPatient: Bool) {
        connected.withLock { try? $0?.get().client.setPatience(isPatient) }
    }

    /// The region for the script: what is configured, or that of the instance; nil when nothing says one.
    ///
    /// - Returns: A region's name.
    /// - Throws: `CancellationError`.
    func regionForScript() async throws -> String? {
        guard let connected = try? connect() else { return settings.region }
        if let region = settings.region ?? connected.configuration.region { return region }
        do {
            let region = try await connected.configuration.instanceRegion(sender: connected.sender)
            if let region { connected.client.assume(region: region) }
            return region
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.debug("the instance names no region", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// Amazon Braket's address as the SDK's own variable says it, which the SDK puts before botocore's.
    var braketEndpoint: String? { environment.nonEmpty(EnvironmentKey.braketEndpoint) }

    /// The region that options or AWS's settings name; nobody is asked, and settings that are wrong name none.
    var configuredRegion: String? {
        // What is wrong with the settings is said when they are used.
        settings.region ?? (try? connect())?.configuration.region
    }

    /// Whether this instance is about to be taken away.
    ///
    /// - Returns: nil while there is no notice.
    /// - Throws: When the metadata service does not answer; `CancellationError`.
    func spotNotice() async throws -> SpotNotice? {
        let connected = try connect()
        return try await connected.configuration.spotNotice(sender: connected.sender)
    }

    /// Keys that end before the job may are no error yet: it may be quicker.
    private func warnOfEnd(_ found: ResolvedCredential, timeLimitSeconds: Int?) {
        guard !found.isRenewable, let expires = found.expires, let timeLimitSeconds else { return }
        let limit = Timestamp(milliseconds: Timestamp.now().milliseconds + Int64(timeLimitSeconds) * 1000)
        guard expires < limit else { return }
        logger.warning(
            "the AWS credentials end before the time limit and cannot be renewed; what is stored after that will fail",
            metadata: ["credentials.source": "\(found.source)", "credentials.end": "\(expires)"]
        )
    }

    // MARK: Making it

    /// What there is once AWS was needed; makes it at the first call.
    ///
    /// - Returns: The same each time.
    /// - Throws: `ObjectStoreError.unavailable` when a setting is wrong.
    func connect() throws(ObjectStoreError) -> Connected {
        try connected.withLock { connected in
            if let connected { return connected }
            let made = make()
            connected = made
            return made
        }
        .get()
    }

    private func make() -> Result<Connected, ObjectStoreError> {
        do {
            let variables = Dictionary(environment.variables.map { ($0.name, $0.value) }) { _, last in last }
            let files: FileReader = readFileOfSettings
            let configuration = try AWSConfiguration.load(environment: variables, files: files)
            try Self.check(certificates: configuration.caBundle)
            var s3 = S3Configuration(
                endpoint: try endpointOptions(configuration),
                region: settings.region ?? configuration.region ?? Region.global
            )
            apply(configuration, to: &s3)
            let transport = makeTransport(configuration, connections: s3.connections)
            let sender = makeSender(transport)
            // With a quota of retries of its own: a bad minute of the store must not make the first hiccup of a
            // credential's source final.
            let credentialSender = makeSender(transport)
            let credentials = CredentialChain.provider(
                configuration: configuration,
                sender: credentialSender,
                files: files,
                runProcess: { [environment] in try await runCredentialProcess($0, environment) }
            )
            let client = S3Client(configuration: s3, sender: sender, credentials: credentials) { [logger] detail in
                logger.debug("\(detail)")
            }
            return .success(
                Connected(
                    client: client,
                    credentials: credentials,
                    configuration: configuration,
                    sender: credentialSender,
                    serviceSender: makeSender(transport)
                )
            )
        } catch {
            return .failure(ObjectStoreError(.unavailable, "\(error)"))
        }
    }

    /// The client would say at the first request that it cannot encrypt, and not which file is missing.
    private static func check(certificates file: String?) throws(ObjectStoreError) {
        guard let file, FileStatus(of: FilePath(file))?.kind != .regularFile else { return }
        throw ObjectStoreError(
            .unavailable,
            "AWS_CA_BUNDLE (or ca_bundle of the profile) names \(file.escaped()), which is no file"
        )
    }

    private func makeTransport(_ configuration: AWSConfiguration, connections: Int) -> AsyncHTTPTransport {
        AsyncHTTPTransport(
            AsyncHTTPTransport.Configuration(
                connections: connections,
                stallTimeout: .seconds(settings.stallSeconds),
                trustedCertificates: configuration.caBundle
            )
        )
    }

    private func makeSender(_ transport: AsyncHTTPTransport) -> RequestSender {
        RequestSender(transport: transport) { [logger] notice in logger.info("\(notice)") }
    }

    private func endpointOptions(_ configuration: AWSConfiguration) throws -> EndpointOptions {
        // The last variable is that of other tools than AWS's.
        let text = configuration.s3EndpointURL ?? environment.nonEmpty(EnvironmentKey.otherS3Endpoint)
        return EndpointOptions(
            override: try settings.endpoint ?? text.map { text throws in try EndpointAddress.parse(text) },
            usesFIPS: configuration.useFIPS,
            usesDualStack: configuration.useDualStack
        )
    }

    private func apply(_ configuration: AWSConfiguration, to s3: inout S3Configuration) {
        s3.forcesPathStyle = settings.addressing.map { $0 == .path } ?? (configuration.s3AddressingStyle == .path)
        s3.expectedBucketOwner = settings.expectedBucketOwner
        s3.connections = settings.transfersAtOnce
        if let bytes = settings.bufferBytes { s3.bufferBytes = bytes }
        if let attempts = configuration.maxAttempts {
            s3.retries.maximumAttempts = attempts
            s3.patientRetries.maximumAttempts = attempts
        }
        switch settings.payloadSigning {
        case .always: s3.payloadSigning = .always
        case .never: s3.payloadSigning = .never
        case .automatic: s3.payloadSigning = .automatic
        case nil: if configuration.s3PayloadSigning == true { s3.payloadSigning = .always }
        }
    }
}

/// Reads a file of the AWS settings, or a token; nil when there is none.
@Sendable private func readFileOfSettings(_ path: String) throws -> [UInt8]? {
    do {
        return try readSmallFileBytes(FilePath(path))
    } catch let error as ObjectStoreError where error.code == .notFound {
        return nil
    }
}

/// Runs the program of a `credential_process`; what it says on standard error is shown.
private func runCredentialProcess(_ command: [String], _ environment: ProcessEnvironment) async throws -> ProcessOutput
{
    guard let program = findExecutable(command.first ?? "", path: environment[EnvironmentKey.path]) else {
        throw ObjectStoreError(.notFound, "there is no such program")
    }
    let specification = ProcessSpecification(
        executable: program,
        arguments: command,
        environment: environment.variables,
        workingDirectory: "/"
    )
    let run = try await withThrowingTaskGroup(of: CapturedRun.self) { group in
        group.addTask {
            try await CapturedRun.run(specification, output: nil, takesErrors: false, tailLimitBytes: 1 << 20)
        }
        group.addTask {
            // Nobody else ends it: the fetch of a credential belongs to no request.
            try await Task.sleep(for: .seconds(60))
            throw ObjectStoreError(.failed, "it did not end within 60 s")
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
    return ProcessOutput(status: run.exit.shellCode, standardOutput: Array(run.tail.utf8))
}
