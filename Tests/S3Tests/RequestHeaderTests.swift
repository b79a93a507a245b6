import AWSEndpoints
import AWSSigning
import ObjectStorage
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// What every request carries: who may have the bucket, how an object is kept, and what of it is signed.
@Suite(.timeLimit(.minutes(15))) struct RequestHeaderTests {
    private static let options = WriteOptions(
        kmsKeyID: "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        storageClass: "STANDARD_IA",
        tags: [ObjectTag(key: "a b", value: "c&d=e"), ObjectTag(key: "ü", value: "")]
    )

    /// Takes everything, and keeps nothing.
    private func takesEverything() throws -> ScriptedServer {
        let object = OneObject(noise(300_000))
        return try ScriptedServer { request in
            switch (request.method, request.queryValue("uploadId")) {
            case ("GET", _) where request.queryValue("uploads") != nil: .http(200, text: ScriptedXML.noUploads)
            case ("GET", _) where request.queryValue("list-type") != nil:
                .http(200, text: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
            case ("GET", _), ("HEAD", _): object.answer(request)
            case ("POST", nil): .http(200, text: ScriptedXML.created)
            case ("POST", _): .http(200, text: ScriptedXML.completed)
            case ("DELETE", _): .http(204)
            default: ScriptedXML.storedPart(request)
            }
        }
    }

    private func runAll(_ store: S3ObjectStore) async throws {
        try await withTemporaryDirectory { folder in
            for (name, size) in [("small", 1000), ("large", Lab.partBytes + 1000)] {
                try write(noise(size), to: folder.appending(name))
                try await store.upload(folder.appending(name), to: ObjectKey(name), options: Self.options)
                try await store.put(noise(size), to: ObjectKey("stream-\(name)"), options: Self.options)
            }
            try await store.download(ObjectKey("k"), to: folder.appending("target"))
        }
        _ = try await store.get(ObjectKey("k"))
        try await store.list(prefix: ObjectKey("p")) { _ in }
        _ = try await store.isFolder(ObjectKey("p"))
        try await store.delete(ObjectKey("k"))
        _ = try await store.removeAbandonedUploads(prefix: ObjectKey("p"), begunBefore: .now())
    }

    @Test func optionsAreOnWhatMakesAnObjectAndTheOwnerOnEveryRequest() async throws {
        let server = try takesEverything()
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint) {
            $0.expectedBucketOwner = "111122223333"
        }
        try await runAll(store)
        let makers = server.requests.filter { request in
            request.method == "PUT" && request.queryValue("partNumber") == nil
                || request.method == "POST" && request.queryValue("uploads") != nil
        }
        #expect(makers.count == 4)
        for request in makers {
            #expect(request.header("x-amz-server-side-encryption") == "aws:kms")
            #expect(request.header("x-amz-server-side-encryption-aws-kms-key-id") == Self.options.kmsKeyID)
            #expect(request.header("x-amz-storage-class") == "STANDARD_IA")
            #expect(request.header("x-amz-tagging") == "a%20b=c%26d%3De&%C3%BC=")
        }
        // S3 refuses encryption and tags on the other requests of an upload.
        for request in server.requests where !makers.contains(where: { $0.number == request.number }) {
            for name in ["x-amz-server-side-encryption", "x-amz-storage-class", "x-amz-tagging"] {
                #expect(request.header(name) == nil, "\(request.method) \(request.target)")
            }
        }
        #expect(Set(server.requests.map(\.method)) == ["GET", "PUT", "POST", "HEAD", "DELETE"])
        for request in server.requests {
            #expect(request.header("x-amz-expected-bucket-owner") == "111122223333")
            let problem = try Lab.oracle().signatureProblem(of: request)
            #expect(problem == nil, "\(request.method) \(request.target)")
        }
    }

    @Test func withoutOptionsThereAreNoSuchHeaders() async throws {
        let server = try takesEverything()
        defer { server.stop() }
        try await Lab.store(at: server.endpoint).put([1], to: ObjectKey("k"), options: WriteOptions())
        let names = server.requests.flatMap(\.headers).map { $0.name.lowercased() }
        #expect(
            !names.contains {
                $0.hasPrefix("x-amz-server-side") || $0 == "x-amz-tagging" || $0 == "x-amz-storage-class"
            }
        )
        #expect(!names.contains("x-amz-expected-bucket-owner"))
    }

    /// boto3 finds what the server made of the headers.
    @Test(arguments: [1000, Lab.partBytes + 1000])
    func theServerKeepsTagsAndClass(size: Int) async throws {
        let key = Lab.key("kept")
        let options = WriteOptions(storageClass: "STANDARD_IA", tags: [ObjectTag(key: "a b", value: "c/d+e")])
        let store = try Lab.store()
        try await store.put(noise(size), to: key, options: options)
        let place: JSONObject = ["Bucket": .string(store.bucket), "Key": .string("\(key)")]
        let tags = try Lab.oracle().call("get_object_tagging", place)["TagSet"]?.arrayValue?.first?.objectValue
        #expect(tags?["Key"]?.stringValue == "a b" && tags?["Value"]?.stringValue == "c/d+e")
        #expect(try Lab.oracle().head("\(key)", in: store.bucket).headers["x-amz-storage-class"] == "STANDARD_IA")
    }

    @Test(arguments: [1000, Lab.partBytes + 1000])
    func theServerEncrypts(size: Int) async throws {
        let key = Lab.key("encrypted")
        let options = WriteOptions(kmsKeyID: "1234abcd-12ab-34cd-56ef-1234567890ab")
        let store = try Lab.store()
        try await store.put(noise(size), to: key, options: options)
        let headers = try Lab.oracle().head("\(key)", in: store.bucket).headers
        #expect(headers["x-amz-server-side-encryption"] == "aws:kms")
        expectSame(try await store.get(key), noise(size))
        try await withTemporaryDirectory { folder in
            try await store.download(key, to: folder.appending("t"))
            expectSame(bytes(of: folder.appending("t")), noise(size))
        }
    }

    // MARK: Payloads

    /// Over plain HTTP a body that is not signed could be changed on its way by anybody.
    @Test(arguments: S3Configuration.PayloadSigning.allCases, [false, true])
    func bodiesAreSigned(signing: S3Configuration.PayloadSigning, isSecure: Bool) async throws {
        let server = try S3Server.shared()
        let transport = RecordingTransport(isSecure ? try Lab.secure() : Lab.transport)
        let store = try Lab.store(at: isSecure ? server.tlsEndpoint : server.endpoint, transport: transport) {
            $0.payloadSigning = signing
        }
        let key = Lab.key("payload")
        try await store.put(noise(1000), to: key, options: WriteOptions())
        try await store.put(UploadFaultTests.large, to: key, options: WriteOptions())
        try Lab.expectStored(UploadFaultTests.large, at: key)
        let isSigned = signing == .always || signing == .automatic && !isSecure
        let puts = transport.requests.filter { $0.method == .put }
        #expect(puts.count == 3)
        let parts = [noise(1000), Array(UploadFaultTests.large[..<Lab.partBytes])]
        let expected = isSigned ? parts.map { PayloadHash.of($0) } : [PayloadHash.unsigned, PayloadHash.unsigned]
        let first = puts.filter { $0.headers["x-amz-content-sha256"] == expected[0] }
        #expect(first.count == (isSigned ? 1 : 3))
        #expect(
            puts.contains { $0.query.contains("partNumber=1&") && $0.headers["x-amz-content-sha256"] == expected[1] }
        )
        for request in transport.requests where !isSigned {
            #expect(request.headers["x-amz-content-sha256"] == PayloadHash.unsigned)
        }
    }

    /// Where AWS's own endpoints are used, the bucket stands in the host; nothing is sent in this test.
    @Test func theBucketIsInTheHostWhereItCanBe() async throws {
        struct NoTransport: HTTPTransport {
            func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws {
                throw HTTPError(.closed, "not sent")
            }
        }
        let transport = RecordingTransport(NoTransport())
        let store = try Lab.store(transport: transport) { $0.endpoint = EndpointOptions() }
        await store.expect(.unavailable) { _ = try await $0.get(ObjectKey("a b")) }
        #expect(
            transport.requests.map { "\($0.origin)\($0.target)" } == [
                "https://\(store.bucket).s3.us-west-2.amazonaws.com/a%20b"
            ]
        )
    }
}
