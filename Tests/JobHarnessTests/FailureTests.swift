import EntryPoint
import RunnerCore
import Testing

@testable import JobHarness
@testable import ProcessSupervision

@Suite struct JobFailureTests {
    @Test(arguments: [0, 1, 2, 3])
    func theFailureTextIsCutBetweenCharacters(offset: Int) {
        let line = String(repeating: "x", count: 977 + offset) + "€€"
        let failure = JobFailure(.userException, code: 1, line)
        #expect(failure.failureText.utf8.count == (offset == 1 ? 978 : offset == 0 ? 980 : 977 + offset))
        #expect(line.hasPrefix(failure.failureText))
    }

    @Test func firstLineAndDetails() {
        let failure = JobFailure(.paths, .usage, "First.", details: ["Second.", "Third."])
        #expect(failure.failureText == "First.\nSecond.\nThird.")
        #expect(failure.exitCode == 64)
        #expect(JobFailure(.exitWithCode, code: 9, "X").exitCode == 9)
    }

    /// Tools decide on them; they stand in the record.
    @Test func kindsAreDistinctWords() {
        let words = JobFailure.Kind.allCases.map(\.rawValue)
        #expect(Set(words).count == words.count)
        for word in words { #expect(word.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x61...0x7a).contains($0) }) }
    }
}

@Suite struct ScriptVerdictTests {
    private func end(
        _ cause: ProcessExit.Cause,
        _ initiator: SupervisedEnd.Initiator = .script,
        grace: Duration? = nil
    ) async -> SupervisedEnd {
        SupervisedEnd(
            exit: ProcessExit(
                cause: cause,
                usage: .init(userSeconds: 0, systemSeconds: 0, peakMemoryBytes: 3_400_000_000)
            ),
            initiator: initiator,
            wasKilled: false,
            graceUsed: grace
        )
    }

