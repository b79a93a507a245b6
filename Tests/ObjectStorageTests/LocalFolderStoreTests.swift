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

@Suite(.timeLimit(.minutes(15))) struct LocalFolderStoreTests {
    // MARK: Listing

    /// S3 sorts whole keys, so that a folder's files stand behind `a.txt` and before `a0`.
    @Test func listingIsInTheOrderOfTheKeysBytes() async throws {
        try await withTemporaryDirectory { folder in
            let keys = ["a/b", "a/b.c/d", "a/b/c/d", "a.txt", "a0", "a-b", "Z", "\u{e9}", "z", "a/\u{fc}", "B/x"]
                .filter { $0 != "a/b" }
            for key in keys { try write(key, to: folder.pushing(FilePath(key))) }
            let listed = try await LocalFolderStore(folder: folder).keys()
            #expect(listed == keys.map(ObjectKey.init).sorted().map(\.description))
            #expect(listed == ["B/x", "Z", "a-b", "a.txt", "a/b.c/d", "a/b/c/d", "a/\u{fc}", "a0", "z", "\u{e9}"])
        }
    }

    @Test(
        arguments: [
            ("", ["data.txt", "data/a", "data/sub/b", "data2/c", "other"]),
            ("data", ["data.txt", "data/a", "data/sub/b", "data2/c"]),
            ("data/", ["data/a", "data/sub/b"]), ("data/s", ["data/sub/b"]), ("data/sub/b", ["data/sub/b"]),
            ("data/sub/b/", []), ("dat", ["data.txt", "data/a", "data/sub/b", "data2/c"]), ("data2", ["data2/c"]),
            ("missing", []), ("missing/", []), ("data.txt", ["data.txt"]), ("data.txt/", []), ("datax/", []),
        ])
    func aPrefixIsTheBeginningOfKeys(prefix: String, expected: [String]) async throws {
        try await withTemporaryDirectory { folder in
            for key in ["data/a", "data/sub/b", "data2/c", "data.txt", "other"] {
                try write("x", to: folder.pushing(FilePath(key)))
            }
            #expect(try await LocalFolderStore(folder: folder).keys(prefix) == expected)
        }
    }

    @Test func aPrefixMustNotLeaveTheFolder() async throws {
        try await withTemporaryDirectory { folder in
            try write("secret", to: folder.pushing("outside/x"))
            let store = LocalFolderStore(folder: folder.appending("bucket"))
            let error = await #expect(throws: ObjectStoreError.self) { try await store.keys("../outside/") }
            #expect(error?.code == .invalidKey)
        }
    }

    /// More files than one batch, so that the walk is interrupted and goes on.
    @Test func largeFolders() async throws {
        try await withTemporaryDirectory { folder in
            let keys = (0..<1100).map { "d\($0 % 7)/f\($0)" }
            for number in 0..<7 { try makeDirectories(folder.appending("d\(number)")) }
            for key in keys {
                let options: FileDescriptor.OpenOptions = [.create]
                try FileDescriptor.open(
                    folder.pushing(FilePath(key)),
                    .writeOnly,
                    options: options,
                    permissions: .ownerReadWrite
                ).close()
            }
            let listed = try await LocalFolderStore(folder: folder).keys()
            #expect(listed == keys.map(ObjectKey.init).sorted().map(\.description))
        }
    }

    @Test func linksAreFollowedButLoopsAreNot() async throws {
        try await withTemporaryDirectory { folder in
            try write("1", to: folder.pushing("bucket/real/x"))
            try write("22", to: folder.pushing("elsewhere/y"))
            try link(folder.pushing("bucket/real/self"), to: ".")
            try link(folder.pushing("bucket/real/up"), to: "../..")
            try link(folder.pushing("bucket/file"), to: "../elsewhere/y")
            try link(folder.pushing("bucket/folder"), to: "../elsewhere")
            try link(folder.pushing("bucket/dangling"), to: "nowhere")
            try link(folder.pushing("bucket/ring"), to: "ring")
            let store = LocalFolderStore(folder: folder.appending("bucket"))
            let expected = ["file", "folder/y", "real/up/elsewhere/y", "real/x"]
            #expect(try await store.keys() == expected)
            #expect(try await store.summary(of: ObjectKey("file")).sizeBytes == 2)
        }
    }

    @Test func onlyFilesAreObjects() async throws {
        try await withTemporaryDirectory { folder in
            try makeDirectories(folder.appending("empty"))
            #expect(mkfifo(folder.appending("pipe").string, 0o600) == 0)
            try write("x", to: folder.appending("file"))
            let store = LocalFolderStore(folder: folder)
            #expect(try await store.keys() == ["file"])
            for key in ["empty", "pipe", "file/", "missing", "file/x"] {
                let error = await #expect(throws: ObjectStoreError.self) {
                    try await store.summary(of: ObjectKey(key))
                }
                #expect(error?.code == .notFound, "\(key)")
            }
        }
    }

    @Test func aFolderThatIsNotThereIsEmpty() async throws {
        try await withTemporaryDirectory { folder in
            let keys = try await LocalFolderStore(folder: folder.appending("missing")).keys()
            #expect(keys.isEmpty)
        }
    }

    @Test func anErrorOfTheVisitorEndsTheListing() async throws {
        struct Enough: Error {}
        try await withTemporaryDirectory { folder in
            for name in ["a", "b", "c"] { try write(name, to: folder.appending(name)) }
            var seen = 0
            await #expect(throws: Enough.self) {
                try await LocalFolderStore(folder: folder).list(prefix: ObjectKey("")) { _ in
                    seen += 1
                    if seen == 2 { throw Enough() }
                }
            }
            #expect(seen == 2)
        }
    }

    // MARK: Reading

    @Test func summaryReadAndDownloadAgree() async throws {
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder.appending("bucket"), bucketAddress: "s3://bucket/")
            let key = ObjectKey("a/b")
            try write("content", to: folder.pushing("bucket/a/b"))
            let summary = try await store.summary(of: key)
            #expect(summary.sizeBytes == 7)
            #expect(summary.key == key)
            #expect(try await store.get(key) == Array("content".utf8))
            let target = folder.pushing("new/folder/copy")
            #expect(try await store.download(key, to: target) == summary)
            #expect(try text(of: target) == "content")
            #expect(store.address(of: key) == "s3://bucket/a/b")
        }
    }

    @Test(arguments: ["missing", "folder", "folder/file/below", "folder/file/"])
    func whatIsNoFileIsNotFound(key: String) async throws {
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder.appending("bucket"), bucketAddress: "s3://bucket/")
            try write("x", to: folder.pushing("bucket/folder/file"))
            let read = await #expect(throws: ObjectStoreError.self) { try await store.get(ObjectKey(key)) }
            #expect(read?.code == .notFound)
            #expect(read?.description.contains("s3://bucket/\(key)") == true)
            let download = await #expect(throws: ObjectStoreError.self) {
                try await store.download(ObjectKey(key), to: folder.appending("target"))
            }
            #expect(download?.code == .notFound)
            #expect(FileStatus(of: folder.appending("target")) == nil)
        }
    }

    @Test func downloadDoesNotReplaceAFile() async throws {
        try await withTemporaryDirectory { folder in
            try write("new", to: folder.pushing("bucket/a"))
            try write("old", to: folder.appending("target"))
            let store = LocalFolderStore(folder: folder.appending("bucket"))
            await #expect(throws: ObjectStoreError.self) {
                try await store.download(ObjectKey("a"), to: folder.appending("target"))
            }
            #expect(try text(of: folder.appending("target")) == "old")
        }
    }

    @Test func getHasALimit() async throws {
        try await withTemporaryDirectory { folder in
            try write("12345", to: folder.appending("a"))
            let store = LocalFolderStore(folder: folder)
            #expect(try await store.get(ObjectKey("a"), limitBytes: 5).count == 5)
            await #expect(throws: ObjectStoreError.self) { try await store.get(ObjectKey("a"), limitBytes: 4) }
        }
    }

    /// The read that follows the cancellation throws; the file would otherwise be read for ever.
    @Test func cancellingEndsARead() async throws {
        try await withTemporaryDirectory { folder in
            try write("x", to: folder.appending("a"))
            let store = LocalFolderStore(folder: folder)
            let started = Semaphore()
            let task = Task {
                try await store.read(ObjectKey("a")) { source in
                    var source = source
                    var buffer: [UInt8] = [0]
                    started.signal()
                    while true { _ = try buffer.withUnsafeMutableBytes { try source.read(into: $0) } }
                }
            }
            await withCheckedContinuation { continuation in
                startThread {
                    started.wait()
                    task.cancel()
                    continuation.resume()
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    // MARK: Writing

    @Test(arguments: ["..", "a/../../b", "", ".", "a\0"])
    func aKeyMustNotLeaveTheFolder(key: String) async throws {
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder.appending("bucket"))
            let key = ObjectKey(key)
            try write("x", to: folder.appending("file"))
            let errors = [
                await #expect(throws: ObjectStoreError.self) {
                    try await store.put([1], to: key, options: WriteOptions())
                },
                await #expect(throws: ObjectStoreError.self) {
                    try await store.upload(folder.appending("file"), to: key, options: WriteOptions())
                },
                await #expect(throws: ObjectStoreError.self) { try await store.get(key) },
                await #expect(throws: ObjectStoreError.self) { try await store.delete(key) },
                await #expect(throws: ObjectStoreError.self) { try await store.summary(of: key) },
                await #expect(throws: ObjectStoreError.self) {
                    try await store.download(key, to: folder.appending("target"))
                },
            ]
            #expect(errors.map { $0?.code } == Array(repeating: .invalidKey, count: 6))
            #expect(try names(in: folder) == ["file"])
        }
    }

    /// While it is written a reader sees the old object, and nothing else appears in a listing.
    @Test func aWriteAppearsInOneStep() async throws {
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder)
            let file = folder.appending("a")
            try write("old", to: file)
            try await store.write(ObjectKey("a"), options: WriteOptions()) { sink in
                try Array("new ".utf8).withUnsafeBytes { try sink.write($0) }
                #expect(try text(of: file) == "old")
                let partial = try names(in: folder).filter { $0 != "a" }
                #expect(partial.count == 1)
                #expect(partial.first?.hasPrefix(".braket-runner-partial-") == true)
                // Hosts that share a folder may have the same process numbers: each in a container of its own.
                #expect(partial.first?.contains("\(getpid())-") == false)
                try Array("content".utf8).withUnsafeBytes { try sink.write($0) }
            }
            #expect(try text(of: file) == "new content")
            #expect(try names(in: folder) == ["a"])
        }
    }

    @Test func aWriteThatFailsLeavesTheOldObject() async throws {
        struct Failure: Error {}
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder)
            try write("old", to: folder.appending("a"))
            await #expect(throws: Failure.self) {
                try await store.write(ObjectKey("a"), options: WriteOptions()) { sink in
                    try [UInt8](repeating: 0, count: 100).withUnsafeBytes { try sink.write($0) }
                    throw Failure()
                }
            }
            #expect(try text(of: folder.appending("a")) == "old")
            #expect(try names(in: folder) == ["a"])
        }
    }

    @Test func filesThatAreNotCompleteAreNoObjects() async throws {
        try await withTemporaryDirectory { folder in
            try write("half", to: folder.pushing("d/.braket-runner-partial-1-1"))
            try write("whole", to: folder.pushing("d/.hidden"))
            #expect(try await LocalFolderStore(folder: folder).keys() == ["d/.hidden"])
        }
    }

    @Test func uploadReplacesAndMakesFolders() async throws {
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder.appending("bucket"))
            let source = folder.appending("source")
            for content in ["first", "the second"] {
                try write(content, to: source)
                let count = try await store.upload(source, to: ObjectKey("x/y/z"), options: WriteOptions())
                #expect(count == Int64(content.utf8.count))
                #expect(try await store.get(ObjectKey("x/y/z")) == Array(content.utf8))
            }
            #expect(try names(in: folder.pushing("bucket/x/y")) == ["z"])
        }
    }

    @Test func aFolderIsNotReplacedByAnObject() async throws {
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder)
            try write("x", to: folder.pushing("a/b"))
            await #expect(throws: ObjectStoreError.self) {
                try await store.put([1], to: ObjectKey("a"), options: WriteOptions())
            }
            #expect(try await store.keys() == ["a/b"])
            #expect(try names(in: folder) == ["a"])
        }
    }

    @Test func deletingTwiceIsNoError() async throws {
        try await withTemporaryDirectory { folder in
            let store = LocalFolderStore(folder: folder)
            try write("x", to: folder.appending("a"))
            try await store.delete(ObjectKey("a"))
            #expect(try await store.keys().isEmpty)
            try await store.delete(ObjectKey("a"))
        }
    }

    @Test func deletingBelowAFileIsNoError() async throws {
        try await withTemporaryDirectory { folder in
            try write("x", to: folder.appending("a"))
            try await LocalFolderStore(folder: folder).delete(ObjectKey("a/b"))
            #expect(try names(in: folder) == ["a"])
        }
    }
}
