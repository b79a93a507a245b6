import AWSRequests
import Checksums
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// Uploads that a killed run left: the next one goes on with them, or removes them.
@Suite(.timeLimit(.minutes(15))) struct ResumedUploadTests {
    static let content = noise(3 * Lab.partBytes + 5000, seed: 7)

    /// Leaves an upload with some of its parts, as a run does that is killed.
    @discardableResult
    private func leave(_ parts: [Int], of key: ObjectKey, checks: UploadCheck) async throws -> MultipartUpload {
        let store = try Lab.store()
        var arguments: JSONObject = ["Bucket": .string(store.bucket), "Key": .string("\(key)")]
        if checks == .checksum {
            arguments["ChecksumAlgorithm"] = "CRC64NVME"
            arguments["ChecksumType"] = "FULL_OBJECT"
        } else {
            store.client.fallBackToMD5(bucket: store.bucket)
        }
        let created = try Lab.oracle().call("create_multipart_upload", arguments)
        let name = try #require(created["UploadId"]?.stringValue)
        let upload = MultipartUpload(store: store, key: key, uploadID: name)
        for number in parts {
            let buffer = PartBuffer()
            let start = (number - 1) * Lab.partBytes
            Self.content[start..<min(start + Lab.partBytes, Self.content.count)].withUnsafeBytes { buffer.append($0) }
            try await upload.send(buffer, part: number)
        }
        return upload
    }

    /// Uploads the content in a new run through a proxy.
    private func upload(
        to key: ObjectKey,
        _ options: WriteOptions = WriteOptions(),
        asStream: Bool = false,
        notes: Notes = Notes()
    ) async throws -> [RecordedRequest] {
        let proxy = try FaultProxy(to: S3Server.shared().endpoint)
        defer { proxy.stop() }
        let store = try Lab.store(at: proxy.endpoint, notes: notes)
        try await Lab.heavily {
            guard !asStream else { return try await store.put(Self.content, to: key, options: options) }
            try await withTemporaryDirectory { folder in
                try write(Self.content, to: folder.appending("file"))
                let progress = TransferProgress()
                let file = folder.appending("file")
                _ = try await store.upload(file, to: key, options: options, progress: progress)
                #expect(progress.figures.bytesDone == Int64(Self.content.count))
            }
        }
        try Lab.expectStored(Self.content, at: key)
        #expect(try Lab.openUploads(of: key) == 0)
        return proxy.requests
    }

    private func sentParts(_ requests: [RecordedRequest]) -> [String] {
        requests.filter { $0.method == "PUT" }.compactMap { $0.queryValue("partNumber") }.sorted()
    }

    @Test(arguments: [UploadCheck.checksum, .md5], [[1, 3], [2], [], [1, 2, 3, 4]])
    func onlyMissingPartsAreSent(checks: UploadCheck, parts: [Int]) async throws {
        let key = Lab.key("left")
        try await leave(parts, of: key, checks: checks)
        let notes = Notes()
        let requests = try await upload(to: key, notes: notes)
        #expect(sentParts(requests) == (1...4).filter { !parts.contains($0) }.map(String.init))
        #expect(!requests.contains { $0.queryValue("uploads") != nil && $0.method == "POST" })
        #expect(notes.count("going on with an upload") == 1)
    }

    @Test func aStreamGoesOn() async throws {
        let key = Lab.key("left")
        try await leave([1, 2], of: key, checks: .checksum)
        #expect(sentParts(try await upload(to: key, asStream: true)) == ["3", "4"])
    }

    /// The file is another one now: what lies there is of no use.
    @Test func partsWithOtherBytesAreSentAgain() async throws {
        let key = Lab.key("left")
        let left = try await leave([1], of: key, checks: .checksum)
        let other = PartBuffer()
        noise(Lab.partBytes, seed: 99).withUnsafeBytes { other.append($0) }
        try await left.send(other, part: 2)
        let sent = sentParts(try await upload(to: key))
        #expect(sent == ["2", "3", "4"])
    }

    /// Nothing tells with which key or tags an upload was begun.
    @Test(arguments: [WriteOptions(tags: [ObjectTag(key: "a", value: "b")]), WriteOptions(storageClass: "STANDARD_IA")])
    func withOptionsItIsBegunAnew(options: WriteOptions) async throws {
        let key = Lab.key("left")
        try await leave([1], of: key, checks: .checksum)
        let requests = try await upload(to: key, options)
        #expect(sentParts(requests) == ["1", "2", "3", "4"])
        #expect(requests.count { $0.method == "DELETE" && $0.queryValue("uploadId") != nil } == 1)
        #expect(requests.count { $0.method == "POST" && $0.queryValue("uploads") != nil } == 1)
    }

    @Test func ofSeveralTheOthersAreRemoved() async throws {
        let key = Lab.key("left")
        try await leave([1], of: key, checks: .checksum)
        try await leave([2], of: key, checks: .checksum)
        #expect(try Lab.openUploads(of: key) == 2)
        #expect(sentParts(try await upload(to: key)).count == 3)
    }

    /// An upload of this very run is not taken for one of a killed run.
    @Test func anUploadOfThisRunIsLeftAlone() async throws {
        let soon = Timestamp(milliseconds: Timestamp.now().milliseconds + 60_000)
        let server = try ScriptedServer { request in
            switch (request.method, request.queryValue("uploadId")) {
            case ("GET", _):
                .http(
                    200,
                    text: """
                        <ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>k</Key>
                        <UploadId>own</UploadId><Initiated>\(soon)</Initiated></Upload></ListMultipartUploadsResult>
                        """
                )
            case ("POST", nil): .http(200, text: ScriptedXML.created)
            case ("POST", _): .http(200, text: ScriptedXML.completed)
            default: ScriptedXML.storedPart(request)
            }
        }
        defer { server.stop() }
        try await Lab.store(at: server.endpoint).put(
            UploadFaultTests.large,
            to: ObjectKey("k"),
            options: WriteOptions()
        )
        #expect(!server.requests.contains { $0.queryValue("uploadId") == "own" })
    }

    /// A key that only begins like ours is another object.
    @Test func uploadsOfOtherKeysAreLeftAlone() async throws {
        let key = Lab.key("left")
        let other = key.appending("-other")
        try await leave([1], of: other, checks: .checksum)
        #expect(sentParts(try await upload(to: key).filter { $0.path.hasSuffix("\(key)") }).count == 4)
        #expect(try Lab.openUploads(of: other) == 1)
        #expect(try await Lab.store().removeAbandonedUploads(prefix: other, begunBefore: .now()) == 1)
    }

    /// A role may be allowed to write and not to list; a store may not know the question.
    @Test(arguments: [403, 404, 405, 501])
    func aStoreThatListsNoUploads(status: Int) async throws {
        let key = Lab.key("unlisted")
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { request in
            request.method == "GET" ? .answer(.error(status, "NotToday")) : .pass
        }
        defer { proxy.stop() }
        try await Lab.store(at: proxy.endpoint).put(UploadFaultTests.large, to: key, options: WriteOptions())
        try Lab.expectStored(UploadFaultTests.large, at: key)
    }

    @Test func abandonedUploadsAreRemoved() async throws {
        let folder = "\(Lab.key("abandoned"))/"
        // SeaweedFS says that it encodes these keys for an address and does not: `+` would be taken for a blank.
        for name in ["a b", "c-d", "sub/e", "f"] {
            try await leave([], of: ObjectKey(folder + name), checks: .checksum)
        }
        let begun = Timestamp.now()
        let store = try Lab.store()
        let long = Timestamp(milliseconds: begun.milliseconds - 3_600_000)
        #expect(try await store.removeAbandonedUploads(prefix: ObjectKey(folder), begunBefore: long) == 0)
        let later = Timestamp(milliseconds: begun.milliseconds + 1000)
        #expect(try await store.removeAbandonedUploads(prefix: ObjectKey(folder + "sub/"), begunBefore: later) == 1)
        #expect(try Lab.openUploads(below: folder) == 3)
        #expect(try await store.removeAbandonedUploads(prefix: ObjectKey(folder), begunBefore: later) == 3)
        #expect(try Lab.openUploads(below: folder) == 0)
    }

    /// More than a page of uploads, and of parts.
    @Test func pagesOfUploadsAndParts() async throws {
        let page = """
            <ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>[truncated]</IsTruncated>
            <NextKeyMarker>a%2Bb</NextKeyMarker><NextUploadIdMarker>u1</NextUploadIdMarker>
            <Upload><Key>[key]</Key><UploadId>[name]</UploadId><Initiated>2020-01-01T00:00:00Z</Initiated></Upload>
            </ListMultipartUploadsResult>
            """
        @Sendable func document(_ isTruncated: String, _ key: String, _ name: String) -> String {
            page.replacing("[truncated]", with: isTruncated).replacing("[key]", with: key).replacing(
                "[name]",
                with: name
            )
        }
        let server = try ScriptedServer { request in
            guard request.method == "GET" else { return .http(204) }
            return request.queryValue("key-marker") == nil
                ? .http(200, text: document("true", "a%2Bb", "u1")) : .http(200, text: document("false", "c", "u2"))
        }
        defer { server.stop() }
        let removed = try await Lab.store(at: server.endpoint)
            .removeAbandonedUploads(prefix: ObjectKey(""), begunBefore: .now())
        #expect(removed == 2)
        let second = server.requests[1]
        #expect(second.queryValue("key-marker") == "a%2Bb" && second.queryValue("upload-id-marker") == "u1")
        #expect(server.requests.suffix(2).map(\.path.last) == ["b", "c"])
    }
}
