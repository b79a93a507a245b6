import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Testing

@testable import AWSRequests

/// Answers that say no, or 200 with a no inside: how they are read and what follows on them.
@Suite struct ErrorsConformanceTests {
    static let cases = Suites.rows("cases", of: "s3-errors/errors.json")

    @Test(.enabled(if: !cases.isEmpty, "\(Suites.absent)"), arguments: cases)
    func answer(_ row: Row) throws {
        let expected = row.row("expect").object
        let error = try error(of: row)
        #expect((error != nil) == expected["is_error"]?.boolValue)
        guard let error else { return }
        if let code = expected["code"]?.stringValue {
            // The row 403-html-body has the status for a code, as botocore; ours is the status in words.
            #expect(error.code == code || error.isCodeFromStatus && "\(error.status)" == code)
        }
        if let region = expected["region"]?.stringValue { #expect(error.region == region) }
        #expect(!"\(error)".contains("FwoGZXIvYXdzEBYaD"))
        let kind = FailureKind(of: error, transientStatuses: RetryRules.standard.transientStatuses, isClockOff: false)
        if let retryable = expected["retryable"]?.boolValue {
            #expect((kind == .transient || kind == .throttling) == retryable)
        }
        if expected["throttling"]?.boolValue == true { #expect(kind == .throttling) }
        if error.code == "ExpiredToken" { #expect(kind == .credential) }
    }

    /// The error of a row as the runner finds it; nil for an answer that is none.
    private func error(of row: Row) throws -> ServiceError? {
        let status = try #require(row.object["status"]?.intValue)
        var headers = HTTPFields()
        for member in row.row("headers").object.members { headers.add(member.name, member.value.stringValue ?? "") }
        let answer = HTTPResponse(status, try row.text("body"), headers: headers)
        // An object may hold XML of any kind: nothing looks into what GetObject answers with 200.
        guard status != 200 else {
            return try row.text("operation") == "GetObject" ? nil : ServiceError.embedded(in: answer)
        }
        return ServiceError(head: answer.head, body: answer.body)
    }
}
