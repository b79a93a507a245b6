import ProcessSupervision
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

/// Looks that may hang, made every ten seconds at most and never two of a kind at once: disks and GPUs.
final class BackgroundProbes: Sendable {
    private static let secondsBetween = 10

    private struct State {
        var disks: [DiskUsage] = []
        var gpus: [GPUUsage] = []
        var nextDisks = ContinuousClock.now
        var nextGPUs = ContinuousClock.now
        var isLookingAtDisks = false
        var gpuTask: Task<Void, Never>?
        /// Where nvidia-smi is; none inside when it is not there, nil before anybody looked.
        var program: FilePath??
        var isOver = false
    }

    private let folders: [String]
    private let path: String?
    private let state = Mutex(State())

    /// Makes probes that have not looked yet.
    init(folders: [String], path: String?) {
        self.folders = folders
        self.path = path
    }

    /// What was seen last.
    var latest: (disks: [DiskUsage], gpus: [GPUUsage]) { state.withLock { ($0.disks, $0.gpus) } }

    /// Whether a GPU worked when nvidia-smi was asked last.
    var isGPUBusy: Bool { state.withLock { $0.gpus.contains { ($0.utilizationPercent ?? 0) > 0 } } }

    /// Begins the looks that are due.
    func look() {
        lookAtDisks()
        askGPUs()
    }

    /// Ends nvidia-smi when it runs.
    func cancel() {
        state.withLock { state in
            state.isOver = true
            state.gpuTask?.cancel()
        }
    }

    private func lookAtDisks() {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            guard now >= state.nextDisks, !state.isLookingAtDisks else { return false }
            state.isLookingAtDisks = true
            state.nextDisks = now + .seconds(Self.secondsBetween)
            return true
        }
        guard isDue else { return }
        BlockingPool.shared.submit { [self] in
            let disks = DiskUsage.look(at: folders, earlier: latest.disks)
            state.withLock { ($0.disks, $0.isLookingAtDisks) = (disks, false) }
        }
    }

    private func askGPUs() {
        let now = ContinuousClock.now
        state.withLock { state in
            if state.program == nil { state.program = .some(findExecutable("nvidia-smi", path: path)) }
            guard let program = state.program ?? nil, now >= state.nextGPUs, state.gpuTask == nil, !state.isOver
            else { return }
            state.nextGPUs = now + .seconds(Self.secondsBetween)
            // A task of its own: the caller is a plain thread, and must not wait for a driver.
            state.gpuTask = Task { [self] in
                let gpus = await GPUUsage.ask(program, path: path)
                self.state.withLock { state in
                    state.gpus = GPUUsage.merging(state.gpus, gpus)
                    state.gpuTask = nil
                }
            }
        }
    }
}
