import AWSRequests
import AWSSigning
import Checksums
import ObjectStorage
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import S3

/// Whatever happens to the requests: what is stored is what was sent, or there is one clear error and nothing new.
@Suite(.timeLimit(.minutes(15))) struct UploadFaultTests {
    /// How an object is stored.
    enum Way: String, CaseIterable, CustomTestStringConvertible {
        case small = "a small file"
        case parts = "a file in parts"
        case smallStream = "a small stream"
        case partStream = "a stream in parts"

        var testDescription: String { rawValue }
        var content: [UInt8] {
            self == .small || self == .smallStream ? UploadFaultTests.small : UploadFaultTests.large
        }
        var isInParts: Bool { self == .parts || self == .partStream }
    }

    static let small = noise(60_000, seed: 4)
    static let large = noise(Lab.partBytes + 60_000, seed: 5)

    typealias Case = DownloadFaultTests.Case

    static let cases = [
        Case(testDescription: "cut at once, RST", fault: .cutUpload(after: 0, .reset)),
        Case(testDescription: "cut in the middle, RST", fault: .cutUpload(after: 30_000, .reset)),
        Case(testDescription: "cut in the middle, FIN", fault: .cutUpload(after: 30_000, .finish), times: 3),
        Case(testDescription: "stored, but no answer, RST", fault: .cutAnswer(after: nil, .reset)),
        Case(testDescription: "stored, but no answer, FIN", fault: .cutAnswer(after: nil, .finish)),
        Case(testDescription: "hung up", fault: .hangUp(.reset)),
        Case(testDescription: "a stall in the middle", fault: .stallUpload(after: 30_000)),
        Case(testDescription: "stored, but a stall", fault: .stallAnswer(after: nil)),
        Case(testDescription: "a wrong byte", fault: .corruptUpload(at: 10_000)),
        Case(testDescription: "503 five times", fault: .answer(.error(503, "SlowDown")), times: 5),
        Case(testDescription: "503 before the body", fault: .answerEarly(.error(503, "SlowDown"))),
        Case(testDescription: "BadDigest", fault: .answer(.error(400, "BadDigest"))),
        Case(testDescription: "late", fault: .delayAnswer(.milliseconds(50))),
    ]

    @Test(arguments: Way.allCases, cases)
    func whatIsStoredIsWhatWasSent(way: Way, fault: Case) async throws {
        let key = Lab.key("upload")
        let plan = FirstRequests(fault.times, fault.fault) { $0.method == "PUT" }
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { plan($0) }
        defer { proxy.stop() }
        let progress = TransferProgress()
        try await store(way, at: key, through: proxy, progress, transport: fault.transport)
        try Lab.expectStored(way.content, at: key)
        #expect(try Lab.openUploads(of: key) == 0)
        if way == .small || way == .parts { #expect(progress.figures.bytesDone == Int64(way.content.count)) }
        #expect(proxy.requests("PUT").count > (way.isInParts ? 1 : 0))
        try proxy.expectRightSignatures()
    }

    /// A store that has the request begins the upload, whoever waits; only its answer says how to abort it.
    @Test func anUploadThatWasBeginningWhenItWasCancelledIsAborted() async throws {
        let (asked, cancelled) = (Semaphore(), Semaphore())
        let server = try ScriptedServer { request in
            guard request.queryValue("uploads") != nil else { return .http(204) }
            guard request.method == "POST" else {
                return .http(
                    200,
                    text: "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
                )
            }
            asked.signal()
            cancelled.wait()
            return .http(
                200,
                text: "<InitiateMultipartUploadResult><UploadId>begun</UploadId></InitiateMultipartUploadResult>"
            )
        }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        // The answer must be taken within a second.
        try await Lab.heavily {
            try await withTemporaryDirectory { folder in
                let file = folder.appending("file")
                try write(Self.large, to: file)
                let task = Task { try await store.upload(file, to: Lab.key("begun"), options: WriteOptions()) }
                await asked.waitAside()
                task.cancel()
                cancelled.signal()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
        }
        let aborts = server.requests.filter { $0.method == "DELETE" }
        #expect(aborts.map { $0.queryValue("uploadId") } == ["begun"])
    }

    /// The requests that begin and end an upload in parts.
    @Test(
        arguments: [Way.parts, .partStream],
        [
            Case(testDescription: "no answer", fault: .cutAnswer(after: nil, .reset)),
            Case(testDescription: "hung up", fault: .hangUp(.finish)),
            Case(testDescription: "503", fault: .answer(.error(503, "SlowDown")), times: 2),
            Case(testDescription: "200 with an error", fault: .answer(.error(200, "InternalError")), times: 2),
            Case(testDescription: "200 without a body", fault: .answer(.http(200))),
            Case(testDescription: "200 and half a body", fault: .answer(.http(200, text: "<CompleteMultipartUploa"))),
        ]
    )
    func beginningAndEnd(way: Way, fault: Case) async throws {
        for isEnd in [false, true] {
            let key = Lab.key("ends")
            let plan = FirstRequests(fault.times, fault.fault) { request in
                request.method == "POST" && (request.queryValue("uploadId") != nil) == isEnd
            }
            let proxy = try FaultProxy(to: S3Server.shared().endpoint) { plan($0) }
            defer { proxy.stop() }
            try await store(way, at: key, through: proxy)
            try Lab.expectStored(way.content, at: key)
            // An upload that began without our knowing its name is left for a later run to remove.
            if isEnd { #expect(try Lab.openUploads(of: key) == 0) }
        }
    }

    @Test(arguments: Way.allCases)
    func whatNeverWorksLeavesNothing(way: Way) async throws {
        let key = Lab.key("never")
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { request in
            request.method == "PUT" ? .answer(.error(503, "SlowDown")) : .pass
        }
        defer { proxy.stop() }
        let error = await #expect(throws: ObjectStoreError.self) { try await store(way, at: key, through: proxy) }
        #expect(error?.code == .unavailable)
        #expect(error?.description.hasPrefix("s3://\(try Lab.bucket())/\(key): ") == true)
        #expect(error?.description.contains("503 SlowDown") == true)
        #expect(try Lab.openUploads(of: key) == 0)
        #expect(try Lab.oracle().list(Lab.bucket(), prefix: "\(key)").isEmpty)
    }

    private func store(
        _ way: Way,
        at key: ObjectKey,
        through proxy: FaultProxy,
        _ progress: TransferProgress? = nil,
        transport: AsyncHTTPTransport = Lab.transport
    ) async throws {
        let store = try Lab.store(at: proxy.endpoint, transport: transport) {
            // Where a busy server looks like one that stalls, it may do so often.
            if transport === Lab.impatient { $0.retries.maximumAttempts = 100 }
        }
        let content = way.content
        try await Lab.heavily {
            switch way {
            case .smallStream, .partStream: try await store.put(content, to: key, options: WriteOptions())
            case .small, .parts:
                try await withTemporaryDirectory { folder in
                    let file = folder.appending("file")
                    try write(content, to: file)
                    _ = try await store.upload(file, to: key, options: WriteOptions(), progress: progress)
                }
            }
        }
    }

    // MARK: Files that change

    @Test(arguments: [60_000, Lab.partBytes + 60_000])
    func aFileThatBecomesShorterIsSaid(size: Int) throws {
        try withTemporaryDirectory { folder in
            let file = folder.appending("file")
            try write(noise(size), to: file)
            let source = try UploadSource(file)
            // Not replaced: the open file itself becomes shorter.
            let descriptor = try FileDescriptor.open(file, .writeOnly, options: .truncate)
            _ = try descriptor.closeAfter { try descriptor.writeAll([1]) }
            let fault = #expect(throws: TransferFault.self) {
                try source.read(0..<Int64(size), into: PartBuffer(), CancellationFlag())
            }
            #expect(fault?.description.contains("had \(size) bytes and has 1 now") == true)
        }
    }

    // MARK: Streams

    /// A part is sent while the next one is made, the first too: what waits for the second arrives that much later.
    @Test func theFirstPartIsSentAtOnce() async throws {
        let server = try ScriptedServer { request in
            switch (request.method, request.queryValue("uploadId")) {
            case ("GET", _): .http(200, text: ScriptedXML.noUploads)
            case ("POST", nil): .http(200, text: ScriptedXML.created)
            case ("PUT", _): ScriptedXML.storedPart(request)
            default: .http(200, text: ScriptedXML.completed)
            }
        }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        let wasSent = try await store.write(ObjectKey("k"), options: WriteOptions()) { sink in
            try noise(Lab.partBytes).withUnsafeBytes { try sink.write($0) }
            let wasSent = server.wait { $0.requests.contains { $0.queryValue("partNumber") == "1" } }
            try noise(10).withUnsafeBytes { try sink.write($0) }
            return wasSent
        }
        #expect(wasSent)
        #expect(server.requests.count { $0.method == "PUT" } == 2)
    }

    // MARK: The lost answer to the last request

    /// The upload was put together, but nobody heard of it: the next try is told that there is no such upload.
    @Test(arguments: [true, false])
    func completedWithoutAnAnswer(isStored: Bool) async throws {
        let content = Self.large
        let completions = Atomic(0)
        let server = try ScriptedServer { request in
            switch (request.method, request.queryValue("uploadId")) {
            case ("GET", _): return .http(200, text: ScriptedXML.noUploads)
            case ("POST", nil): return .http(200, text: ScriptedXML.created)
            case ("PUT", _): return ScriptedXML.storedPart(request)
            case ("DELETE", _): return .http(204)
            case ("HEAD", _):
                return .http(200, headers: [("ETag", "\"x-2\"")], body: Array(content.dropLast(isStored ? 0 : 1)))
            default:
                let isFirst = completions.add(1, ordering: .relaxed).newValue == 1
                return isFirst ? .http(200).ended(.reset, after: 0) : .error(404, "NoSuchUpload")
            }
        }
        defer { server.stop() }
        try await withTemporaryDirectory { folder in
            try write(content, to: folder.appending("f"))
            let store = try Lab.store(at: server.endpoint)
            func upload() async throws -> Int64 {
                try await store.upload(folder.appending("f"), to: ObjectKey("k"), options: WriteOptions())
            }
            if isStored {
                #expect(try await upload() == Int64(content.count))
                #expect(completions.load(ordering: .relaxed) == 2)
            } else {
                let error = await #expect(throws: ObjectStoreError.self) { try await upload() }
                #expect(error?.code == .notFound)
            }
        }
    }

    /// Another host took the upload for abandoned and removed it: it is begun anew, once.
    @Test func anUploadThatSomebodyElseAborted() async throws {
        let key = Lab.key("aborted")
        let plan = FirstRequests(1, .answer(.error(404, "NoSuchUpload"))) { $0.method == "PUT" }
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { plan($0) }
        defer { proxy.stop() }
        try await store(.parts, at: key, through: proxy)
        try Lab.expectStored(Self.large, at: key)
        #expect(proxy.requests("POST").count { $0.queryValue("uploads") != nil } == 2)
    }
}

/// Documents of a store that keeps nothing.
enum ScriptedXML {
    static let noUploads = """
        <ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>
        """
    static let created = """
        <InitiateMultipartUploadResult><UploadId>scripted</UploadId></InitiateMultipartUploadResult>
        """
    static let completed = """
        <CompleteMultipartUploadResult><ETag>"scripted-2"</ETag></CompleteMultipartUploadResult>
        """

    /// The answer of a store that took a part and checked it by its CRC64NVME.
    static func storedPart(_ request: RecordedRequest) -> ScriptedAnswer {
        let sum = request.header("x-amz-checksum-crc64nvme") ?? ""
        return .http(200, headers: [("ETag", "\"part\""), ("x-amz-checksum-crc64nvme", sum)])
    }
}
