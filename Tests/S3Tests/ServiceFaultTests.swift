import AWSRequests
import AWSSigning
import Checksums
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import S3

/// What the service itself has to say: other credentials, another time, another region, another checksum.
@Suite(.timeLimit(.minutes(15))) struct ServiceFaultTests {
    // MARK: A store that is away

    /// At a job's end nothing else is to be done than to wait; before, somebody may want to know.
    @Test(arguments: [(false, 29, false), (true, 29, true), (true, 101, false)])
    func aPatientClientAsksForLonger(isPatient: Bool, refusals: Int, isStored: Bool) async throws {
        let asked = Atomic(0)
        let server = try ScriptedServer { _ in
            asked.add(1, ordering: .relaxed).newValue <= refusals ? .error(503, "ServiceUnavailable") : .http(200)
        }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        store.client.setPatience(isPatient)
        do {
            try await store.put([1], to: ObjectKey("k"), options: WriteOptions())
            #expect(isStored)
        } catch let error as ObjectStoreError {
            #expect(!isStored && error.code == .unavailable)
        }
        #expect(asked.load(ordering: .relaxed) == (isStored ? refusals + 1 : isPatient ? 100 : 10))
    }

    // MARK: Credentials

    /// A store that takes only the newest token, and finds it expired after some requests.
    private func expiring(
        _ object: OneObject,
        after requests: Int
    ) throws -> (ScriptedServer, RenewedCredentials) {
        let served = Atomic(0)
        let server = try ScriptedServer { request in
            guard request.method == "GET" else { return object.answer(request) }
            let generation = 1 + served.load(ordering: .relaxed) / requests
            guard request.header("x-amz-security-token") == "token-\(generation)" else {
                return .error(400, "ExpiredToken", message: "The provided token has expired.")
            }
            served.add(1, ordering: .relaxed)
            return object.answer(request, cutAfter: 8000)
        }
        return (server, RenewedCredentials())
    }

    /// A transfer goes on where the old credential ended: no byte is asked for twice.
    @Test(arguments: DownloadFaultTests.Way.allCases)
    func anExpiredTokenIsReplacedAndTheTransferGoesOn(way: DownloadFaultTests.Way) async throws {
        let object = OneObject(noise(100_000))
        let (server, credentials) = try expiring(object, after: way == .ranges ? 4 : 2)
        defer { server.stop() }
        let notes = Notes()
        let store = try Lab.store(at: server.endpoint, credentials: credentials, notes: notes) {
            if way == .ranges { $0.partBytes = 30_000 }
            // Which token is the newest is only clear when one request goes at a time.
            $0.connections = 1
        }
        if way == .stream {
            expectSame(try await store.get(ObjectKey("k")), object.bytes)
        } else {
            try await withTemporaryDirectory { folder in
                try await store.download(ObjectKey("k"), to: folder.appending("t"))
                expectSame(bytes(of: folder.appending("t")), object.bytes)
            }
        }
        #expect(credentials.generations > 3)
        #expect(notes.count("credential has expired") > 2)
        #expect(!notes.lines.joined().contains("token-"))
        let ranges = object.ranges.sorted { $0.lowerBound < $1.lowerBound }
        for (left, right) in zip(ranges, ranges.dropFirst()) { #expect(left.upperBound == right.lowerBound) }
        #expect(ranges.map(\.count).reduce(0, +) == object.bytes.count)
        for request in server.requests {
            let token = try #require(request.header("x-amz-security-token"))
            let secret = "secret-\(token.dropFirst("token-".count))"
            #expect(try Lab.oracle().signatureProblem(of: request, secret: secret, token: token) == nil)
        }
    }

    @Test func aCredentialThatCannotBeReplacedIsSaidAtOnce() async throws {
        let server = try ScriptedServer { _ in .error(400, "ExpiredToken") }
        defer { server.stop() }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await Lab.store(at: server.endpoint).get(ObjectKey("k"))
        }
        #expect(error?.description.contains("400 ExpiredToken") == true)
        #expect(server.requests.count == 1)
    }

    @Test func noCredentialIsUnavailable() async throws {
        struct None: CredentialProvider {
            struct Problem: Error, CustomStringConvertible { let description = "no keys anywhere" }
            func credential() async throws -> ResolvedCredential { throw Problem() }
            func credential(replacing rejected: AWSCredential) async throws -> ResolvedCredential { throw Problem() }
        }
        let store = try Lab.store(credentials: None())
        await store.expect(.unavailable) { _ = try await $0.get(ObjectKey("k")) }
        let error = await #expect(throws: ObjectStoreError.self) { try await store.get(ObjectKey("k")) }
        #expect(error?.description.contains("no keys anywhere") == true)
    }

    // MARK: The clock

    @Test(arguments: [-3_600_000, 3_600_000])
    func aClockThatIsOff(milliseconds: Int64) async throws {
        let proxy = try FaultProxy(to: S3Server.shared().endpoint)
        defer { proxy.stop() }
        let notes = Notes()
        let store = try Lab.store(at: proxy.endpoint, notes: notes, clockOffset: milliseconds)
        let key = Lab.key("clock")
        try await store.put([1, 2], to: key, options: WriteOptions())
        #expect(proxy.requests.count == 2)
        // Remembered: no further request is signed with the wrong time.
        #expect(try await store.get(key) == [1, 2])
        #expect(proxy.requests.count == 3)
        #expect(notes.count("clock is off") == 1)
        #expect(notes.waits.isEmpty)
    }

    // MARK: Regions

    struct Redirect: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: ScriptedAnswer
    }

    private static let region = [("x-amz-bucket-region", "eu-central-1")]
    static let redirects = [
        Redirect(
            testDescription: "301 with a header",
            answer: .error(301, "PermanentRedirect", headers: region)
        ),
        Redirect(
            testDescription: "307 with a host",
            answer: .error(
                307,
                "TemporaryRedirect",
                headers: [("Location", "https://elsewhere.invalid/")],
                fields: [("Endpoint", "b.s3.eu-central-1.amazonaws.com")]
            )
        ),
        Redirect(
            testDescription: "400 with a region",
            answer: .error(400, "AuthorizationHeaderMalformed", fields: [("Region", "eu-central-1")])
        ),
        Redirect(testDescription: "301 without a body", answer: .http(301, headers: region)),
        Redirect(testDescription: "400 without a body", answer: .http(400, headers: region)),
    ]

    @Test(arguments: redirects)
    func anotherRegionIsFollowedOnceAndRemembered(redirect: Redirect) async throws {
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { request in
            request.header("authorization")?.contains("/eu-central-1/s3/") == true ? .pass : .answer(redirect.answer)
        }
        defer { proxy.stop() }
        let notes = Notes()
        let store = try Lab.store(at: proxy.endpoint, notes: notes)
        let key = Lab.key("region")
        try await store.put(noise(1000), to: key, options: WriteOptions())
        #expect(proxy.requests.count == 2)
        #expect(try await store.summary(of: key).sizeBytes == 1000)
        expectSame(try await store.get(key), noise(1000))
        #expect(proxy.requests.count == 4)
        #expect(notes.count("lies in eu-central-1") == 1)
        #expect(notes.waits.isEmpty)
        try proxy.expectRightSignatures()
    }

    @Test func redirectsInACircleEnd() async throws {
        let server = try ScriptedServer { request in
            .error(301, "PermanentRedirect", headers: [("x-amz-bucket-region", "eu-west-\(request.number)")])
        }
        defer { server.stop() }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await Lab.store(at: server.endpoint).get(ObjectKey("k"))
        }
        #expect(error?.description.contains("301 PermanentRedirect") == true)
        #expect(server.requests.count == 2)
    }

    @Test func aRedirectWithoutARegionIsAnError() async throws {
        let server = try ScriptedServer { _ in .http(302, headers: [("Location", "http://127.0.0.1:1/x")]) }
        defer { server.stop() }
        await #expect(throws: ObjectStoreError.self) { try await Lab.store(at: server.endpoint).get(ObjectKey("k")) }
        #expect(server.requests.count == 1)
    }

    // MARK: Checksums

    /// A store of which only `Content-MD5` is understood.
    private func oldStore(_ refusal: ScriptedAnswer?) throws -> ScriptedServer {
        try ScriptedServer { request in
            switch (request.method, request.queryValue("uploadId")) {
            case ("GET", _): return .http(200, text: ScriptedXML.noUploads)
            case ("DELETE", _): return .http(204)
            case ("POST", nil):
                if let refusal, request.header("x-amz-checksum-algorithm") != nil { return refusal }
                return .http(200, text: ScriptedXML.created)
            case ("POST", _): return .http(200, text: ScriptedXML.completed)
            default:
                if let refusal, request.header("x-amz-checksum-crc64nvme") != nil { return refusal }
                let tag = ChecksumValue(.md5, of: request.body).bytes.map { byte in
                    let digits = String(byte, radix: 16)
                    return digits.utf8.count == 1 ? "0\(digits)" : digits
                }
                let isWhole = request.body.count == request.bodyCount
                return .http(200, headers: [("ETag", isWhole ? "\"\(tag.joined())\"" : "\"of another kind\"")])
            }
        }
    }

    static let refusals: [ScriptedAnswer?] = [
        nil, .error(501, "NotImplemented"), .error(400, "InvalidArgument"), .error(400, "InvalidRequest"),
        .error(400, "XNotImplemented"), .http(501),
    ]

    /// What a store does not check, or refuses, is never sent unchecked; and asked only once.
    @Test(arguments: refusals.indices)
    func aStoreWithoutChecksumsGetsMD5(index: Int) async throws {
        let server = try oldStore(Self.refusals[index])
        defer { server.stop() }
        let notes = Notes()
        let store = try Lab.store(at: server.endpoint, notes: notes)
        for number in 1...3 {
            try await store.put(noise(1000), to: ObjectKey("\(number)"), options: WriteOptions())
        }
        // The tag of the first answer is the MD5 already; after a refusal the same bytes go again.
        let count = Self.refusals[index] == nil ? 3 : 4
        #expect(server.requests.map { $0.header("x-amz-checksum-crc64nvme") != nil } == (0..<count).map { $0 == 0 })
        let md5 = ChecksumValue(.md5, of: noise(1000)).base64
        #expect(server.requests.map { $0.header("content-md5") } == (0..<count).map { $0 == 0 ? nil : md5 })
        #expect(notes.count("does not check CRC64NVME") == 1)
        for request in server.requests { #expect(try Lab.oracle().signatureProblem(of: request) == nil) }
    }

    @Test(arguments: refusals.indices)
    func partsOfAStoreWithoutChecksums(index: Int) async throws {
        let server = try oldStore(Self.refusals[index])
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        try await store.put(noise(2 * Lab.partBytes), to: ObjectKey("k"), options: WriteOptions())
        let parts = server.requests.filter { $0.method == "PUT" }
        #expect(Set(parts.compactMap { $0.queryValue("partNumber") }).count == 2)
        #expect(
            parts.allSatisfy { ($0.header("content-md5") == nil) != ($0.header("x-amz-checksum-crc64nvme") == nil) }
        )
        guard Self.refusals[index] != nil else { return }
        #expect(parts.count == 2 && parts.allSatisfy { $0.header("content-md5") != nil })
        let end = try #require(server.requests.last { $0.method == "POST" })
        #expect(end.header("x-amz-checksum-type") == nil)
        #expect(!String(decoding: end.body, as: UTF8.self).contains("Checksum"))
    }

    /// The store says it has other bytes than were sent.
    @Test(arguments: [true, false])
    func aStoreThatHasOtherBytesIsNoticed(isCRC: Bool) async throws {
        let server = try ScriptedServer { request in
            isCRC
                ? .http(200, headers: [("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="), ("ETag", "\"x\"")])
                : .http(200, headers: [("ETag", "\"00000000000000000000000000000000\"")])
        }
        defer { server.stop() }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await Lab.store(at: server.endpoint).put([1, 2], to: ObjectKey("k"), options: WriteOptions())
        }
        #expect(error?.code == .damaged)
    }

    @Test func aRefusalOfSomethingElseIsNoCircle() async throws {
        let server = try ScriptedServer { _ in .error(400, "InvalidArgument", message: "the tags are wrong") }
        defer { server.stop() }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await Lab.store(at: server.endpoint).put([1], to: ObjectKey("k"), options: WriteOptions())
        }
        #expect(error?.description.contains("the tags are wrong") == true)
        #expect(server.requests.count == 2)
    }
}
