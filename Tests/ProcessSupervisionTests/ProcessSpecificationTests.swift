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

@Suite struct FindExecutableTests {
    private func make(_ file: FilePath, mode: mode_t) throws {
        try FileDescriptor.open(file, .writeOnly, options: [.create], permissions: .ownerReadWrite).close()
        guard chmod(file.string, mode) == 0 else { throw Errno(rawValue: errno) }
    }

    @Test func theFirstExecutableFileOnThePathCounts() throws {
        try withTemporaryDirectory { folder in
            let (one, two) = (folder.appending("one"), folder.appending("two"))
            for path in [one, two] { mkdir(path.string, 0o755) }
            try make(two.appending("tool"), mode: 0o755)
            let path = "/nowhere:\(one):\(two)"
            #expect(findExecutable("tool", path: path) == two.appending("tool"))
            // Neither a file without the bit nor a folder is a program.
            try make(one.appending("tool"), mode: 0o644)
            #expect(findExecutable("tool", path: path) == two.appending("tool"))
            mkdir(one.appending("folder").string, 0o755)
            #expect(findExecutable("folder", path: path) == nil)
            chmod(one.appending("tool").string, 0o755)
            #expect(findExecutable("tool", path: path) == one.appending("tool"))
            #expect(findExecutable("missing", path: path) == nil)
        }
    }

    @Test func aPathIsTakenAsItIs() throws {
        try withTemporaryDirectory { folder in
            try make(folder.appending("tool"), mode: 0o755)
            try make(folder.appending("text"), mode: 0o644)
            #expect(findExecutable("\(folder)/tool", path: "/bin") == folder.appending("tool"))
            #expect(findExecutable("\(folder)/text", path: "\(folder)") == nil)
        }
    }

    @Test func edges() {
        #expect(findExecutable("", path: "/bin") == nil)
        #expect(findExecutable("sh", path: nil) != nil)
        #expect(findExecutable("sh", path: "/nowhere") == nil)
        // POSIX: an empty part is the working directory, which holds no such program.
        #expect(findExecutable("braket-runner-no-such-program", path: "") == nil)
    }
}

@Suite struct SignalNameTests {
    @Test(
        arguments: [
            (SIGHUP, "SIGHUP"), (SIGINT, "SIGINT"), (SIGQUIT, "SIGQUIT"), (SIGKILL, "SIGKILL"), (SIGUSR1, "SIGUSR1"),
            (SIGSEGV, "SIGSEGV"), (SIGUSR2, "SIGUSR2"), (SIGTERM, "SIGTERM"), (SIGCHLD, "SIGCHLD"),
            (SIGSTOP, "SIGSTOP"), (SIGABRT, "SIGABRT"), (SIGBUS, "SIGBUS"), (SIGPIPE, "SIGPIPE"),
            (SIGXCPU, "SIGXCPU"), (SIGWINCH, "SIGWINCH"), (SIGSYS, "SIGSYS"), (SIGPWR, "SIGPWR"), (SIGIO, "SIGIO"),
        ])
    func namesAreThoseOfThisMachine(number: Int32, name: String) {
        #expect(signalName(number) == name)
        #expect(signalNumber(name) == number)
        #expect(signalNumber(String(name.dropFirst(3))) == number)
        #expect(signalNumber(name.lowercased()) == number)
        #expect(signalNumber("\(number)") == number)
    }

    @Test func otherNumbers() {
        #expect(signalName(34) == "signal 34")
        #expect(signalName(0) == "signal 0")
        #expect(signalNumber("34") == 34)
        for name in ["", "SIG", "NOSUCH", "0", "65", "-1", "9 "] { #expect(signalNumber(name) == nil, "\(name)") }
    }
}
