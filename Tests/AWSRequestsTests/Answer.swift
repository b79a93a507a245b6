import RunnerHTTP

@testable import AWSRequests

extension HTTPResponse {
    /// An answer for tests.
    init(_ status: Int, _ body: String = "", headers: HTTPFields = [:]) {
        self.init(head: HTTPResponseHead(status: status, headers: headers), body: Array(body.utf8))
    }
}

extension ServiceError {
    /// The error of an answer for tests.
    init(_ status: Int, _ body: String = "", headers: HTTPFields = [:]) {
        let response = HTTPResponse(status, body, headers: headers)
        self.init(head: response.head, body: response.body)
    }

    /// The error of an answer with a code in its body.
    init(_ status: Int, code: String, headers: HTTPFields = [:]) {
        self.init(status, "<Error><Code>\(code)</Code></Error>", headers: headers)
    }
}
