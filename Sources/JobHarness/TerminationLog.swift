import BraketEnvironment
import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The file whose text Kubernetes shows as the reason of a container's end (`terminationMessagePath`).
struct TerminationLog: Sendable {
    /// What Kubernetes takes of it.
    static let limitBytes = 4096
    /// The variable that names another file than `/dev/termination-log`.
    static let variable = "BRAKET_RUNNER_TERMINATION_LOG"

    private let path: String

    /// Finds the file.
    ///
    /// - Parameter environment: The variables of this process.
    init(_ environment: ProcessEnvironment) {
        path = environment.nonEmpty(Self.variable) ?? "/dev/termination-log"
    }

    /// Writes why the job failed, where the file exists: nobody else than Kubernetes makes it.
    ///
    /// Blocks. Nothing fails because of it.
    ///
    /// - Parameter failure: The reason.
    func write(_ failure: JobFailure) {
        let descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(failure.composedText(limitBytes: Self.limitBytes).utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { writeSome(descriptor, $0) }
            guard count > 0 else { return }
            written += count
        }
    }
}

private func writeSome(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
