#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The kernel's log from a moment on, `/dev/kmsg`.
///
/// Nothing is read until the end: the open file remembers the place. In most containers it may not be opened, and then
/// the log is empty.
package final class KernelLog: Sendable {
    private let descriptor: Int32

    /// Remembers the log's end.
    ///
    /// - Parameter path: The device, or a file with recorded records.
    package init(path: String = "/dev/kmsg") {
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        if descriptor >= 0 { lseek(descriptor, 0, SEEK_END) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads what was written since, at most 20,000 records.
    ///
    /// - Returns: What tells how a process died, in order.
    package func newEvents() -> [KernelEvent] {
        guard descriptor >= 0 else { return [] }
        var events: [KernelEvent] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        for _ in 0..<20_000 {
            let count = read(descriptor, &buffer, buffer.count)
            // EPIPE: records were overwritten before they were read, and the next one is at hand.
            if count < 0, errno == EPIPE || errno == EINTR { continue }
            guard count > 0 else { break }
            // The device gives one record a read, with lines of details behind it.
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            events += text.split(separator: "\n").compactMap { KernelEvent(record: $0) }
        }
        return events
    }

    /// Whether the numbers in the log are those of this process's own view: in the machine's first pid namespace.
    package static let countsAsWeDo: Bool = {
        var status = stat()
        // PROC_PID_INIT_INO, fixed in the kernel's include/linux/proc_ns.h.
        return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == 0xEFFF_FFFC
    }()
}
