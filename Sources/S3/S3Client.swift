import AWSEndpoints
package import AWSRequests
import AWSSigning
import NIOCore
import ObjectStorage
import RunnerCore
import RunnerHTTP
import Synchronization

/// What all buckets of a process share: connections, upload buffers, credentials, and what was learnt of each bucket.
package final class S3Client: Sendable {
    private struct BucketFacts: Sendable {
        /// The region that a redirect named.
        var region: String?
        /// What the store takes to check an upload by.
        var uploadCheck = UploadCheck.checksum
    }

    /// How S3 is reached and used.
    let configuration: S3Configuration
    /// When this process began to use S3: what was begun earlier is another one's, or a killed one's.
    let startedAt = Timestamp.now()
    /// The memory of uploads.
    let partBuffers: PartBuffers
    private let sender: RequestSender
    private let credentials: any CredentialProvider
    private let connections: Allowance
    private let buckets = Mutex<[String: BucketFacts]>([:])
    private let instanceRegion = Mutex<String?>(nil)
    private let isPatient = Atomic(false)
    /// Is told in one sentence what is worth a line at debug level.
    let logDetail: @Sendable (String) -> Void

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - configuration: How S3 is reached and used.
    ///   - sender: Signs and sends.
    ///   - credentials: Who signs.
    ///   - logDetail: Is told in one sentence what is worth a line at debug level.
    package init(
        configuration: S3Configuration,
        sender: RequestSender,
        credentials: any CredentialProvider,
        logDetail: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.sender = sender
        self.credentials = credentials
        self.logDetail = logDetail
        connections = Allowance(configuration.connections)
        partBuffers = PartBuffers(budgetBytes: configuration.partBudgetBytes)
    }

    /// Whether a store that is away is waited for longer, from now on.
    package func setPatience(_ isPatient: Bool) { self.isPatient.store(isPatient, ordering: .relaxed) }

    private var rules: RetryRules {
        isPatient.load(ordering: .relaxed) ? configuration.patientRetries : configuration.retries
    }

    // MARK: Requests

    /// Sends a call and collects its answer; sends it again where that helps.
    ///
    /// - Parameters:
    ///   - call: The operation.
    ///   - bucket: The bucket.
    /// - Returns: The answer, whose status is below 300.
    /// - Throws: `ServiceError`, `HTTPError`, `EndpointError`, `NoCredentialError`, `CancellationError`.
    func send(_ call: S3Call, bucket: String) async throws -> HTTPResponse {
        try await send(call, bucket: bucket) { $0 }
    }

    /// Sends a call and reads its answer; sends it again where that helps, also when the answer says success and what
    /// it holds does not.
    ///
    /// - Parameters:
    ///   - call: The operation.
    ///   - bucket: The bucket.
    ///   - retries: When to send it again; nil as everything else is.
    ///   - limits: How long each try may take.
    ///   - read: Reads the answer.
    /// - Returns: What `read` returns.
    /// - Throws: As `send(_:bucket:)`, and what `read` throws.
    func send<R>(
        _ call: S3Call,
        bucket: String,
        retries: RetryRules? = nil,
        limits: HTTPLimits = HTTPLimits(),
        reading read: (HTTPResponse) throws(ServiceError) -> R
    ) async throws -> R {
        try await sender.retrying(retries ?? rules) { attempt in
            try read(try await send(call, bucket: bucket, limits: limits, in: attempt))
        }
    }

    /// Sends a call once and collects its answer.
    ///
    /// - Parameters:
    ///   - call: The operation.
    ///   - bucket: The bucket.
    ///   - limits: How long it may take.
    ///   - attempt: The try that this is a part of.
    /// - Returns: The answer, whose status is below 300.
    /// - Throws: As `send(_:bucket:)`.
    func send(
        _ call: S3Call,
        bucket: String,
        limits: HTTPLimits = HTTPLimits(),
        in attempt: RequestAttempt
    ) async throws -> HTTPResponse {
        let collector = ResponseCollector(limitBytes: 32 << 20, address: "s3://\(bucket)")
        try await send(call, bucket: bucket, limits: limits, in: attempt, to: collector)
        return try collector.response()
    }

    /// Sends a call once and hands its answer on as it arrives.
    ///
    /// - Parameters:
    ///   - call: The operation.
    ///   - bucket: The bucket.
    ///   - limits: How long it may take.
    ///   - attempt: The try that this is a part of.
    ///   - receiver: Takes the answer of a success.
    /// - Throws: As `send(_:bucket:)`, and what `receiver` throws.
    func send(
        _ call: S3Call,
        bucket: String,
        limits: HTTPLimits = HTTPLimits(),
        in attempt: RequestAttempt,
        to receiver: any HTTPResponseReceiver
    ) async throws {
        let region = region(of: bucket)
        do {
            try await sendOnce(call, bucket: bucket, limits, in: attempt, to: receiver)
        } catch let error as ServiceError {
            // Followed once: a second answer of this kind is final.
            guard learnsRegion(of: bucket, from: error, instead: region) else { throw error }
            try await sendOnce(call, bucket: bucket, limits, in: attempt, to: receiver)
        }
    }

    /// Runs what sends calls, again where that helps.
    ///
    /// - Parameter operation: May run many times.
    /// - Returns: What `operation` returns.
    /// - Throws: The last error of `operation`; `CancellationError`.
    func retrying<R>(_ operation: (RequestAttempt) async throws -> R) async throws -> R {
        try await sender.retrying(rules, operation)
    }

    private func sendOnce(
        _ call: S3Call,
        bucket: String,
        _ limits: HTTPLimits,
        in attempt: RequestAttempt,
        to receiver: any HTTPResponseReceiver
    ) async throws {
        if let key = call.key { try check(key, bucket: bucket) }
        let endpoint = try self.endpoint(of: bucket)
        let request = makeRequest(call, bucket: bucket, endpoint)
        let signing = Signing(
            region: endpoint.signingRegion,
            service: endpoint.signingService,
            credentials: credentials,
            path: .once,
            payloadHash: signsPayload(endpoint) ? call.payloadHash : PayloadHash.unsigned
        )
        try await connections.with {
            try await sender.send(request, signing: signing, limits: limits, in: attempt, to: receiver)
        }
    }

    private func check(_ key: ObjectKey, bucket: String) throws(ObjectStoreError) {
        // The path of no key is the bucket's own: PUT would make a bucket, DELETE remove one.
        guard !key.bytes.isEmpty else {
            throw ObjectStoreError(.invalidKey, "s3://\(bucket)/: the key of an object cannot be empty")
        }
        // The HTTP client asks for `/` in place of a path whose bytes are no UTF-8.
        guard String(validating: key.bytes, as: UTF8.self) != nil else {
            throw ObjectStoreError(
                .invalidKey,
                "s3://\(bucket)/\(key.description.escaped()): S3 keeps only keys that are UTF-8, which this one is not"
            )
        }
    }

    private func makeRequest(_ call: S3Call, bucket: String, _ endpoint: S3Endpoint) -> HTTPRequest {
        let address = endpoint.address
        var path = address.path
        if !endpoint.isBucketInHost { path += "/" + percentEncoded(bucket.utf8, keepingSlash: false) }
        if let key = call.key {
            path += "/" + percentEncoded(key.bytes, keepingSlash: true)
        } else if path.isEmpty {
            path = "/"
        }
        var headers = call.headers
        if let owner = configuration.expectedBucketOwner { headers.add("x-amz-expected-bucket-owner", owner) }
        return HTTPRequest(
            call.method,
            HTTPOrigin(isSecure: address.isSecure, host: address.host, port: address.port),
            path: path,
            query: call.encodedQuery,
            headers: headers,
            body: call.body
        )
    }

    // MARK: Payloads

    /// Whether the bodies of a bucket's requests are to be hashed for the signature.
    ///
    /// - Parameter bucket: The bucket.
    /// - Returns: false also when the bucket has no address, which the request will say.
    func signsPayload(bucket: String) -> Bool {
        (try? endpoint(of: bucket)).map(signsPayload) ?? false
    }

    private func signsPayload(_ endpoint: S3Endpoint) -> Bool {
        switch configuration.payloadSigning {
        case .automatic: !endpoint.address.isSecure
        case .always: true
        case .never: false
        }
    }

    /// What the store of a bucket takes to check an upload by.
    func uploadCheck(bucket: String) -> UploadCheck {
        buckets.withLock { $0[bucket]?.uploadCheck ?? .checksum }
    }

    /// Remembers that the store of a bucket knows no newer check than MD5.
    ///
    /// - Parameter bucket: The bucket.
    func fallBackToMD5(bucket: String) {
        let isNews = buckets.withLock { buckets in
            defer { buckets[bucket, default: BucketFacts()].uploadCheck = .md5 }
            return buckets[bucket]?.uploadCheck != .md5
        }
        if isNews { logDetail("s3://\(bucket) does not check CRC64NVME; uploads are checked by MD5") }
    }

    // MARK: Endpoints

    /// Takes a region for that of buckets whose own is not known, where none is configured: in China and for the
    /// government's partition the global endpoint cannot even say where a bucket lies.
    ///
    /// - Parameter region: The region of the instance.
    package func assume(region: String) {
        instanceRegion.withLock { $0 = region }
    }

    private func region(of bucket: String) -> String {
        if let learnt = buckets.withLock({ $0[bucket]?.region }) { return learnt }
        guard configuration.region == Region.global else { return configuration.region }
        return instanceRegion.withLock { $0 } ?? Region.global
    }

    private func endpoint(of bucket: String) throws -> S3Endpoint {
        try S3Endpoint.resolve(
            bucket: bucket,
            region: region(of: bucket),
            options: configuration.endpoint,
            forcesPathStyle: configuration.forcesPathStyle
        )
    }

    /// Whether an answer names another region than the one that was asked: 301 and 307 in their headers or bodies, 400
    /// AuthorizationHeaderMalformed in its body.
    ///
    /// Many requests may be told at once; each of them is sent again, and the first is remembered.
    private func learnsRegion(of bucket: String, from error: ServiceError, instead asked: String) -> Bool {
        guard [301, 307, 400].contains(error.status) else { return false }
        guard let region = error.region ?? error.endpoint.flatMap(Region.inHost), region != asked else { return false }
        let isNews = buckets.withLock { buckets in
            defer { buckets[bucket, default: BucketFacts()].region = region }
            return buckets[bucket]?.region != region
        }
        if isNews { logDetail("s3://\(bucket) lies in \(region.escaped())") }
        return true
    }
}
