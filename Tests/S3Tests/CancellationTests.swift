import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// A transfer that is cancelled ends although nothing moves any more, and leaves nothing.
///
/// The proxy never lets go of what stalls, and half a minute passes before the store would call it a stall; so a
/// `CancellationError` shows that nothing was waited for.
@Suite(.timeLimit(.minutes(15))) struct CancellationTests {
    enum Work: String, CaseIterable, CustomTestStringConvertible {
        case download, rangedDownload, read, list, upload, partUpload, write, partWrite

        var testDescription: String { rawValue }
        var isUpload: Bool { [.upload, .partUpload, .write, .partWrite].contains(self) }
        var isInParts: Bool { self == .partUpload || self == .partWrite }
    }

    static let content = noise(300_000, seed: 6)
    private static let stored = Result {
        let key = Lab.key("cancelled")
        try Lab.oracle().put(content, at: "\(key)", in: Lab.bucket(), checksum: .crc64nvme)
        return key
    }

    @Test(arguments: Work.allCases, [nil, 10])
    func whatStallsEndsWhenItIsCancelled(work: Work, after count: Int?) async throws {
        let stored = try Self.stored.get()
        let key = work.isUpload ? Lab.key("never-stored") : stored
        let proxy = try FaultProxy(to: S3Server.shared().endpoint) { request in
            switch (request.method, work.isUpload) {
            case ("PUT", true): count.map { .stallUpload(after: $0) } ?? .stallAnswer(after: nil)
            case ("GET", false): .stallAnswer(after: count)
            default: .pass
            }
        }
        defer { proxy.stop() }
        try await withTemporaryDirectory { folder in
            let task = Task { try await Self.run(work, key, proxy, folder) }
            // All bytes of a request are with the proxy or the kernel, and the answer does not come.
            #expect(
                await proxy.wait { traffic in
                    let stalled = traffic.requests.filter { $0.method == (work.isUpload ? "PUT" : "GET") }
                    return stalled.contains { !work.isUpload || $0.bytesForwarded > 0 }
                }
            )
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(FileStatus(of: folder.appending("target")) == nil)
        }
        guard work.isUpload else { return }
        #expect(try Lab.openUploads(of: key) == 0)
        if work.isInParts {
            #expect(proxy.requests("DELETE").count == 1)
            #expect(try Lab.oracle().list(Lab.bucket(), prefix: "\(key)").isEmpty)
        }
        // The connections that stalled are closed; at most one that is idle stays: that of the abort.
        #expect(await proxy.wait { $0.openConnections <= 2 })
    }

    private static func run(_ work: Work, _ key: ObjectKey, _ proxy: FaultProxy, _ folder: FilePath) async throws {
        let store = try Lab.store(at: proxy.endpoint) {
            if work == .rangedDownload { $0.partBytes = 65_536 }
        }
        let bytes = work.isInParts ? UploadFaultTests.large : content
        let file = folder.appending("file")
        switch work {
        case .download, .rangedDownload: try await store.download(key, to: folder.appending("target"))
        case .read: _ = try await store.get(key)
        case .list: try await store.list(prefix: key) { _ in }
        case .upload, .partUpload:
            try S3Tests.write(bytes, to: file)
            try await store.upload(file, to: key, options: WriteOptions())
        case .write, .partWrite: try await store.put(bytes, to: key, options: WriteOptions())
        }
    }

    /// Between two tries nothing is under way; the wait ends, too.
    @Test(arguments: [Work.download, .read, .upload, .partWrite])
    func aWaitEndsWhenItIsCancelled(work: Work) async throws {
        let key = try work.isUpload ? Lab.key("never-stored") : Self.stored.get()
        let server = try ScriptedServer { _ in .error(503, "SlowDown") }
        defer { server.stop() }
        try await withTemporaryDirectory { folder in
            let notes = Notes()
            let waiting = Semaphore()
            let store = try Lab.store(at: server.endpoint, notes: notes, waits: waiting)
            let task = Task {
                switch work {
                case .download: _ = try await store.download(key, to: folder.appending("target"))
                case .read: _ = try await store.get(key)
                case .upload:
                    try S3Tests.write(Self.content, to: folder.appending("file"))
                    try await store.upload(folder.appending("file"), to: key, options: WriteOptions())
                default: try await store.put(UploadFaultTests.large, to: key, options: WriteOptions())
                }
            }
            await waiting.waitAside()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(FileStatus(of: folder.appending("target")) == nil)
        }
    }
}
