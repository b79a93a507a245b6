import ObjectStorage
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// Whatever happens to the answers: the bytes are those that were stored, or there is one clear error and no file.
@Suite(.timeLimit(.minutes(15))) struct DownloadFaultTests {
    /// A fault that some requests for the object meet.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fault: Fault
        var times = 1

        /// Connections that find the fault soon, where it is a stall; a server that is slow is none.
        var transport: AsyncHTTPTransport {
            switch fault {
            case .stallAnswer, .stallUpload: Lab.impatient
            default: Lab.transport
            }
        }
    }

    /// How an object is fetched.
    enum Way: String, CaseIterable, CustomTestStringConvertible {
        case whole = "a file by one request"
        case ranges = "a file by many requests"
        case stream = "a stream"

        var testDescription: String { rawValue }
    }

    static let content = noise(300_000, seed: 3)
    private static let stored = Result {
        let key = Lab.key("faults")
        try Lab.oracle().put(content, at: "\(key)", in: Lab.bucket(), checksum: .crc64nvme)
        return key
    }

    static let passing = [
        Case(testDescription: "no answer, FIN", fault: .cutAnswer(after: nil, .finish)),
        Case(testDescription: "no answer, RST", fault: .cutAnswer(after: nil, .reset)),
        Case(testDescription: "a head and FIN", fault: .cutAnswer(after: 0, .finish)),
        Case(testDescription: "a head and RST", fault: .cutAnswer(after: 0, .reset)),
        Case(testDescription: "one byte and FIN", fault: .cutAnswer(after: 1, .finish)),
        Case(testDescription: "a part and FIN", fault: .cutAnswer(after: 30_000, .finish)),
        Case(testDescription: "a part and RST", fault: .cutAnswer(after: 30_000, .reset)),
        Case(testDescription: "cut five times", fault: .cutAnswer(after: 7000, .finish), times: 5),
        Case(testDescription: "hung up, RST", fault: .hangUp(.reset)),
        Case(testDescription: "hung up twice, FIN", fault: .hangUp(.finish), times: 2),
        Case(testDescription: "no byte", fault: .stallAnswer(after: nil)),
        Case(testDescription: "a stall in the middle", fault: .stallAnswer(after: 20_000)),
        Case(testDescription: "503 SlowDown, six times", fault: .answer(.error(503, "SlowDown")), times: 6),
        Case(testDescription: "429", fault: .answer(.http(429))),
        Case(testDescription: "400 RequestTimeout", fault: .answer(.error(400, "RequestTimeout"))),
        Case(testDescription: "500 without a body, early", fault: .answerEarly(.http(500))),
        Case(testDescription: "a slow drip", fault: .dripAnswer(bytes: 4096, pause: .milliseconds(1))),
        Case(testDescription: "late", fault: .delayAnswer(.milliseconds(50))),
        Case(testDescription: "twice", fault: .repeatAnswer),
    ]

    static let lying = [
        Case(testDescription: "a wrong byte", fault: .corruptAnswer(at: 10_000)),
        Case(testDescription: "a length too large", fault: .misstateLength(by: 100)),
        Case(testDescription: "a length too small", fault: .misstateLength(by: -100)),
    ]

    @Test(arguments: Way.allCases, passing)
    func bytesAreThoseStored(way: Way, fault: Case) async throws {
        try await fetch(way, fault) { fetched, proxy, _ in
            expectSame(try fetched.get(), Self.content)
            #expect(proxy.requests("GET").count > (way == .ranges ? 4 : 0))
            try proxy.expectRightSignatures()
        }
    }

    /// A file is fetched anew; the reader of a stream has used the bytes already and is told.
    @Test(arguments: Way.allCases, lying)
    func whatIsWrongIsNoticed(way: Way, fault: Case) async throws {
        try await fetch(way, fault) { fetched, _, notes in
            guard way == .stream else { return expectSame(try fetched.get(), Self.content) }
            let error = #expect(throws: ObjectStoreError.self) { try fetched.get() }
            #expect(error?.description.hasPrefix("s3://") == true, "\(String(describing: error))")
            if case .corruptAnswer = fault.fault { #expect(error?.code == .damaged) }
        }
    }

    /// What never ends is said once, in one sentence, and leaves nothing.
    @Test(
        arguments: Way.allCases,
        [
            Case(testDescription: "cut", fault: .cutAnswer(after: 0, .reset), times: .max),
            Case(testDescription: "503", fault: .answer(.error(503, "SlowDown")), times: .max),
            Case(testDescription: "wrong", fault: .corruptAnswer(at: 500), times: .max),
            Case(testDescription: "forbidden", fault: .answer(.error(403, "AccessDenied")), times: .max),
            Case(
                testDescription: "a proxy's page",
                fault: .answer(.http(502, text: "<html>Bad Gateway</html>")),
                times: .max
            ),
        ]
    )
    func whatNeverEndsIsSaid(way: Way, fault: Case) async throws {
        try await fetch(way, fault) { fetched, proxy, notes in
            let error = #expect(throws: ObjectStoreError.self) { try fetched.get() }
            let message = try #require(error?.description)
            #expect(message.hasPrefix("s3://\(try Lab.bucket())/faults") && !message.contains("\n"), "\(message)")
            switch fault.testDescription {
            case "503", "a proxy's page": #expect(error?.code == .unavailable)
            case "wrong": #expect(error?.code == .damaged)
            case "forbidden": #expect(error?.code == .accessDenied)
            default: #expect(error?.code == .failed || error?.code == .unavailable)
            }
            if fault.testDescription == "503", way != .ranges { #expect(proxy.requests("GET").count == 10) }
            if fault.testDescription == "forbidden" { #expect(notes.waits.isEmpty) }
        }
    }

    /// Fetches the object through a proxy; what is left of a file that failed is a failure of the test.
    private func fetch(
        _ way: Way,
        _ fault: Case,
        _ check: (Result<[UInt8], any Error>, FaultProxy, Notes) throws -> Void
    ) async throws {
        let key = try Self.stored.get()
        let plan = FirstRequests(fault.times, fault.fault) { $0.method == "GET" }
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { plan($0) }
        defer { proxy.stop() }
        let notes = Notes()
        let store = try Lab.store(at: proxy.endpoint, transport: fault.transport, notes: notes) {
            if way == .ranges { $0.partBytes = 65_536 }
        }
        guard way != .stream else {
            let fetched: Result<[UInt8], any Error>
            do { fetched = .success(try await store.get(key)) } catch { fetched = .failure(error) }
            return try check(fetched, proxy, notes)
        }
        try await withTemporaryDirectory { folder in
            let target = folder.appending("target")
            let progress = TransferProgress()
            let fetched: Result<[UInt8], any Error>
            do {
                _ = try await store.download(try await Lab.store().summary(of: key), to: target, progress: progress)
                fetched = .success(bytes(of: target) ?? [])
                #expect(progress.figures.bytesDone == Int64(Self.content.count))
            } catch {
                fetched = .failure(error)
                #expect(FileStatus(of: target) == nil)
                #expect(progress.figures.bytesDone == 0)
            }
            try check(fetched, proxy, notes)
        }
    }

    // MARK: Resuming

    /// The next request asks for the first byte that did not come, and for none that did.
    @Test(arguments: Way.allCases)
    func noByteIsSentTwice(way: Way) async throws {
        let object = OneObject(Self.content)
        let server = try ScriptedServer { request in
            object.answer(request, cutAfter: request.method == "GET" && request.number % 4 != 0 ? 9000 : nil)
        }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint) { if way == .ranges { $0.partBytes = 65_536 } }
        if way == .stream {
            expectSame(try await store.get(ObjectKey("k")), Self.content)
        } else {
            try await withTemporaryDirectory { folder in
                try await store.download(ObjectKey("k"), to: folder.appending("t"))
                expectSame(bytes(of: folder.appending("t")), Self.content)
            }
        }
        let ranges = object.ranges.sorted { $0.lowerBound < $1.lowerBound }
        #expect(ranges.count > 2)
        #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == Self.content.count)
        for (left, right) in zip(ranges, ranges.dropFirst()) { #expect(left.upperBound == right.lowerBound) }
        let resumed = server.requests.filter { $0.header("range") != nil }
        #expect(resumed.allSatisfy { $0.header("if-match") == "\"one\"" })
    }

    /// Progress begins the count of tries anew: a hundred breaks of a large file are no failure.
    @Test func manyBreaksAreNoFailureWhileBytesArrive() async throws {
        let object = OneObject(noise(40_000))
        let server = try ScriptedServer { object.answer($0, cutAfter: $0.method == "GET" ? 1000 : nil) }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        expectSame(try await store.get(ObjectKey("k")), object.bytes)
        #expect(object.ranges.count == 40)
    }

    @Test(arguments: [nil, 100_000])
    func aServerThatIgnoresRanges(cutAfter limit: Int?) async throws {
        let object = OneObject(Self.content, knowsRanges: false)
        let isWhole = FirstRequests(1, .hangUp(.reset)) { $0.header("range") == nil && $0.method == "GET" }
        let server = try ScriptedServer { request in
            guard case .hangUp = isWhole(request) else { return object.answer(request) }
            return object.answer(request, cutAfter: limit)
        }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint) { $0.partBytes = 65_536 }
        try await withTemporaryDirectory { folder in
            let progress = TransferProgress()
            let summary = try await store.summary(of: ObjectKey("k"))
            let target = folder.appending("t")
            _ = try await store.download(summary, to: target, progress: progress)
            expectSame(bytes(of: target), object.bytes)
            #expect(progress.figures.bytesDone == Int64(object.bytes.count))
        }
    }

    // MARK: Changes under way

    /// Between two requests the object is replaced: nothing of the old one is in the file.
    @Test(arguments: [Way.whole, .ranges])
    func anObjectThatIsReplacedWhileItIsFetched(way: Way) async throws {
        let key = Lab.key("replaced")
        let (old, new) = (noise(300_000, seed: 8), noise(200_000, seed: 9))
        let oracle = try Lab.oracle()
        let bucket = try Lab.bucket()
        try oracle.put(old, at: "\(key)", in: bucket)
        let replaced = FirstRequests(1, .cutAnswer(after: 1000, .finish)) { $0.method == "GET" }
        let second = FirstRequests(1, .hangUp(.reset)) { $0.method == "GET" }
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { request in
            let fault = replaced(request)
            // The request whose answer is cut sees the old object, and the rest of it is not there any more.
            if case .pass = fault, case .hangUp = second(request) { _ = try? oracle.put(new, at: "\(key)", in: bucket) }
            return fault
        }
        defer { proxy.stop() }
        let notes = Notes()
        let store = try Lab.store(at: proxy.endpoint, notes: notes) { if way == .ranges { $0.partBytes = 65_536 } }
        try await withTemporaryDirectory { folder in
            let read = try await store.download(key, to: folder.appending("t"))
            expectSame(bytes(of: folder.appending("t")), new)
            #expect(read.sizeBytes == 200_000)
            #expect(notes.count("changed while it was fetched") == 1)
        }
    }

    @Test func aStreamOfAnObjectThatIsReplacedFails() async throws {
        let object = OneObject(noise(5000))
        let other = OneObject(noise(5000, seed: 2), tag: "\"other\"")
        let server = try ScriptedServer { request in
            request.number == 1 ? object.answer(request, cutAfter: 1000) : other.answer(request)
        }
        defer { server.stop() }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await Lab.store(at: server.endpoint).get(ObjectKey("k"))
        }
        #expect(error?.description.contains("412 PreconditionFailed") == true)
    }
}
