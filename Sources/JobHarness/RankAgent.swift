package import BraketEnvironment
import EntryPoint
import MultiInstance
package import ProcessSupervision
import RunnerCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// One rank: what mpirun and torchrun start on each host, in front of the script.
///
/// It gives the script its host's variables and the launcher, says to the host's runner how the script failed, and
/// ends a script that has failed but does not end: MPI_Finalize, which Python runs at its exit, waits for the other
/// ranks for ever (`sys.exit(3)` in one rank, measured).
package struct RankAgent: Sendable {
    /// How long a script that has failed may take to end.
    private static let failureGrace: Duration = .seconds(2)
    /// How long one has that the engine told to end; Open MPI itself gives a second.
    private static let stopGrace: UInt32 = 900_000

    private let link: FilePath
    private let environment: ProcessEnvironment
    private let rank: Int

    /// Reads what the engine and the runner say.
    ///
    /// - Parameters:
    ///   - arguments: The document's link, with `{host}` in it where all hosts are on this machine; then how many
    ///     ranks each of them takes and their names.
    ///   - environment: The variables of the process.
    package init(arguments: [String], environment: ProcessEnvironment) {
        self.environment = environment
        let number = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "RANK"].compactMap { environment.nonEmpty($0) }.first
        rank = number.flatMap { Int($0) } ?? 0
        var path = arguments.first ?? ""
        if arguments.count >= 3, let perHost = Int(arguments[1]), perHost > 0 {
            let hosts = arguments[2].split(separator: ",")
            let host = hosts.isEmpty ? "" : hosts[min(rank / perHost, hosts.count - 1)]
            let parts = path.split(separator: "{host}", omittingEmptySubsequences: false)
            path = parts.map(String.init).joined(separator: String(host))
        }
        link = FilePath(path)
    }

    /// Runs the rank.
    ///
    /// - Parameter signals: The signals of the process.
    /// - Returns: Its exit code.
    package func run(signals: JobSignals) async -> Int32 {
        do {
            let document = try RankDocument(link: link)
            let launcher = document.hasLauncher ? try PythonLauncher() : nil
            var specification = document.specification
            specification.environment = document.environment(of: environment)
            specification.descriptors = (launcher?.descriptors ?? []).map { .init(ours: $0.ours, theirs: $0.theirs) }
            // Python writes a line in several pieces, and the engine mixes those of all ranks.
            let (child, outputs) = try LineMerger.start(specification)
            let ended = CancellationFlag()
            async let merged: Void = LineMerger(outputs).merge(until: ended)
            let code = await follow(child, launcher, document, signals)
            ended.cancel()
            await merged
            return code
        } catch {
            writeError("rank \(rank) cannot be started: \(error)")
            return ExitCode.internalFault.rawValue
        }
    }

    private func follow(
        _ child: ChildProcess,
        _ launcher: PythonLauncher?,
        _ document: RankDocument,
        _ signals: JobSignals
    ) async -> Int32 {
        let progress = RankProgress()
        let handler: JobSignals.Handler = { signal in
            child.signalGroup(signal.number)
            guard signal.isStopRequest, progress.noteStop() else { return }
            startThread {
                usleep(Self.stopGrace)
                child.signalGroup(SIGKILL)
            }
        }
        let exit: ProcessExit? = await signals.withHandler(handler) {
            await withTaskGroup(of: ProcessExit?.self, returning: ProcessExit?.self) { group in
                group.addTask { await child.wait() }
                if let launcher {
                    group.addTask {
                        await Self.endFailed(child, launcher, progress)
                        return nil
                    }
                }
                while let finished = await group.next() {
                    guard let exit = finished else { continue }
                    group.cancelAll()
                    return exit
                }
                return nil
            }
        }
        guard let exit else { return ExitCode.internalFault.rawValue }
        return conclude(exit, child, launcher, document, progress)
    }

    private func conclude(
        _ exit: ProcessExit,
        _ child: ChildProcess,
        _ launcher: PythonLauncher?,
        _ document: RankDocument,
        _ progress: RankProgress
    ) -> Int32 {
        var cause = exit.cause
        let (failedAt, wasTold) = (progress.failedAt, progress.wasTold)
        // It was we who ended it, because Python would have ended with 1 long before.
        if failedAt != nil, case .signalled(SIGKILL, _) = cause, !wasTold { cause = .exited(code: 1) }
        guard cause != .exited(code: 0) else { return 0 }
        let end = RankEnd(
            rank: rank,
            processID: child.processID,
            cause: cause,
            at: failedAt ?? monotonicNanoseconds(),
            wasTold: wasTold && failedAt == nil,
            report: launcher?.reportBytes()
        )
        do {
            try end.write(to: document.reports)
        } catch {
            writeError("rank \(rank) cannot say how it failed: \(error)")
        }
        return ProcessExit(cause: cause, usage: exit.usage).shellCode
    }

    /// Ends a script that has reported its failure and goes on nevertheless.
    private static func endFailed(
        _ child: ChildProcess,
        _ launcher: PythonLauncher,
        _ progress: RankProgress
    ) async {
        while launcher.readReport().failure == nil {
            // Cancelled when the script has ended.
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
        }
        progress.noteFailure()
        guard (try? await Task.sleep(for: failureGrace)) != nil else { return }
        child.signalGroup(SIGKILL)
    }

    private func writeError(_ text: String) {
        // A closed standard error changes nothing.
        _ = try? FileDescriptor.standardError.writeAll(Array("braket-runner: \(text)\n".utf8))
    }
}

/// What happened to a rank before its end.
private final class RankProgress: Sendable {
    private struct State {
        var wasTold = false
        var failedAt: Int64?
    }

    private let state = Mutex(State())

    /// Whether the engine told it to end.
    var wasTold: Bool { state.withLock { $0.wasTold } }

    /// When its script was seen to have failed without ending.
    var failedAt: Int64? { state.withLock { $0.failedAt } }

    /// Notes that the engine told it to end; true the first time.
    func noteStop() -> Bool {
        state.withLock { state in
            defer { state.wasTold = true }
            return !state.wasTold
        }
    }

    /// Notes that its script has failed.
    func noteFailure() {
        state.withLock { $0.failedAt = monotonicNanoseconds() }
    }
}
