import RunnerCore
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Tells this process's files from those of others.
///
/// Where hosts share a folder, their runners may all have the same number: each is in a container of its own.
let processMark = String(UInt64.random(in: 1 << 60...UInt64.max), radix: 36)

/// Makes the names of incomplete files of this process differ.
private let partialCounter = Atomic<UInt64>(0)

extension FilePath {
    /// The path of an entry of this folder, by the bytes of its name.
    ///
    /// - Parameter name: One file name.
    /// - Returns: The path.
    package func appending(bytes name: some Sequence<UInt8>) -> FilePath {
        pushing(FilePath(bytes: name))
    }
}

/// Gives a file another name in the same file system, in one step, by rename(2).
///
/// - Parameters:
///   - file: The file or folder.
///   - target: Its new path; a file there is replaced.
/// - Returns: false with errno set when it could not be moved.
package func moveFile(_ file: FilePath, to target: FilePath) -> Bool {
    file.withPlatformString { from in target.withPlatformString { to in rename(from, to) } } == 0
}

/// Removes the name of a file that nobody needs any more, by unlink(2).
///
/// - Parameter file: The file or link.
/// - Returns: false with errno set when it could not be removed.
@discardableResult
package func removeLink(_ file: FilePath) -> Bool {
    file.withPlatformString { unlink($0) } == 0
}

/// The names in a directory, in the order the file system gives them, without `.` and `..`.
///
/// Blocks.
///
/// - Parameter directory: The directory; a missing one has no names.
/// - Returns: The names as bytes.
/// - Throws: `ObjectStoreError` when it cannot be read.
package func directoryEntryNames(_ directory: FilePath) throws(ObjectStoreError) -> [[UInt8]] {
    guard let stream = directory.withPlatformString({ opendir($0) }) else {
        let error = Errno(rawValue: errno)
        if error == .noSuchFileOrDirectory || error == .notDirectory { return [] }
        throw ObjectStoreError(reading: directory.string, error)
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else { break }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in Array(bytes.prefix { $0 != 0 }) }
        if !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8) { names.append(name) }
    }
    // A disk or a network file system may fail in the middle: half a list must not pass for the whole.
    guard errno == 0 else { throw ObjectStoreError(reading: directory.string, Errno(rawValue: errno)) }
    return names
}

/// Makes a directory and those above it.
///
/// Blocks.
///
/// - Parameter directory: An existing directory, or a link to one, is no error.
/// - Throws: `ObjectStoreError` naming the first one that could not be made.
package func makeDirectories(_ directory: FilePath) throws(ObjectStoreError) {
    guard let error = makeDirectory(directory) else { return }
    let parent = directory.removingLastComponent()
    guard error == .noSuchFileOrDirectory, parent != directory, !parent.isEmpty else {
        throw ObjectStoreError(writing: directory.string, error)
    }
    try makeDirectories(parent)
    if let error = makeDirectory(directory) { throw ObjectStoreError(writing: directory.string, error) }
}

/// Makes one directory; nil when it is there afterwards.
private func makeDirectory(_ directory: FilePath) -> Errno? {
    guard directory.withPlatformString({ mkdir($0, 0o777) }) != 0 else { return nil }
    // Before stat(2), which sets errno as well.
    let error = Errno(rawValue: errno)
    if FileStatus(of: directory)?.isDirectory == true { return nil }
    return error == .fileExists ? .notDirectory : error
}

/// Opens a regular file for reading.
///
/// - Parameters:
///   - file: The file.
///   - address: Its name for messages.
/// - Returns: The open file, the caller's to close.
/// - Throws: `ObjectStoreError`; `.notFound` also for a folder.
package func openFile(_ file: FilePath, address: String) throws(ObjectStoreError) -> FileDescriptor {
    let descriptor: FileDescriptor
    do {
        descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec])
    } catch {
        let error = error as? Errno ?? .ioError
        if error == .noSuchFileOrDirectory || error == .notDirectory {
            throw ObjectStoreError(.notFound, "\(address.escaped()) does not exist")
        }
        throw ObjectStoreError(reading: address.escaped(), error)
    }
    guard FileStatus(of: descriptor)?.isDirectory != true else {
        try? descriptor.close()  // Nothing was written.
        throw ObjectStoreError(.notFound, "\(address.escaped()) is a folder, not a file")
    }
    return descriptor
}

