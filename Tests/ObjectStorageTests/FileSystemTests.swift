import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite struct FileSystemTests {
    @Test func statusTellsKindSizeAndTime() throws {
        try withTemporaryDirectory { folder in
            try write("12345", to: folder.appending("file"))
            try link(folder.appending("link"), to: "file")
            let time = [timespec](repeating: timespec(tv_sec: 1_700_000_000, tv_nsec: 123_456_789), count: 2)
            #expect(utimensat(AT_FDCWD, folder.appending("file").string, time, 0) == 0)
            #expect(chmod(folder.appending("file").string, 0o4751) == 0)
            let file = try #require(FileStatus(of: folder.appending("file")))
            #expect(file.isRegularFile && !file.isDirectory)
            #expect(file.sizeBytes == 5)
            #expect(file.modifiedNanoseconds == 1_700_000_000_123_456_789)
            #expect(file.modified == Timestamp(milliseconds: 1_700_000_000_123))
            #expect(file.permissions == 0o4751)
            let linked = try #require(FileStatus(of: folder.appending("link")))
            #expect(linked.identity == file.identity)
            #expect(FileStatus(of: folder.appending("link"), followingLinks: false)?.kind == .symbolicLink)
            #expect(FileStatus(of: folder)?.kind == .directory)
            #expect(FileStatus(of: "/dev/null")?.kind == .other)
            #expect(FileStatus(of: folder.appending("missing")) == nil)
        }
    }

    @Test func makeDirectoriesMakesAllAbove() throws {
        try withTemporaryDirectory { folder in
            try makeDirectories(folder.pushing("a/b/c"))
            #expect(FileStatus(of: folder.pushing("a/b/c"))?.isDirectory == true)
            try makeDirectories(folder.pushing("a/b/c"))
            try link(folder.appending("link"), to: "a/b")
            try makeDirectories(folder.pushing("link/d"))
            #expect(FileStatus(of: folder.pushing("a/b/d"))?.isDirectory == true)
        }
    }

    @Test(arguments: ["file", "file/below", "dangling"])
    func makeDirectoriesNamesWhatIsInTheWay(name: String) throws {
        try withTemporaryDirectory { folder in
            try write("x", to: folder.appending("file"))
            try link(folder.appending("dangling"), to: "nowhere")
            let error = #expect(throws: ObjectStoreError.self) { try makeDirectories(folder.pushing(FilePath(name))) }
            #expect(error?.description.contains(folder.pushing(FilePath(name)).string) == true)
        }
    }

    @Test func entryNamesAreBytes() throws {
        try withTemporaryDirectory { folder in
            try replaceFile(folder.appending(bytes: [0xff, 0x20]), with: [])
            try makeDirectories(folder.appending(".hidden"))
            let names = try directoryEntryNames(folder)
            #expect(Set(names) == [[0xff, 0x20], Array(".hidden".utf8)])
            #expect(try directoryEntryNames(folder.appending("missing")).isEmpty)
        }
    }

    @Test func writeNewFileNeverReplaces() throws {
        try withTemporaryDirectory { folder in
            let file = folder.pushing("new/file")
            try writeNewFile(file) { _ = try $0.writeAll("first".utf8) }
            #expect(throws: ObjectStoreError.self) { try writeNewFile(file) { _ = try $0.writeAll("second".utf8) } }
            #expect(try text(of: file) == "first")
            // Not even through a link: somebody else's file would be overwritten.
            try link(folder.appending("link"), to: "elsewhere")
            #expect(throws: ObjectStoreError.self) { try writeNewFile(folder.appending("link")) { _ in } }
            #expect(FileStatus(of: folder.appending("elsewhere")) == nil)
        }
    }

    @Test func aFailedNewFileIsRemoved() throws {
        try withTemporaryDirectory { folder in
            let error = #expect(throws: ObjectStoreError.self) {
                try writeNewFile(folder.appending("file")) { descriptor in
                    _ = try descriptor.writeAll("half".utf8)
                    throw Errno.noSpace
                }
            }
            #expect(error?.code == .failed)
            let left = try names(in: folder)
            #expect(left.isEmpty)
        }
    }

    @Test func replaceFileKeepsTheOldOneOnFailure() throws {
        struct Failure: Error {}
        try withTemporaryDirectory { folder in
            let file = folder.appending("file")
            try replaceFile(file, with: "old".utf8)
            #expect(throws: Failure.self) {
                try replaceFile(file) { descriptor in
                    _ = try descriptor.writeAll("new".utf8)
                    throw Failure()
                }
            }
            #expect(try text(of: file) == "old")
            try replaceFile(file, with: "new".utf8)
            #expect(try text(of: file) == "new")
            #expect(try names(in: folder) == ["file"])
        }
    }

    @Test func openFileIsAFile() throws {
        try withTemporaryDirectory { folder in
            for path in [folder, folder.appending("missing")] {
                let error = #expect(throws: ObjectStoreError.self) {
                    try withOpenFile(path, address: "s3://b/k") { _ in }
                }
                #expect(error?.code == .notFound)
                #expect(error?.description.contains("s3://b/k") == true)
            }
        }
    }

    @Test func moveReplacesAFile() throws {
        try withTemporaryDirectory { folder in
            try write("new", to: folder.appending("a"))
            try write("old", to: folder.appending("b"))
            #expect(moveFile(folder.appending("a"), to: folder.appending("b")))
            #expect(try text(of: folder.appending("b")) == "new")
            #expect(!moveFile(folder.appending("a"), to: folder.appending("b")))
            #expect(removeLink(folder.appending("b")))
            #expect(!removeLink(folder.appending("b")))
        }
    }
}

