import ObjectStorage
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A checkpoint that is held open while it is stored: what replaces it under its name does not touch it.
final class OpenedFile: Sendable {
    /// By how much a file's times must be in the past before its content counts as that of its times: two writes within
    /// a tick of the kernel's clock leave the same ones.
    private static let tickNanoseconds: Int64 = 20_000_000

    /// Where it lies.
    let path: FilePath
    /// The open file.
    let descriptor: FileDescriptor
    /// Its state when it was opened.
    let stamp: FileStamp

    /// Opens a file; blocks.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - folder: Where a link must lead to; nil follows none.
    /// - Throws: `ObjectStoreError` when it cannot be read.
    init(_ path: FilePath, below folder: FilePath? = nil) throws(ObjectStoreError) {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow, .nonBlocking])
        } catch {
            let error = error as? Errno ?? .ioError
            guard error == .tooManySymbolicLinkLevels, let folder, let file = LinkedFile.open(path, below: folder)
            else { throw ObjectStoreError(reading: path.string.escaped(), error) }
            descriptor = file
        }
        guard let status = FileStatus(of: descriptor), status.isRegularFile else {
            try? descriptor.close()  // Nothing was written.
            throw ObjectStoreError(.notFound, "\(path.string.escaped()) is no file any more")
        }
        self.path = path
        self.descriptor = descriptor
        stamp = FileStamp(status)
    }

    deinit {
        try? descriptor.close()  // Nothing was written.
    }

    /// A path of exactly this file, also when it has no name any more.
    var ownPath: FilePath {
        let link = FilePath("/proc/self/fd/\(descriptor.rawValue)")
        return FileStatus(of: link) == nil ? path : link
    }

    /// Whether the content is still what it was when the file was opened.
    var isUnchanged: Bool { FileStatus(of: descriptor).map(stamp.isContent) ?? false }

    /// How long to wait until the clock has ticked since a change.
    ///
    /// - Parameters:
    ///   - changedNanoseconds: When the file was changed, by the clock of the kernel.
    ///   - nowNanoseconds: What that clock says now. It may have been set in between: a change in the future says nothing, and
    ///     one tick is enough; one far in the past is over, as the next change has the time of now.
    /// - Returns: From 0 to 20 ms, in nanoseconds.
    static func restOfTick(changedNanoseconds: Int64, nowNanoseconds: Int64) -> Int64 {
        let age = nowNanoseconds - changedNanoseconds
        return age < tickNanoseconds ? tickNanoseconds - max(0, age) : 0
    }

    /// Waits until the clock has ticked since the file's last change; blocks at most 20 ms.
    func waitOutTick() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let wait = Self.restOfTick(
            changedNanoseconds: stamp.changedNanoseconds,
            nowNanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
        )
        guard wait > 0 else { return }
        var rest = timespec(tv_sec: 0, tv_nsec: Int(wait))
        var left = timespec()
        while nanosleep(&rest, &left) != 0 && errno == EINTR { rest = left }
    }

    /// Hashes the content; blocks.
    ///
    /// - Throws: `ObjectStoreError`, `CancellationError`.
    func digest(_ cancellation: CancellationFlag) throws -> ContentDigest {
        try ContentDigest(of: descriptor, name: path.string.escaped(), cancellation: cancellation)
    }
}
