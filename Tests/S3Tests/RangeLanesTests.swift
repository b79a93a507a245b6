import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import S3

@Suite(.timeLimit(.minutes(15))) struct RangeLanesTests {
    /// 500 MB a second and core, of up to four cores.
    @Test(
        arguments: [
            (0, 25, 1, true), (12_499_999, 25, 1, true), (12_500_000, 25, 1, false), (24_000_000, 25, 2, true),
            (25_000_000, 25, 2, false), (49_000_000, 25, 64, true), (50_000_000, 25, 64, false),
            (90_000_000 * 4 / 5, 200, 2, true),
        ] as [(Int64, Int, Int, Bool)]
    )
    func moreStreamsAreForSlowOnes(received: Int64, milliseconds: Int, cores: Int, isSlow: Bool) {
        #expect(RangeLanes.isSlow(received: received, in: .milliseconds(milliseconds), cores: cores) == isSlow)
    }

    /// A store that answers nobody before sixteen have asked: with fewer streams the download would never end.
    @Test func slowAnswersGetCompany() async throws {
        let store = OneObject(noise(40_000, seed: 5))
        let asked = Mutex(0)
        let company = Semaphore()
        let server = try ScriptedServer { request in
            guard request.method == "GET" else { return store.answer(request) }
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            if number == 16 { for _ in 1..<16 { company.signal() } }
            if number < 16 { company.wait() }
            return store.answer(request)
        }
        defer { server.stop() }
        try await withTemporaryDirectory { folder in
            let file = folder.appending("object")
            let client = try Lab.store(at: server.endpoint) { $0.partBytes = 1000 }
            let object = try await client.head(ObjectKey("object")).summary
            _ = try await client.download(object, to: file, progress: nil)
            expectSame(bytes(of: file), store.bytes)
        }
        // Each range once: no answer was refused for being late.
        #expect(server.requests.count { $0.method == "GET" } == 40)
    }
}
