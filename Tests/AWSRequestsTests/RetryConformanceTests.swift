import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Testing

@testable import AWSRequests

/// The tables and scenarios of AWS's standard retry mode.
///
/// `request-header.json` and `max_attempts_header` of new-retries-2026.json (2 rows) do not concern the runner: it sends
/// no `amz-sdk-request`, which is for the statistics of AWS's own SDKs.
@Suite struct RetryConformanceTests {
    static let failures = Suites.rows("rows", of: "s3-retry/retryable.json")
    static let scenarios = Suites.rows("cases", of: "s3-retry/standard-mode-scenarios.json")
    static let new = Row(object: Suites.json("s3-retry/new-retries-2026.json").objectValue ?? JSONObject())

    private static let now = Timestamp(milliseconds: 1_559_347_200_000)

    @Test(.enabled(if: !failures.isEmpty, "\(Suites.absent)"), arguments: failures)
    func retryable(_ row: Row) throws {
        let expected = row.object["retryable"]?.boolValue == true
        guard let status = row.object["status"]?.intValue else {
            #expect(FailureKind(of: HTTPError.Code.connectionLost) == .transient)
            return
        }
        // A success without an error inside never gets to the policy; the row says that it is none.
        guard status != 200 else {
            #expect(ServiceError.embedded(in: HTTPResponse(200, "<Result/>")) == nil && !expected)
            return
        }
        let error = row.object["error"]?.stringValue.map { ServiceError(status, code: $0) } ?? ServiceError(status)
        let kind = FailureKind(of: error, transientStatuses: RetryRules.standard.transientStatuses, isClockOff: false)
        #expect((kind == .transient || kind == .throttling) == expected)
        if try row.text("kind") == "throttled-checker", expected { #expect(kind == .throttling) }
    }

    @Test(.enabled(if: !scenarios.isEmpty, "\(Suites.absent)"), arguments: scenarios)
    func scenario(_ row: Row) throws {
        let given = row.row("given")
        let quota = RetryQuota(capacity: try given.number("initial_retry_tokens"))
        let rules = RetryRules(
            maximumAttempts: try given.number("max_attempts"),
            baseDelay: .seconds(try given.number("exponential_base")),
            maximumDelay: .seconds(try given.number("max_backoff_time"))
        )
        var policy = RetryPolicy(rules, quota: quota)
        for step in row.rows("responses") {
            let expected = step.row("expected")
            let status = try step.row("response").number("status_code")
            let outcome = try expected.text("outcome")
            if outcome == "success" {
                policy.succeed()
            } else {
                let attempt = policy.attempt
                let decision = policy.decide(after: ServiceError(status), signingTime: Self.now, random: 1)
                switch outcome {
                case "retry_request": #expect(decision == .retry(after: .seconds(try expected.number("delay"))))
                case "retry_quota_exceeded": #expect(decision == .giveUp(.quota))
                case "max_attempts_exceeded": #expect(decision == .giveUp(.attempts(attempt)))
                default: Issue.record("unknown outcome \(outcome)")
                }
            }
            #expect(quota.available == (try expected.number("retry_quota")))
        }
    }

    // MARK: What AWS's SDKs do from 2026 on, with the same code and other numbers

    static let newRules = RetryRules(
        maximumAttempts: 20,
        baseDelay: .milliseconds(50),
        costs: RetryRules.Costs(transient: new.row("quota").object["cost_other"]?.intValue ?? 0)
    )
    static let newDelays = zip(
        new.row("backoff").object["attempts"]?.arrayValue?.compactMap(\.intValue) ?? [],
        new.row("backoff").object["delays"]?.arrayValue?.compactMap(\.milliseconds) ?? []
    ).map { ($0, $1) }

    @Test(.enabled(if: !newDelays.isEmpty, "\(Suites.absent)"), arguments: newDelays)
    func newBackoff(attempt: Int, milliseconds: Int) {
        #expect(Self.newRules.delay(afterAttempt: attempt, random: 1) == .milliseconds(milliseconds))
    }

    @Test(.enabled(if: !new.rows("retry_after").isEmpty, "\(Suites.absent)"), arguments: new.rows("retry_after"))
    func newRetryAfter(_ row: Row) throws {
        let quota = RetryQuota(capacity: try Self.new.row("quota").number("initial"))
        var policy = RetryPolicy(Self.newRules, quota: quota)
        var headers = HTTPFields()
        headers.add(try row.text("header"), try row.text("value"))
        let delay = try #require(row.object["delay"]?.milliseconds)
        let decision = policy.decide(after: ServiceError(500, headers: headers), signingTime: Self.now, random: 1)
        #expect(decision == .retry(after: .milliseconds(delay)))
        #expect(quota.available == (try row.number("quota_after_failure")))
        policy.succeed()
        #expect(quota.available == (try row.number("quota_after_success")))
    }
}

extension Row {
    /// An integer of the row.
    fileprivate func number(_ name: String) throws -> Int {
        try #require(object[name]?.intValue, "no number \(name)")
    }
}

extension JSONValue {
    /// Seconds with decimals as milliseconds.
    fileprivate var milliseconds: Int? {
        guard case .number(let number) = self, let seconds = number.double else { return nil }
        return Int((seconds * 1000).rounded())
    }
}
