import AWSRequests
import ObjectStorage
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Testing

@testable import S3

/// Answers of S3 in others' tests, read into what the runner makes of them.
@Suite struct AnswersConformanceTests {
    static let decoding = Suites.rows("rows", of: "s3-xml/url-decoding.json")
    static let lists = Suites.rows("responses", of: "s3-xml/smithy-s3-tests.json")
        .filter { $0.object["operation"]?.stringValue == "ListObjects" }
    static let uploads = Suites.files(in: "s3-xml/botocore", ending: "list-multipart-uploads.xml")
    static let errors = Suites.rows("cases", of: "s3-errors/errors.json")
        .filter { $0.object["status"]?.intValue == 200 && $0.object["operation"]?.stringValue != "GetObject" }
    /// Those with a document; the others' bodies are objects, or there is none.
    static let exchanges = Suites.rows("exchanges", of: "s3-http-exchanges/exchanges.json")
        .filter { (try? $0.row("response").text("body_utf8").hasPrefix("<?xml")) ?? false }

    private func answer(_ body: String) -> HTTPResponse {
        HTTPResponse(head: HTTPResponseHead(status: 200, headers: [:]), body: Array(body.utf8))
    }

    /// `Marker` and `Prefix` of the list itself are what was asked for; the runner reads neither, so they are put where
    /// it does read a key.
    @Test(.enabled(if: !decoding.isEmpty, "\(Suites.absent)"), arguments: decoding)
    func urlDecoding(_ row: Row) throws {
        let raw = try row.text("raw")
        let decoded = ObjectKey(try row.text("decoded"))
        let start = "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>"
        if try row.text("field") == "ContinuationToken" {
            let page = try ListPage(
                answer(
                    "\(start)true</IsTruncated><NextContinuationToken>\(raw)</NextContinuationToken></ListBucketResult>"
                )
            )
            #expect(page.continuation.map { ObjectKey($0) } == decoded)
        } else {
            let moment = "<LastModified>2026-01-01T00:00:00Z</LastModified>"
            let page = try ListPage(
                answer(
                    "\(start)false</IsTruncated><Contents><Key>\(raw)</Key><Size>0</Size>\(moment)</Contents>"
                        + "<CommonPrefixes><Prefix>\(raw)</Prefix></CommonPrefixes></ListBucketResult>"
                )
            )
            #expect(page.objects.map(\.key) == [decoded])
            #expect(page.commonPrefixes == [decoded])
        }
    }

    @Test(.enabled(if: !lists.isEmpty, "\(Suites.absent)"), arguments: lists)
    func keysWithBlanks(_ row: Row) throws {
        let page = try ListPage(answer(try row.text("body")))
        let expected = row.row("expect").object
        #expect(page.objects.map(\.key.description) == expected["keys"]?.arrayValue?.compactMap(\.stringValue))
        #expect(page.objects.map(\.entityTag) == expected["etags"]?.arrayValue?.map(\.stringValue))
        #expect((page.continuation != nil) == expected["is_truncated"]?.boolValue)
    }

    @Test(.enabled(if: !uploads.isEmpty, "\(Suites.absent)"), arguments: uploads)
    func emptyListOfUploads(file: String) throws {
        let page = try UploadsPage(answer(try Suites.text("\(file)list-multipart-uploads.xml")))
        #expect(page.uploads.isEmpty)
        #expect(page.next == nil)
    }

    @Test(.enabled(if: !errors.isEmpty, "\(Suites.absent)"), arguments: errors)
    func errorsInAnswersOf200(_ row: Row) throws {
        let response = answer(try row.text("body"))
        let operation = try row.text("operation")
        let expected = row.row("expect").object
        guard expected["is_error"]?.boolValue == true else { return try read(response, of: operation, expected) }
        let error = #expect(throws: ServiceError.self) { try read(response, of: operation, expected) }
        #expect(error?.code == expected["code"]?.stringValue ?? ServiceError.unreadableAnswer)
    }

    private func read(_ response: HTTPResponse, of operation: String, _ expected: JSONObject) throws {
        switch operation {
        case "DeleteObjects": _ = try DeletedObjects(response)
        case "CopyObject": _ = try StoredObject(copied: response)
        case "CompleteMultipartUpload":
            let stored = try StoredObject(completed: response)
            #expect(stored.entityTag == expected["etag"]?.stringValue)
        default: _ = try ListPage(response)
        }
    }

    /// What moto answers: lists with what is expected of them, the other documents by their shape.
    @Test(.enabled(if: !exchanges.isEmpty, "\(Suites.absent)"), arguments: exchanges)
    func exchange(_ row: Row) throws {
        let body = try row.row("response").text("body_utf8")
        let expected = row.row("expect").object
        switch try XMLReader.read(Array(body.utf8)).name {
        case "ListBucketResult":
            try compare(ListPage(answer(body)), expected)
        case "InitiateMultipartUploadResult":
            #expect(try !CreatedUpload(answer(body)).uploadID.isEmpty)
        case "ListMultipartUploadsResult":
            let page = try UploadsPage(answer(body))
            #expect(page.next == nil && page.uploads.allSatisfy { !$0.uploadID.isEmpty })
        case "CompleteMultipartUploadResult":
            #expect(try StoredObject(completed: answer(body)).entityTag.hasSuffix("-2\""))
        case "CopyObjectResult":
            #expect(try StoredObject(copied: answer(body)).entityTag.utf8.count == 34)
        case "Error":
            let error = ServiceError(head: HTTPResponseHead(status: 404, headers: [:]), body: Array(body.utf8))
            #expect(error.code == expected["error_code"]?.stringValue)
        case let name:
            Issue.record("no reader for <\(name)>")
        }
    }

    private func compare(_ page: ListPage, _ expected: JSONObject) throws {
        let keys = try #require(expected["keys"]?.arrayValue).compactMap(\.stringValue)
        #expect(page.objects.map(\.key) == keys.map { ObjectKey($0) })
        let sizes = try #require(expected["sizes"]?.arrayValue).compactMap(\.intValue)
        #expect(page.objects.map { Int($0.sizeBytes) } == sizes)
        let prefixes = try #require(expected["common_prefixes"]?.arrayValue).compactMap(\.stringValue)
        #expect(page.commonPrefixes == prefixes.map { ObjectKey($0) })
        #expect((page.continuation != nil) == expected["is_truncated"]?.boolValue)
        #expect(page.continuation == expected["next_continuation_token"]?.stringValue)
    }
}
