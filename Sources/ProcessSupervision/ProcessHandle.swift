import CLinuxShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A process that no later one of its number can be mistaken for.
///
/// A descriptor of the process where the kernel has them (Linux 5.3), else its number and when it started, looked at
/// just before each signal.
struct ProcessHandle: ~Copyable {
    /// The process as it was seen.
    let entry: ProcessEntry
    /// -1 for none.
    private let descriptor: Int32

    /// Takes hold of a process; nil when it is gone.
    ///
    /// Blocks for a read of the kernel's memory.
    ///
    /// - Parameter entry: As the table shows it.
    init?(_ entry: ProcessEntry) {
        let descriptor = CLinuxShims_pidfd_open(entry.processID)
        // The descriptor may be that of a successor; if the same process is there now, it was there then.
        guard ProcessEntry.read(entry.processID)?.startTicks == entry.startTicks else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        self.entry = entry
        self.descriptor = descriptor
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Sends a signal; one to a process that is gone is no error.
    ///
    /// - Parameter number: The signal.
    borrowing func send(_ number: Int32) {
        if descriptor >= 0, CLinuxShims_pidfd_send_signal(descriptor, number) == 0 || errno != ENOSYS { return }
        guard ProcessEntry.read(entry.processID)?.startTicks == entry.startTicks else { return }
        kill(entry.processID, number)
    }

    /// Blocks until the process has ended, at most a tenth of a second.
    borrowing func waitBriefly() {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Without a descriptor, poll(2) ignores the entry and is a pause.
        poll(&request, 1, descriptor >= 0 ? 100 : 20)
    }
}
