import AWSCredentials
import BraketEnvironment
import Logging
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

/// What the machine's owner says about its end: EC2's notice that a spot instance goes, Slurm's end of a job.
///
/// Such a notice is a stop with a known deadline.
final class PlatformNotices: Sendable {
    /// How often EC2 is asked; the notice comes two minutes ahead, and this is what its page recommends.
    static let spotInterval: Duration = .seconds(5)
    /// How often no answer may come before nobody is asked any more.
    private static let spotFailures = 5
    /// `--signal` of sbatch(1) can be told to come as early as this; a signal before is one of the user's own.
    private static let earliestSlurmWarning: Duration = .seconds(3600)

    private let slurmEnd: Timestamp?
    private let asksSpot: Bool
    private let s3: S3Access
    private let logger: Logger
    /// When everything must be out; nil while nobody has said so.
    private let announced = Mutex<ContinuousClock.Instant?>(nil)

    /// Finds out who may give notices.
    ///
    /// - Parameters:
    ///   - environment: The variables of the process.
    ///   - isStandalone: Whether the runner moves the data; else a platform stands between it and the machine.
    ///   - s3: Has the way to the instance's metadata.
    ///   - logger: The runner's own log.
    init(environment: ProcessEnvironment, isStandalone: Bool, s3: S3Access, logger: Logger) {
        slurmEnd = environment.nonEmpty(EnvironmentKey.slurmJobID)
            .flatMap { _ in environment.nonEmpty(EnvironmentKey.slurmJobEndTime).flatMap { Int64($0) } }
            .map { Timestamp(milliseconds: $0 * 1000) }
        asksSpot =
            isStandalone && environment.nonEmpty(EnvironmentKey.trainingJobName) == nil
            && (environment.nonEmpty(EnvironmentKey.metadataEndpoint) != nil || Self.isEC2Instance())
        self.s3 = s3
        self.logger = logger
    }

    /// How long there is until everything must be out.
    ///
    /// - Parameter initiator: Who ends the script.
    /// - Returns: nil when nobody said so.
    func timeLeft(for initiator: SupervisedEnd.Initiator) -> Duration? {
        if let deadline = announced.withLock({ $0 }) { return deadline - .now }
        // Slurm's own SIGTERM at the end of the time, and scancel's before: KillWait follows, which it does not tell.
        guard let slurmEnd, case .stopRequest = initiator else { return nil }
        let left = slurmEnd.timeIntervalSinceNow
        return left > .zero ? left : nil
    }

    /// Whether a signal is Slurm's warning ahead of the job's end (`sbatch --signal`), which gives no name of its own.
    ///
    /// - Parameter signal: What came.
    /// - Returns: The end it announces; nil when it is for the script alone.
    func announcement(by signal: ReceivedSignal) -> SupervisedEnd.Initiator? {
        guard let slurmEnd, [SIGUSR1, SIGUSR2].contains(signal.number) else { return nil }
        let left = slurmEnd.timeIntervalSinceNow
        guard left > .zero, left <= Self.earliestSlurmWarning else { return nil }
        announced.withLock { $0 = .now + left }
        return .preemption(notice: "Slurm ends the job in \(left.shortText) (\(signal.summary))")
    }

    /// Waits for EC2's notice; nil at once where there is nobody to ask.
    func spotNotice() async -> SupervisedEnd.Initiator? {
        guard asksSpot else { return nil }
        var failures = 0
        while failures < Self.spotFailures {
            do {
                if let notice = try await s3.spotNotice() { return begin(notice) }
                failures = 0
            } catch {
                failures += 1
                logger.debug("no answer about spot notices", metadata: ["reason": "\(error)"])
            }
            // Cancelled when the script has ended.
            guard (try? await Task.sleep(for: Self.spotInterval)) != nil else { return nil }
        }
        return nil
    }

    private func begin(_ notice: SpotNotice) -> SupervisedEnd.Initiator {
        // Two minutes are what EC2 promises when the time is not understood.
        let left = notice.time?.timeIntervalSinceNow ?? .seconds(120)
        announced.withLock { $0 = .now + max(left, .zero) }
        return .preemption(
            notice: "EC2 will \(notice.action.escaped(limit: 20)) this spot instance in \(max(left, .zero).shortText)"
        )
    }

    /// Whether the machine says that it is one of EC2's.
    private static func isEC2Instance() -> Bool {
        let vendor = smallFile("/sys/class/dmi/id/board_vendor") ?? smallFile("/sys/class/dmi/id/sys_vendor") ?? []
        return String(decoding: vendor, as: UTF8.self).hasPrefix("Amazon EC2")
    }
}

extension Timestamp {
    /// From now until then; negative when it is over.
    fileprivate var timeIntervalSinceNow: Duration { .milliseconds(milliseconds - Timestamp.now().milliseconds) }
}
