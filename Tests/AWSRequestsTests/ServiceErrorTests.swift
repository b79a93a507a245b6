import RunnerCore
import RunnerHTTP
import Testing

@testable import AWSRequests

@Suite struct ServiceErrorTests {
    /// Bodies of every kind, and the sentence that is made of them.
    @Test(
        arguments: [
            (
                404,
                "<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message><RequestId>R1</RequestId></Error>",
                "the service answers 404 NoSuchKey: The key does not exist (request id R1)"
            ),
            (
                403,
                "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No\nway</Message>"
                    + "</Error><RequestId>R2</RequestId></ErrorResponse>",
                "the service answers 403 AccessDenied: No\\nway (request id R2)"
            ),
            (
                400, #"{"__type": "com.amazon.x#ExpiredTokenException", "message": "late"}"#,
                "the service answers 400 ExpiredTokenException: late"
            ),
            (
                401, #" {"code":"UnauthorizedException:http://x/","Message":"no"}"#,
                "the service answers 401 UnauthorizedException: no"
            ),
            (
                400, #"{"error": "invalid_grant", "error_description": "old"}"#,
                "the service answers 400 invalid_grant: old"
            ),
            (404, "", "the service answers 404 NotFound"), (503, " \r\n", "the service answers 503 ServiceUnavailable"),
            (418, "", "the service answers 418 HTTP418"),
            (
                502, "<html><body>secret</body></html>",
                "the service answers 502 BadGateway: its body is a web page, which a proxy may have written, not the "
                    + "service"
            ),
            (
                404, "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"x\"><html/>",
                "the service answers 404 NotFound: its body is a web page, which a proxy may have written, not the "
                    + "service"
            ),
            (500, "oops", "the service answers 500 InternalError: its body is no error that can be read"),
            (500, "<Error><Code>Cut", "the service answers 500 InternalError: its body is no error that can be read"),
            (500, "{\"code\": ", "the service answers 500 InternalError: its body is no error that can be read"),
            (500, "<Error/>", "the service answers 500 InternalError"),
            (500, "{}", "the service answers 500 InternalError"),
            (400, "<Error><Code>A\u{9}B\u{85}</Code></Error>", "the service answers 400 A\\tB\\u{85}"),
        ]
    )
    func sentence(status: Int, body: String, description: String) {
        #expect(ServiceError(status, body).description == description)
    }

