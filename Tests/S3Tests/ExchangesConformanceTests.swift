import Checksums
import ObjectStorage
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// Exchanges recorded from moto: the store meets each answer in the operation that asks so.
@Suite(.timeLimit(.minutes(15))) struct ExchangesConformanceTests {
    static let exchanges = Suites.rows("exchanges", of: "s3-http-exchanges/exchanges.json")

    @Test(.enabled(if: !exchanges.isEmpty, "\(Suites.absent)"), arguments: exchanges)
    func exchange(_ row: Row) async throws {
        let recorded = try Self.answer(row)
        let other = try Self.others()
        let server = try ScriptedServer { request in
            Self.isAsked(row, by: request) ? recorded : other(request)
        }
        defer { server.stop() }
        try await run(row, Lab.store(at: server.endpoint))
        #expect(server.requests.contains { Self.isAsked(row, by: $0) } || row.description == "copy-object")
    }

    private func run(_ row: Row, _ store: S3ObjectStore) async throws {
        switch row.description {
        case "list-v2-url-encoded-all", "list-v2-empty": try await list(row, store)
        case "get-object":
            #expect(try await store.get(ObjectKey("a.txt")) == Array("body 0".utf8))
        case "get-range":
            try await withTemporaryDirectory { folder in
                try await store.download(ObjectKey("a.txt"), to: folder.appending("t"))
                expectSame(bytes(of: folder.appending("t")), Array("body 0".utf8))
            }
        case "head-object":
            let summary = try await store.summary(of: ObjectKey("a.txt"))
            #expect(summary.sizeBytes == 6 && summary.entityTag == "\"2c2f1edb5aac06c6c201d1fe8916de7d\"")
            #expect(summary.modified == Timestamp(iso8601: "2026-11-21T21:59:49Z"))
        case "get-404-key":
            let error = await #expect(throws: ObjectStoreError.self) { try await store.get(ObjectKey("none")) }
            #expect(error?.code == .notFound)
            #expect(error?.description.contains(try row.row("expect").text("error_code")) == true)
        case "put-with-crc32":
            // Another checksum than ours tells nothing that could be compared.
            try await store.put(Array("hello world".utf8), to: ObjectKey("c.txt"), options: WriteOptions())
        case "create-multipart", "upload-part-1", "complete-multipart", "complete-multipart-again-NoSuchUpload":
            let content = [UInt8](repeating: UInt8(ascii: "x"), count: Lab.partBytes) + Array("tail".utf8)
            try await withTemporaryDirectory { folder in
                try write(content, to: folder.appending("f"))
                try await store.upload(folder.appending("f"), to: ObjectKey("mp key.bin"), options: WriteOptions())
            }
        case "list-uploads":
            #expect(try await store.removeAbandonedUploads(prefix: ObjectKey(""), begunBefore: .now()) == 1)
        case "delete-object": try await store.delete(ObjectKey("a.txt"))
        case "get-if-none-match-304":
            // Never asked for; but were it to come, it is no object without bytes.
            await #expect(throws: ObjectStoreError.self) { try await store.get(ObjectKey("c.txt")) }
        case "copy-object": ()  // The runner copies nothing; AnswersConformanceTests reads the document.
        default: Issue.record("a new exchange")
        }
    }

    private func list(_ row: Row, _ store: S3ObjectStore) async throws {
        var found: [ObjectSummary] = []
        let prefix = row.description == "list-v2-empty" ? "nothing-here" : ""
        try await store.list(prefix: ObjectKey(prefix)) { found.append($0) }
        let expected = row.row("expect").object
        #expect(
            found.map { Optional($0.key) } == expected["keys"]?.arrayValue?.map { $0.stringValue.map { ObjectKey($0) } }
        )
        #expect(found.map { Int($0.sizeBytes) } == expected["sizes"]?.arrayValue?.compactMap(\.intValue))
    }

    // MARK: The script

    private static func answer(_ row: Row) throws -> ScriptedAnswer {
        let response = row.row("response")
        let status = try #require(response.object["status"]?.intValue)
        // The connection's own headers are made anew.
        let headers = response.row("headers").object.members.filter { $0.name != "Content-Length" }
            .map { ($0.name, $0.value.stringValue ?? "") }
        guard row.description == "head-object" else {
            return .http(status, headers: headers, text: try response.text("body_utf8"))
        }
        return .http(status, headers: headers, body: [0, 0, 0, 0, 0, 0])
    }

    /// Whether a request of ours is the one recorded: the same method, key and question.
    private static func isAsked(_ row: Row, by request: RecordedRequest) -> Bool {
        let recorded = row.row("request")
        let target = recorded.object["target"]?.stringValue ?? ""
        let path = target.prefix { $0 != "?" }.dropFirst("/amzn-s3-demo-bucket".count)
        let query = target.drop { $0 != "?" }
        func has(_ name: String) -> Bool { request.queryValue(name) != nil }
        return request.method == recorded.object["method"]?.stringValue
            && request.path.hasSuffix(path) && !path.isEmpty == (request.path.split(separator: "/").count > 1)
            && ["list-type", "uploads", "uploadId"].allSatisfy { query.contains($0) == has($0) }
            && (!query.contains("partNumber=1") || request.queryValue("partNumber") == "1")
            && (row.description == "get-range") == (request.header("range") == "bytes=1-5")
    }

    /// The rest of each conversation, of moto's own answers where they are recorded.
    private static func others() throws -> @Sendable (RecordedRequest) -> ScriptedAnswer {
        let object = OneObject(Array("body 0".utf8), tag: "\"2c2f1edb5aac06c6c201d1fe8916de7d\"")
        let multipart = try exchanges.filter { $0.description.contains("multipart") }.map { try answer($0) }
        let part = try exchanges.filter { $0.description == "upload-part-1" }.map { try answer($0) }[0]
        return { request in
            switch (request.method, request.queryValue("uploadId")) {
            case ("GET", _) where request.queryValue("uploads") != nil: .http(200, text: ScriptedXML.noUploads)
            case ("GET", _): object.answer(request, cutAfter: request.header("range") == nil ? 1 : nil)
            case ("HEAD", _): object.answer(request)
            case ("POST", nil): multipart[0]
            case ("POST", _): multipart[1]
            case ("PUT", _) where request.bodyCount > 1000: part
            case ("PUT", _):
                .http(200, headers: [("ETag", "\"\(ChecksumValue(.md5, of: request.body).hexadecimal)\"")])
            default: .http(204)
            }
        }
    }
}

extension ChecksumValue {
    /// The form that entity tags have.
    var hexadecimal: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0\(digits)" : digits
        }
        .joined()
    }
}
