import BraketEnvironment
import MultiInstance
import ObjectStorage
import ProcessSupervision
import RunnerCore
import Synchronization

/// How much of its own limit each phase has used; fetching is done in several steps.
final class PhaseClock: Sendable {
    private let limits: PhaseLimits
    private let spent = Mutex<[PhaseLimits.Phase: Duration]>([:])

    /// Makes the clock of a run in which no phase has begun.
    init(_ limits: PhaseLimits) {
        self.limits = limits
    }

    /// What is left of a phase's limit; nil when it has none.
    func left(of phase: PhaseLimits.Phase) -> Duration? {
        limits[phase].map { .seconds($0) - spent.withLock { $0[phase] ?? .zero } }
    }

    /// Counts a step of a phase.
    func add(_ duration: Duration, to phase: PhaseLimits.Phase) {
        spent.withLock { $0[phase, default: .zero] += duration }
    }

    /// The limit that is over, as the failure of the step.
    func failure(of phase: PhaseLimits.Phase, while doing: String) -> JobFailure {
        JobFailure(
            phase == .fetch ? .fetchTimeout : .installTimeout,
            .timeLimit,
            "Time limit of \(limits[phase] ?? 0) s for \(phase == .fetch ? "fetching" : "installing") reached while "
                + "\(doing) (--timeout \(phase.rawValue))."
        )
    }
}

extension Job {
    /// Runs a phase that a stop request, the time limit and the phase's own limit end.
    ///
    /// - Parameters:
    ///   - doing: What is done, for "while …".
    ///   - limited: Whose own limit counts.
    ///   - body: The phase; it is cancelled.
    /// - Returns: What `body` returns.
    /// - Throws: `JobFailure`.
    func phase<R: Sendable>(
        _ doing: String,
        of limited: PhaseLimits.Phase? = nil,
        _ body: @escaping @Sendable () async throws -> R
    ) async throws(JobFailure) -> R {
        let began = ContinuousClock.now
        defer { if let limited { clock.add(.now - began, to: limited) } }
        do {
            return try await signals.cancelling { [self] in try await beforeDeadlines(doing, limited, body) }
        } catch let failure as JobFailure {
            throw failure
        } catch let error as ObjectStoreError {
            throw JobFailure(.runnerFault, .internalFault, "The runner failed while \(doing).", details: ["\(error)"])
        } catch is CancellationError {
            throw stopFailure(doing)
        } catch {
            throw JobFailure(.runnerFault, .internalFault, "The runner failed while \(doing).", details: ["\(error)"])
        }
    }

    private func beforeDeadlines<R: Sendable>(
        _ doing: String,
        _ limited: PhaseLimits.Phase?,
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        var deadlines: [(at: ContinuousClock.Instant, failure: JobFailure)] = []
        if let limit = configuration.maxRuntimeSeconds {
            let failure = JobFailure(.timeLimit, .timeLimit, "Time limit of \(limit) s reached while \(doing).")
            deadlines.append((start + .seconds(limit), failure))
        }
        if let limited, let left = clock.left(of: limited) {
            deadlines.append((.now + left, clock.failure(of: limited, while: doing)))
        }
        let first = deadlines.min { $0.at < $1.at }
        guard first != nil || cluster != nil else { return try await body() }
        return try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            if let first {
                group.addTask {
                    try await Task.sleep(until: first.at, clock: .continuous)
                    throw first.failure
                }
            }
            if let session = cluster?.session {
                group.addTask {
                    guard let order = await session.stopped.value() else { throw CancellationError() }
                    throw JobFailure(order, while: doing)
                }
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    private func stopFailure(_ doing: String) -> JobFailure {
        let by = signals.stopRequest.map { " (\($0.summary))" } ?? ""
        return JobFailure(.stopped, .stopped, "Stopped on request\(by) while \(doing).")
    }
}