@Suite struct FileCopyTests {
    @Test(arguments: [0, 1, 300_000])
    func copiesAFile(count: Int) throws {
        try withTemporaryDirectory { folder in
            let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try replaceFile(folder.appending("a"), with: content)
            try withOpenFile(folder.appending("a"), address: "a") { source in
                let copied = try writeNewFile(folder.appending("b")) { target in
                    try copyBytes(from: source, to: target, cancellation: CancellationFlag())
                }
                #expect(copied == Int64(count))
            }
            #expect(try bytes(of: folder.appending("b")) == content)
        }
    }

    /// The kernel takes a file of /proc for empty, and a pipe for no file at all.
    @Test func copiesWhatTheKernelCannot() throws {
        try withTemporaryDirectory { folder in
            try withOpenFile("/proc/self/status", address: "status") { source in
                let copied = try writeNewFile(folder.appending("status")) { target in
                    try copyBytes(from: source, to: target, cancellation: CancellationFlag())
                }
                #expect(copied > 0)
            }
            #expect(try text(of: folder.appending("status")).hasPrefix("Name:"))

            let pipe = try FileDescriptor.pipe()
            try pipe.writeEnd.writeAll("through a pipe".utf8)
            try pipe.writeEnd.close()
            defer { try? pipe.readEnd.close() }
            try writeNewFile(folder.appending("pipe")) { target in
                let copied = try copyBytes(from: pipe.readEnd, to: target, cancellation: CancellationFlag())
                #expect(copied == 14)
            }
            #expect(try text(of: folder.appending("pipe")) == "through a pipe")
        }
    }

    @Test func aCancelledCopyCopiesNothing() throws {
        try withTemporaryDirectory { folder in
            try write("x", to: folder.appending("a"))
            let cancellation = CancellationFlag()
            cancellation.cancel()
            _ = try withOpenFile(folder.appending("a"), address: "a") { source in
                #expect(throws: CancellationError.self) {
                    try writeNewFile(folder.appending("b")) { target in
                        try copyBytes(from: source, to: target, cancellation: cancellation)
                    }
                }
            }
            #expect(FileStatus(of: folder.appending("b")) == nil)
        }
    }

    @Test func sourceAndSinkStopWhenCancelled() throws {
        try withTemporaryDirectory { folder in
            try write("abc", to: folder.appending("a"))
            let cancellation = CancellationFlag()
            try withOpenFile(folder.appending("a"), address: "a") { descriptor in
                var source = FileSource(descriptor, name: "a", cancellation: cancellation)
                var sink = FileSink(descriptor, name: "a", cancellation: cancellation)
                var buffer = [UInt8](repeating: 0, count: 2)
                let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
                #expect(count == 2)
                // The file is open for reading only.
                let error = #expect(throws: ObjectStoreError.self) { try buffer.withUnsafeBytes { try sink.write($0) } }
                #expect(error?.description.hasPrefix("cannot write a: ") == true)
                cancellation.cancel()
                #expect(throws: CancellationError.self) {
                    try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
                }
                #expect(throws: CancellationError.self) { try buffer.withUnsafeBytes { try sink.write($0) } }
            }
        }
    }

    @Test(
        arguments: [
            (Errno.noSuchFileOrDirectory, ObjectStoreError.Code.notFound), (.permissionDenied, .accessDenied),
            (.notPermitted, .accessDenied), (.readOnlyFileSystem, .accessDenied),
            (.noSpace, .failed), (.ioError, .failed),
        ])
    func errorsHaveAKind(error: Errno, code: ObjectStoreError.Code) {
        #expect(ObjectStoreError(reading: "x", error).code == code)
        #expect(ObjectStoreError(writing: "x", error).code == code)
    }

    /// To a reader nothing is there; to a writer something is in the way.
    @Test(arguments: [
        (Errno.notDirectory, ObjectStoreError.Code.notFound), (.fileExists, .failed), (.isDirectory, .failed),
    ])
    func whatIsInTheWay(error: Errno, whenReading: ObjectStoreError.Code) {
        #expect(ObjectStoreError(reading: "x", error).code == whenReading)
        #expect(ObjectStoreError(writing: "x", error).code == .exists)
    }
}
