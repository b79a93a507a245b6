import AWSEndpoints
import RunnerHTTP

extension HTTPRequest {
    /// Makes a request without a body.
    ///
    /// - Parameters:
    ///   - method: What to do.
    ///   - address: Whom to ask.
    ///   - path: The path below that of the address, beginning with `/`.
    ///   - query: The query in its percent-encoding.
    ///   - headers: The headers.
    init(
        _ method: HTTPMethod,
        _ address: EndpointAddress,
        _ path: String,
        query: String = "",
        headers: HTTPFields
    ) {
        self.init(
            method,
            HTTPOrigin(isSecure: address.isSecure, host: address.host, port: address.port),
            path: address.path + path,
            query: query,
            headers: headers
        )
    }
}
