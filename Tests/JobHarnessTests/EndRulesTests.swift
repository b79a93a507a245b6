import EntryPoint
import RunnerCore
import SystemEvidence
import Testing

@testable import JobHarness
@testable import ProcessSupervision

/// Builders of ends and evidence.
enum Ending {
    /// An end by exit or signal.
    static func exit(_ cause: ProcessExit.Cause, cpuSeconds: Double = 0) -> ProcessExit {
        ProcessExit(
            cause: cause,
            usage: .init(userSeconds: cpuSeconds, systemSeconds: 0, peakMemoryBytes: 3_400_000_000)
        )
    }

    /// A script that ran for 41 min 12 s in a cgroup of 16 GiB, of which it came to 15.8.
    static func evidence(kills: Int64? = 0, kernel: [String] = []) -> EndEvidence {
        var evidence = EndEvidence()
        evidence.processID = 214
        evidence.program = "python"
        evidence.elapsed = .seconds(41 * 60 + 12)
        evidence.lastLine = "iteration 17"
        evidence.lastSafeCheckpoint = "16"
        evidence.system.before.memory.oomKills = kills.map { _ in 3 }
        evidence.system.after.memory.oomKills = kills.map { $0 + 3 }
        evidence.system.after.memory.limitBytes = 16 << 30
        evidence.system.after.memory.peakBytes = 16_965_120_819
        evidence.system.after.memory.groupPath = "/docker/ab"
        evidence.system.after.machineBytes = 64 << 30
        evidence.kernelEvents = kernel.compactMap { KernelEvent(record: "3,1,1,-;" + $0) }
        evidence.scriptFolder = "/x"
        return evidence
    }

    /// The verdict of a script that nobody stopped.
    static func failure(_ exit: ProcessExit, _ report: String? = nil, _ evidence: EndEvidence) -> JobFailure? {
        let end = SupervisedEnd(exit: exit, initiator: .script, wasKilled: false, graceUsed: nil)
        return ScriptVerdict(
            end: end,
            report: report.map { LaunchReport(lines: Array($0.utf8)) },
            timeLimitSeconds: nil,
            evidence: evidence
        ).failure
    }

    /// A kill in the kernel's log.
    static func kill(_ processID: Int, group: String, machine: Bool = false) -> [String] {
        [
            "oom-kill:constraint=X,oom_memcg=/,task_memcg=\(group),task=python3,pid=\(processID),uid=0",
            (machine ? "Out of memory" : "Memory cgroup out of memory")
                + ": Killed process \(processID) (python3) total-vm:1kB, anon-rss:8388608kB, file-rss:0kB, shmem-rss:0kB",
        ]
    }
}

/// Who was out of memory, by counter and log; never by the number 137 alone.
@Suite struct MemoryRulesTests {
    static let tail = " after 41 min 12 s; last line \"iteration 17\"; last safe checkpoint 16."

