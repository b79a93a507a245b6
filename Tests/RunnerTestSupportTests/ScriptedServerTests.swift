import RunnerCore
import Testing

@testable import RunnerTestSupport

struct ScriptedServerTests {
    @Test("gives its answers in order, then refuses")
    func inOrder() throws {
        let server = try ScriptedServer(answers: [.http(200, text: "one"), .raw(Array("HTTP/1.1 204 No\r\n\r\n".utf8))])
        defer { server.stop() }
        let client = try TestClient(server.endpoint)
        var heads: [String] = []
        for _ in 0..<3 {
            client.send(get)
            heads.append(String(client.answer().head.prefix(12)))
        }
        #expect(heads == ["HTTP/1.1 200", "HTTP/1.1 204", "HTTP/1.1 599"])
    }

    @Test("writes byte by byte, in chunks and in part", arguments: [nil, 1, 3] as [Int?])
    func shapes(bytesPerWrite: Int?) throws {
        var answer = ScriptedAnswer.http(200, body: pattern(10), chunkSize: 4).ended(.finish)
        answer.bytesPerWrite = bytesPerWrite
        let whole = answer.head + answer.body
        #expect(answer.body.count == 10 + 3 * 5 + 5)
        let script = [answer, answer.ended(.reset, after: whole.count - 3), answer.ended(.finish, after: 5)]
        let server = try ScriptedServer(answers: script)
        defer { server.stop() }
        for (length, end) in [(whole.count, TestClient.End.finish), (whole.count - 3, .reset), (5, .finish)] {
            let client = try TestClient(server.endpoint)
            client.send(get)
            let received = client.receive()
            #expect(received.bytes == Array(whole.prefix(length)))
            #expect(received.end == end)
        }
    }

    @Test(
        "a date as RFC 9110 has it",
        arguments: [(784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT")]
    )
    func httpDate(milliseconds: Int64, text: String) {
        #expect(ScriptedAnswer.httpDate(Timestamp(milliseconds: milliseconds)) == text)
    }

    @Test(
        "finds the end of a chunked body wherever it is split",
        arguments: [
            "0\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n", "1;e=\"f\"\r\nx\r\n02\r\n\r\n\r\n0\r\nA: b\r\nC: d\r\n\r\n",
        ]
    )
    func chunkedEnd(text: String) {
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            var cursor = BodyCursor(.chunked)
            #expect(cursor.take(bytes[..<split]) == split)
            #expect(cursor.isComplete == (split == bytes.count))
            // What follows is the next message's.
            #expect(cursor.take((bytes + [72, 84])[split...]) == bytes.count - split)
            #expect(cursor.isComplete)
        }
    }
}
