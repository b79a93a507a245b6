import Checkpoints
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage

/// Hosts of one job, each with a checkpoint folder, that store at one place of a `Lab`.
final class Hosts {
    /// The place.
    let lab: Lab
    /// The store that all use.
    let store: CountingStore
    /// The syncs of the hosts, by rank.
    private(set) var syncs: [CheckpointSync] = []
    /// What their restores brought.
    private(set) var reports: [RestoreReport] = []
    /// The clashing names of the newest set.
    private(set) var clashes: [String] = []
    /// How the hosts keep their folders.
    var settings = CheckpointSettings()
    /// The number of the newest set.
    private(set) var newest: Int?
    private var names: [String] = []
    private var tag = ""

    private init(_ lab: Lab, _ changesUntilDeath: Int) {
        self.lab = lab
        store = lab.store(changesUntilDeath: changesUntilDeath)
    }

    /// Runs a test with some hosts in a fresh place.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - changesUntilDeath: After how many changes the store takes no more.
    ///   - body: The test.
    /// - Returns: What the test returns.
    /// - Throws: What the test throws.
    static func with<Result>(
        _ count: Int,
        _ changesUntilDeath: Int = .max,
        _ body: (Hosts) async throws -> Result
    ) async throws -> Result {
        var result: Result?
        try await Lab.with { lab in
            let hosts = Hosts(lab, changesUntilDeath)
            hosts.make(named: (1...count).map { "algo-\($0)" }, "first")
            result = try await body(hosts)
        }
        return try result ?? { throw TestServerError("the test did not run") }()
    }

    private func make(named names: [String], _ tag: String) {
        self.names = names
        self.tag = tag
        syncs = names.enumerated().map { rank, name in
            CheckpointSync(
                folder: folder(rank + 1),
                store: store,
                prefix: ObjectKey("ck"),
                options: WriteOptions(),
                settings: settings,
                hosts: CheckpointHosts(current: name, all: names),
                claimFile: lab.place.appending("claim-\(tag)-\(name)"),
                run: "run\(rank)" + tag.filter(\.isLetter),
                logger: quietLogger
            )
        }
    }

    /// Begins a new run with empty folders, and restores.
    func begin(named names: [String], _ tag: String) async throws {
        make(named: names, tag)
        try await restore()
    }

    /// Restores on all hosts.
    func restore() async throws {
        reports = []
        for sync in syncs { reports.append(try await sync.restore()) }
    }

    /// The folder of a host; the first has number 1.
    func folder(_ number: Int) -> FilePath { lab.folder(tag).appending(names[number - 1]) }

    /// Writes a file of a host.
    func write(_ name: String, _ text: String, _ number: Int) throws {
        try CheckpointsTests.write(text, to: folder(number).appending(name))
    }

    /// Names and contents of a host's folder.
    func contents(_ number: Int) throws -> [String: String] { try lab.contents("\(tag)/\(names[number - 1])") }

    /// Stores what a host has changed.
    func flush(_ number: Int) async throws -> FlushReport {
        try await syncs[number - 1].flush(agree: { _ in })
    }

    /// Stores what all hosts have changed, and makes a set of it.
    ///
    /// - Parameter catchesUp: Whether the hosts live on to copy to plain names.
    /// - Returns: Its number.
    /// - Throws: When there is none.
    func makeSet(catchingUp catchesUp: Bool = true) async throws -> Int {
        var agreement = HostAgreement(hosts: names, intervalSeconds: 30, now: 0)
        for (rank, sync) in syncs.enumerated() {
            _ = try await sync.flush(agree: { agreement.take($0, from: rank, now: 0) })
        }
        guard case .make(let parts, false) = agreement.decision(now: 0) else {
            throw ObjectStoreError(.failed, "there is no set to make: \(agreement.decision(now: 0))")
        }
        let set = try await syncs[0].makeSet(parts, isPartial: false)
        for sync in syncs {
            // As the hosts hear of it.
            sync.noteSet(try HostSet(set.json) ?? { throw TestServerError("no set: \(set.json)") }())
            if catchesUp { await sync.catchUp() }
        }
        clashes = set.clashes.keys.sorted()
        newest = set.number
        return set.number
    }

    /// Runs something while the manifest of the newest set is not there.
    func withoutNewestSet(_ body: () async throws -> Void) async throws {
        let folder = lab.stored.pushing(".braket-runner/generations")
        let name = try directoryEntryNames(folder).map { String(decoding: $0, as: UTF8.self) }.max()
        guard let name else { return }
        let (file, aside) = (folder.appending(name), lab.place.appending("aside"))
        try moveTree(file, to: aside)
        try await body()
        try moveTree(aside, to: file)
    }
}
