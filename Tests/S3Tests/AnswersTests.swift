import AWSRequests
import Checksums
import ObjectStorage
import RunnerCore
import RunnerHTTP
import Testing

@testable import S3

/// An answer of 200.
private func answer(_ body: String) -> HTTPResponse {
    HTTPResponse(
        head: HTTPResponseHead(status: 200, headers: ["x-amz-request-id": "RID"]),
        body: Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(body)".utf8)
    )
}

@Suite struct ListPageTests {
    private static let moment = "2026-01-02T03:04:05.678Z"

    private func object(_ key: String, _ more: String = "<Size>7</Size><ETag>&quot;e&quot;</ETag>") -> String {
        "<Contents><Key>\(key)</Key><LastModified>\(Self.moment)</LastModified>\(more)</Contents>"
    }

    private func page(_ body: String, truncated: String = "<IsTruncated>false</IsTruncated>") throws -> ListPage {
        try ListPage(
            answer(
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(truncated)\(body)</ListBucketResult>"
            )
        )
    }

    @Test func objectsAndPrefixes() throws {
        let page = try page(
            object("a") + object("b/ c ", "<Size>12345678901</Size>")
                + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
        )
        #expect(page.objects.map(\.key) == [ObjectKey("a"), ObjectKey("b/ c ")])
        #expect(page.objects.map(\.sizeBytes) == [7, 12_345_678_901])
        #expect(page.objects.map(\.entityTag) == ["\"e\"", nil])
        #expect(page.objects.map(\.modified.description) == [Self.moment, Self.moment])
        #expect(page.commonPrefixes == [ObjectKey("p/")])
        #expect(page.continuation == nil)
        #expect(try self.page("").objects.isEmpty)
    }

    @Test func continuationIsNeverDecoded() throws {
        let page = try page(
            "<EncodingType>url</EncodingType><NextContinuationToken>a%2Bb+c=</NextContinuationToken>"
                + object("a+b%2Bc%C3%A9%00"),
            truncated: "<IsTruncated>true</IsTruncated>"
        )
        #expect(page.continuation == "a%2Bb+c=")
        #expect(page.objects.map(\.key) == [ObjectKey("a b+cé\u{0}")])
    }

    @Test func keysAreBytes() throws {
        let encoded = try page("<EncodingType>url</EncodingType>" + object("%ff%FE"))
        #expect(encoded.objects.map(\.key.bytes) == [[0xff, 0xfe]])
        let plain = try page(object("a+b%20&amp;&#x1;"))
        #expect(plain.objects.map(\.key) == [ObjectKey("a+b%20&\u{1}")], "this store did not encode")
    }

    @Test(
        arguments: [
            ("<IsTruncated>true</IsTruncated>", "", "<NextContinuationToken> is missing"),
            ("", "", "<IsTruncated> is missing"),
            ("<IsTruncated>1</IsTruncated>", "", "<IsTruncated> is neither true nor false"),
            ("<IsTruncated>false</IsTruncated>", "<Contents><Key>a</Key></Contents>", "<Size> is missing"),
            ("<IsTruncated>false</IsTruncated>", "<Contents><Size>1</Size></Contents>", "<Key> is missing"),
            (
                "<IsTruncated>false</IsTruncated>", "<Contents><Key>a</Key><Size>-1</Size></Contents>",
                "<Size> is no number"
            ),
            (
                "<IsTruncated>false</IsTruncated>", "<Contents><Key>a</Key><Size>1</Size></Contents>",
                "<LastModified> is missing"
            ),
            (
                "<IsTruncated>false</IsTruncated>",
                "<Contents><Key>a</Key><Size>1</Size><LastModified>now</LastModified></Contents>",
                "<LastModified> is no time"
            ),
            (
                "<EncodingType>url</EncodingType>", "<CommonPrefixes><Prefix>a%2</Prefix></CommonPrefixes>",
                "<Prefix> is not in the encoding url"
            ),
            ("<IsTruncated>false</IsTruncated>", "<CommonPrefixes/>", "<Prefix> is missing"),
        ]
    )
    func whatIsMissingIsSaid(truncated: String, body: String, message: String) {
        let error = #expect(throws: ServiceError.self) { try page(body, truncated: truncated) }
        #expect(error?.description == "the service answers 200 UnreadableAnswer: \(message) (request id RID)")
    }

