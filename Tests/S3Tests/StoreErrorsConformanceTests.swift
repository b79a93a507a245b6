import AWSRequests
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Testing

@testable import S3

/// Answers that say no, or 200 with a no inside, given once to the operation of the store that they belong to.
@Suite(.timeLimit(.minutes(15))) struct StoreErrorsConformanceTests {
    static let cases = Suites.rows("cases", of: "s3-errors/errors.json")

    @Test(.enabled(if: !cases.isEmpty, "\(Suites.absent)"), arguments: cases)
    func answer(_ row: Row) async throws {
        let expected = row.row("expect").object
        let operation = try row.text("operation")
        let headers = row.row("headers").object.members.map { ($0.name, $0.value.stringValue ?? "") }
        let status = try #require(row.object["status"]?.intValue)
        let answer = ScriptedAnswer.http(status, headers: headers, text: try row.text("body"))
        let plan = FirstRequests(1, .answer(answer)) { Self.isAbout(operation, $0) }
        let object = OneObject(Array("<Error/>".utf8))
        let server = try ScriptedServer { request in
            if case .answer(let answer) = plan(request) { return answer }
            return Self.success(request, object)
        }
        defer { server.stop() }
        let notes = Notes()
        let store = try Lab.store(at: server.endpoint, credentials: RenewedCredentials(), notes: notes)
        let result: (any Error)?
        do {
            try await run(operation, store)
            result = nil
        } catch {
            result = error
        }
        let asked = server.requests.filter { Self.isAbout(operation, $0) }.count
        let code = expected["code"]?.stringValue
        if expected["is_error"]?.boolValue != true {
            #expect(result == nil && asked == 1)
        } else if code == "NoSuchKey" || code == "403" {
            #expect(asked == 1)
            #expect((result as? ObjectStoreError)?.code == (code == "403" ? .accessDenied : .notFound))
        } else {
            // What passes is asked again, a region followed, a credential replaced, a document that is none fetched anew.
            #expect(result == nil, "\(String(describing: result))")
            #expect(asked == 2)
            let waits = expected["region"] == nil && code != "ExpiredToken" ? 1 : 0
            #expect(notes.waits.count == waits)
        }
        if let region = expected["region"]?.stringValue {
            #expect(server.requests.last?.header("authorization")?.contains("/\(region)/s3/") == true)
        }
        let said = notes.lines.joined() + "\(String(describing: result))"
        #expect(!said.contains("FwoGZXIvYXdzEBYaD") && !said.contains("<"))
    }

    /// The store neither copies nor deletes many: their rows are about 200 with an error inside, which it meets when it
    /// completes an upload.
    private static func isAbout(_ operation: String, _ request: RecordedRequest) -> Bool {
        switch operation {
        case "GetObject": request.method == "GET" && request.queryValue("uploads") == nil
        case "PutObject": request.method == "PUT"
        case "ListObjects", "ListObjectsV2": request.queryValue("list-type") != nil
        default: request.method == "POST" && request.queryValue("uploadId") != nil
        }
    }

    private func run(_ operation: String, _ store: S3ObjectStore) async throws {
        switch operation {
        case "GetObject": #expect(try await store.get(ObjectKey("k")) == Array("<Error/>".utf8))
        case "PutObject": try await store.put([1, 2], to: ObjectKey("k"), options: WriteOptions())
        case "ListObjects", "ListObjectsV2": try await store.list(prefix: ObjectKey("")) { _ in }
        default: try await store.put(UploadFaultTests.large, to: ObjectKey("k"), options: WriteOptions())
        }
    }

    private static func success(_ request: RecordedRequest, _ object: OneObject) -> ScriptedAnswer {
        switch (request.method, request.queryValue("uploadId")) {
        case ("GET", _) where request.queryValue("list-type") != nil:
            .http(200, text: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        case ("GET", _) where request.queryValue("uploads") != nil: .http(200, text: ScriptedXML.noUploads)
        case ("GET", _): object.answer(request)
        case ("POST", nil): .http(200, text: ScriptedXML.created)
        case ("POST", _): .http(200, text: ScriptedXML.completed)
        case ("DELETE", _): .http(204)
        default: ScriptedXML.storedPart(request)
        }
    }
}
