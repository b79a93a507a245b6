import ProcessSupervision
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite(.timeLimit(.minutes(15))) struct ChildProcessTests {
    @Test(arguments: [0, 1, 7, 124, 255] as [Int32])
    func exitCodes(code: Int32) async throws {
        let exit = try await ChildProcess.spawn(shell("exit \(code)")).wait()
        #expect(exit.cause == .exited(code: code))
        #expect(exit.shellCode == code)
    }

    @Test(arguments: [SIGTERM, SIGKILL, SIGINT, SIGUSR1, SIGPIPE])
    func signals(number: Int32) async throws {
        // Without a core file in the working directory of whoever runs the tests.
        let exit = try await ChildProcess.spawn(shell("ulimit -c 0; kill -\(number) $$; sleep 60")).wait()
        #expect(exit.cause == .signalled(number: number, coreDumped: false))
        #expect(exit.shellCode == 128 + number)
    }

    @Test func usageIsOfTheChild() async throws {
        // 64 MiB in one block, and a loop that costs CPU time on any machine.
        let script = "x=$(head -c 67108864 /dev/zero | tr '\\0' x); i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"
        let usage = try await ChildProcess.spawn(shell(script)).wait().usage
        #expect(usage.userSeconds > 0)
        #expect(usage.systemSeconds > 0)
        #expect(usage.peakMemoryBytes > 64 << 20)
        #expect(usage.peakMemoryBytes < 4 << 30)
    }

    @Test func argumentsEnvironmentAndFolder() async throws {
        try await withTemporaryDirectory { folder in
            let specification = ProcessSpecification(
                executable: "/bin/sh",
                arguments: [
                    "sh", "-c", "printf '%s|' \"$@\" \"$A\" \"$PWD\"; env | wc -l", "0", "a b", "$(x)", "ü", "",
                ],
                environment: [("A", "1=2\n3"), ("PWD", "\(folder)")],
                workingDirectory: folder
            )
            let run = try await CapturedRun.run(specification, output: nil)
            #expect(run.tail.hasPrefix("a b|$(x)|ü||1=2\n3|\(folder)|"))
        }
    }

    /// The runner blocks its signals; a script that inherited that could not be stopped.
    @Test func theChildHasDefaultSignalsAndAGroupOfItsOwn() async throws {
        let run = try await captured("grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f1,5,6 /proc/$$/stat")
        let lines = run.tail.split(separator: "\n")
        // Without the C library's own signals 32 and 33, which it ignores in each child that it starts.
        let masks = lines.prefix(2).map {
            UInt64($0.split(separator: "\t").last ?? "", radix: 16).map { $0 & 0x7fff_ffff }
        }
        #expect(masks == [0, 0], "\(run.tail)")
        let numbers = lines.last?.split(separator: " ") ?? []
        #expect(numbers.count == 3 && Set(numbers).count == 1, "\(run.tail)")
    }

    @Test func onlyNamedDescriptorsAreInherited() async throws {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close() }
        for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        let child = try ChildProcess.spawn(
            shell("ls /proc/$$/fd >&9", descriptors: [.init(ours: pipe.writeEnd, theirs: 9)])
        )
        try pipe.writeEnd.close()
        #expect(await child.wait().cause == .exited(code: 0))
        var buffer = [UInt8](repeating: 0, count: 1000)
        let count = try buffer.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) }
        let numbers = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
        // Whatever whoever started the tests leaked is below 9 or not, but our pipe has one name only.
        #expect(numbers.contains(9))
        #expect(!numbers.contains(Int(pipe.readEnd.rawValue)) || pipe.readEnd.rawValue <= 2)
    }

    @Test func inheritedDescriptorsMaySwapNumbers() async throws {
        let (one, two) = (try FileDescriptor.pipe(), try FileDescriptor.pipe())
        for end in [one.readEnd, one.writeEnd, two.readEnd, two.writeEnd] {
            _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC)
        }
        let child = try ChildProcess.spawn(
            shell(
                // Not `>&12`: a shell may know descriptors of one digit only.
                "echo first >/proc/$$/fd/\(two.writeEnd.rawValue); echo second >/proc/$$/fd/\(one.writeEnd.rawValue)",
                descriptors: [
                    .init(ours: one.writeEnd, theirs: two.writeEnd.rawValue),
                    .init(ours: two.writeEnd, theirs: one.writeEnd.rawValue),
                ]
            )
        )
        _ = await child.wait()
        try one.writeEnd.close()
        try two.writeEnd.close()
        func content(_ end: FileDescriptor) throws -> String {
            var buffer = [UInt8](repeating: 0, count: 100)
            let count = try buffer.withUnsafeMutableBytes { try end.read(into: $0) }
            try end.close()
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
        let texts = [try content(one.readEnd), try content(two.readEnd)]
        #expect(texts == ["first\n", "second\n"])
    }

    @Test(
        arguments: [
            ("/no/such/program", "/", "does not exist"), ("/bin/sh", "/no/such/folder", "does not exist"),
            ("/etc/passwd", "/", "permission denied"), ("/etc", "/", "permission denied"),
        ])
    func whatCannotBeStartedIsAnError(program: String, folder: String, words: String) throws {
        let specification = ProcessSpecification(
            executable: FilePath(program),
            arguments: ["x"],
            environment: [],
            workingDirectory: FilePath(folder)
        )
        let error = #expect(throws: SupervisionError.self) { try ChildProcess.spawn(specification) }
        #expect(error?.code == .notExecutable)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        #expect(error?.description.contains(program) == true)
    }

    @Test(arguments: [("#!/no/such/interpreter\n", "interpreter"), ("\u{1}\u{2}\u{3}", "no program for this machine")])
    func filesThatAreNoPrograms(content: String, words: String) throws {
        try withTemporaryDirectory { folder in
            let file = folder.appending("program")
            // A child of another test that inherits the descriptor would keep the file busy as long as it lives.
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create, .closeOnExec],
                permissions: [.ownerReadWriteExecute]
            )
            try descriptor.writeAll(content.utf8)
            try descriptor.close()
            let specification = ProcessSpecification(
                executable: file,
                arguments: ["x"],
                environment: [],
                workingDirectory: folder
            )
            let error = #expect(throws: SupervisionError.self) { try ChildProcess.spawn(specification) }
            #expect(error?.code == .notExecutable)
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }

    /// The grandchild, which would sleep for an hour, holds the pipe: its end shows that it is gone.
    @Test func whatTheScriptLeftInItsGroupIsEnded() async throws {
        let ready = try ReadyChild("trap '' TERM HUP; sleep 3600 & echo started; exit 3")
        defer { ready.close() }
        #expect(try await ready.line() == "started")
        #expect(await ready.child.wait().cause == .exited(code: 3))
        #expect(try await ready.line() == "")
    }

    @Test func aReapedProcessGetsNoSignal() async throws {
        let child = try ChildProcess.spawn(shell("exit 0"))
        _ = await child.wait()
        #expect(!child.signalGroup(0))
    }

    @Test func signalsReachTheWholeGroup() async throws {
        let ready = try ReadyChild("sleep 3600 & echo started; wait")
        defer { ready.close() }
        #expect(try await ready.line() == "started")
        #expect(ready.child.signalGroup(SIGTERM))
        #expect(await ready.child.wait().cause == .signalled(number: SIGTERM, coreDumped: false))
        #expect(try await ready.line() == "")
    }
}
