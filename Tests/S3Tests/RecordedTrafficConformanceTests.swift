import Checksums
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// Traffic of AWS's own clients with S3, and with servers that misbehave: the store gets the recorded answers.
@Suite(.timeLimit(.minutes(15))) struct RecordedTrafficConformanceTests {
    static let recordings = Suites.files(in: "s3-recorded-traffic", ending: ".json")

    /// What one recording holds.
    private struct Recording {
        var path = ""
        var requestBody: [UInt8] = []
        var status = 0
        var headers: [(String, String)] = []
        var body: [UInt8] = []

        init(_ file: String) throws {
            for event in Row(object: Suites.object("\(file).json")).rows("events") {
                let action = event.row("action")
                let uri = action.row("Request").row("request").object["uri"]?.stringValue ?? ""
                if !uri.isEmpty { path = String(uri.dropFirst(8).drop { $0 != "/" }.prefix { $0 != "?" }) }
                let response = action.row("Response").row("response").row("Ok")
                if let code = response.object["status"]?.intValue {
                    status = code
                    headers = response.row("headers").object.members.map { header in
                        (header.name, header.value.arrayValue?.first?.stringValue ?? "")
                    }
                }
                let data = Array((action.row("Data").row("data").object["Utf8"]?.stringValue ?? "").utf8)
                let isResponse = action.row("Data").object["direction"]?.stringValue == "Response"
                if isResponse { body += data } else { requestBody += data }
            }
        }

        func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }

        /// The answer, byte for byte but for its framing.
        var answer: ScriptedAnswer {
            let kept = headers.filter { !["content-length", "transfer-encoding"].contains($0.0) }
            guard header("transfer-encoding") == nil else {
                return .http(status, headers: kept, body: body, chunkSize: 500)
            }
            var answer = ScriptedAnswer.http(status, headers: kept, body: body)
            if let length = header("content-length") {
                let text = String(decoding: answer.head, as: UTF8.self)
                answer.head = Array(
                    text.replacing("Content-Length: \(body.count)", with: "Content-Length: \(length)").utf8
                )
            }
            return answer
        }
    }

    @Test(.enabled(if: !recordings.isEmpty, "\(Suites.absent)"), arguments: recordings)
    func recording(file: String) async throws {
        let recording = try Recording(file)
        let answer = recording.answer
        let end = ScriptedAnswer.http(
            200,
            text: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        )
        let server = try ScriptedServer { $0.queryValue("continuation-token") == nil ? answer : end }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        let name = file.split(separator: "/").last.map(String.init) ?? file
        switch name {
        case "aws_chunked__chunk-signing": try await put(10_240, recording, store, server)
        case "aws_chunked__no-chunking": try await put(66_560, recording, store, server)
        case "content-length-enforcement__get-object-short":
            // A byte more than was announced is not read, and the tag tells that one is missing.
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.get(ObjectKey("1000-lines.txt"))
            }
            #expect(error?.code == .damaged)
        case "no_auth__get-object":
            // Only the head was recorded, which is what HEAD answers.
            let summary = try await store.summary(of: ObjectKey(String(recording.path.dropFirst())))
            #expect(summary.sizeBytes == 386_910 && summary.entityTag == "\"446fc665f99183cd0540d7656a79d3ed\"")
        case "no_auth__list-objects-v2":
            let sizes = try await list(store).map(\.sizeBytes)
            #expect(sizes == [386_910, 388_349, 396_626])
            let token = "1SL9nYFaimMAwnR9dJnF4M5NMfm3Em6%2FClPUVLEH3GOSw5yjeI%2BwCBLj3THB8DuJSUFhKNy5cGK5QBb%2FSvE%2B"
            #expect(server.requests.last?.queryValue("continuation-token")?.hasPrefix(token) == true)
        case "request-information-headers__slow-network-and-late-client-clock",
            "request-information-headers__three-successful-attempts":
            let listed = try await list(store)
            #expect(listed.map(\.key.description) == ["some-file.file"] && listed.map(\.sizeBytes) == [434_234])
            #expect(listed.map(\.entityTag) == [nil])
        default: Issue.record("a new recording")
        }
    }

    private func list(_ store: S3ObjectStore) async throws -> [ObjectSummary] {
        var found: [ObjectSummary] = []
        try await store.list(prefix: ObjectKey("")) { found.append($0) }
        return found
    }

    /// The same object, sent our way: in one piece, with what the recorded client put behind it.
    private func put(
        _ count: Int,
        _ recording: Recording,
        _ store: S3ObjectStore,
        _ server: ScriptedServer
    ) async throws {
        let content = [UInt8](repeating: UInt8(ascii: "a"), count: count)
        try await store.put(content, to: ObjectKey(String(recording.path.dropFirst())), options: WriteOptions())
        let last = try #require(server.requests.last)
        #expect(last.header("x-amz-checksum-crc64nvme") == ChecksumValue(.crc64nvme, of: content).base64)
        #expect(recording.header("etag") == "\"\(ChecksumValue(.md5, of: content).hexadecimal)\"")
        let sum = ChecksumValue(.crc32, of: content).base64
        #expect(recording.header("x-amz-checksum-crc32") == sum)
        #expect(
            String(decoding: recording.requestBody.suffix(200), as: UTF8.self).contains("x-amz-checksum-crc32:\(sum)")
        )
        expectSame(last.body, content)
        #expect(last.header("content-encoding") == nil && last.header("transfer-encoding") == nil)
    }
}
