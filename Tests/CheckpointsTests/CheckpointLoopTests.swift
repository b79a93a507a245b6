import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import Checkpoints

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Storing while files are written: the loop with its watch, on real folders.
@Suite(.timeLimit(.minutes(15))) struct CheckpointLoopTests {
    /// Runs a loop and `body` beside it.
    private func run(
        _ lab: Lab,
        _ store: (any ObjectStore)? = nil,
        _ change: (inout CheckpointSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (CheckpointSync) async throws -> Void
    ) async throws -> [CheckpointEvent] {
        var settings = CheckpointSettings()
        // Nothing is found because an interval is over.
        settings.interval = .seconds(3600)
        settings.quiet = .milliseconds(100)
        settings.spacing = .milliseconds(100)
        change(&settings)
        let sync = lab.sync(store ?? lab.store(), settings: settings)
        _ = try await sync.restore()
        let events = Mutex<[CheckpointEvent]>([])
        let loop = CheckpointLoop(sync) { event in events.withLock { $0.append(event) } }
        let task = Task { await loop.run() }
        do {
            try await body(sync)
        } catch {
            loop.end()
            throw error
        }
        loop.end()
        await task.value
        return events.withLock { $0 }
    }

    /// Waits until something is so; the suite's time limit catches what never is.
    private func until(_ condition: () throws -> Bool) async throws {
        while try !condition() { try await Task.sleep(for: .milliseconds(20)) }
    }

    @Test func eventsWakeInNewFoldersAndAfterTheirRename() async throws {
        try await Lab.with { lab in
            _ = try await run(lab) { _ in
                try write("1", to: lab.folder().appending("a"))
                try await until { filesBelow(lab.stored).contains("a") }
                try overwrite("2", in: lab.folder().pushing("new/deep/b"), makingFolders: true)
                try await until { filesBelow(lab.stored).contains("new/deep/b") }
                #expect(moveFile(lab.folder().appending("new"), to: lab.folder().appending("old")))
                try await until { filesBelow(lab.stored).contains("old/deep/b") }
                // The watch went with the folder.
                try overwrite("3", in: lab.folder().pushing("old/deep/c"))
                try await until { filesBelow(lab.stored).contains("old/deep/c") }
            }
        }
    }

    /// The loop looks again after ten times what a look took.
    ///
    /// When it counted in what it had sent before the look, finished files waited for half a minute after a large one.
    @Test func whatWasSentDoesNotMakeTheNextFileWait() async throws {
        try await Lab.with { lab in
            let isSlow = Mutex(true)
            let store = CountingStore(
                lab.place.appending("bucket"),
                onUpload: { _ in
                    let isFirst = isSlow.withLock { isSlow in
                        defer { isSlow = false }
                        return isSlow
                    }
                    // A slow line.
                    if isFirst { sleep(3) }
                }
            )
            var settings = CheckpointSettings()
            settings.interval = .seconds(3600)
            settings.quiet = .milliseconds(100)
            let sync = lab.sync(store, settings: settings)
            _ = try await sync.restore()
            let loop = CheckpointLoop(sync) { _ in }
            let task = Task { await loop.run() }
            // By rename: it is sent before the look.
            try write("1", to: lab.folder().appending("a"))
            try await until { filesBelow(lab.stored) == ["a"] }
            loop.end()
            await task.value
            #expect(loop.rest.withLock { $0 } < .seconds(30))
        }
    }

    @Test func withoutEventsTheIntervalFindsIt() async throws {
        try await Lab.with { lab in
            let store = lab.store()
            var settings = CheckpointSettings()
            settings.interval = .milliseconds(300)
            settings.quiet = .milliseconds(50)
            let sync = lab.sync(store, settings: settings)
            _ = try await sync.restore()
            // A write through mmap(2) tells nobody: here only the times change.
            let file = lab.folder().appending("a")
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create],
                permissions: [.ownerReadWrite]
            )
            defer { try? descriptor.close() }
            let loop = CheckpointLoop(sync) { _ in }
            let task = Task { await loop.run() }
            try await until { FileStatus(of: lab.stored.appending("a")) != nil }
            // Open, and so without an event.
            _ = try descriptor.writeAll("more".utf8)
            try await until { FileStatus(of: lab.stored.appending("a"))?.sizeBytes == 4 }
            loop.end()
            await task.value
        }
    }

    @Test func aFileThatIsHeldOpenIsStoredAsASnapshot() async throws {
        try await Lab.with { lab in
            let isOver = Mutex(false)
            let log = lab.folder().appending("log")
            try makeDirectories(lab.folder())
            startThread {
                guard
                    let descriptor = try? FileDescriptor.open(
                        log,
                        .writeOnly,
                        options: [.create, .append],
                        permissions: [.ownerReadWrite]
                    )
                else { return }
                while !isOver.withLock({ $0 }) {
                    _ = try? descriptor.writeAll("line\n".utf8)
                    usleep(5_000)
                }
                try? descriptor.close()
            }
            let settings: (inout CheckpointSettings) -> Void = { settings in
                settings.interval = .milliseconds(400)
                settings.quiet = .milliseconds(300)
            }
            _ = try await run(lab, nil, settings) { sync in
                try await until { sync.state.withLock { $0.tracker.stored[ObjectKey("log")]?.isSnapshot == true } }
                isOver.withLock { $0 = true }
            }
            let (files, report) = try await lab.restored("fresh")
            #expect(files["log"]?.hasPrefix("line\n") == true)
            #expect(report.notes.contains { $0.contains("while they were being written: log") })
        }
    }

    @Test func aStoreThatIsGoneIsWaitedForAndSaidLoudly() async throws {
        try await Lab.with { lab in
            let isGone = Mutex(true)
            let store = CountingStore(lab.place.appending("bucket"), isUnavailable: { isGone.withLock { $0 } })
            let lagging = Mutex(false)
            var settings = CheckpointSettings()
            settings.quiet = .milliseconds(50)
            settings.lagWarning = .seconds(1)
            let sync = lab.sync(store, settings: settings)
            _ = try await sync.restore()
            let problems = Mutex<[String]>([])
            let loop = CheckpointLoop(sync) { event in
                guard case .lagging(let point) = event else { return }
                lagging.withLock { $0 = true }
                problems.withLock { $0.append(point.problem ?? "") }
            }
            let task = Task { await loop.run() }
            try write("1", to: lab.folder().appending("a"))
            try await until { lagging.withLock { $0 } }
            #expect(problems.withLock { $0.first } == "the store is gone")
            #expect(sync.safePoint.lagBytes == 1 && sync.safePoint.safeFiles == 0 && sync.safePoint.files == 1)
            isGone.withLock { $0 = false }
            try await until { FileStatus(of: lab.stored.appending("a")) != nil }
            loop.end()
            await task.value
            #expect(sync.safePoint.lagBytes == 0 && sync.safePoint.safeFiles == 1 && sync.safePoint.problem == nil)
        }
    }

    @Test func theEndDoesNotWait() async throws {
        try await Lab.with { lab in
            let events = try await run(lab) { _ in }
            #expect(events.isEmpty)
        }
    }
}

/// Writes into a file that is there, or makes it without a rename.
private func overwrite(_ text: String, in file: FilePath, makingFolders: Bool) throws {
    try makeDirectories(file.removingLastComponent())
    try overwrite(text, in: file)
}
