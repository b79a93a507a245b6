import RunnerCore
import SystemPackage
import Testing

@testable import RunnerTestSupport

/// The server and its judge; what they do is what the tests of S3 rely on.
struct S3ServerTests {
    private static let body = pattern(11 << 20)

    @Test("stores what it is given, with each checksum", arguments: [nil] + S3Oracle.Checksum.allCases)
    func putAndGet(checksum: S3Oracle.Checksum?) throws {
        let server = try S3Server.shared()
        let bucket = try server.makeBucket()
        #expect(try server.oracle.list(bucket).isEmpty)
        try server.oracle.put(pattern(1000), at: "a b/ü+%&", in: bucket, checksum: checksum)
        #expect(try server.oracle.bytes(of: "a b/ü+%&", in: bucket) == pattern(1000))
        let head = try server.oracle.head("a b/ü+%&", in: bucket)
        #expect(head.size == 1000)
        let checksums = head.headers.keys.filter { $0.hasPrefix("x-amz-checksum-") && $0 != "x-amz-checksum-type" }
        #expect(checksums.sorted() == (checksum.map { ["x-amz-checksum-" + $0.rawValue.lowercased()] } ?? []))
        #expect(try server.oracle.list(bucket, prefix: "a b").map(\.key) == ["a b/ü+%&"])
        try server.oracle.delete("a b/ü+%&", in: bucket)
        #expect(throws: OracleError.self) { try server.oracle.bytes(of: "a b/ü+%&", in: bucket) }
    }

    @Test("makes multipart objects with a checksum of the parts' or of the whole", arguments: [false, true])
    func multipart(fullObject: Bool) throws {
        let server = try S3Server.shared()
        let bucket = try server.makeBucket()
        let kind = fullObject ? S3Oracle.Checksum.crc64nvme : .crc32c
        try server.oracle.put(
            Self.body,
            at: "k",
            in: bucket,
            checksum: kind,
            partSize: 5 << 20,
            fullObject: fullObject,
            more: ["Metadata": ["a": "b"]]
        )
        let head = try server.oracle.head("k", in: bucket)
        #expect(head.headers["x-amz-checksum-type"] == (fullObject ? "FULL_OBJECT" : "COMPOSITE"))
        #expect(head.headers["x-amz-checksum-" + kind.rawValue.lowercased()]?.hasSuffix("-3") == !fullObject)
        #expect(head.headers["etag"]?.hasSuffix("-3\"") == true)
        #expect(head.headers["x-amz-meta-a"] == "b")
        let digest = try server.oracle.digest(of: "k", in: bucket)
        #expect(digest.size == Self.body.count)
        #expect(try server.oracle.bytes(of: "k", in: bucket) == Self.body)
    }

    @Test("tells open uploads and versions")
    func uploadsAndVersions() throws {
        let server = try S3Server.shared()
        let bucket = try server.makeBucket()
        try server.oracle.call("create_multipart_upload", ["Bucket": .string(bucket), "Key": "open"])
        #expect(try server.oracle.uploads(in: bucket).map(\.key) == ["open"])
        try server.oracle.enableVersioning(of: bucket)
        let first = try server.oracle.put([1], at: "k", in: bucket)
        try server.oracle.put([2], at: "k", in: bucket)
        #expect(try server.oracle.bytes(of: "k", in: bucket) == [2])
        #expect(try server.oracle.bytes(of: "k", in: bucket, version: first["VersionId"]?.stringValue) == [1])
    }

    @Test("takes requests over TLS with its own authority")
    func tls() throws {
        let server = try S3Server.shared()
        let bucket = try server.makeBucket()
        try server.oracle.put(pattern(1000), at: "k", in: bucket, checksum: .crc32, endpoint: server.tlsEndpoint)
        #expect(try server.oracle.bytes(of: "k", in: bucket) == pattern(1000))
    }

    @Test("takes signatures made for a proxy's address, and botocore agrees with itself")
    func proxiedSignature() throws {
        let server = try S3Server.shared()
        let bucket = try server.makeBucket()
        let proxy = try FaultProxy(to: server.endpoint)
        defer { proxy.stop() }
        try server.oracle.put(pattern(1000), at: "a b+c%/ü", in: bucket, endpoint: proxy.endpoint)
        #expect(try server.oracle.bytes(of: "a b+c%/ü", in: bucket) == pattern(1000))
        let request = try #require(proxy.requests.last)
        #expect(request.header("host") == String(proxy.endpoint.dropFirst("http://".count)))
        #expect(try server.oracle.signatureProblem(of: request) == nil)
        #expect(try server.oracle.signatureProblem(of: request, secret: "another")?.contains("signature") == true)
        #expect(try server.oracle.signatureProblem(of: request, token: "t")?.contains("token") == true)
    }

    @Test("an upload that is cut leaves nothing, one that is corrupted is refused")
    func faults() throws {
        let server = try S3Server.shared()
        let bucket = try server.makeBucket()
        let proxy = try FaultProxy(to: server.endpoint) { request in
            request.path.hasSuffix("/cut") ? .cutUpload(after: 500, .reset) : .corruptUpload(at: 10)
        }
        defer { proxy.stop() }
        #expect(throws: OracleError.self) {
            try server.oracle.put(pattern(1000), at: "cut", in: bucket, endpoint: proxy.endpoint)
        }
        #expect(throws: OracleError.self) {
            try server.oracle.put(pattern(1000), at: "bad", in: bucket, checksum: .crc32, endpoint: proxy.endpoint)
        }
        #expect(try server.oracle.list(bucket).isEmpty)
    }

    @Test("a server ends with the process that asked for it, and leaves nothing")
    func endsWithItsInput() throws {
        let repository = BinaryUnderTest.repository
        // Standard input ends at once; the shared server runs on other ports meanwhile.
        let run = RunningProgram.run(
            repository.appending(".venv/bin/python").string,
            [
                "-B", repository.appending("Tests/RunnerTestSupport/s3_oracle.py").string,
                repository.appending(".venv/bin/weed").string,
            ],
            environment: BinaryUnderTest.minimalEnvironment
        )
        #expect(run.exitCode == 0, "\(run.errors)")
        let greeting = try #require(try JSONText.parse(run.lines[0]).objectValue)
        let endpoint = try #require(greeting["endpoint"]?.stringValue)
        #expect(throws: TestServerError.self) { try TestClient(endpoint) }
        #expect(try !JobFolder(path: FilePath(#require(greeting["folder"]?.stringValue))).exists("."))
        #expect(try endpoint != S3Server.shared().endpoint)
    }
}
