import Checkpoints
import Logging
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite(.timeLimit(.minutes(15))) struct CheckpointSyncTests {
    private func sync(_ folder: FilePath, prefix: String = "ck") -> CheckpointSync {
        CheckpointSync(
            folder: folder.appending("local"),
            store: LocalFolderStore(folder: folder.appending("bucket")),
            prefix: ObjectKey(prefix),
            options: WriteOptions(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private func files(_ folder: FilePath) throws -> [String] { filesBelow(folder) }

    // MARK: Restore

    @Test(arguments: ["ck", "ck/", ""])
    func restoreBringsEverythingBelowThePrefix(prefix: String) async throws {
        try await withTemporaryDirectory { folder in
            let base = prefix.isEmpty ? "bucket" : "bucket/ck"
            try write("1", to: folder.pushing(FilePath(base)).appending("job.json"), modified: 1_600_000_000)
            try write("22", to: folder.pushing(FilePath(base)).pushing("sub/deep/state"))
            if !prefix.isEmpty { try write("no", to: folder.pushing("bucket/ck2/other")) }
            let report = try await sync(folder, prefix: prefix).restore()
            #expect((report.restored, report.restoredBytes, report.kept) == (2, 3, 0))
            #expect(try files(folder.appending("local")) == ["job.json", "sub/deep/state"])
            #expect(try text(of: folder.pushing("local/job.json")) == "1")
            // The time stays, so that the next run can tell which one is newer.
            #expect(FileStatus(of: folder.pushing("local/job.json"))?.modified.milliseconds == 1_600_000_000_000)
        }
    }

    @Test func restoreOfNothingMakesTheFolder() async throws {
        try await withTemporaryDirectory { folder in
            let report = try await sync(folder).restore()
            #expect((report.restored, report.restoredBytes, report.kept) == (0, 0, 0))
            #expect(FileStatus(of: folder.appending("local"))?.isDirectory == true)
        }
    }

    @Test(
        arguments: [
            (1_600_000_001, 1_600_000_000, "local"), (1_600_000_000, 1_600_000_000, "local"),
            (1_600_000_000, 1_600_000_001, "stored"),
        ])
    func theNewerFileCounts(localTime: Int, storedTime: Int, winner: String) async throws {
        try await withTemporaryDirectory { folder in
            try write("stored", to: folder.pushing("bucket/ck/a"), modified: storedTime)
            try write("local", to: folder.pushing("local/a"), modified: localTime)
            let report = try await sync(folder).restore()
            #expect(try text(of: folder.pushing("local/a")) == winner)
            let expected = winner == "local" ? (0, 0, 1) : (1, Int64(6), 0)
            #expect((report.restored, report.restoredBytes, report.kept) == expected)
        }
    }

    /// Only a store of S3's kind can hold such a key.
    @Test(arguments: ["ck/../../etc/passwd", "ck/a/..", "ck/a\0b"])
    func aKeyThatWouldLeaveTheFolderIsRefused(key: String) async throws {
        try await withTemporaryDirectory { folder in
            let store = ListedStore(keys: ["ck/fine", key])
            let sync = CheckpointSync(
                folder: folder.appending("local"),
                store: store,
                prefix: ObjectKey("ck"),
                options: WriteOptions(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let error = await #expect(throws: ObjectStoreError.self) { try await sync.restore() }
            #expect(error?.code == .invalidKey)
            let left = try files(folder.appending("local"))
            #expect(left.isEmpty)
        }
    }

    @Test func folderMarkersAreNoCheckpoints() async throws {
        try await withTemporaryDirectory { folder in
            let store = ListedStore(keys: ["ck/", "ck/a/", "ck/a/b"])
            let sync = CheckpointSync(
                folder: folder,
                store: store,
                prefix: ObjectKey("ck"),
                options: WriteOptions(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let checkpoints = try await sync.storedCheckpoints()
            #expect(checkpoints.map(\.sizeBytes) == [1])
            #expect(checkpoints.map(\.name) == ["a/b"])
        }
    }

    /// Downloads run at the same time: two that write to one file would mix two checkpoints.
    @Test(
        arguments: [
            [Array("a".utf8), Array("b".utf8)], [[0xff], [0xfe]],
            ["x", "y"].map { Array((String(repeating: "n", count: 254) + $0).utf8) },
        ])
    func eachDownloadHasAFileOfItsOwn(names: [[UInt8]]) async throws {
        try await withTemporaryDirectory { folder in
            let store = ListedStore(keys: names.map { ObjectKey(bytes: Array("ck/".utf8) + $0) })
            let sync = CheckpointSync(
                folder: folder,
                store: store,
                prefix: ObjectKey("ck"),
                options: WriteOptions(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            _ = try await sync.restore()
            let targets = store.targets.withLock { $0 }
            #expect(targets.count == 2 && Set(targets).count == 2)
        }
    }

    // MARK: Flush

    @Test func flushStoresOnlyWhatChanged() async throws {
        try await withTemporaryDirectory { folder in
            try write("old", to: folder.pushing("bucket/ck/same"), modified: 1_600_000_000)
            try write("old", to: folder.pushing("bucket/ck/changes"), modified: 1_600_000_000)
            let sync = sync(folder)
            _ = try await sync.restore()
            try write("newer", to: folder.pushing("local/changes"))
            try write("added", to: folder.pushing("local/sub/new"))
            let first = try await sync.flush()
            #expect((first.files, first.stored, first.storedBytes, first.unsafe) == (3, 2, 10, []))
            #expect(try text(of: folder.pushing("bucket/ck/changes")) == "newer")
            #expect(try text(of: folder.pushing("bucket/ck/sub/new")) == "added")
            let second = try await sync.flush()
            #expect((second.files, second.stored, second.storedBytes) == (3, 0, 0))
            // The same size in the same second: the nanoseconds or the size tell.
            try write("addee", to: folder.pushing("local/sub/new"), modified: 1_700_000_000)
            #expect(try await sync.flush().stored == 1)
            #expect(try text(of: folder.pushing("bucket/ck/sub/new")) == "addee")
        }
    }

    @Test func aFileThatTheRestoreKeptIsStored() async throws {
        try await withTemporaryDirectory { folder in
            try write("stored", to: folder.pushing("bucket/ck/a"), modified: 1_600_000_000)
            try write("left by a killed run", to: folder.pushing("local/a"), modified: 1_600_000_001)
            let sync = sync(folder)
            _ = try await sync.restore()
            #expect(try await sync.flush().stored == 1)
            #expect(try text(of: folder.pushing("bucket/ck/a")) == "left by a killed run")
        }
    }

    @Test func ownFilesAndLinksAreNoCheckpoints() async throws {
        try await withTemporaryDirectory { folder in
            try write("half", to: folder.pushing("local/.braket-runner-restore-1-a"))
            try write("half", to: folder.pushing("local/sub/.braket-runner-partial-1-1"))
            try write("x", to: folder.pushing("local/.state"))
            try write("secret", to: folder.pushing("outside/file"))
            #expect(symlink("../outside", folder.pushing("local/folder").string) == 0)
            #expect(symlink("../outside/file", folder.pushing("local/file").string) == 0)
            #expect(mkfifo(folder.pushing("local/pipe").string, 0o600) == 0)
            let sync = sync(folder)
            _ = try await sync.restore()
            let report = try await sync.flush()
            #expect((report.files, report.stored) == (1, 1))
            let reason = "is a link to no file of the folder"
            #expect(Set(report.skipped) == ["file \(reason)", "folder \(reason)", "pipe is no regular file"])
            #expect(try files(folder.appending("bucket")) == ["ck/.state"])
        }
    }

    @Test func oneFileThatCannotBeStoredDoesNotKeepTheOthers() async throws {
        try await withTemporaryDirectory { folder in
            let sync = sync(folder)
            _ = try await sync.restore()
            // A folder stands where the object would.
            try write("x", to: folder.pushing("bucket/ck/b/below"))
            for name in ["a", "b", "c"] { try write(name, to: folder.pushing("local").appending(name)) }
            for _ in 0..<2 {
                let report = try await sync.flush()
                #expect(report.files == 3)
                #expect(report.unsafe.count == 1)
                #expect(report.unsafe.first?.hasPrefix("b: cannot write ") == true, "\(report.unsafe)")
                // The content is safe all the same.
                #expect(report.unsafe.first?.contains("stored in generation 1") == true, "\(report.unsafe)")
            }
            #expect(try text(of: folder.pushing("bucket/ck/a")) == "a")
            #expect(try text(of: folder.pushing("bucket/ck/c")) == "c")
        }
    }

    @Test func flushOfAFolderThatIsNotThere() async throws {
        try await withTemporaryDirectory { folder in
            let report = try await sync(folder).flush()
            #expect((report.files, report.stored, report.unsafe) == (0, 0, []))
        }
    }

    /// A job that fails before its restore has only what an older run left, which must not replace newer objects.
    @Test func nothingIsStoredBeforeTheRestore() async throws {
        try await withTemporaryDirectory { folder in
            try write("old", to: folder.pushing("local/a"), modified: 1_600_000_000)
            try write("new", to: folder.pushing("bucket/ck/a"))
            _ = try await sync(folder).flush()
            #expect(try text(of: folder.pushing("bucket/ck/a")) == "new")
        }
    }

    /// What the store sees is the whole of one version, also when the script still writes.
    @Test func aFileThatKeepsChangingIsNotSafe() async throws {
        try await withTemporaryDirectory { folder in
            try write("0", to: folder.pushing("local/a"))
            let store = ListedStore(keys: []) { file in
                let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.append])
                try descriptor.writeAll("more".utf8)
                try descriptor.close()
            }
            let sync = CheckpointSync(
                folder: folder.appending("local"),
                store: store,
                prefix: ObjectKey("ck"),
                options: WriteOptions(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            _ = try await sync.restore()
            let report = try await sync.flush()
            #expect(report.stored == 0)
            #expect(report.unsafe == ["a: the file kept changing while it was being stored"])
            #expect(report.verdict?.hasPrefix("NOT SAFE: 1 file, ") == true, "\(report.verdict ?? "")")
            #expect(store.uploads.withLock { $0.count } == 3)
            // What was sent is no content of that name.
            #expect(store.deletions.withLock { Set($0) } == Set(store.uploads.withLock { $0 }))
        }
    }
}