/// Opens a regular file for reading, runs `body` and closes it.
///
/// - Parameters:
///   - file: The file.
///   - address: Its name for messages.
///   - body: Gets the open file.
/// - Returns: What `body` returns.
/// - Throws: `ObjectStoreError`, or what `body` throws.
package func withOpenFile<R>(
    _ file: FilePath,
    address: String,
    _ body: (FileDescriptor) throws -> R
) throws -> R {
    let descriptor = try openFile(file, address: address)
    defer { try? descriptor.close() }  // Nothing was written, so nothing can be lost by a failed close.
    return try body(descriptor)
}

/// Makes a file that must not exist yet; removes it when `body` throws.
///
/// - Parameters:
///   - file: The new file; folders above it are made.
///   - body: Gets the open file.
/// - Returns: What `body` returns.
/// - Throws: `ObjectStoreError`, or what `body` throws.
package func writeNewFile<R>(_ file: FilePath, _ body: (FileDescriptor) throws -> R) throws -> R {
    let descriptor = try openNewFile(file)
    do {
        let result = try body(descriptor)
        try descriptor.close()
        return result
    } catch {
        try? descriptor.close()  // The first error is the one to report.
        removeLink(file)
        guard let error = error as? Errno else { throw error }
        throw ObjectStoreError(writing: file.string, error)
    }
}

/// Opens a file that must not exist yet.
///
/// - Parameter file: The new file; folders above it are made.
/// - Returns: The file open for writing, the caller's to close.
/// - Throws: `ObjectStoreError`; `.exists` when something is in the way.
package func openNewFile(_ file: FilePath) throws(ObjectStoreError) -> FileDescriptor {
    func open() throws -> FileDescriptor {
        try FileDescriptor.open(
            file,
            .writeOnly,
            options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
            permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite]
        )
    }
    do {
        return try open()
    } catch Errno.noSuchFileOrDirectory {
        try makeDirectories(file.removingLastComponent())
        do {
            return try open()
        } catch {
            throw ObjectStoreError(writing: file.string, error as? Errno ?? .ioError)
        }
    } catch {
        throw ObjectStoreError(writing: file.string, error as? Errno ?? .ioError)
    }
}

/// Replaces a file in one step: what `body` writes appears under the name only when all of it is there.
///
/// - Parameters:
///   - file: The file; folders above it are made.
///   - isDurable: Whether the bytes are on the disk before the name is, fsync(2): without it a machine that loses its
///     power may have the new name with nothing in it.
///   - body: Gets an open file of another name in the same folder.
/// - Returns: What `body` returns.
/// - Throws: `ObjectStoreError`, or what `body` throws; the old file is untouched then.
package func replaceFile<R>(
    _ file: FilePath,
    isDurable: Bool = false,
    _ body: (FileDescriptor) throws -> R
) throws -> R {
    let unique = "\(processMark)-\(partialCounter.wrappingAdd(1, ordering: .relaxed).newValue)"
    let partial = file.removingLastComponent().appending(LocalFolderStore.partialPrefix + unique)
    let result = try writeNewFile(partial) { descriptor in
        let result = try body(descriptor)
        if isDurable, fsync(descriptor.rawValue) != 0 { throw Errno(rawValue: errno) }
        return result
    }
    guard moveFile(partial, to: file) else {
        let error = Errno(rawValue: errno)
        removeLink(partial)
        throw ObjectStoreError(writing: file.string, error)
    }
    return result
}

/// Replaces a small file in one step.
///
/// - Parameters:
///   - file: The file; folders above it are made.
///   - bytes: The whole content.
/// - Throws: `ObjectStoreError`; the old file is untouched then.
package func replaceFile(_ file: FilePath, with bytes: some Sequence<UInt8>) throws {
    try replaceFile(file) { descriptor in _ = try descriptor.writeAll(bytes) }
}

/// Makes sure that a file's bytes are on the disk, fsync(2).
///
/// Blocks.
///
/// - Parameter file: The file.
/// - Throws: `ObjectStoreError`.
package func syncFile(_ file: FilePath) throws {
    try withOpenFile(file, address: file.string) { descriptor in
        guard fsync(descriptor.rawValue) == 0 else {
            throw ObjectStoreError(writing: file.string, Errno(rawValue: errno))
        }
    }
}
