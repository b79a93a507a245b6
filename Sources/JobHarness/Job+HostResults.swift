import BraketEnvironment
import Logging
import MultiInstance
import ObjectStorage
import RunnerCore
import SystemPackage

extension Job {
    /// Whether this host is a worker: its results go through the leader.
    private var isWorker: Bool { cluster?.cluster.isLeader == false }

    /// Where an archive of this host goes.
    func hostName(of archive: ResultArchive) -> String {
        guard let cluster, isWorker else { return archive.name }
        return HostResults.name(cluster.cluster.current, archive.name)
    }

    /// Where this host's record is stored; nil on a worker whose leader has it in the job's.
    var recordName: String? {
        guard let cluster, isWorker else { return "/output/job.json" }
        let name = HostResults.name(cluster.cluster.current, "/output/job.json")
        return cluster.session.done.current == .some(nil) ? name : nil
    }

    /// On the leader: waits for the other hosts' results and takes them into its own folders.
    func takeHostResults() async {
        guard let cluster, !isWorker else { return }
        if checkpoints?.isShared != true { HostSets.announceNone(cluster.session) }
        let began = ContinuousClock.now
        let parts = await cluster.session.parts.value() ?? [:]
        let hosts = cluster.cluster.hosts
        let given = hosts.indices.filter { parts[$0] != nil }.map { hosts[$0] }
        let outcome = configuration.storage.movesData ? await HostResults(job: self).merge(given) : .init()
        for problem in outcome.problems { logger.error("\(problem)") }
        for name in outcome.renamed { logger.notice("another host has a file of the same name: kept as \(name)") }
        cluster.note(outcome)
        var entries: [JSONValue] = []
        for rank in hosts.indices.dropFirst() {
            var entry: JSONObject = ["host": .string(hosts[rank])]
            for member in parts[rank]?.members ?? [] { entry[member.name] = member.value }
            if parts[rank] == nil { entry["lost"] = true }
            entries.append(.object(entry))
        }
        let own: JSONObject = ["host": .string(hosts[0]), "leader": true]
        record.set("hosts", .array([.object(own)] + entries))
        record.set(
            "merge",
            [
                "seconds": .number(JSONNumber(seconds(since: began))),
                "renamed": .array(outcome.renamed.map(JSONValue.string)),
                "refusedConnections": .number(JSONNumber(cluster.session.strangers)),
            ]
        )
    }

    /// What the leader could not take; it stays where the hosts stored it.
    var mergeProblems: [String] { cluster?.merged.problems ?? [] }

    /// On the leader: removes the hosts' archives, which its own have in them now.
    ///
    /// - Parameter problems: What of its own archives is not stored: then everything stays.
    func removeHostResults(unless problems: [String]) async {
        guard let cluster, !isWorker, problems.isEmpty else { return }
        await HostResults(job: self).remove(cluster.merged.merged)
    }

    /// Tells the other hosts that this one is done; a worker waits for what the job ends with.
    ///
    /// - Parameters:
    ///   - failure: Why the job failed.
    ///   - problem: Why the record is not stored.
    /// - Returns: On a worker its exit code; nil where the end goes on.
    func tellHosts(_ failure: JobFailure?, problem: String?) async -> Int32? {
        guard let cluster else { return nil }
        cluster.keys?.remove()
        guard isWorker else {
            let code = failure?.exitCode ?? (problem == nil ? 0 : ExitCode.resultsNotSafe.rawValue)
            await cluster.session.finish(exitCode: code)
            return nil
        }
        cluster.session.stored(record.part)
        // Bounded by the leader's heartbeats.
        let code = await cluster.session.done.value()
        if failure == nil { printLine(.reportingSuccess) }
        return (code ?? nil) ?? failure?.exitCode ?? 0
    }
}

extension RecordKeeper {
    /// The largest part of a host in the job's record.
    private static let mostBytes = 256 * 1024

    /// What the job's record has of this host.
    var part: JSONObject {
        var part = runnerMembers
        for name in ["cluster", "verdict", "evidence", "traceback", "usage", "stalls"] where part[name] != nil {
            // The largest go first when it is too much.
            if name == "cluster" || JSONValue.object(part).serialized().utf8.count > Self.mostBytes { part[name] = nil }
        }
        return JSONValue.object(part).serialized().utf8.count > Self.mostBytes ? ["tooLarge": true] : part
    }
}
