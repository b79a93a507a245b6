import RunnerCore
import RunnerHTTP
import Testing

@testable import AWSRequests

@Suite struct RetryPolicyTests {
    private static let now = Timestamp(milliseconds: 1_559_347_200_000)
    private static let serverNow = "Sat, 01 Jun 2019 00:00:00 GMT"
    private static let serverLater = "Sat, 01 Jun 2019 00:04:01 GMT"

    private func decide(_ policy: inout RetryPolicy, _ error: any Error) -> RetryDecision {
        policy.decide(after: error, signingTime: Self.now, random: 1)
    }

    private func decide(_ error: any Error, _ rules: RetryRules = .standard) -> RetryDecision {
        var policy = RetryPolicy(rules, quota: RetryQuota())
        return decide(&policy, error)
    }

    @Test(
        arguments: [
            (500, "InternalError", .transient), (503, "SlowDown", .throttling), (200, "SlowDown", .throttling),
            (200, "SomethingElse", .transient), (400, "RequestTimeout", .transient), (400, "BadDigest", .transient),
            (400, "IncompleteBody", .transient), (409, "OperationAborted", .transient), (429, "X", .throttling),
            (504, "X", .transient), (501, "NotImplemented", .permanent), (404, "NoSuchKey", .permanent),
            (403, "AccessDenied", .permanent), (403, "SignatureDoesNotMatch", .permanent),
            (403, "InvalidAccessKeyId", .permanent), (412, "PreconditionFailed", .permanent),
            (400, "ExpiredToken", .credential), (403, "ExpiredTokenException", .credential),
            (403, "RequestTimeTooSkewed", .clock), (400, "AuthorizationHeaderMalformed", .permanent),
            (301, "PermanentRedirect", .permanent),
        ] as [(Int, String, FailureKind)]
    )
    func kinds(status: Int, code: String, kind: FailureKind) {
        let error = ServiceError(status, code: code)
        #expect(
            FailureKind(of: error, transientStatuses: RetryRules.standard.transientStatuses, isClockOff: false) == kind
        )
    }

    @Test(
        arguments: [
            (.cannotConnect, .transient), (.connectionLost, .transient), (.malformed, .transient),
            (.stalled, .timeout), (.tooSlow, .timeout), (.untrusted, .permanent), (.tooLarge, .permanent),
            (.closed, .permanent),
        ] as [(HTTPError.Code, FailureKind)]
    )
    func kindsOfNoAnswer(code: HTTPError.Code, kind: FailureKind) {
        #expect(FailureKind(of: code) == kind)
    }

    /// S3 says nothing more than 400 to a HEAD with a token that has expired.
    @Test func bareBadRequestMayBeAnExpiredToken() {
        #expect(decide(ServiceError(400)) == .refreshCredential)
        #expect(decide(ServiceError(400, headers: ["x-amz-bucket-region": "eu-west-1"])) == .giveUp(.permanent))
        #expect(decide(ServiceError(400, "<html></html>")) == .giveUp(.permanent))
    }

    @Test func expiredTokenIsReplacedOnceAndTakesNoAttempt() {
        let quota = RetryQuota()
        var policy = RetryPolicy(.standard, quota: quota)
        let expired = ServiceError(400, code: "ExpiredToken")
        #expect(decide(&policy, expired) == .refreshCredential)
        #expect(policy.attempt == 1)
        #expect(quota.available == 500)
        #expect(decide(&policy, ServiceError(500)) == .retry(after: .seconds(1)))
        #expect(decide(&policy, expired) == .giveUp(.permanent))
    }

    @Test func clockIsCorrectedOnce() {
        var policy = RetryPolicy(.standard, quota: RetryQuota())
        let skewed = ServiceError(403, code: "RequestTimeTooSkewed", headers: ["Date": Self.serverNow])
        #expect(decide(&policy, skewed) == .correctClock, "the code says it, whatever the clocks")
        #expect(decide(&policy, skewed) == .giveUp(.permanent))
        let dateless = ServiceError(403, code: "RequestTimeTooSkewed")
        #expect(decide(dateless) == .giveUp(.permanent), "there is no time to go by")
    }

    /// A wrong signature is the clock's only when the clocks differ.
    @Test(arguments: ["SignatureDoesNotMatch", "InvalidSignatureException", "AccessDenied", nil])
    func doubtfulCodesCompareTheClocks(code: String?) {
        func error(_ date: String) -> ServiceError {
            code.map { ServiceError(403, code: $0, headers: ["Date": date]) }
                ?? ServiceError(403, headers: ["Date": date])
        }
        #expect(decide(error(Self.serverLater)) == .correctClock)
        #expect(decide(error("Sat, 01 Jun 2019 00:04:00 GMT")) == .giveUp(.permanent))
        #expect(decide(error("Fri, 31 May 2019 23:55:59 GMT")) == .correctClock)
    }

    @Test func skewIsAddedToTheLocalTime() throws {
        var skew = ClockSkew()
        #expect(skew.time(at: Self.now) == Self.now)
        let server = try #require(HTTPDate.parse(Self.serverLater))
        skew.correct(by: server, at: Self.now)
        #expect(skew.time(at: Self.now) == server)
        #expect(skew.offset == .seconds(241))
        #expect(skew.time(at: Timestamp(milliseconds: 5)).milliseconds == 241_005)
    }

    @Test func delayIsJittered() {
        let rules = RetryRules.standard
        #expect(rules.delay(afterAttempt: 1, random: 0) == .zero)
        #expect(rules.delay(afterAttempt: 3, random: 0.5) == .seconds(2))
        #expect(rules.delay(afterAttempt: 1000, random: 0.5) == .seconds(10))
    }

    /// `Retry-After` in seconds, and the wait that follows; without one it would be a second.
    @Test(arguments: [("0", 1), ("1", 1), ("7", 7), ("20", 20), ("3600", 20)])
    func retryAfterIsFollowedWithinBounds(text: String, seconds: Int) {
        let error = ServiceError(503, headers: ["Retry-After": text])
        #expect(decide(error) == .retry(after: .seconds(seconds)))
    }

    @Test func otherErrorsArePermanent() {
        #expect(decide(CancellationError()) == .giveUp(.permanent))
        #expect(decide(XMLError(offset: 0, "x")) == .giveUp(.permanent))
    }

    @Test func attemptsEnd() {
        #expect(decide(ServiceError(500), RetryRules(maximumAttempts: 1)) == .giveUp(.attempts(1)))
        #expect(decide(ServiceError(404), RetryRules(transientStatuses: [404])) == .retry(after: .seconds(1)))
        #expect(
            decide(ServiceError(500), RetryRules(transientStatuses: [404])) == .retry(after: .seconds(1)),
            "by its code"
        )
        #expect(decide(ServiceError(502), RetryRules(transientStatuses: [404])) == .giveUp(.permanent))
        #expect(GiveUpReason.attempts(3).description == ", after 3 attempts")
        #expect(GiveUpReason.attempts(1).description == "" && GiveUpReason.permanent.description == "")
        #expect(GiveUpReason.quota.description == ", after too many failures of other requests to try again")
    }

    @Test func transferOutlastsABadMinute() {
        let quota = RetryQuota(capacity: 12)
        var policy = RetryPolicy(.transfer, quota: quota)
        var waits: [Duration] = []
        while case .retry(let wait) = policy.decide(after: ServiceError(503), signingTime: Self.now, random: 0.5) {
            waits.append(wait)
        }
        #expect(policy.attempt == 10)
        // Two retries from the quota, then as late as the rules allow.
        #expect(waits == [.milliseconds(500), .seconds(1)] + Array(repeating: .seconds(15), count: 7))
        #expect(quota.available == 2)
        policy.succeed()
        #expect(quota.available == 3)
    }

    @Test func quotaIsSharedAndNeverFuller() {
        let quota = RetryQuota()
        var first = RetryPolicy(.standard, quota: quota)
        let second = RetryPolicy(.standard, quota: quota)
        #expect(decide(&first, HTTPError(.stalled, "x")) == .retry(after: .seconds(1)))
        #expect(quota.available == 490)
        second.succeed()
        #expect(quota.available == 491)
        first.succeed()
        #expect(quota.available == 500)
    }
}