    @Test func theScript() throws {
        let failure = try #require(
            Ending.failure(Ending.exit(.signalled(number: 9, coreDumped: false)), nil, Ending.evidence(kills: 1))
        )
        #expect(failure.kind == .outOfMemory)
        #expect(failure.exitCode == 137)
        #expect(
            failure.firstLine == "Out of memory: the kernel killed python (pid 214) at 15.8 of 16.0 GiB" + Self.tail
        )
        #expect(failure.verdict["scope"]?.stringValue == "script")
        #expect(failure.verdict["sentence"]?.stringValue?.hasPrefix(failure.firstLine) == true)
        let memory = failure.verdict["evidence"]?.objectValue?["memory"]?.objectValue
        #expect(memory?["kills"]?.intValue == 1)
        #expect(memory?["limitBytes"]?.intValue == 16 << 30)
    }

    @Test func byTheLogAloneWhereOurGroupHasNoCounter() {
        var evidence = Ending.evidence(kills: nil, kernel: Ending.kill(214, group: "/docker/ab"))
        #expect(
            Ending.failure(Ending.exit(.signalled(number: 9, coreDumped: false)), nil, evidence)?.kind == .outOfMemory
        )
        // A neighbour on the same machine.
        evidence.kernelEvents = Ending.kill(99, group: "/docker/abc").compactMap { KernelEvent(record: ";" + $0) }
        #expect(
            Ending.failure(Ending.exit(.signalled(number: 9, coreDumped: false)), nil, evidence)?.kind == .signalled
        )
    }

    @Test func somebodySentSIGKILL() throws {
        let exit = Ending.exit(.signalled(number: 9, coreDumped: false))
        var evidence = Ending.evidence()
        evidence.system.after.memory.peakBytes = 1 << 30
        let failure = try #require(Ending.failure(exit, nil, evidence))
        #expect(failure.kind == .signalled)
        #expect(
            failure.firstLine
                == "Killed (SIGKILL, signal 9) after 41 min 12 s; the kernel counted no out-of-memory kill, "
                + "so somebody sent it; last line \"iteration 17\"; last safe checkpoint 16."
        )
        evidence.system.before.memory.oomKills = nil
        evidence.system.after.memory.oomKills = nil
        #expect(Ending.failure(exit, nil, evidence)?.firstLine.contains("does not tell") == true)
    }

    /// The log has the numbers of our processes: the child was the victim, and the script was killed by somebody else.
    @Test func theLogSaysThatItWasAnother() {
        var evidence = Ending.evidence(kills: 1, kernel: Ending.kill(300, group: "/docker/ab"))
        let exit = Ending.exit(.signalled(number: 9, coreDumped: false))
        #expect(Ending.failure(exit, nil, evidence)?.kind == .outOfMemory)
        evidence.kernelCountsAsWeDo = true
        #expect(Ending.failure(exit, nil, evidence)?.kind == .signalled)
    }

    @Test func theWholeGroupAndTheMachine() throws {
        let exit = Ending.exit(.signalled(number: 9, coreDumped: false))
        let several = try #require(Ending.failure(exit, nil, Ending.evidence(kills: 4)))
        #expect(several.verdict["scope"]?.stringValue == "whole-cgroup")
        #expect(several.firstLine.contains("killed python (pid 214) and 3 other processes at 15.8 of 16.0 GiB"))
        var group = Ending.evidence(kills: 1)
        group.system.after.memory.groupKills = 1
        #expect(Ending.failure(exit, nil, group)?.verdict["scope"]?.stringValue == "whole-cgroup")
        let log = Ending.kill(214, group: "/docker/ab", machine: true)
        let machine = try #require(Ending.failure(exit, nil, Ending.evidence(kills: 1, kernel: log)))
        #expect(machine.verdict["scope"]?.stringValue == "machine")
        #expect(
            machine.firstLine.contains(
                "the machine had none left and the kernel killed python3 (pid 214), which held 8.0 of 64.0 GiB,"
            )
        )
        // Without a limit that can be seen and without a log it was the machine's memory too.
        var unlimited = Ending.evidence(kills: 1)
        unlimited.system.after.memory.limitBytes = nil
        #expect(Ending.failure(exit, nil, unlimited)?.verdict["scope"]?.stringValue == "machine")
    }

    /// Exception and its words; whether a killed child is its cause.
    @Test(
        arguments: [
            ("BrokenProcessPool", "A process in the process pool was terminated abruptly", true),
            ("CalledProcessError", "Command 'x' died with <Signals.SIGKILL: 9>.", true),
            ("RuntimeError", "DataLoader worker (pid 12) is killed by signal: Killed.", true),
            ("ValueError", "bad angle", false),
        ] as [(String, String, Bool)]
    )
    func aChild(_ type: String, _ message: String, _ isCause: Bool) throws {
        let report =
            #"{"kind":"exception","type":"\#(type)","message":"\#(message)","line":"\#(type): \#(message)"}"#
        let failure = try #require(
            Ending.failure(Ending.exit(.exited(code: 1)), report, Ending.evidence(kills: 1))
        )
        // Today's text stays the first line, whatever the kind.
        #expect(failure.firstLine == "\(type): \(message)")
        #expect(failure.exitCode == 1)
        #expect(failure.kind == (isCause ? .outOfMemory : .userException))
        #expect(
            failure.description.contains("Out of memory: the kernel killed 1 process of the script at 15.8 of 16.0 GiB")
        )
        #expect(failure.verdict["exception"]?.objectValue?["type"]?.stringValue == type)
        #expect(failure.verdict["scope"]?.stringValue == (isCause ? "grandchild" : nil))
        let without = Ending.failure(Ending.exit(.exited(code: 1)), report, Ending.evidence())
        #expect(without?.kind == .userException)
    }

    @Test func aShellWhoseCommandWasKilled() throws {
        let failure = try #require(Ending.failure(Ending.exit(.exited(code: 137)), nil, Ending.evidence(kills: 1)))
        #expect(failure.kind == .outOfMemory)
        #expect(failure.exitCode == 137)
        #expect(Ending.failure(Ending.exit(.exited(code: 137)), nil, Ending.evidence())?.kind == .exitWithCode)
    }

    /// Members of the report; the kind, and a text of the sentence.
    @Test(
        arguments: [
            (#""limits":{"as":536870912}"#, Int64(0), JobFailure.Kind.outOfMemory, "limited to 512.0 MiB (ulimit -v)"),
            (#""limits":{"data":1073741824}"#, 0, .outOfMemory, "limited to 1.0 GiB (ulimit -d)"),
            (#""limits":{"as":null}"#, 16 << 30, .outOfMemory, "was refused memory at 16.0 of 16.0 GiB"),
            (#""limits":{}"#, 1 << 30, .userException, "MemoryError"),
        ] as [(String, Int64, JobFailure.Kind, String)]
    )
    func memoryErrors(_ members: String, _ peak: Int64, _ kind: JobFailure.Kind, _ words: String) throws {
        var evidence = Ending.evidence()
        evidence.system.after.memory.peakBytes = peak
        let report = #"{"kind":"exception","type":"MemoryError","line":"MemoryError",\#(members)}"#
        let failure = try #require(Ending.failure(Ending.exit(.exited(code: 1)), report, evidence))
        #expect(failure.kind == kind)
        #expect(failure.firstLine == "MemoryError")
        #expect(failure.description.contains(words), "\(failure)")
    }
}

/// Signals, disks, files and keys.
@Suite struct EndRulesTests {
    /// Signal, kind, and the first line of a script of which nothing else is known.
    @Test(
        arguments: [
            (11, .segmentationFault, "Segmentation fault (SIGSEGV, signal 11)."),
            (6, .abort, "Aborted (SIGABRT, signal 6)."),
            (4, .illegalInstruction, "Illegal instruction (SIGILL, signal 4)."),
            (7, .busError, "Bus error (SIGBUS, signal 7)."),
            (8, .signalled, "Arithmetic fault (SIGFPE, signal 8)."),
            (
                24, .signalled,
                "Ended by SIGXCPU (signal 24); its limit of CPU time that the script set itself is used up (ulimit -t)."
            ),
            (
                25, .signalled,
                "Ended by SIGXFSZ (signal 25); it wrote beyond the file size limit that the script set itself (ulimit -f)."
            ),
            (
                15, .signalled,
                "Ended by SIGTERM (signal 15); it did not come through the runner, so the script itself or another process sent it."
            ),
        ] as [(Int32, JobFailure.Kind, String)]
    )
    func signals(_ number: Int32, _ kind: JobFailure.Kind, _ line: String) throws {
        let exit = Ending.exit(.signalled(number: number, coreDumped: false))
        let failure = try #require(Ending.failure(exit, nil, EndEvidence()))
        #expect(failure.kind == kind)
        #expect(failure.firstLine == line)
        #expect(failure.exitCode == 128 + number)
    }

    @Test func aCrashWithPlaceCoreAndKernelsWords() throws {
        var evidence = Ending.evidence(
            kernel: [
                "python[213]: segfault at 8 ip 1 sp 2 error 4 in other.so",
                "python[214]: segfault at 0 ip 1 sp 2 error 4 in libc.so.6[1+1]",
            ]
        )
        evidence.kernelCountsAsWeDo = true
        evidence.corePattern = CorePattern("core")
        evidence.workingFolder = "/x"
        evidence.crashSource = "ctypes.string_at(0)"
        let report =
            "Fatal Python error: Segmentation fault\n\nCurrent thread 0x1 (most recent call first):\n"
            + "  File \"/usr/lib/ctypes.py\", line 519 in string_at\n  File \"/x/alg.py\", line 12 in main\n"
        let exit = Ending.exit(.signalled(number: 11, coreDumped: true))
        let failure = try #require(Ending.failure(exit, report, evidence))
        #expect(
            failure.firstLine == "Segmentation fault in alg.py:12 in main (SIGSEGV, signal 11) after 41 min 12 s; "
                + "last line \"iteration 17\"; last safe checkpoint 16."
        )
        #expect(
            failure.details == [
                "at alg.py:12 in main: ctypes.string_at(0)",
                "The kernel's log: python[214]: segfault at 0 ip 1 sp 2 error 4 in libc.so.6[1+1]",
                "A core was written as /x/core.", "Its largest process held 3.4 GB at the most.",
            ]
        )
    }

    @Test func aSignalThatWasPassedOn() throws {
        var evidence = EndEvidence()
        evidence.forwarded = [ReceivedSignal(number: 10, senderProcessID: 12, senderName: "docker-init")]
        let exit = Ending.exit(.signalled(number: 10, coreDumped: false))
        #expect(
            Ending.failure(exit, nil, evidence)?.firstLine
                == "Ended by SIGUSR1 (signal 10); the runner had passed it on from process 12 (docker-init)."
        )
    }

    @Test func limitsThatTheJobWasStartedWith() {
        var evidence = EndEvidence()
        evidence.limits.cpuSeconds = 60
        evidence.limits.fileBytes = 1 << 20
        func line(_ number: Int32, _ cpu: Double = 0) -> String {
            let exit = Ending.exit(.signalled(number: number, coreDumped: false), cpuSeconds: cpu)
            return Ending.failure(exit, nil, evidence)?.firstLine ?? ""
        }
        #expect(line(24).contains("limit of CPU time of 60 s is used up"))
        #expect(line(25).contains("file size limit of 1.0 MiB"))
        #expect(line(9, 60.5).contains("more CPU time than its limit of 60 s"))
    }

    /// Members of the report, kind, and words that explain it.
    @Test(
        arguments: [
            (
                #""errno":28,"filename":"/d/big.npz""#, .diskFull,
                "No space was left for /d/big.npz; now /d has 0 B and 12 inodes free."
            ),
            (#""errno":122"#, .diskFull, "The disk quota is used up; now /d has 0 B and 12 inodes free."),
            (#""message":"write: No space left on device""#, .diskFull, "No space was left"),
            (
                #""errno":24,"limits":{"nofile":64}"#, .tooManyFiles,
                "as many files open as its limit allows (64, ulimit -n)."
            ),
            (#""errno":23"#, .tooManyFiles, "fs.file-max"),
            (
                #""errno":27,"limits":{"fsize":1048576}"#, .userException,
                "The file size is limited to 1.0 MiB (ulimit -f)."
            ),
            (#""service":"AccessDeniedException""#, .accessDenied, "AWS answered AccessDeniedException"),
            (#""service":"ExpiredToken""#, .expiredKeys, "AWS answered ExpiredToken"),
            (#""service":"InvalidClientTokenId""#, .expiredKeys, "fresh"),
            (#""service":"RequestExpired""#, .expiredKeys, "fresh"),
            (#""service":"NoSuchKey""#, .userException, "E: m"),
        ] as [(String, JobFailure.Kind, String)]
    )
    func exceptions(_ members: String, _ kind: JobFailure.Kind, _ words: String) throws {
        var evidence = Ending.evidence()
        evidence.disks = [
            DiskSpace(path: "/d", freeBytes: 0, totalBytes: 1 << 40, freeInodes: 12),
            DiskSpace(path: "/e", freeBytes: 1 << 30, totalBytes: 1 << 40, freeInodes: nil),
        ]
        let report = #"{"kind":"exception","type":"E","line":"E: m",\#(members)}"#
        let failure = try #require(Ending.failure(Ending.exit(.exited(code: 1)), report, evidence))
        #expect(failure.kind == kind)
        #expect(failure.firstLine == "E: m")
        #expect(failure.exitCode == 1)
        #expect(failure.description.contains(words), "\(failure)")
    }

    /// A program that is no Python tells nothing: what was found stands beside its code and does not replace it.
    @Test func besideACode() throws {
        var evidence = Ending.evidence()
        evidence.disks = [DiskSpace(path: "/d", freeBytes: 0, totalBytes: 1 << 40, freeInodes: 12)]
        evidence.system.after.processLimitHits = 2
        evidence.system.after.processLimit = 100
        let failure = try #require(Ending.failure(Ending.exit(.exited(code: 127)), nil, evidence))
        #expect(failure.kind == .exitWithCode)
        #expect(failure.firstLine == "The script ended itself with exit code 127.")
        #expect(
            failure.details == [
                "A shell ends with 127 when it does not find a command.",
                "The disk is full now: /d has 0 B and 12 inodes free.",
                "The cgroup's limit of 100 processes and threads was hit 2 times.",
                "Ended after 41 min 12 s; last line \"iteration 17\"; last safe checkpoint 16.",
            ]
        )
    }

    @Test(
        arguments: [
            ("s3://b/k: the service answers 403 AccessDenied: not you (request id 1)", JobFailure.Kind.accessDenied),
            ("s3://b/k: the service answers 400 ExpiredToken: The provided token has expired", .expiredKeys),
            ("s3://b/k: the service answers 403 Forbidden (request id 1)", .accessDenied),
            ("s3://b/k: the service answers 404 NoSuchKey: AccessDenied", nil), ("AccessDenied", nil),
        ] as [(String, JobFailure.Kind?)]
    )
    func ourOwnStore(_ description: String, _ kind: JobFailure.Kind?) {
        #expect(RefusedRequest(storeError: description)?.kind == kind)
    }

    @Test(
        arguments: [
            (Duration.milliseconds(40), "0.0 s"), (.milliseconds(9990), "9.9 s"), (.seconds(59), "59 s"),
            (.seconds(2472), "41 min 12 s"), (.seconds(7530), "2 h 5 min"), (.seconds(180_000), "2 d 2 h"),
        ] as [(Duration, String)]
    )
    func durations(_ duration: Duration, _ text: String) {
        #expect(humanDuration(duration) == text)
    }

    @Test func sizes() {
        #expect(binarySizes(16_965_120_819, of: 16 << 30) == "15.8 of 16.0 GiB")
        #expect(binarySizes(of: 96 << 20) == "96.0 MiB")
        #expect(binarySizes(0, of: 4096) == "0.0 of 4.0 KiB")
    }
}

/// 980 bytes for everything: the message must not push out where it happened.
@Suite struct ComposedTextTests {
    @Test(arguments: [100, 500, 900, 2000, 20_000])
    func aLongMessageLeavesRoom(_ length: Int) {
        var failure = JobFailure(
            .userException,
            code: 1,
            "ValueError: " + String(repeating: "é", count: length),
            details: ["at alg.py:12 in main: raise", "hint", "Ended after 3.0 s."]
        )
        failure.findings.evidence = ["x": 1]
        let text = failure.pointing(to: "s3://bucket/out/output/job.json").failureText
        #expect(text.utf8.count <= 980)
        #expect(text.hasPrefix("ValueError: éé"))
        #expect(text.contains("\nat alg.py:12 in main: raise\n"))
        #expect(text.hasSuffix("\nFull report: s3://bucket/out/output/job.json"))
    }

    @Test func manyDetailsLeaveHalfToTheMessage() {
        let message = "E: " + String(repeating: "m", count: 600)
        let details = (0..<40).map { "detail \($0) " + String(repeating: "d", count: 40) }
        let text = JobFailure(.userException, code: 1, message, details: details).failureText
        #expect(text.utf8.count <= 980)
        #expect(text.hasPrefix("E: " + String(repeating: "m", count: 480)))
        #expect(text.contains("\ndetail 0 "))
    }

    /// Setup failures have today's text and no report of a script to point to.
    @Test func onlyScriptsPointToTheReport() {
        let failure = JobFailure(.scriptMissing, .scriptArchive, "Unable to download code.")
        #expect(failure.pointing(to: "x").failureText == "Unable to download code.")
    }
}
