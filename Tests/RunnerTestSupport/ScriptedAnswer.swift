package import RunnerCore

/// An answer made by a test, byte for byte.
package struct ScriptedAnswer: Sendable {
    /// The head with its empty line; of a raw answer all of it.
    package var head: [UInt8]
    /// The body as it goes over the wire; left out for a HEAD request.
    package var body: [UInt8]
    /// How many bytes each write has; nil writes all at once.
    package var bytesPerWrite: Int?
    /// How the connection ends after the answer; nil keeps it open for the next request.
    package var ending: Ending?
    /// How many bytes are sent, head and body together; nil is all.
    package var limit: Int?

    /// Bytes to be sent as they are.
    ///
    /// - Parameter bytes: The whole answer.
    /// - Returns: An answer that keeps the connection open.
    package static func raw(_ bytes: [UInt8]) -> ScriptedAnswer { ScriptedAnswer(head: bytes, body: []) }

    /// An answer of HTTP/1.1 with `Content-Length`, or in chunks.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - headers: The header fields except the body's length.
    ///   - body: The body.
    ///   - chunkSize: The size of each chunk; nil sends `Content-Length`.
    /// - Returns: An answer that keeps the connection open.
    package static func http(
        _ status: Int,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        chunkSize: Int? = nil
    ) -> ScriptedAnswer {
        var head = "HTTP/1.1 \(status) Scripted\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if chunkSize != nil {
            head += "Transfer-Encoding: chunked\r\n"
        } else if status != 204 && status != 304 {
            head += "Content-Length: \(body.count)\r\n"
        }
        let encoded = chunkSize.map { chunked(body, size: $0) } ?? body
        return ScriptedAnswer(head: Array((head + "\r\n").utf8), body: encoded)
    }

    /// An answer of HTTP/1.1 with a text as its body.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - headers: The header fields except the body's length.
    ///   - text: The body.
    /// - Returns: An answer that keeps the connection open.
    package static func http(
        _ status: Int,
        headers: [(name: String, value: String)] = [],
        text: String
    ) -> ScriptedAnswer {
        http(status, headers: headers, body: Array(text.utf8))
    }

    /// A refusal as S3 words it.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - code: The service's code, such as `SlowDown`.
    ///   - message: The text for people.
    ///   - headers: More header fields.
    ///   - fields: More elements of the document, such as `Region`.
    /// - Returns: An answer that keeps the connection open.
    package static func error(
        _ status: Int,
        _ code: String,
        message: String = "Scripted by a test",
        headers: [(name: String, value: String)] = [],
        fields: [(name: String, value: String)] = []
    ) -> ScriptedAnswer {
        let more = fields.map { "<\($0.name)>\($0.value)</\($0.name)>" }.joined()
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>\(code)</Code><Message>\(message)</Message>\(more)<RequestId>TESTREQUEST</RequestId></Error>
            """
        let standard = [("Content-Type", "application/xml"), ("x-amz-request-id", "TESTREQUEST")]
        return http(status, headers: standard + headers, text: text)
    }

    /// No answer: the connection stays open and nothing comes.
    package static let silence = ScriptedAnswer(head: [], body: [], ending: .silence)

    /// The same answer in small writes.
    ///
    /// - Parameter count: How many bytes each has.
    /// - Returns: The changed answer.
    package func written(_ count: Int) -> ScriptedAnswer {
        var answer = self
        answer.bytesPerWrite = count
        return answer
    }

    /// The same answer with an end of the connection after it, or within it.
    ///
    /// - Parameters:
    ///   - ending: How it ends.
    ///   - limit: After how many bytes, head and body together; nil is after all.
    /// - Returns: The changed answer.
    package func ended(_ ending: Ending, after limit: Int? = nil) -> ScriptedAnswer {
        var answer = self
        answer.ending = ending
        answer.limit = limit
        return answer
    }

    /// A moment as the `Date` header has it, RFC 9110 §5.6.7, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// - Parameter moment: The moment; its milliseconds are dropped.
    /// - Returns: The text.
    package static func httpDate(_ moment: Timestamp) -> String {
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 1970 began with a Thursday; a description is 2026-11-21T23:41:19.123Z.
        let text = Array(moment.description)
        let month = months[(Int(String(text[5..<7])) ?? 1) - 1]
        let day = names[Int(moment.milliseconds / 86_400_000) % 7]
        return "\(day), \(String(text[8..<10])) \(month) \(String(text[0..<4])) \(String(text[11..<19])) GMT"
    }

    /// Sends the answer.
    ///
    /// - Returns: Whether the connection goes on.
    func send(to client: LoopbackSocket, method: String) -> Bool {
        let whole = method == "HEAD" ? head : head + body
        let bytes = whole.prefix(limit ?? .max)
        var rest = bytes
        while !rest.isEmpty {
            guard client.send(rest.prefix(bytesPerWrite ?? .max)) else { return false }
            rest = rest.dropFirst(bytesPerWrite ?? rest.count)
        }
        guard let ending else { return true }
        client.end(ending)
        return false
    }

    private static func chunked(_ body: [UInt8], size: Int) -> [UInt8] {
        var encoded: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: size) {
            let chunk = body[start..<min(start + size, body.count)]
            encoded += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
        }
        return encoded + Array("0\r\n\r\n".utf8)
    }
}
