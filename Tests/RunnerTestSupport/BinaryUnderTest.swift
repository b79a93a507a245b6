package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The built `braket-runner` and the Python the tests give it.
package enum BinaryUnderTest {
    /// The program: `BRAKET_RUNNER_BINARY`, else beside the test bundle, else the debug build of this repository.
    package static let path: String = {
        if let named = variable("BRAKET_RUNNER_BINARY") { return named }
        var candidates: [FilePath] = []
        for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
            candidates.append(FilePath(argument).removingLastComponent().appending("braket-runner"))
        }
        if let program = realpath("/proc/self/exe", nil) {
            candidates.append(FilePath(platformString: program).removingLastComponent().appending("braket-runner"))
            free(program)
        }
        candidates.append(repository.appending(".build/debug/braket-runner"))
        return candidates.first { access($0.string, X_OK) == 0 }?.string ?? candidates[candidates.count - 1].string
    }()

    /// The root of this repository, also for a package that reaches its sources through links.
    package static let repository: FilePath = {
        let resolved = realpath(#filePath, nil)
        defer { free(resolved) }
        let file = resolved.map { FilePath(platformString: $0) } ?? FilePath(#filePath)
        return file.removingLastComponent().removingLastComponent().removingLastComponent()
    }()

    /// A real interpreter: a shim such as pyenv's costs more than the test itself.
    package static let python: String = {
        if let named = variable("BRAKET_RUNNER_TEST_PYTHON") { return named }
        let run = RunningProgram.run(
            "/usr/bin/env",
            ["python3", "-c", "import sys; print(sys.executable, end='')"],
            environment: minimalEnvironment
        )
        return run.exitCode == 0 && !run.output.isEmpty ? run.output : "/usr/bin/python3"
    }()

    /// PATH and HOME of this process and nothing else, so that no setting of the machine reaches a test.
    package static let minimalEnvironment: [String: String] = [
        "PATH": variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin",
        "HOME": variable("HOME") ?? "/tmp",
    ]

    /// A variable of the test process; nil when it is absent or empty.
    package static func variable(_ name: String) -> String? {
        guard let text = getenv(name), text.pointee != 0 else { return nil }
        return String(cString: text)
    }
}
