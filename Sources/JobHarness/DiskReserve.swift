import ObjectStorage
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Room on the disk for the end: a script that fills the disk leaves none for the failure file and the record, which
/// say just that.
///
/// The platform shows the failure file's text as the reason of a failed job. Without the reserve it was missing then.
final class DiskReserve: Sendable {
    /// Enough for the failure file and two copies of a record: it is replaced, not overwritten.
    static let sizeBytes: off_t = 128 << 10

    private enum State {
        case none
        case taken(FilePath)
        case released
    }

    private let state = Mutex(State.none)

    /// Takes the room, unless the end has come already.
    ///
    /// Blocks. Where there is none, the job goes on without.
    ///
    /// - Parameter folder: Where the record lies.
    func take(in folder: FilePath) {
        state.withLock { state in
            guard case .none = state else { return }
            let file = folder.appending(".braket-runner-reserve")
            let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW
            let descriptor = file.withPlatformString { openNew($0, flags, 0o600) }
            guard descriptor >= 0 else { return }
            state = .taken(file)
            // Less than all of it is of use as well.
            _ = posix_fallocate(descriptor, 0, Self.sizeBytes)
            close(descriptor)
        }
    }

    /// Gives the room back to who writes next; blocks.
    func release() {
        state.withLock { state in
            if case .taken(let file) = state { removeLink(file) }
            state = .released
        }
    }
}

private func openNew(_ path: UnsafePointer<CChar>, _ flags: CInt, _ mode: mode_t) -> CInt { open(path, flags, mode) }