    @Test func otherDocumentsAreRefused() {
        let other = #expect(throws: ServiceError.self) { try ListPage(answer("<ListBucketsResult/>")) }
        #expect(other?.message == "the document is <ListBucketsResult>")
        let error = #expect(throws: ServiceError.self) { try ListPage(answer("<Error><Code>SlowDown</Code></Error>")) }
        #expect(error?.code == "SlowDown")
    }
}

@Suite struct MultipartAnswersTests {
    @Test func createdUpload() throws {
        let body =
            "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>u+/=</UploadId></InitiateMultipartUploadResult>"
        #expect(try CreatedUpload(answer(body)).uploadID == "u+/=")
        #expect(throws: ServiceError.self) { try CreatedUpload(answer("<InitiateMultipartUploadResult/>")) }
        #expect(throws: ServiceError.self) {
            try CreatedUpload(answer("<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>"))
        }
    }

    @Test func uploads() throws {
        let upload = "<Upload><Key>a+b</Key><UploadId>u1</UploadId><Initiated>2026-01-02T03:04:05Z</Initiated></Upload>"
        let last = try UploadsPage(
            answer("<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\(upload)</ListMultipartUploadsResult>")
        )
        #expect(last.uploads.map(\.key) == [ObjectKey("a+b")])
        #expect(last.uploads.map(\.uploadID) == ["u1"])
        #expect(last.uploads.map(\.initiated.description) == ["2026-01-02T03:04:05.000Z"])
        #expect(last.next == nil)
        let first = try UploadsPage(
            answer(
                "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
                    + "<NextKeyMarker>a%2Bb</NextKeyMarker><NextUploadIdMarker>u%2B</NextUploadIdMarker>\(upload)"
                    + "</ListMultipartUploadsResult>"
            )
        )
        #expect(first.uploads.map(\.key) == [ObjectKey("a b")])
        #expect(first.next == UploadsPage.Marker(key: ObjectKey("a+b"), uploadID: "u%2B"))
    }

    @Test func parts() throws {
        let part =
            "<Part><PartNumber>3</PartNumber><ETag>&quot;e3&quot;</ETag><Size>8388608</Size>"
            + "<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32></Part>"
        let page = try PartsPage(
            answer(
                "<ListPartsResult>\(part)<Part><PartNumber>4</PartNumber><Size>1</Size></Part><IsTruncated>true</IsTruncated>"
                    + "<NextPartNumberMarker>4</NextPartNumberMarker></ListPartsResult>"
            )
        )
        #expect(page.parts.map(\.number) == [3, 4])
        #expect(page.parts.map(\.sizeBytes) == [8_388_608, 1])
        #expect(page.parts.map(\.entityTag) == ["\"e3\"", nil])
        #expect(page.parts.map(\.checksum) == [ChecksumValue(.crc32, base64: "y/Q5Jg=="), nil])
        #expect(page.nextMarker == 4)
        #expect(throws: ServiceError.self) { try PartsPage(answer("<ListPartsResult>\(part)</ListPartsResult>")) }
    }

    @Test func storedObjects() throws {
        let fields =
            "<ETag>&quot;e-2&quot;</ETag><ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>"
        let completed = try StoredObject(
            completed: answer("<CompleteMultipartUploadResult>\(fields)</CompleteMultipartUploadResult>")
        )
        #expect(completed.entityTag == "\"e-2\"")
        #expect(completed.checksum == ObjectChecksum(.crc64nvme, text: "rosUhgp5mIg="))
        let copied = try StoredObject(copied: answer("<CopyObjectResult>\(fields)</CopyObjectResult>"))
        #expect(copied == completed)
        let error = #expect(throws: ServiceError.self) {
            try StoredObject(completed: answer(" \n  <Error><Code>InternalError</Code></Error>"))
        }
        #expect(error?.code == "InternalError")
        #expect(throws: ServiceError.self) { try StoredObject(copied: answer("<CopyObjectResult/>")) }
        let empty = HTTPResponse(head: HTTPResponseHead(status: 200, headers: [:]))
        #expect(throws: ServiceError.self) { try StoredObject(completed: empty) }
    }

    @Test func deletedObjects() throws {
        let page = try DeletedObjects(
            answer(
                "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b&amp;</Key><Code>AccessDenied</Code><Message>No</Message></Error></DeleteResult>"
            )
        )
        #expect(page.failures == [DeletedObjects.Failure(key: ObjectKey("b&"), code: "AccessDenied", message: "No")])
        #expect(try DeletedObjects(answer("<DeleteResult/>")).failures.isEmpty)
    }

    @Test func attributes() throws {
        let checksum =
            "<Checksum><ChecksumSHA256>FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=</ChecksumSHA256><ChecksumType>COMPOSITE</ChecksumType></Checksum>"
        let part =
            "<Part><PartNumber>1</PartNumber><Size>5</Size><ChecksumSHA256>FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=</ChecksumSHA256></Part>"
        let found = try ObjectAttributes(
            answer(
                "<GetObjectAttributesResponse><ETag>e</ETag>\(checksum)<ObjectParts><PartsCount>2</PartsCount>"
                    + "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>\(part)</ObjectParts>"
                    + "<ObjectSize>10</ObjectSize></GetObjectAttributesResponse>"
            )
        )
        #expect(found.entityTag == "e")
        #expect(found.sizeBytes == 10)
        #expect(found.partCount == 2)
        #expect(found.checksum?.text == "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=-2")
        #expect(found.parts.map(\.sizeBytes) == [5])
        #expect(found.parts.first?.checksum == found.checksum?.value)
        #expect(found.nextMarker == 1)
        let plain = try ObjectAttributes(
            answer(
                "<GetObjectAttributesOutput><ObjectParts><TotalPartsCount>3</TotalPartsCount></ObjectParts></GetObjectAttributesOutput>"
            )
        )
        #expect(plain.partCount == 3 && plain.parts.isEmpty && plain.sizeBytes == nil && plain.checksum == nil)
        let whole = try ObjectAttributes(
            answer(
                "<GetObjectAttributesResponse><Checksum><ChecksumCRC32>y/Q5Jg==</ChecksumCRC32></Checksum></GetObjectAttributesResponse>"
            )
        )
        #expect(whole.checksum == ObjectChecksum(.crc32, text: "y/Q5Jg=="))
        #expect(whole.partCount == nil)
    }
}

