import BraketAPI
import BraketEnvironment
import EntryPoint
import Logging
import MultiInstance
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension Job {
    private var plan: LaunchPlan { configuration.hosts.launch }

    /// Where the ranks of this host say how they failed.
    private var rankReports: FilePath { paths.output.appending("ranks") }

    /// Where the ranks of a host find what to run.
    private func rankLink(_ root: FilePath) -> FilePath {
        ContainerPaths(root: root).ml.appending(".braket-runner-ranks")
    }

    /// Whether an engine starts this host's ranks from elsewhere: a worker under mpi.
    var servesRanks: Bool { plan.kind == .mpi && cluster?.cluster.isLeader == false }

    /// Runs the script as the launch says.
    ///
    /// - Parameter script: The prepared script.
    /// - Returns: Why this host failed; nil when it did not.
    func launch(_ script: PreparedScript) async -> JobFailure? {
        guard plan.kind != .none else { return await runScript(script) }
        defer { removeLink(rankLink(paths.root)) }
        let engine: PreparedScript
        do throws(JobFailure) {
            try publishRanks(script)
            if servesRanks { return await waitForRanks(script) }
            engine = try await underEngine(script)
        } catch {
            return error
        }
        let evidenceWatch = await EvidenceWatch.begin()
        let failure = await runScript(engine)
        let rankFailure = await firstRankFailure(script, evidenceWatch)
        if plan.kind == .mpi { cluster?.session.engineEnded() }
        // A stop is a stop, whatever the ranks make of it.
        guard failure?.kind != .stopped, failure?.kind != .timeLimit, failure?.kind != .preempted else {
            return failure
        }
        guard let failure else {
            if let rankFailure { logger.warning("a rank failed, but its engine did not: \(rankFailure.firstLine)") }
            return nil
        }
        return rankFailure ?? failure
    }

    /// Leaves what a rank runs where the engine's ranks look for it.
    private func publishRanks(_ script: PreparedScript) throws(JobFailure) {
        let document = RankDocument(
            specification: script.launch.specification,
            hasLauncher: script.launch.launcher != nil,
            reports: rankReports,
            engineNames: EngineCommand.customNames(plan.customOptions)
        )
        do {
            try document.publish(at: rankLink(paths.root))
        } catch {
            throw JobFailure(preparing: error)
        }
    }

    // MARK: The engine

    /// The engine in front of the script.
    private func underEngine(_ script: PreparedScript) async throws(JobFailure) -> PreparedScript {
        let environment = script.launch.specification.environment
        let path = environment.last { $0.name == EnvironmentKey.path }?.value
        let name = plan.kind == .mpi ? "mpirun" : "torchrun"
        guard let program = findExecutable(name, path: path) else {
            throw SSHKeys.missing(name, package: plan.kind == .mpi ? "openmpi-bin" : "PyTorch")
        }
        let arguments: [String]
        if plan.kind == .mpi {
            arguments = try await mpirun(environment)
        } else {
            arguments = EngineCommand.torchrun(cluster?.cluster, plan, command: rankCommand())
        }
        var specification = script.launch.specification
        specification.executable = program
        specification.arguments = arguments
        specification.descriptors = []
        return PreparedScript(
            launch: ScriptLaunch(engine: specification, shown: EngineCommand.shown(arguments)),
            failedRequirements: script.failedRequirements,
            trainingEnvironment: script.trainingEnvironment
        )
    }

    /// What the engine starts for each rank: this program again, in front of the script.
    private func rankCommand() -> [String] {
        let program = (try? readOwnProgram()) ?? "/proc/self/exe"  // Only a machine without /proc lacks it.
        guard let cluster = cluster?.cluster, cluster.isLocal, plan.kind == .mpi else {
            return [program, "rank", rankLink(paths.root).string]
        }
        // All ranks are on this machine, and each belongs to one of its hosts.
        let pattern = rankLink(paths.root.removingLastComponent().appending("{host}")).string
        return [program, "rank", pattern, "\(plan.ranksPerHost)", cluster.hosts.joined(separator: ",")]
    }

    private func readOwnProgram() throws -> String {
        var text = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &text, text.count)
        guard count > 0 else { throw Errno(rawValue: errno) }
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func mpirun(_ environment: [(name: String, value: String)]) async throws(JobFailure) -> [String] {
        var mpi = EngineCommand.MPI(command: rankCommand())
        let hosts = cluster?.cluster
        mpi.ranks = plan.ranks ?? plan.ranksPerHost * (hosts?.size ?? 1)
        mpi.interface = hosts?.interface
        mpi.tagsOutput = !configuration.storage.movesData
        mpi.customOptions = plan.customOptions
        let own = Set(EngineCommand.customNames(plan.customOptions))
        mpi.variables = environment.map(\.name).filter { name in
            let isWanted =
                ["AMZN_BRAKET_", "AWS_", "SM_", "PYTHON"].contains { name.hasPrefix($0) }
                || [EnvironmentKey.path, "LD_LIBRARY_PATH"].contains(name)
            return isWanted && !own.contains(name)
        }
        if let cluster, let hosts, !hosts.isLocal {
            let doors = cluster.session.doors
            mpi.hosts = hosts.hosts.indices.map { (doors[$0]?.address ?? hosts.hosts[$0], plan.ranksPerHost) }
            mpi.sshConfiguration = try writeClientFiles(cluster, doors)
        } else {
            mpi.hosts = [("localhost", plan.ranksPerHost * (hosts?.size ?? 1))]
        }
        return EngineCommand.mpirun(mpi)
    }

    private func writeClientFiles(_ cluster: JobCluster, _ doors: [Int: HostDoor]) throws(JobFailure) -> String? {
        guard let keys = cluster.keys else { return nil }
        let workers = doors.filter { $0.key != 0 }.sorted { $0.key < $1.key }.map(\.value)
        let file = keys.folder.appending("config")
        let known = keys.folder.appending("known_hosts")
        do {
            let text = EngineCommand.sshConfiguration(
                doors: workers,
                key: keys.privateKey.string,
                knownHosts: known.string
            )
            try replaceFile(file, with: Array(text.utf8))
            try replaceFile(known, with: Array(EngineCommand.knownHosts(workers).utf8))
        } catch {
            throw JobFailure(preparing: error)
        }
        return file.string
    }

    // MARK: A host whose ranks the leader starts

    /// Serves the leader's engine until the ranks have ended or the job is stopped.
    private func waitForRanks(_ script: PreparedScript) async -> JobFailure? {
        guard let cluster else { return nil }
        script.launch.launcher?.close()
        record.noteScriptStart()
        record.event(.running, "the ranks of this host are started by \(cluster.cluster.leader)")
        let began = ContinuousClock.now
        let evidenceWatch = await EvidenceWatch.begin()
        let grace = Duration.seconds(configuration.settings.graceSeconds)
        let asked = signals.stopRequest
        let handler: JobSignals.Handler = { [stopFile] signal in
            guard signal.isStopRequest else { return }
            stopFile.appear(signal.summary)
            cluster.requestStop("stop request (\(signal.summary))", grace: grace)
        }
        // The ranks may need it; cancelled when the scope is left.
        async let _: Void = releaseMemoryOnceQuiet()
        let order = await signals.withHandler(handler) { await cluster.session.stopped.value() }
        await endServer(grace: .milliseconds(order?.isEnd == true ? 1000 : min(order?.milliseconds ?? 0, 3000)))
        record.finished(.run, since: began)
        if let request = asked ?? signals.stopRequest {
            return JobFailure(.stopped, .stopped, "Stopped on request (\(request.summary)).")
        }
        if let failure = await firstRankFailure(script, evidenceWatch) { return failure }
        guard let order, !order.isEnd else { return nil }
        return JobFailure(order, while: "its ranks ran")
    }

    /// Ends the ssh server and every rank that is left.
    private func endServer(grace: Duration) async {
        guard let server = cluster?.server else { return }
        server.signalGroup(SIGTERM)
        let (_, swept) = await server.waitAndSweep { StragglerSweep.Terms(grace: grace, hurry: CancellationFlag()) }
        if let line = swept.summary { logger.info("\(line)") }
    }

    // MARK: Who failed

    /// The rank of this host that failed first, as the failure of this host.
    private func firstRankFailure(_ script: PreparedScript, _ watch: EvidenceWatch) async -> JobFailure? {
        let folder = rankReports
        // Reading throws nothing that is not caught there.
        let found = try? await BlockingPool.shared.run { _ in RankEnd.first(in: folder) }
        guard let end = found ?? nil else { return nil }
        let report = end.report.map { LaunchReport(lines: $0) }
        let usage = ProcessExit.Usage(userSeconds: 0, systemSeconds: 0, peakMemoryBytes: 0)
        let supervised = SupervisedEnd(of: ProcessExit(cause: end.cause, usage: usage))
        let evidence = await watch.end(processID: end.processID, script.launch, report, configuration)
        let verdict = ScriptVerdict(end: supervised, report: report, timeLimitSeconds: nil, evidence: evidence)
        if let traceback = verdict.traceback { record.set("traceback", .string(traceback)) }
        var failure = verdict.failure
        failure?.findings.rank = end.rank
        failure?.findings.rankEndedAt = end.at
        return failure
    }
}
