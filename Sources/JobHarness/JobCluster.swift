import BraketEnvironment
import Logging
import MultiInstance
import ProcessSupervision
import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// This host's part in a job of several: the channel, and what was noted of the end.
final class JobCluster: Sendable {
    /// The channel.
    let session: ClusterSession
    /// The hosts.
    let cluster: Cluster
    /// How the script is started.
    let plan: LaunchPlan
    /// This host's ssh key; nil when the ranks' engine needs none.
    let keys: SSHKeys?
    private let endedAt = Mutex<Int64?>(nil)
    private let started = Mutex<ChildProcess?>(nil)
    private let outcome = Mutex(HostResults.Outcome())

    /// Makes this host's part; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - cluster: The hosts.
    ///   - configuration: The job.
    ///   - environment: The variables of the process, for the secret.
    ///   - keys: This host's ssh key.
    ///   - logger: The runner's own log.
    init(
        _ cluster: Cluster,
        _ configuration: JobConfiguration,
        environment: ProcessEnvironment,
        keys: SSHKeys?,
        logger: Logger
    ) {
        self.cluster = cluster
        self.keys = keys
        plan = configuration.hosts.launch
        let (secret, warning) = Self.secret(cluster, configuration, environment)
        if let warning { logger.warning("\(warning)") }
        session = ClusterSession(
            cluster: cluster,
            secret: secret,
            publicKey: cluster.isLeader ? keys?.publicKey ?? "" : "",
            arrivalSeconds: configuration.hosts.hostTimeoutSeconds
        ) { [logger] line in logger.notice("hosts: \(line)") }
    }

    /// Makes this host's part, with its ssh key where the launch needs one.
    ///
    /// - Parameters: As of ``init(_:_:environment:keys:logger:)``.
    /// - Returns: nil in a job of one host.
    /// - Throws: `JobFailure` when the key cannot be made.
    static func make(
        _ configuration: JobConfiguration,
        environment: ProcessEnvironment,
        logger: Logger
    ) async throws(JobFailure) -> JobCluster? {
        guard let cluster = configuration.hosts.cluster else { return nil }
        var keys: SSHKeys?
        if configuration.hosts.launch.kind == .mpi, !cluster.isLocal {
            keys = try await .make(isLeader: cluster.isLeader, path: environment[EnvironmentKey.path])
        }
        return JobCluster(cluster, configuration, environment: environment, keys: keys, logger: logger)
    }

    /// How many ranks the job has; hosts where each is one.
    var ranks: Int {
        guard plan.kind != .none else { return cluster.size }
        return plan.ranks ?? cluster.size * plan.ranksPerHost
    }

    /// What all hosts know and nobody else does: what was given for that, else the job's token, else what they know of
    /// the job, which a stranger in the same network may know too.
    private static func secret(
        _ cluster: Cluster,
        _ configuration: JobConfiguration,
        _ environment: ProcessEnvironment
    ) -> (secret: [UInt8], warning: String?) {
        for name in [ClusterVariable.secret, EnvironmentKey.jobToken] {
            if let text = environment.nonEmpty(name) { return (PeerProof.derivedSecret([name, text]), nil) }
        }
        let hyperparameters = JSONValue.object(configuration.hyperparameters).serialized()
        let texts = [configuration.jobName, configuration.entryPoint, hyperparameters] + cluster.hosts
        let warning =
            "the hosts prove themselves by what they know of the job, because there is no secret: in a network with "
            + "strangers set \(ClusterVariable.secret) to the same text on all hosts"
        return (PeerProof.derivedSecret(texts), warning)
    }

    /// The ssh server of this host; nil where there is none.
    var server: ChildProcess? { started.withLock { $0 } }

    /// Notes the ssh server.
    func set(server: ChildProcess) { started.withLock { $0 = server } }

    /// What came of taking the other hosts' results.
    var merged: HostResults.Outcome { outcome.withLock { $0 } }

    /// Notes what came of taking the other hosts' results.
    func note(_ outcome: HostResults.Outcome) {
        self.outcome.withLock { $0 = outcome }
    }

    // MARK: The end

    /// Notes when this host's work began to end; only the first time counts.
    ///
    /// - Parameter instant: When; nil is now.
    func noteEnd(at instant: ContinuousClock.Instant? = nil) {
        let ago = instant.map { (ContinuousClock.now - $0).inNanoseconds } ?? 0
        let moment = monotonicNanoseconds() - ago
        endedAt.withLock { $0 = $0 ?? moment }
    }

    /// Tells the other hosts that this one was asked to stop.
    ///
    /// - Parameters:
    ///   - reason: By whom.
    ///   - grace: How long scripts have.
    func requestStop(_ reason: String, grace: Duration) {
        noteEnd()
        let milliseconds = Int(clamping: grace.inNanoseconds / 1_000_000)
        let text = "\(cluster.current) was stopped: \(reason)"
        session.request(StopOrder(reason: text, host: cluster.current, milliseconds: milliseconds))
    }

    /// How this host's work ended, for the others.
    ///
    /// - Parameter failure: Why it failed; nil when it did not.
    /// - Returns: The end.
    func hostEnd(_ failure: JobFailure?) -> HostEnd {
        noteEnd()
        let moment = failure?.findings.rankEndedAt ?? endedAt.withLock { $0 } ?? monotonicNanoseconds()
        var end = HostEnd(failure: failure.map(HostEnd.Failure.init), at: moment)
        end.wasTold = failure?.kind == .clusterStopped
        return end
    }
}

extension Duration {
    /// The duration in nanoseconds.
    var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

extension HostEnd.Failure {
    /// A failure of this host for the others.
    init(_ failure: JobFailure) {
        let verdict = failure.verdict
        self.init(
            kind: failure.kind.rawValue,
            exitCode: failure.exitCode,
            firstLine: failure.firstLine,
            sentence: verdict["sentence"]?.stringValue ?? failure.firstLine
        )
        details = failure.details
        rank = failure.findings.rank
        self.verdict = verdict
    }
}

extension JobFailure {
    /// The failure of a host that was stopped because of another one.
    init(_ order: StopOrder, while doing: String) {
        self.init(.clusterStopped, .hostLost, "Stopped because \(order.reason) (while \(doing)).")
    }

    /// The verdict of the whole job, as this host writes it down.
    ///
    /// - Parameters:
    ///   - end: How the job ended.
    ///   - own: What this host failed of by itself.
    ///   - cluster: This host's part.
    init?(_ end: JobEnd, own: JobFailure?, _ cluster: JobCluster) {
        guard let failure = end.failure, let sentence = end.sentence(ranks: cluster.ranks) else { return nil }
        if end.host == cluster.cluster.current, let own, own.firstLine == failure.firstLine {
            self = JobFailure(own.kind, code: own.exitCode, own.firstLine, details: [sentence] + own.details)
            findings = own.findings
        } else {
            self.init(
                Kind(rawValue: failure.kind) ?? .hostLost,
                code: failure.exitCode,
                failure.firstLine,
                details: [sentence] + failure.details
            )
            findings.evidence = failure.verdict["evidence"]?.objectValue ?? [:]
            findings.exception = failure.verdict["exception"]?.objectValue
            findings.scope = failure.verdict["scope"]?.stringValue
        }
        findings.sentence = sentence
        findings.host = end.host
        findings.rank = failure.rank
    }
}
