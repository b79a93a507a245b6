import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Python's stacks of a running script: the launcher lets SIGUSR1 write them into its report.
extension PythonLauncher {
    /// Asks the launcher's process for the stacks of its threads, when that signal is safe to send.
    ///
    /// It is safe when the script left SIGUSR1 to the launcher and does catch it: sent to anybody else it ends him. The
    /// report must still be open there under its number, or the stacks would go into a file of the user's; that also
    /// tells a program that took the process over by exec(2) from the launcher.
    ///
    /// - Parameter processID: The process that was started with this launcher's arguments.
    /// - Returns: How long the report was before, to be given to ``stacks(from:limitBytes:)``; nil when nothing was sent.
    package func requestStacks(of processID: Int32) -> Int64? {
        guard !readReport().hasTakenStackSignal, hasReportOpen(processID), catchesStackSignal(processID),
            let length = reportLength
        else { return nil }
        return kill(processID, SIGUSR1) == 0 ? length : nil
    }

    /// What the launcher wrote since a request.
    ///
    /// - Parameters:
    ///   - offset: What the request returned.
    ///   - limit: The most bytes that are read.
    /// - Returns: nil when it wrote nothing: the process does not run any more, or hangs inside the kernel.
    package func stacks(from offset: Int64, limitBytes limit: Int) -> String? {
        let bytes = readReport(from: offset, limitBytes: limit)
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Whether a process catches SIGUSR1 and does not block it, by `/proc/PID/status`, proc_pid_status(5).
    ///
    /// - Parameter status: The file.
    /// - Returns: false also for a file without those lines.
    package static func catchesStackSignal(status: String) -> Bool {
        func mask(_ name: String) -> UInt64? {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            return line.flatMap { UInt64($0.dropFirst(name.count).drop { $0 == "\t" || $0 == " " }, radix: 16) }
        }
        let bit = UInt64(1) << UInt64(SIGUSR1 - 1)
        guard let caught = mask("SigCgt:"), let blocked = mask("SigBlk:") else { return false }
        return caught & bit != 0 && blocked & bit == 0
    }

    private func catchesStackSignal(_ processID: Int32) -> Bool {
        let path = FilePath("/proc/\(processID)/status")
        // A process that is gone catches nothing.
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return false }
        defer { try? file.close() }  // Reading is over; nothing can be lost by a failed close.
        let bytes = [UInt8](unsafeUninitializedCapacity: 8192) { buffer, count in
            count = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0  // As above.
        }
        return Self.catchesStackSignal(status: String(decoding: bytes, as: UTF8.self))
    }

    private func hasReportOpen(_ processID: Int32) -> Bool {
        var ours = stat()
        var theirs = stat()
        return fstat(reportDescriptor.rawValue, &ours) == 0
            && stat("/proc/\(processID)/fd/\(Self.reportNumber)", &theirs) == 0
            && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino
    }

    private var reportLength: Int64? {
        var status = stat()
        return fstat(reportDescriptor.rawValue, &status) == 0 ? Int64(status.st_size) : nil
    }
}
