import CLinuxShims
import RunnerCore
package import SystemPackage

/// The Python program that runs a user's module or function inside the job's process.
///
/// Its text is embedded in the binary and given to `python -c`: it needs no file, so it works with a read-only root
/// file system. What it has to say about a failure comes back through a file in memory.
package struct PythonLauncher: Sendable {
    /// What the launcher is to run.
    package struct Request: Sendable {
        /// `module` or `module:function`.
        package var entryPoint: String
        /// The image's code folder, the first place for modules and the working directory of imports.
        package var code: FilePath
        /// The unpacked script, the last place for modules and the working directory of the user's code.
        package var extracted: FilePath
        /// The script's `sys.argv[0]` (contract §3.7).
        package var program = "braket_container.py"
        /// The file whose values are bound to the function's parameters; nil calls it without arguments.
        package var hyperparametersFile: String?
        /// Whether values are read by type.
        package var typed = false
        /// Whether SIGUSR1 is to write Python's stacks into the report; without it the signal ends the script, as ever.
        package var offersStacks = false
        /// The rest of the script's `sys.argv`.
        package var arguments: [String] = []

        /// Makes a request.
        package init(entryPoint: String, code: FilePath, extracted: FilePath) {
            self.entryPoint = entryPoint
            self.code = code
            self.extracted = extracted
        }
    }

    /// The report's descriptor in the launcher.
    static let reportNumber: Int32 = 3
    private static let slowNumber: Int32 = 4

    private let report: FileDescriptor
    private let slowText: FileDescriptor

    /// Makes the files in memory that the launcher writes to and reads from.
    ///
    /// - Throws: `Errno` when the kernel has no memory or descriptor left.
    package init() throws {
        report = try Self.memoryFile("braket-runner-report")
        slowText = try Self.memoryFile("braket-runner-launcher")
        try slowText.writeAll(PackageResources.launcher_slow_py)
    }

    /// The descriptors that the launcher inherits: ours and its numbers.
    package var descriptors: [(ours: FileDescriptor, theirs: Int32)] {
        [(report, Self.reportNumber), (slowText, Self.slowNumber)]
    }

    /// The arguments of the Python program.
    ///
    /// - Parameters:
    ///   - python: The program, as `argv[0]`.
    ///   - request: What to run.
    /// - Returns: The arguments, the program first.
    package func arguments(python: FilePath, _ request: Request) -> [String] {
        [
            python.string, "-c", String(decoding: PackageResources.launcher_py, as: UTF8.self), request.entryPoint,
            request.code.string, request.extracted.string, request.program, request.hyperparametersFile ?? "",
            (request.typed ? "1" : "0") + (request.offersStacks ? "s" : ""), "\(Self.reportNumber)",
            "\(Self.slowNumber)",
        ] + request.arguments
    }

    /// The arguments of the program that says what an entry point is, without running the user's code.
    ///
    /// - Parameters:
    ///   - python: The program, as `argv[0]`.
    ///   - request: What would be run.
    /// - Returns: The arguments, the program first; it prints one JSON object.
    package static func describeArguments(python: FilePath, _ request: Request) -> [String] {
        [
            python.string, "-c", String(decoding: PackageResources.describe_py, as: UTF8.self), request.entryPoint,
            request.code.string, request.extracted.string,
        ]
    }

    /// What the launcher reported, after the script's end.
    ///
    /// - Returns: The report; an empty one when the launcher never came to say anything.
    package func readReport() -> LaunchReport {
        // The launcher's limits keep a report well below this.
        LaunchReport(lines: readReport(from: 0, limitBytes: 4 << 20))
    }

    /// The report as the launcher wrote it, for whoever reads it elsewhere.
    package func reportBytes() -> [UInt8] { readReport(from: 0, limitBytes: 4 << 20) }

    /// The report's descriptor here.
    var reportDescriptor: FileDescriptor { report }

    /// A part of the report.
    func readReport(from offset: Int64, limitBytes limit: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                let place = offset + Int64(count)
                guard let more = try? report.read(fromAbsoluteOffset: place, into: rest), more > 0 else { break }
                count += more
            }
        }
    }

    /// Closes the files in memory.
    package func close() {
        // They are memory: a failed close loses nothing.
        try? report.close()
        try? slowText.close()
    }

    private static func memoryFile(_ name: String) throws -> FileDescriptor {
        let descriptor = CLinuxShims_memory_file(name)
        guard descriptor >= 0 else { throw Errno.noMemory }
        return FileDescriptor(rawValue: descriptor)
    }
}
