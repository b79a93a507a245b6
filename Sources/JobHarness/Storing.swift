import BraketEnvironment
import ProcessSupervision
import RunnerCore
import Synchronization

/// What is to be stored at the end, part by part: when storing is cut short, the parts that are not done are named.
final class Storing: Sendable {
    private struct State {
        var pending: [String]
        var problems: [String] = []
    }

    private let state: Mutex<State>

    /// Begins with nothing stored.
    ///
    /// - Parameter parts: The names of all parts.
    init(_ parts: [String]) {
        state = Mutex(State(pending: parts))
    }

    /// A part is done; what fails because storing was cut short is not.
    ///
    /// - Parameters:
    ///   - part: Its name.
    ///   - problems: What of it is not stored, and why.
    func finished(_ part: String, problems: [String] = []) {
        // Its problems would be that it was cancelled; what cut it short says more.
        guard problems.isEmpty || !Task.isCancelled else { return }
        state.withLock { state in
            state.pending.removeAll { $0 == part }
            state.problems += problems
        }
    }

    /// Whether a part is not done.
    func isPending(_ part: String) -> Bool { state.withLock { $0.pending.contains(part) } }

    /// What is not stored.
    ///
    /// - Parameter reason: Why the parts that are not done are not.
    /// - Returns: A line each.
    func unsafe(because reason: String) -> [String] {
        state.withLock { $0.problems + $0.pending.map { "\($0): not stored, \(reason)" } }
    }

    /// How storing ended before its end.
    enum Cut: Hashable, Sendable {
        /// By a third stop request.
        case stopRequest
        /// By `--timeout upload`.
        case limit(seconds: Int)

        /// For "not stored, …".
        var reason: String {
            switch self {
            case .stopRequest: "a third stop request ended the runner"
            case .limit(let seconds): "the time limit of \(seconds) s for storing was reached (--timeout upload)"
            }
        }
    }
}

extension Job {
    /// Runs the last phase, which only a third stop request and its own limit cut short.
    ///
    /// What is cut is cancelled, and waited for two seconds at most: the process ends anyway, and a write that hangs in
    /// the kernel (a file system over a network that is gone) would keep it for ever.
    ///
    /// - Parameter body: Stores everything.
    /// - Returns: What cut it short; nil when it came to its end.
    func uncut(_ body: @escaping @Sendable () async -> Void) async -> Storing.Cut? {
        let (ends, end) = AsyncStream.makeStream(of: Storing.Cut?.self)
        let limit = configuration.settings.phaseLimits[.upload]
        // Tasks of their own: a task group would wait for the one that hangs.
        let work = Task {
            await body()
            end.yield(nil)
        }
        let timer = limit.map { seconds in
            Task {
                guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }  // Cancelled: it is done.
                end.yield(.limit(seconds: seconds))
            }
        }
        defer { timer?.cancel() }
        let handler: JobSignals.Handler = { [signals] in
            if $0.isStopRequest, signals.stopLevel >= 3 { end.yield(.stopRequest) }
        }
        return await signals.withHandler(handler) {
            var iterator = ends.makeAsyncIterator()
            guard let cut = await iterator.next() ?? nil else { return nil }
            work.cancel()
            let patience = Task {
                try? await Task.sleep(for: .seconds(2))  // Cancelled below, once the work has ended.
                end.yield(cut)
            }
            _ = await iterator.next()
            patience.cancel()
            return cut
        }
    }
}
