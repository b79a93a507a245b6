package import AWSSigning
import NIOCore
package import RunnerCore
package import RunnerHTTP
import Synchronization

/// Who signs a request, and for what.
package struct Signing: Sendable {
    /// The region that the endpoint belongs to.
    package let region: String
    /// The service's name for signing.
    package let service: String
    /// Where the keys come from.
    package let credentials: any CredentialProvider
    /// How the service treats paths.
    package let path: SigV4Signer.PathEncoding
    /// What `PayloadHash` says of the body; nil computes it.
    package let payloadHash: String?

    /// Makes a description of a signature.
    ///
    /// - Parameters:
    ///   - region: The region that the endpoint belongs to.
    ///   - service: The service's name for signing.
    ///   - credentials: Where the keys come from.
    ///   - path: How the service treats paths.
    ///   - payloadHash: What `PayloadHash` says of the body; nil computes it.
    package init(
        region: String,
        service: String,
        credentials: any CredentialProvider,
        path: SigV4Signer.PathEncoding,
        payloadHash: String? = nil
    ) {
        self.region = region
        self.service = service
        self.credentials = credentials
        self.path = path
        self.payloadHash = payloadHash
    }
}

/// Signs requests, sends them, and sends them again where that helps: the one place that does.
package final class RequestSender: Sendable {
    /// Time and chance, so that tests need neither.
    package struct Surroundings: Sendable {
        /// The wall clock.
        package var now: @Sendable () -> Timestamp
        /// Waits; throws `CancellationError`.
        package var sleep: @Sendable (Duration) async throws -> Void
        /// A number in 0..<1.
        package var random: @Sendable () -> Double

        /// Makes surroundings.
        ///
        /// - Parameters:
        ///   - now: The wall clock.
        ///   - sleep: Waits; throws `CancellationError`.
        ///   - random: A number in 0..<1.
        package init(
            now: @escaping @Sendable () -> Timestamp = { .now() },
            sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
            random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
        ) {
            self.now = now
            self.sleep = sleep
            self.random = random
        }
    }

    private let transport: any HTTPTransport
    private let surroundings: Surroundings
    private let quota = RetryQuota()
    private let skew = Mutex(ClockSkew())
    private let notice: @Sendable (String) -> Void

    /// Makes a sender.
    ///
    /// - Parameters:
    ///   - transport: Sends each request once.
    ///   - surroundings: Time and chance.
    ///   - notice: Is told in one sentence of each request that is sent again, and why.
    package init(
        transport: any HTTPTransport,
        surroundings: Surroundings = Surroundings(),
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.transport = transport
        self.surroundings = surroundings
        self.notice = notice
    }

    /// Signs and sends a request, again where that helps.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - signing: Who signs it; nil for nobody.
    ///   - limits: How long each try may take.
    ///   - retries: When to try again.
    /// - Returns: The answer, whose status is below 300.
    /// - Throws: `ServiceError` for an answer of another status; `HTTPError`; `CancellationError`; `NoCredentialError`.
    package func send(
        _ request: HTTPRequest,
        signing: Signing?,
        limits: HTTPLimits = HTTPLimits(),
        retries: RetryRules = .standard
    ) async throws -> HTTPResponse {
        try await retrying(retries) { attempt in
            try await send(request, signing: signing, limits: limits, in: attempt)
        }
    }

    /// Signs and sends a request once and collects the answer.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - signing: Who signs it; nil for nobody.
    ///   - limits: How long it may take.
    ///   - attempt: The try that this is a part of.
    /// - Returns: The answer, whose status is below 300.
    /// - Throws: As `send(_:signing:limits:retries:)`.
    package func send(
        _ request: HTTPRequest,
        signing: Signing?,
        limits: HTTPLimits = HTTPLimits(),
        in attempt: RequestAttempt
    ) async throws -> HTTPResponse {
        let collector = ResponseCollector(limitBytes: 16 << 20, address: request.address)
        try await send(request, signing: signing, limits: limits, in: attempt, to: collector)
        return try collector.response()
    }

    /// Signs and sends a request once and hands the answer on as it arrives.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - signing: Who signs it; nil for nobody.
    ///   - limits: How long it may take.
    ///   - attempt: The try that this is a part of.
    ///   - receiver: Takes the answer when its status is below 300.
    /// - Throws: As `send(_:signing:limits:retries:)`, and what `receiver` throws.
    package func send(
        _ request: HTTPRequest,
        signing: Signing?,
        limits: HTTPLimits = HTTPLimits(),
        in attempt: RequestAttempt,
        to receiver: any HTTPResponseReceiver
    ) async throws {
        let answer = ErrorSplitter(receiver)
        let request = try await signed(request, signing, in: attempt)
        try await transport.send(request, limits: limits, to: answer)
        if let error = answer.error { throw error }
    }

    /// Runs what sends requests, again where that helps.
    ///
    /// - Parameters:
    ///   - rules: When to try again.
    ///   - operation: May run many times; says of its try when bytes arrived, which makes the count of tries begin anew.
    /// - Returns: What `operation` returns.
    /// - Throws: The last error of `operation`; `CancellationError`.
    package func retrying<R>(
        _ rules: RetryRules,
        _ operation: (RequestAttempt) async throws -> R
    ) async throws -> R {
        var course = RetryPolicy(rules, quota: quota)
        while true {
            let attempt = RequestAttempt()
            do {
                let result = try await operation(attempt)
                course.succeed()
                return result
            } catch {
                try Task.checkCancellation()
                if attempt.hasProgressed { course = RetryPolicy(rules, quota: quota) }
                let decision = course.decide(
                    after: error,
                    signingTime: signingTime,
                    random: surroundings.random()
                )
                try await follow(decision, after: error, attempt)
            }
        }
    }

    /// Does what is to be done before the next try; throws the error when there is none.
    private func follow(_ decision: RetryDecision, after error: any Error, _ attempt: RequestAttempt) async throws {
        switch decision {
        case .giveUp(let reason):
            if reason != .permanent { notice("giving up\(reason): \(error)") }
            throw error
        case .retry(let delay):
            notice("trying again in \(delay.inTenths) s: \(error)")
            try await surroundings.sleep(delay)
        case .refreshCredential:
            guard let (provider, rejected) = attempt.credential else { throw error }
            let fresh = try await asking { try await provider.credential(replacing: rejected) }
            guard fresh.credential != rejected else { throw error }
            notice("the credential has expired; going on with a fresh one of \(fresh.source)")
        case .correctClock:
            guard let serverDate = (error as? ServiceError)?.serverDate else { throw error }
            skew.withLock { $0.correct(by: serverDate, at: surroundings.now()) }
            notice("this machine's clock is off; signing with the server's time from now on")
        }
    }

    /// Now, by the clock that signatures are made with.
    private var signingTime: Timestamp {
        let now = surroundings.now()
        return skew.withLock { $0.time(at: now) }
    }

    /// Asks a provider; whatever it throws becomes one error that callers know.
    private func asking(_ question: () async throws -> ResolvedCredential) async throws -> ResolvedCredential {
        do {
            return try await question()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw NoCredentialError(error)
        }
    }

    private func signed(
        _ request: HTTPRequest,
        _ signing: Signing?,
        in attempt: RequestAttempt
    ) async throws -> HTTPRequest {
        guard let signing else { return request }
        let credential = try await asking { try await signing.credentials.credential() }.credential
        attempt.use(credential, of: signing.credentials)
        let signer = SigV4Signer(
            credential: credential,
            region: signing.region,
            service: signing.service,
            path: signing.path
        )
        let headers = request.headers.fields.map { ($0.name, $0.value) } + [("Host", request.origin.hostHeader)]
        let added = signer.sign(
            method: request.method.rawValue,
            path: request.path,
            query: request.query,
            headers: headers,
            payloadHash: signing.payloadHash ?? request.body.withUnsafeReadableBytes(PayloadHash.of),
            at: signingTime
        )
        var request = request
        for (name, value) in added { request.headers.add(name, value) }
        return request
    }
}

extension Duration {
    /// Seconds with one decimal, for messages.
    fileprivate var inTenths: String {
        let tenths = (components.seconds * 10) + components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}
