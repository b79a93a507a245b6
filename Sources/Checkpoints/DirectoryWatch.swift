import CLinuxShims
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

/// Tells that something happened below a folder, by inotify(7).
///
/// It only wakes: what happened is found out by looking. So nothing is lost when the queue overflows, when a folder cannot be
/// watched (fs.inotify.max_user_watches), or on a network file system that reports no events: the next look of the
/// interval finds it.
final class DirectoryWatch: Sendable {
    private struct State {
        var paths: [Int32: FilePath] = [:]
        var numbers: [FilePath: (number: Int32, identity: FileStatus.Identity)] = [:]
        var failure: Errno?
    }

    /// How many renamed files are named at most; those beyond are found by looking.
    private static let namesAtMost = 256
    private let queue: Int32
    private let stopEnds: (read: Int32, write: Int32)
    private let state = Mutex(State())
    private let onChange: @Sendable ([FilePath]) -> Void

    /// Opens a watch of nothing yet and starts its thread; nil when the kernel refuses one.
    ///
    /// - Parameter onChange: Is called on that thread with the files that came by rename(2).
    init?(onChange: @escaping @Sendable ([FilePath]) -> Void) {
        queue = CLinuxShims_watch_open()
        guard queue >= 0 else { return nil }
        var ends: [Int32] = [-1, -1]
        guard CLinuxShims_pipe(&ends) == 0 else {
            close(queue)
            return nil
        }
        stopEnds = (ends[0], ends[1])
        self.onChange = onChange
        guard startThread({ [self] in serve() }) else {
            closeAll()
            return nil
        }
    }

    /// Ends the thread, which closes the watch.
    func stop() {
        _ = write(stopEnds.write, "x", 1)
    }

    /// Why some folder is not watched; nil when all are.
    var failure: Errno? { state.withLock { $0.failure } }

    /// Watches a folder, unless it is watched; to be called before the folder is read.
    ///
    /// - Parameter folder: The folder itself, not those in it.
    func add(_ folder: FilePath) {
        guard let identity = FileStatus(of: folder, followingLinks: false)?.identity else { return }
        state.withLock { state in
            // A folder that was removed and made again has the name of one that is watched no more.
            if let known = state.numbers[folder], known.identity == identity { return }
            let number = folder.withPlatformString { CLinuxShims_watch_add(queue, $0) }
            guard number >= 0 else {
                if errno != ENOENT && errno != ENOTDIR { state.failure = Errno(rawValue: errno) }
                return
            }
            // A folder that was renamed keeps its number.
            if let old = state.paths[number] { state.numbers[old] = nil }
            state.paths[number] = folder
            state.numbers[folder] = (number, identity)
        }
    }

    // MARK: The thread

    private func serve() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
        defer { buffer.deallocate() }
        while waits(for: [queue, stopEnds.read], milliseconds: -1) {
            // What happens in a burst is told once.
            guard waits(for: [stopEnds.read], milliseconds: 50) else { break }
            var renamed: [FilePath] = []
            while case let count = read(queue, buffer.baseAddress, buffer.count), count > 0 {
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), &renamed)
            }
            onChange(renamed)
        }
        closeAll()
    }

    /// Waits for one of some descriptors; false when the last one, which is the end, is ready.
    private func waits(for descriptors: [Int32], milliseconds: Int32) -> Bool {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&polled, nfds_t(polled.count), milliseconds) < 0 {
            guard errno == EINTR else { return false }
        }
        return polled.last?.revents == 0
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ renamed: inout [FilePath]) {
        var offset = 0
        var event = CLinuxShims_watch_event()
        while CLinuxShims_watch_next(bytes.baseAddress, bytes.count, &offset, &event) != 0 {
            let folder = state.withLock { state -> FilePath? in
                guard event.is_forgotten != 0 else { return state.paths[event.directory] }
                if let path = state.paths.removeValue(forKey: event.directory) { state.numbers[path] = nil }
                return nil
            }
            guard event.is_renamed_file != 0, let folder, let name = event.name, renamed.count < Self.namesAtMost
            else { continue }
            renamed.append(folder.pushing(FilePath(platformString: name)))
        }
    }

    private func closeAll() {
        for descriptor in [queue, stopEnds.read, stopEnds.write] { close(descriptor) }
    }
}