    @Test func longBodiesAreNotRead() {
        let body = "<Error><Code>X</Code><Message>\(String(repeating: "x", count: 300_000))</Message></Error>"
        let error = ServiceError(500, body)
        #expect(
            error.description
                == "the service answers 500 InternalError: its body of 300 kB is too long for an error's"
        )
    }

    /// What services repeat of a request, and what is shown of it.
    @Test(
        arguments: [
            (
                "The request signature we calculated does not match.\n\nThe Canonical String for this request should "
                    + "have been\n'POST\n/\n\nx-amz-security-token:TOKEN\n'",
                "The request signature we calculated does not match"
            ),
            (
                "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 Credential=X",
                "Authorization header requires 'Signature' parameter"
            ),
            (
                "Credential must have exactly 5 slash-delimited elements, got 'AKIAIOSFODNN7EXAMPLE/x'",
                "Credential must have exactly 5 slash-delimited elements, got '<redacted>/x'"
            ),
            ("ASIAIOSFODNN7EXAMPLE is unknown", "<redacted> is unknown"), ("AKIA is short", "AKIA is short"),
            ("go to https://h/p?X-Amz-Signature=abc now", "go to https://h/p?<redacted> now"),
            (String(repeating: "long ", count: 100), String(repeating: "long ", count: 80).prefix(400) + "…"),
        ]
    )
    func secretsAreNotShown(message: String, shown: String) {
        let body =
            "<Error><Code>X</Code><Message>\(message)</Message><Token-0>TOKEN</Token-0>"
            + "<AWSAccessKeyId>AKIAIOSFODNN7EXAMPLE</AWSAccessKeyId></Error>"
        let error = ServiceError(403, body)
        #expect(error.message == shown)
        #expect(!"\(error)".contains("TOKEN") && !"\(error)".contains("AKIAI"))
    }

    @Test func fieldsOfHeadersAndBody() {
        let error = ServiceError(
            301,
            "<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-3.amazonaws.com</Endpoint><Bucket>b</Bucket>"
                + "<Region>r-body</Region><HostId></HostId></Error>",
            headers: [
                "X-Amz-Bucket-Region": "eu-west-3", "x-amz-request-id": "RID", "x-amz-id-2": "HID",
                "date": "Sat, 01 Jun 2019 00:00:00 GMT", "Retry-After": "7", "X-Amz-Retry-After": "1500",
            ]
        )
        #expect(error.region == "eu-west-3")
        #expect(error.endpoint == "b.s3.eu-west-3.amazonaws.com")
        #expect(error.bucket == "b")
        #expect(error.requestID == "RID")
        #expect(error.hostID == nil, "the body's empty one wins and is none")
        #expect(error.serverDate == Timestamp(iso8601: "2019-06-01T00:00:00Z"))
        #expect(error.retryAfter == .seconds(7))
        #expect(error.serviceRetryAfter == .milliseconds(1500))
        #expect(!error.isCodeFromStatus)
    }

    @Test(
        arguments: [
            ("120", .seconds(120)), ("0", .zero), ("-1", nil), ("soon", nil),
            ("Sat, 01 Jun 2019 00:00:30 GMT", .seconds(30)), ("Fri, 31 May 2019 00:00:30 GMT", nil),
        ] as [(String, Duration?)]
    )
    func retryAfter(text: String, delay: Duration?) {
        let headers: HTTPFields = ["Retry-After": text, "Date": "Sat, 01 Jun 2019 00:00:00 GMT"]
        #expect(ServiceError(503, headers: headers).retryAfter == delay)
    }

    @Test func codeOfAHeader() {
        let error = ServiceError(400, headers: ["x-amzn-ErrorType": "ValidationException:http://internal/"])
        #expect(error.code == "ValidationException")
        #expect(!error.isCodeFromStatus)
        #expect(ServiceError(400).isCodeFromStatus)
    }

    /// Answers of 200, and the error in them.
    @Test(
        arguments: [
            (
                "<Error><Code>InternalError</Code><Message>m</Message></Error>",
                "the service answers 200 InternalError: m"
            ),
            ("<?xml version=\"1.0\"?>\n \n\n <Error><Code>SlowDown</Code></Error>", "the service answers 200 SlowDown"),
            ("", "the service answers 200 UnreadableAnswer: the body is empty"),
            (" \n", "the service answers 200 UnreadableAnswer: the body is empty"),
            ("<Result><a>", "the service answers 200 UnreadableAnswer: the document is cut short (at byte 11)"),
            ("<Result/>", nil),
        ] as [(String, String?)]
    )
    func embedded(body: String, description: String?) {
        #expect(ServiceError.embedded(in: HTTPResponse(200, body))?.description == description)
    }

    @Test func rootOfAnAnswer() throws {
        #expect(try ServiceError.root(of: HTTPResponse(200, "<A/>"), named: "A", "B").name == "A")
        #expect(try ServiceError.root(of: HTTPResponse(200, "<B/>"), named: "A", "B").name == "B")
        let other = #expect(throws: ServiceError.self) {
            try ServiceError.root(of: HTTPResponse(200, "<C/>"), named: "A")
        }
        #expect(other?.message == "the document is <C>")
        let error = #expect(throws: ServiceError.self) {
            try ServiceError.root(of: HTTPResponse(200, "<Error><Code>X</Code></Error>"), named: "A")
        }
        #expect(error?.code == "X")
        let empty = #expect(throws: ServiceError.self) { try ServiceError.root(of: HTTPResponse(200, " "), named: "A") }
        #expect(empty?.message == "the body is empty")
    }
}
