import BraketAPI
import BraketEnvironment
import Logging
import MultiInstance
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

extension Job {
    /// Connects this host with the others; their set-up runs at the same time.
    func openCluster() throws(JobFailure) {
        guard let cluster else { return }
        record.set("cluster", .object(cluster.cluster.recordMember(cluster.plan)))
        do throws(ClusterProblem) {
            try cluster.session.open()
        } catch {
            let value = error.value.map { ": \"\($0.escaped())\"" } ?? ""
            throw JobFailure(
                .configuration,
                .usage,
                "The hosts of the job cannot find each other.",
                details: ["\(error.source)\(value): \(error.message)"]
            )
        }
    }

    /// Waits until all hosts are ready.
    ///
    /// - Throws: `JobFailure` when the job is stopped before.
    func waitForStart() async throws(JobFailure) {
        guard let cluster else { return }
        let began = ContinuousClock.now
        cluster.session.ready(hostKey: cluster.keys?.publicKey ?? "", port: cluster.keys?.port ?? 0)
        try await phase("waiting for the other hosts") {
            guard await cluster.session.started.value() != nil else { throw CancellationError() }
        }
        if let order = cluster.session.stopped.current, !order.isEnd {
            throw JobFailure(order, while: "waiting for the other hosts")
        }
        try await checkpoints?.checkBases()
        record.set("startWaitSeconds", .number(JSONNumber(seconds(since: began))))
    }

    /// Makes this host's end known and waits for the job's.
    ///
    /// While it waits, a stop request to this host is one to the job.
    ///
    /// - Parameter own: Why this host failed; nil when it did not.
    /// - Returns: Why the job failed; nil when it did not.
    func judge(_ own: JobFailure?) async -> JobFailure? {
        guard let cluster else { return own }
        cluster.session.end(cluster.hostEnd(own))
        if let own, own.kind != .clusterStopped { logger.error("this host failed: \(own.firstLine)") }
        let grace = Duration.seconds(configuration.settings.graceSeconds)
        // One that ended the script was passed on then.
        let hadRequest = signals.stopRequest != nil
        let handler: JobSignals.Handler = { signal in
            guard signal.isStopRequest, !hadRequest else { return }
            cluster.requestStop("stop request (\(signal.summary))", grace: grace)
        }
        let end = await signals.withHandler(handler) { await cluster.session.verdict.value() }
        if let own { record.set("hostVerdict", .object(own.verdict)) }
        guard let end else { return own }
        return JobFailure(end, own: own, cluster)
    }

    /// Whether this host's log says at length why the job failed: of hosts that share one terminal only one does.
    func saysWhy(_ failure: JobFailure) -> Bool {
        guard let cluster = cluster?.cluster, cluster.isLocal, let host = failure.findings.host else { return true }
        return host == cluster.current
            || (failure.kind == .hostLost && cluster.rank == (host == cluster.leader ? 1 : 0))
    }

    /// What ends the script because of another host.
    func clusterTrigger(_ cluster: JobCluster) -> ScriptSupervisor.Trigger {
        { await cluster.session.stopped.value().map { .cluster(notice: $0.reason) } }
    }

    /// What is left of the time that another host's end gives this one's script.
    func clusterGrace() -> Duration {
        .milliseconds(cluster?.session.stopped.current?.milliseconds ?? 0)
    }

    /// The script was told to end: unless another host is why, the others are to know.
    func tellOthers(_ initiator: SupervisedEnd.Initiator) {
        guard let cluster else { return }
        if case .cluster = initiator { return }
        cluster.requestStop(initiator.summary, grace: .seconds(configuration.settings.graceSeconds))
    }
}

extension Cluster {
    /// The hosts as `runner.cluster` of the record.
    func recordMember(_ plan: LaunchPlan) -> JSONObject {
        [
            "hosts": .array(hosts.map(JSONValue.string)), "host": .string(current),
            "rank": .number(JSONNumber(rank)), "source": .string(source.rawValue),
            "launch": .string(plan.kind.rawValue), "ranksPerHost": .number(JSONNumber(plan.ranksPerHost)),
        ]
    }
}
