package import RunnerCore
package import SystemPackage

#if canImport(Glibc)
package import Glibc
#elseif canImport(Musl)
package import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A place for one job of the tests: `root` stands for /opt, `store/bucket` for the bucket, `source` for the script.
package struct JobFolder: Sendable {
    /// The folder that holds everything.
    package let path: FilePath

    /// Runs `body` in a fresh place that is removed afterwards.
    package static func with<R>(_ body: (JobFolder) throws -> R) throws -> R {
        try withTemporaryDirectory { directory in
            let folder = JobFolder(path: directory)
            folder.makeDirectory("source")
            return try body(folder)
        }
    }

    /// The place as text.
    package var directory: String { path.string }

    /// A path below the place.
    package func at(_ name: String) -> String { path.appending(name).string }

    /// Makes a directory and those above it.
    package func makeDirectory(_ name: String) {
        var folder = path
        for component in FilePath(name).components {
            folder.append(component)
            mkdir(folder.string, 0o755)
        }
    }

    /// Writes a file and the directories above it.
    package func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) {
        makeDirectory(FilePath(name).removingLastComponent().string)
        let descriptor = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(descriptor >= 0, "cannot write \(at(name)): errno \(errno)")
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
            precondition(count > 0, "cannot write \(at(name)): errno \(errno)")
            rest = rest.dropFirst(count)
        }
        fchmod(descriptor, mode)
        close(descriptor)
    }

    /// Writes a text file and the directories above it.
    package func write(_ name: String, _ text: String, mode: mode_t = 0o644) {
        write(name, Array(text.utf8), mode: mode)
    }

    /// Writes an object of the store's bucket.
    package func store(_ key: String, _ text: String) { write("store/bucket/" + key, text) }

    /// The bytes of a file; nil when there is none.
    package func bytes(_ name: String) -> [UInt8]? {
        let descriptor = open(at(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += buffer[..<count]
        }
    }

    /// The text of a file; nil when there is none.
    package func text(_ name: String) -> String? { bytes(name).map { String(decoding: $0, as: UTF8.self) } }

    /// Whether there is something of that name, be it a dangling link.
    package func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(at(name), &status) == 0
    }

    /// Removes a file or a folder.
    package func remove(_ name: String) { removeTree(path.appending(name)) }

    /// Runs a shell command in the place; true when it succeeded.
    package func shell(_ command: String) -> RunnerRun {
        RunningProgram.run(
            "/bin/sh",
            ["-c", command],
            environment: BinaryUnderTest.minimalEnvironment,
            directory: path.string
        )
    }

    /// The failure file of the run.
    package var failure: String? { text("root/ml/output/failure") }

    /// The record below the root.
    package func record() throws -> JSONObject {
        try Self.object(text("root/ml/output/job.json"))
    }

    /// The record in the store.
    package func storedRecord() throws -> JSONObject {
        try Self.object(text("store/bucket/out/output/job.json"))
    }

    private static func object(_ text: String?) throws -> JSONObject {
        guard let text else { throw Errno.noSuchFileOrDirectory }
        guard let object = try JSONText.parse(text).objectValue else { throw Errno.invalidArgument }
        return object
    }

    /// The options every run of the tests has.
    package var options: [String] {
        ["--root", at("root"), "--storage", "file:" + at("store"), "--python", BinaryUnderTest.python]
    }

    /// What makes a whole job of `source`.
    package func job(_ entryPoint: String) -> [String] {
        options + [
            "--script", at("source"), "--entry-point", entryPoint, "--output", "s3://bucket/out", "--job-name", "job",
        ]
    }

    /// Runs the binary to its end.
    ///
    /// - Parameters:
    ///   - arguments: The whole command line.
    ///   - environment: What is added to PATH and HOME.
    ///   - input: Standard input.
    /// - Returns: What it left.
    @discardableResult
    package func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = ""
    ) -> RunnerRun {
        start(arguments, environment: environment, input: input).finish()
    }

    /// Starts the binary.
    ///
    /// - Parameters: As of ``run(_:environment:input:)``.
    package func start(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = ""
    ) -> RunningProgram {
        RunningProgram(
            BinaryUnderTest.path,
            arguments,
            environment: BinaryUnderTest.minimalEnvironment.merging(environment) { $1 },
            directory: path.string,
            input: Array(input.utf8)
        )
    }

    /// Runs `source/alg.py` with some text.
    ///
    /// - Parameters:
    ///   - script: The text of alg.py.
    ///   - entryPoint: The entry point.
    ///   - arguments: More options.
    ///   - environment: What is added to PATH and HOME.
    /// - Returns: What the run left.
    @discardableResult
    package func runScript(
        _ script: String,
        entryPoint: String = "alg",
        _ arguments: [String] = [],
        environment: [String: String] = [:]
    ) -> RunnerRun {
        write("source/alg.py", script)
        return run(job(entryPoint) + arguments, environment: environment)
    }

    /// Names, kinds and contents of everything below a folder, as one sorted text.
    package func snapshot(_ name: String = ".") -> [String] {
        let run = RunningProgram.run(
            "/bin/sh",
            ["-c", "find . -printf '%p %y %m %s %T@ %l\\n' | sort; find . -type f -exec cksum {} + | sort"],
            environment: BinaryUnderTest.minimalEnvironment,
            directory: at(name)
        )
        return run.lines
    }
}

private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
