import Checkpoints
import ObjectStorage
import RunnerTestSupport
import SystemPackage

/// A bucket and a checkpoint folder that may be lost and restored elsewhere.
struct Lab: Sendable {
    /// What holds both.
    let place: FilePath

    /// Runs a test in a fresh place.
    static func with(_ body: (Lab) async throws -> Void) async throws {
        try await withTemporaryDirectory { try await body(Lab(place: $0)) }
    }

    /// The folder of a run.
    func folder(_ name: String = "local") -> FilePath { place.pushing(FilePath(name)) }

    /// The folder that stands for the checkpoint URI.
    var stored: FilePath { place.pushing("bucket/ck") }

    /// A store that counts.
    func store(changesUntilDeath: Int = .max) -> CountingStore {
        CountingStore(place.appending("bucket"), changesUntilDeath: changesUntilDeath)
    }

    /// The sync of a run.
    func sync(
        _ store: any ObjectStore,
        _ name: String = "local",
        settings: CheckpointSettings = CheckpointSettings(),
        run: String = "run"
    ) -> CheckpointSync {
        CheckpointSync(
            folder: folder(name),
            store: store,
            prefix: ObjectKey("ck"),
            options: WriteOptions(),
            settings: settings,
            run: run,
            logger: quietLogger
        )
    }

    /// Restores what is stored into a folder that was not there.
    ///
    /// - Returns: Names and contents, and what the restore said.
    func restored(_ name: String) async throws -> (files: [String: String], report: RestoreReport) {
        let report = try await sync(store(), name, run: "reader").restore()
        return (try contents(name), report)
    }

    /// Names and contents of a folder.
    func contents(_ name: String = "local") throws -> [String: String] {
        var contents: [String: String] = [:]
        for file in filesBelow(folder(name)) { contents[file] = try text(of: folder(name).pushing(FilePath(file))) }
        return contents
    }

    /// Names and contents at plain names.
    func plainContents() throws -> [String: String] { try contents("bucket/ck") }

    /// How many manifests and contents are stored.
    func ownObjects() throws -> (generations: Int, blobs: Int) {
        let own = stored.appending(".braket-runner")
        return (
            try directoryEntryNames(own.appending("generations")).count,
            try directoryEntryNames(own.appending("objects")).count
        )
    }
}
