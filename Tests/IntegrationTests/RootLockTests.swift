import RunnerCore
import RunnerTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Two runs in one root: the second is refused and touches nothing.
@Suite(.timeLimit(.minutes(15)))
struct RootLockTests {
    @Test("A second run in a busy root ends with 64 and leaves the first one's record alone")
    func secondRun() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", StopTests.handling)
            let first = folder.start(folder.job("alg"))
            #expect(first.waitForOutput("READY\n"))
            let second = folder.run(folder.job("alg"))
            #expect(second.exitCode == 64)
            #expect(second.errors.contains("Another run"))
            let wrong = folder.run(folder.job("alg") + ["--max-runtime", "0"])
            #expect(wrong.exitCode == 64)
            try #expect(folder.record()["status"]?.stringValue == "RUNNING")
            #expect(folder.failure == nil)
            first.send(SIGTERM)
            #expect(first.finish().exitCode == 143)
            #expect(!folder.exists("root/ml/previous"))
            #expect(folder.shell("tar xzOf store/bucket/out/output/model.tar.gz heard").output == "15")
        }
    }

    @Test("A wrong command line sets the last record aside instead of replacing it")
    func lastRecordIsKept() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "print('ok')")
            #expect(folder.run(folder.job("alg")).exitCode == 0)
            #expect(folder.run(folder.job("alg") + ["--max-runtime", "0"]).exitCode == 64)
            try #expect(folder.record()["status"]?.stringValue == "FAILED")
            #expect(folder.text("root/ml/previous/1/output/job.json")?.contains("COMPLETED") == true)
        }
    }
}