@Suite struct RequestDocumentTests {
    private let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

    @Test func completion() {
        let document = RequestDocument.completeUpload([
            RequestDocument.Part(
                number: 1,
                entityTag: "\"a\"",
                checksum: ChecksumValue(.crc64nvme, base64: "rosUhgp5mIg=")
            ),
            RequestDocument.Part(number: 10_000, entityTag: "b<", checksum: ChecksumValue(.md5, of: [])),
        ])
        let expected =
            "<CompleteMultipartUpload \(namespace)><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag>"
            + "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></Part><Part><PartNumber>10000</PartNumber>"
            + "<ETag>b&lt;</ETag></Part></CompleteMultipartUpload>"
        #expect(String(decoding: document, as: UTF8.self) == expected)
    }

    /// What is written is read back byte by byte.
    @Test(arguments: ["a", " ", " a\tb\n\r c ", "<&>\"'", "]]>", "çe\u{301}😀", "&amp;", "\u{7f}\u{85}", "a//../b"])
    func keysSurvive(key: String) throws {
        #expect(RequestDocument.canName(ObjectKey(key)))
        let root = try XMLReader.read(RequestDocument.delete([ObjectKey(key), ObjectKey("x")]))
        #expect(root.text("Quiet") == "true")
        #expect(root.children("Object").map { $0.child("Key")?.bytes } == [Array(key.utf8), Array("x".utf8)])
    }

    @Test(arguments: [[0x61, 0], [1], [0x1f], [0xff], [0xc3], [0xef, 0xbf, 0xbe]] as [[UInt8]])
    func someKeysHaveNoXML(bytes: [UInt8]) {
        #expect(!RequestDocument.canName(ObjectKey(bytes: bytes)))
    }
}