    @Test func success() async {
        let end = await end(.exited(code: 0))
        #expect(ScriptVerdict(end: end, report: nil, timeLimitSeconds: nil).failure == nil)
        let started = LaunchReport(lines: Array(#"{"stage":"start"}"#.utf8))
        #expect(ScriptVerdict(end: end, report: started, timeLimitSeconds: nil).failure == nil)
    }

    /// Report, exit code of the process; kind, exit code of the job, first line.
    @Test(
        arguments: [
            (
                #""kind":"exception","type":"ValueError","message":"bad","line":"ValueError: bad""#, 1, .userException,
                1,
                "ValueError: bad"
            ),
            (
                #""kind":"import","type":"ModuleNotFoundError","line":"ModuleNotFoundError: No module named 'x'""#, 1,
                .importError, 1, "ModuleNotFoundError: No module named 'x'"
            ),
            (
                #""kind":"missing-entry","type":"ModuleNotFoundError","line":"ImportError: No module named x""#, 1,
                .entryPointMissing, 65, "ImportError: No module named x"
            ),
            (
                #""kind":"missing-entry","type":"AttributeError","line":"AttributeError: no f""#, 1, .entryPointMissing,
                65,
                "AttributeError: no f"
            ),
            (#""kind":"binding","type":"TypeError","line":"TypeError: t""#, 1, .bindingError, 1, "TypeError: t"),
            (
                #""kind":"exit","type":"SystemExit","message":"7","line":"SystemExit: 7""#, 7, .exitWithCode, 7,
                "The script ended itself with exit code 7."
            ),
            (
                #""kind":"exit","type":"SystemExit","message":"gone","line":"SystemExit: gone""#, 1, .exitWithText, 1,
                "SystemExit: gone"
            ),
            (#""stage":"start""#, 9, .exitWithCode, 9, "The script ended itself with exit code 9."),
            (#""x":1"#, 2, .exitWithCode, 2, "Python ended with exit code 2 before the script began."),
        ] as [(String, Int32, JobFailure.Kind, Int32, String)]
    )
    func whatPythonSaid(
        report: String,
        code: Int32,
        kind: JobFailure.Kind,
        exitCode: Int32,
        line: String
    ) async throws {
        let verdict = ScriptVerdict(
            end: await end(.exited(code: code)),
            report: LaunchReport(lines: Array("{\(report)}".utf8)),
            timeLimitSeconds: nil
        )
        let failure = try #require(verdict.failure)
        #expect(failure.kind == kind)
        #expect(failure.exitCode == exitCode)
        #expect(failure.firstLine == line)
    }

    @Test func placeHintAndFailedInstalls() async throws {
        let report =
            #"{"kind":"import","type":"ModuleNotFoundError","line":"L","file":"/x/a.py","lineno":3,"hint":"H","traceback":"T"}"#
        let verdict = ScriptVerdict(
            end: await end(.exited(code: 1)),
            report: LaunchReport(lines: Array(report.utf8)),
            timeLimitSeconds: nil,
            failedRequirements: ["numpy"]
        )
        #expect(verdict.failure?.details == ["at a.py:3", "H", "An install failed before: numpy"])
        #expect(verdict.traceback == "T")
    }

    @Test func aProgramThatIsNotPython() async {
        let verdict = ScriptVerdict(end: await end(.exited(code: 3)), report: nil, timeLimitSeconds: nil)
        #expect(verdict.failure?.firstLine == "The script ended itself with exit code 3.")
        #expect(verdict.failure?.exitCode == 3)
    }

    @Test(
        arguments: [
            (1, 129, "Ended by SIGHUP (signal 1)"), (10, 138, "Ended by SIGUSR1 (signal 10)"),
            (15, 143, "Ended by SIGTERM (signal 15)"),
        ] as [(Int32, Int32, String)]
    )
    func signals(number: Int32, code: Int32, line: String) async {
        let started = LaunchReport(lines: Array(#"{"stage":"start"}"#.utf8))
        let verdict = ScriptVerdict(
            end: await end(.signalled(number: number, coreDumped: false)),
            report: started,
            timeLimitSeconds: 10
        )
        #expect(verdict.failure?.kind == .signalled)
        #expect(verdict.failure?.exitCode == code)
        let words = "; it did not come through the runner, so the script itself or another process sent it."
        #expect(verdict.failure?.firstLine == line + words)
        #expect(verdict.failure?.details == ["Its largest process held 3.4 GB at the most."])
    }

    /// Who asked for the end decides, however the script took it.
    @Test(
        arguments: [
            (.exited(code: 0), "the script ended itself with exit code 0 after 1.2 s"),
            (.exited(code: 5), "the script ended itself with exit code 5 after 1.2 s"),
            (.signalled(number: 15, coreDumped: false), "the script was ended by SIGTERM after 1.2 s"),
            (.signalled(number: 9, coreDumped: false), "the script was ended by SIGKILL after 1.2 s"),
        ] as [(ProcessExit.Cause, String)]
    )
    func stopsAndTimeLimits(cause: ProcessExit.Cause, words: String) async {
        let request = SupervisedEnd.Initiator.stopRequest(ReceivedSignal(number: 15, senderProcessID: 12))
        let stopped = ScriptVerdict(
            end: await end(cause, request, grace: .milliseconds(1250)),
            report: nil,
            timeLimitSeconds: nil
        )
        #expect(stopped.failure?.kind == .stopped)
        #expect(stopped.failure?.exitCode == 143)
        #expect(stopped.failure?.firstLine == "Stopped on request (SIGTERM from process 12): \(words).")
        let limit = ScriptVerdict(
            end: await end(cause, .timeLimit, grace: .milliseconds(1250)),
            report: nil,
            timeLimitSeconds: 60
        )
        #expect(limit.failure?.kind == .timeLimit)
        #expect(limit.failure?.exitCode == 124)
        #expect(limit.failure?.firstLine == "Time limit of 60 s reached: \(words).")
    }
}
