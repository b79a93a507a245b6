package import ProcessSupervision
package import RunnerCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Looks at the script's processes once a second while they run: what they use, and whether they still do anything.
///
/// A thread of its own that begins a second after the script, so that nothing stands before the script's first line.
/// What may hang - a look at a network's file system, nvidia-smi - runs elsewhere and is waited for by nobody. A look
/// that is dear makes the next one come later: looking takes at most a six-hundredth of a core.
package final class ScriptWatcher: Sendable {
    /// Asks the script's Python for the stacks of its threads.
    package struct StackSource: Sendable {
        /// Asks for them; false when the script cannot be asked.
        package let request: @Sendable () -> Bool
        /// What came since the last request; nil when nothing did.
        package let read: @Sendable () -> String?

        /// Makes a source.
        package init(request: @escaping @Sendable () -> Bool, read: @escaping @Sendable () -> String?) {
            self.request = request
            self.read = read
        }
    }

    /// What is watched.
    package struct Subject: Sendable {
        /// The script's first process; the runner's other children are helpers.
        package var scriptID: Int32
        /// When the script counts as stalled; nil for never.
        package var stall: StallPolicy?
        /// Folders whose file systems are looked at.
        package var disks: [String] = []
        /// Folders in which a changed file shows that the script lives.
        package var workFolders: [String] = []
        /// Where nvidia-smi is looked for.
        package var path: String?
        /// How many bytes of output the runner has passed on; what the script writes by itself is seen anyway.
        package var outputBytes: @Sendable () -> Int64 = { 0 }
        /// Python's stacks.
        package var stacks: StackSource?

        /// Makes a subject.
        package init(scriptID: Int32, stall: StallPolicy?) {
            self.scriptID = scriptID
            self.stall = stall
        }
    }

    /// What is noticed.
    package enum Event: Sendable {
        /// The script does nothing.
        case stalled(Stall)
        /// It does something again, after so many seconds.
        case resumed(afterSeconds: Int)
        /// A minute is over: the figures so far.
        case usage(UsageSummary)
    }

    /// The most of a core that looking may take in the long run.
    private static let share = 0.0015

    private let subject: Subject
    private let report: @Sendable (Event) -> Void
    private let isOver = CancellationFlag()
    private let start = ContinuousClock.now
    private let usage = Mutex(UsageSummary())
    private let probes: BackgroundProbes

    /// Makes a watcher that does nothing yet.
    ///
    /// - Parameters:
    ///   - subject: What is watched.
    ///   - report: Gets what is noticed, on the watcher's thread; must not block.
    package init(_ subject: Subject, report: @escaping @Sendable (Event) -> Void) {
        self.subject = subject
        self.report = report
        probes = BackgroundProbes(folders: subject.disks, path: subject.path)
    }

    /// Begins to watch.
    package func run() {
        startThread { [self] in watch() }
    }

    /// Ends watching.
    ///
    /// - Parameter exit: What wait4(2) said of the script.
    /// - Returns: What was used in all.
    package func finish(_ exit: ProcessExit.Usage) -> UsageSummary {
        isOver.cancel()
        probes.cancel()
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return usage.withLock { usage in
            if usage.limits.cores == nil { usage.limits = MachineLimits.read() }
            (usage.disks, usage.gpus) = probes.latest
            usage.add(exit, ofSeconds: Double(seconds) + Double(attoseconds) / 1e18)
            return usage
        }
    }

    private func watch() {
        let sampler = GroupSampler(runnerID: getpid()) { [subject] child in
            child != subject.scriptID && ChildProcess.isRunning(child)
        }
        var stalls = subject.stall.map { StallWatch($0, subject) }
        var planned = 1.0
        var meanCost = 0.0
        var last = monotonicSeconds()
        var untilReport = 60.0
        var outputBefore: Int64 = 0
        sleepFor(seconds: planned)
        let limits = MachineLimits.read()
        usage.withLock { $0.limits = limits }
        while !isOver.isCancelled {
            let began = threadCPUSeconds()
            probes.look()
            let sample = sampler.sample()
            let now = monotonicSeconds()
            // A script that ended in between would be seen as a fall of everything.
            guard !isOver.isCancelled else { return }
            usage.withLock { $0.add(sample, seconds: now - last) }
            let output = subject.outputBytes()
            let activity = ScriptActivity(sample, seconds: now - last, planned, output - outputBefore, probes.isGPUBusy)
            (last, outputBefore) = (now, output)
            if let event = stalls?.look(activity, { sampler.members.map(\.processID) }) { report(event) }
            untilReport -= planned
            if untilReport <= 0 {
                untilReport = 60
                reportUsage()
            }
            // A mean over some looks: the first one reads the runner's own code from the disk's cache.
            meanCost += (threadCPUSeconds() - began - meanCost) / 8
            planned = min(max(1, meanCost / Self.share), 15)
            sleepFor(seconds: planned)
        }
    }

    private func reportUsage() {
        let latest = probes.latest
        report(
            .usage(
                usage.withLock { usage in
                    (usage.disks, usage.gpus) = latest
                    return usage
                }
            )
        )
    }
}

extension ScriptActivity {
    /// What a look at the group says of its life.
    fileprivate init(
        _ sample: GroupSample,
        seconds: Double,
        _ planned: Double,
        _ outputBytes: Int64,
        _ isGPUBusy: Bool
    ) {
        self.init()
        self.seconds = seconds
        plannedSeconds = planned
        cpuSeconds = sample.cpuSeconds
        transferredBytes = sample.growth.counters.transferred + max(0, outputBytes)
        hasOtherSigns = sample.growth.membersChanged || isGPUBusy
    }
}

private func monotonicSeconds() -> Double { seconds(of: CLOCK_MONOTONIC) }

private func threadCPUSeconds() -> Double { seconds(of: CLOCK_THREAD_CPUTIME_ID) }

private func seconds(of clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func sleepFor(seconds: Double) {
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
    // A signal would only make the next look come early.
    nanosleep(&time, nil)
}
