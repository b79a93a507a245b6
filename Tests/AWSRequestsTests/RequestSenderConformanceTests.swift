import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Testing

@testable import AWSRequests

/// The scenarios of AWS's standard retry mode, through the sender that waits and sends.
@Suite struct RequestSenderConformanceTests {
    /// The sender's quota is that of the standard mode; the scenario of a smaller one is the policy's own test.
    static let scenarios = Suites.rows("cases", of: "s3-retry/standard-mode-scenarios.json")
        .filter { $0.row("given").object["initial_retry_tokens"]?.intValue == 500 }

    @Test(.enabled(if: !scenarios.isEmpty, "\(Suites.absent)"), arguments: scenarios)
    func scenario(_ row: Row) async throws {
        let given = row.row("given").object
        let steps = row.rows("responses")
        let statuses = steps.compactMap { $0.row("response").object["status_code"]?.intValue }
        let transport = StubTransport(statuses.map { .success(HTTPResponse($0)) })
        let surroundings = StubSurroundings()
        let rules = RetryRules(
            maximumAttempts: try #require(given["max_attempts"]?.intValue),
            baseDelay: .seconds(try #require(given["exponential_base"]?.intValue)),
            maximumDelay: .seconds(try #require(given["max_backoff_time"]?.intValue))
        )
        let request = HTTPRequest(.get, HTTPOrigin(isSecure: true, host: "service.invalid"))
        let answer = try? await surroundings.sender(transport).send(request, signing: nil, retries: rules)
        #expect(transport.requests.count == steps.count)
        let delays = steps.compactMap { $0.row("expected").object["delay"]?.intValue }
        #expect(surroundings.waits == delays.map { .seconds($0) })
        #expect((answer != nil) == (try steps.last?.row("expected").text("outcome") == "success"))
    }
}
