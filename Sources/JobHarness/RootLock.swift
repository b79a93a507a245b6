import BraketEnvironment
import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Keeps two runs out of one root: the second would move the first one's results aside while it writes them.
///
/// The lock is flock(2)'s, so it ends with the process, whatever ends that.
enum RootLock {
    private static let isTaken = Mutex(false)

    /// Whether a run is active in a root, as far as one can see; changes nothing.
    ///
    /// - Parameter paths: The job's folders.
    /// - Returns: nil where no run has ever taken the lock: in the platform's containers none does.
    static func isHeld(_ paths: ContainerPaths) -> Bool? {
        guard let descriptor = try? FileDescriptor.open(file(paths), .readOnly, options: .closeOnExec) else {
            return nil
        }
        defer { try? descriptor.close() }  // Which ends the lock that was tried.
        return flock(descriptor.rawValue, LOCK_SH | LOCK_NB) != 0
    }

    /// The lock's file, which holds the number of the process that took it last.
    ///
    /// - Parameter paths: The job's folders.
    /// - Returns: Its path.
    static func file(_ paths: ContainerPaths) -> FilePath { paths.ml.appending(".braket-runner.lock") }

    /// Takes the lock for the rest of the process's life; taking it again does nothing.
    ///
    /// - Parameter paths: The job's folders; `ml` is made.
    /// - Throws: `JobFailure` when another run holds it, or the folder cannot be made.
    static func take(_ paths: ContainerPaths) throws(JobFailure) {
        // To flock(2) a second descriptor is a stranger, also in one process.
        guard !isTaken.withLock({ $0 }) else { return }
        let file = file(paths)
        do {
            try makeDirectories(paths.ml)
            let descriptor = try FileDescriptor.open(
                file,
                .readWrite,
                options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 else {
                // Who holds it is for the message of the next one only.
                _ = try? descriptor.resize(to: 0)
                _ = try? descriptor.writeAll(Array("\(getpid())".utf8))
                isTaken.withLock { $0 = true }
                return
            }
        } catch {
            // open(2) says what is wrong, and not with which file.
            let error: any Error = (error as? Errno).map { ObjectStoreError(writing: "\(file)", $0) } ?? error
            throw JobFailure(preparing: error, remedy: JobFailure.remedy(forRoot: paths.root.string))
        }
        let holder = (try? readSmallFile(file)).map { " (process \($0.escaped(limit: 20)))" } ?? ""
        throw JobFailure(
            .rootBusy,
            .usage,
            "Another run\(holder) is active below \(paths.root).",
            details: ["Wait for its end, or choose another folder with --root."]
        )
    }
}
