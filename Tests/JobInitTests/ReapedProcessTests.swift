import Testing

@testable import JobInit

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What the init makes of an end; the init itself is tested in the binary (`PIDOneTests`).
struct ReapedProcessTests {
    @Test(arguments: [(0, 0, 0), (7, 0, 7), (255, 0, 255), (0, SIGTERM, 143), (0, SIGKILL, 137), (0, 64, 192)])
    func exitCodes(code: Int32, signal: Int32, expected: Int32) {
        #expect(ReapedProcess(processID: 2, code: code, signal: signal).exitCode == expected)
    }

    @Test(arguments: [(0, 0), (137, 0), (0, SIGTERM), (0, SIGSEGV)] as [(Int32, Int32)])
    func anEndOfItsOwnIsNoComplaint(code: Int32, signal: Int32) {
        #expect(ReapedProcess(processID: 2, code: code, signal: signal).complaint(runner: 2) == nil)
    }

    @Test func aKilledRunnerIsNamed() {
        let words = ReapedProcess(processID: 2, code: 0, signal: SIGKILL).complaint(runner: 2)
        #expect(words?.contains("process 2,") == true)
        #expect(words?.contains("SIGKILL") == true)
    }

    @Test func everySignalButTheOneAboutChildrenIsForwarded() {
        #expect(Set((0...64).filter { !isForwarded($0) }) == [0, SIGCHLD])
    }
}
