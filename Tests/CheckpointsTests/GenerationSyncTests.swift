import Checkpoints
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

/// Sets of checkpoints: stored whole, restored whole, whatever ends the run.
@Suite(.timeLimit(.minutes(15))) struct GenerationSyncTests {
    /// Two sets that share no content, to be told apart when mixed.
    private static let sets = ["A", "B"].map { tag in
        ["model": "m\(tag)", "optimizer": "o\(tag)", "sub/meta": "s\(tag)"]
    }

    private func write(_ set: [String: String], _ lab: Lab) throws {
        for (name, content) in set {
            try CheckpointsTests.write(content, to: lab.folder().pushing(FilePath(name)))
        }
    }

    /// The runner is killed between any two requests of the second set: one of both is restored, never a mixture.
    @Test func aKillBetweenAnyTwoRequestsLeavesAWholeSet() async throws {
        var seen: Set<Int> = []
        for survivors in 0..<40 {
            let isOver = try await Lab.with(survivors) { lab, store in
                let sync = lab.sync(store)
                _ = try await sync.restore()
                try write(Self.sets[0], lab)
                _ = try await sync.flush()
                try write(Self.sets[1], lab)
                let report = try await sync.flush()
                let (files, _) = try await lab.restored("fresh")
                let which = files.isEmpty ? -1 : Self.sets.firstIndex(of: files)
                #expect(which != nil, "after \(survivors) requests: \(files)")
                seen.insert(which ?? -2)
                // What is said to be safe is.
                if report.isSafe { #expect(which == 1) }
                return report.isSafe
            }
            if isOver { break }
        }
        #expect(seen == [-1, 0, 1])
    }

    @Test func whatASecondSetCosts() async throws {
        try await Lab.with { lab in
            let store = lab.store()
            let sync = lab.sync(store)
            _ = try await sync.restore()
            try write(Self.sets[0], lab)
            _ = try await sync.flush()
            let first = store.counts.withLock { $0 }
            // Two writes: the lease and the manifest. One removal: the lease.
            #expect(first == CountingStore.Counts(uploads: 3, writes: 2, copies: 3, deletions: 1))
            _ = try await sync.flush()
            #expect(store.counts.withLock { $0.uploads + $0.copies } == 6)
            #expect(try lab.ownObjects() == (1, 3))
            try write(Self.sets[1], lab)
            _ = try await sync.flush()
            #expect(try lab.ownObjects() == (2, 6))
            try CheckpointsTests.write("mC", to: lab.folder().appending("model"))
            _ = try await sync.flush()
            // The first set is gone, the second one whole, of the third one file is new.
            #expect(try lab.ownObjects() == (2, 4))
            #expect(try text(of: lab.stored.appending("model")) == "mC")
        }
    }

    @Test func aDamagedContentMakesTheSetBeforeCount() async throws {
        try await Lab.with { lab in
            let sync = lab.sync(lab.store())
            _ = try await sync.restore()
            for set in Self.sets {
                try write(set, lab)
                _ = try await sync.flush()
            }
            let digest = ContentDigest(of: Array("oB".utf8))
            try overwrite("xx", in: lab.stored.pushing(".braket-runner/objects").appending("\(digest)"))
            // The plain name still has it.
            #expect(try await lab.restored("one").files == Self.sets[1])
            try overwrite("xx", in: lab.stored.appending("optimizer"))
            let (files, report) = try await lab.restored("two")
            #expect(files == Self.sets[0])
            #expect(report.generation == 1)
            #expect(
                report.notes.contains { $0.contains("generation 2 cannot be restored") && $0.contains("optimizer") }
            )
            // With no whole set left nothing is restored, and that is no success.
            removeLink(lab.stored.pushing(".braket-runner/objects").appending("\(ContentDigest(of: Array("mA".utf8)))"))
            await #expect(throws: ObjectStoreError.self) { try await lab.restored("three") }
            #expect(filesBelow(lab.folder("three")).isEmpty)
        }
    }

    /// The plain names have the second set's files too: none of them may come with the first.
    @Test func filesOfADamagedSetAreNotMixedIn() async throws {
        try await Lab.with { lab in
            let sync = lab.sync(lab.store())
            _ = try await sync.restore()
            try write(Self.sets[0], lab)
            _ = try await sync.flush()
            try write(Self.sets[1].merging(["more": "xB"]) { $1 }, lab)
            _ = try await sync.flush()
            let digest = ContentDigest(of: Array("oB".utf8))
            try overwrite("xx", in: lab.stored.pushing(".braket-runner/objects").appending("\(digest)"))
            try overwrite("xx", in: lab.stored.appending("optimizer"))
            #expect(try await lab.restored("fresh").files == Self.sets[0])
        }
    }

    @Test func aManifestThatIsCutShortIsNone() async throws {
        try await Lab.with { lab in
            let sync = lab.sync(lab.store())
            _ = try await sync.restore()
            for set in Self.sets {
                try write(set, lab)
                _ = try await sync.flush()
            }
            let manifest = lab.stored.pushing(".braket-runner/generations/0000000002-run.json")
            let whole = try text(of: manifest)
            for length in [0, 1, 60, whole.utf8.count / 2, whole.utf8.count - 4] {
                try overwrite(String(whole.prefix(length)), in: manifest)
                #expect(try await lab.restored("cut-\(length)").files == Self.sets[0], "\(length)")
            }
        }
    }

    // MARK: What is in a set

    @Test func aDeletedFileIsNotRestoredButStays() async throws {
        try await Lab.with { lab in
            let sync = lab.sync(lab.store())
            _ = try await sync.restore()
            try write(Self.sets[0], lab)
            _ = try await sync.flush()
            removeLink(lab.folder().appending("model"))
            #expect(try await sync.flush().isSafe)
            #expect(try await lab.restored("fresh").files == ["optimizer": "oA", "sub/meta": "sA"])
            #expect(try text(of: lab.stored.appending("model")) == "mA")
            // What somebody else puts there is nobody's deleted file.
            try CheckpointsTests.write("theirs", to: lab.stored.appending("warm"))
            #expect(try await lab.restored("again").files.keys.sorted() == ["optimizer", "sub/meta", "warm"])
        }
    }

    @Test func deletionsAreMirroredOnRequest() async throws {
        try await Lab.with { lab in
            var settings = CheckpointSettings()
            settings.mirrorsDeletions = true
            try CheckpointsTests.write("theirs", to: lab.stored.appending("other"))
            let sync = lab.sync(lab.store(), settings: settings)
            _ = try await sync.restore()
            try write(Self.sets[0], lab)
            _ = try await sync.flush()
            removeLink(lab.folder().appending("model"))
            removeLink(lab.folder().appending("other"))
            _ = try await sync.flush()
            #expect(filesBelow(lab.stored) == ["optimizer", "sub/meta"])
        }
    }

    @Test func aPrefixOfTheServiceIsRestoredAsItIsAndKept() async throws {
        try await Lab.with { lab in
            for (name, content) in Self.sets[0] {
                try CheckpointsTests.write(content, to: lab.stored.pushing(FilePath(name)))
            }
            let store = lab.store()
            let sync = lab.sync(store)
            let report = try await sync.restore()
            #expect(report.restored == 3 && report.generation == nil)
            #expect(try lab.contents() == Self.sets[0])
            #expect(try await sync.flush().stored == 0)
            // Nothing changed: the prefix stays the service's.
            #expect(FileStatus(of: lab.stored.appending(".braket-runner")) == nil)
            try CheckpointsTests.write("mB", to: lab.folder().appending("model"))
            _ = try await sync.flush()
            // The others get their second name inside the store.
            #expect(store.counts.withLock { $0.uploads } == 1)
            #expect(try await lab.restored("fresh").files == ["model": "mB", "optimizer": "oA", "sub/meta": "sA"])
        }
    }

    @Test(arguments: CheckpointSettings.Resume.allCases)
    func whatIsInTheFolderIsCompared(resume: CheckpointSettings.Resume) async throws {
        try await Lab.with { lab in
            let sync = lab.sync(lab.store())
            _ = try await sync.restore()
            for name in ["same", "older", "newer", "missing"] {
                try CheckpointsTests.write("stored", to: lab.folder().appending(name), modified: 1_700_000_000)
            }
            _ = try await sync.flush()
            try CheckpointsTests.write("stored", to: lab.folder("other").appending("same"), modified: 1_600_000_000)
            try CheckpointsTests.write("mine", to: lab.folder("other").appending("older"), modified: 1_600_000_000)
            try CheckpointsTests.write("mine", to: lab.folder("other").appending("newer"), modified: 1_800_000_000)
            try CheckpointsTests.write("mine", to: lab.folder("other").appending("own"))
            var settings = CheckpointSettings()
            settings.resume = resume
            let store = lab.store()
            let second = lab.sync(store, "other", settings: settings, run: "second")
            let report = try await second.restore()
            let (older, newer) =
                switch resume {
                case .newest: ("stored", "mine")
                case .local: ("mine", "mine")
                case .remote: ("stored", "stored")
                }
            #expect(
                try lab.contents("other")
                    == ["same": "stored", "older": older, "newer": newer, "missing": "stored", "own": "mine"]
            )
            #expect(report.kept == 1 + [older, newer].count { $0 == "mine" })
            if resume == .remote {
                #expect(try lab.contents("other.before-restore-1") == ["older": "mine", "newer": "mine"])
            }
            // What stayed and differs is stored, and nothing else; all have the same content, so it is sent once.
            _ = try await second.flush()
            #expect(store.counts.withLock { $0.uploads } == 1)
            #expect(try await lab.restored("fresh").files == (try lab.contents("other")))
        }
    }

    // MARK: Two runs

    @Test func anotherRunIsSeen() async throws {
        try await Lab.with { lab in
            let now = Timestamp.now()
            let own = Lease(run: "own", host: "here", processID: 7, renewed: now)
            func rivals(_ run: String, _ host: String, _ process: Int, ageSeconds: Int64, _ isRunning: Bool) -> Bool {
                let renewed = Timestamp(milliseconds: now.milliseconds - ageSeconds * 1000)
                return Lease(run: run, host: host, processID: process, renewed: renewed)
                    .mayRival(own) { _ in isRunning }
            }
            #expect(!rivals("own", "there", 1, ageSeconds: 0, true))
            #expect(rivals("other", "there", 7, ageSeconds: 100, false))
            #expect(!rivals("other", "there", 7, ageSeconds: 200, true))
            #expect(rivals("other", "there", 7, ageSeconds: -5000, false))
            #expect(rivals("other", "here", 8, ageSeconds: 1000, true))
            #expect(!rivals("other", "here", 8, ageSeconds: 0, false))
            #expect(!rivals("other", "here", 7, ageSeconds: 0, true))
            #expect(Lease(own.bytes)?.run == "own")
            #expect(Lease(Array("{}".utf8)) == nil)
        }
    }

    @Test func theSetsOfTwoRunsDoNotMix() async throws {
        try await Lab.with { lab in
            let (one, two) = (lab.sync(lab.store(), "local", run: "one"), lab.sync(lab.store(), "second", run: "two"))
            _ = try await one.restore()
            _ = try await two.restore()
            try write(Self.sets[0], lab)
            _ = try await one.flush()
            for (name, content) in Self.sets[1] {
                try CheckpointsTests.write(content, to: lab.folder("second").pushing(FilePath(name)))
            }
            _ = try await two.flush()
            let (files, _) = try await lab.restored("fresh")
            #expect(Self.sets.contains(files), "\(files)")
        }
    }
}

extension Lab {
    /// Runs a test in a fresh place with a store that dies after some requests.
    fileprivate static func with(
        _ survivors: Int,
        _ body: (Lab, CountingStore) async throws -> Bool
    ) async throws -> Bool {
        try await withTemporaryDirectory { folder in
            let lab = Lab(place: folder)
            return try await body(lab, lab.store(changesUntilDeath: survivors))
        }
    }
}
