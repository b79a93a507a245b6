import RunnerHTTP

/// What a failed request asks of its sender.
enum FailureKind: Hashable, Sendable {
    /// Something passing: the same request may work in a moment.
    case transient
    /// No answer in time: passing too, but such a retry costs more of the quota.
    case timeout
    /// The service wants fewer requests.
    case throttling
    /// The credential has expired: another one may work at once.
    case credential
    /// The service's clock and ours differ by too much: a signature with its time may work at once.
    case clock
    /// The same request would fail in the same way.
    case permanent
}

extension FailureKind {
    /// The codes of AWS's standard retry mode that ask for fewer requests, and S3's and MinIO's own.
    private static let throttlingCodes: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "PriorRequestNotComplete",
        "EC2ThrottledException", "SlowDown", "SlowDownRead", "SlowDownWrite",
    ]

    /// Codes that pass, whatever their status.
    ///
    /// The digests are of bytes that were right when we sent them: something changed them on the way.
    private static let transientCodes: Set<String> = [
        "RequestTimeout", "RequestTimeoutException", "InternalError", "InternalFailure", "InternalServerError",
        "InternalServiceError", "ServiceUnavailable", "IDPCommunicationError", "IncompleteBody", "OperationAborted",
        "BadDigest", "XAmzContentSHA256Mismatch", ServiceError.unreadableAnswer,
    ]

    private static let credentialCodes: Set<String> = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]

    private static let clockCodes: Set<String> = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"]

    /// Codes that a wrong clock may cause, and other faults more often: the clocks are to be compared.
    private static let doubtfulClockCodes: Set<String> = [
        "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "AccessDenied", "AccessDeniedException",
    ]

    /// What an answer asks for.
    ///
    /// - Parameters:
    ///   - error: The answer.
    ///   - transientStatuses: The statuses that pass.
    ///   - isClockOff: Whether the server's time and that of the signature differ by much.
    init(of error: ServiceError, transientStatuses: Set<Int>, isClockOff: Bool) {
        let isOnlyStatus = error.isCodeFromStatus
        if Self.clockCodes.contains(error.code) {
            self = .clock
        } else if isClockOff, Self.doubtfulClockCodes.contains(error.code) || isOnlyStatus && error.status == 403 {
            self = .clock
        } else if Self.credentialCodes.contains(error.code) || Self.mayBeExpiredToken(error) {
            self = .credential
        } else if error.status == 429 || Self.throttlingCodes.contains(error.code) {
            self = .throttling
        } else if transientStatuses.contains(error.status) || Self.transientCodes.contains(error.code) {
            self = .transient
        } else {
            // 200 with an error inside: it would have been a 500 had the service known in time (CompleteMultipartUpload).
            self = error.status < 300 ? .transient : .permanent
        }
    }

    /// An answer to HEAD has no body to say ExpiredToken in: S3 answers 400 and nothing more.
    ///
    /// The same status with a region in its headers is about that.
    private static func mayBeExpiredToken(_ error: ServiceError) -> Bool {
        error.isCodeFromStatus && error.status == 400 && error.message.isEmpty && error.region == nil
    }

    /// What a request without a complete answer asks for.
    ///
    /// - Parameter code: What happened.
    init(of code: HTTPError.Code) {
        switch code {
        // We send no malformed request, so it is the answer that was damaged.
        case .cannotConnect, .connectionLost, .malformed: self = .transient
        case .stalled, .tooSlow: self = .timeout
        case .untrusted, .tooLarge, .closed: self = .permanent
        }
    }
}
