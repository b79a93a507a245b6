import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

/// The new file that a download fills at any offset.
///
/// Opened by the first who writes, on whatever thread that is: for a small file that is the thread on which its bytes
/// arrive, which saves two changes of thread a file.
final class DownloadTarget: Sendable {
    private static let preallocatedFromBytes: Int64 = 1 << 20

    /// Where the file is.
    let file: FilePath
    private let sizeBytes: Int64
    private let state = Mutex(State())

    private struct State {
        var descriptor: FileDescriptor?
        /// Whether this object made the file, which may be closed again.
        var isMade = false
    }

    /// Makes a target that is not there yet.
    ///
    /// - Parameters:
    ///   - file: The new file; folders above it are made.
    ///   - sizeBytes: How large it will be.
    init(_ file: FilePath, sizeBytes: Int64) {
        self.file = file
        self.sizeBytes = sizeBytes
    }

    deinit {
        try? close()  // A download that was given up: the file is removed, its content is of no interest.
    }

    /// Opens the file, unless it is open.
    ///
    /// - Returns: The open file, which stays this object's to close.
    /// - Throws: `ObjectStoreError`; `.exists` when there is such a file already.
    @discardableResult
    func open() throws -> FileDescriptor {
        try state.withLock { state in
            if let descriptor = state.descriptor { return descriptor }
            let opened = try openNewFile(file)
            state = State(descriptor: opened, isMade: true)
            if sizeBytes >= Self.preallocatedFromBytes {
                try preallocate(opened, sizeBytes: sizeBytes, name: file.string.escaped())
            }
            return opened
        }
    }

    /// Writes bytes at an offset.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - offset: Where they belong.
    /// - Throws: `ObjectStoreError`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        let descriptor = try open()
        do {
            try descriptor.writeAll(toAbsoluteOffset: offset, bytes)
        } catch let error as Errno {
            throw ObjectStoreError(writing: file.string.escaped(), error)
        }
    }

    /// Closes the file, where a network file system reports what it could not write.
    ///
    /// - Throws: `ObjectStoreError`.
    func close() throws {
        let descriptor = state.withLock { state in
            defer { state.descriptor = nil }
            return state.descriptor
        }
        do {
            try descriptor?.close()
        } catch let error as Errno {
            throw ObjectStoreError(writing: file.string.escaped(), error)
        }
    }

    /// Removes the file of a download that failed; one that was there before is never opened, and stays.
    func discard() {
        let isMade = state.withLock { state in
            try? state.descriptor?.close()  // The file goes.
            defer { state = State() }
            return state.isMade
        }
        if isMade { removeLink(file) }
    }
}
