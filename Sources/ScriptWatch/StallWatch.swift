import RunnerCore
import Synchronization

/// Brings a stall from the first suspicion to its description, a step a look; nothing in it waits.
///
/// The files are looked at by another thread, because their file system may be what hangs; and Python's answer is read
/// at the look after the one that asked for it. For one thread.
struct StallWatch {
    private enum Step {
        case watching
        /// The files are being looked at since so many looks.
        case lookingAtFiles(FileProbe, looks: Int)
        /// Python was asked for its stacks.
        case waitingForStacks(silence: Double)
    }

    /// Without an answer about the files after so many looks their file system hangs, and so does the script.
    private static let maximumFileLooks = 10

    private let policy: StallPolicy
    private let subject: ScriptWatcher.Subject
    private var detector: StallDetector
    private var step = Step.watching

    /// Begins to watch.
    init(_ policy: StallPolicy, _ subject: ScriptWatcher.Subject) {
        self.policy = policy
        self.subject = subject
        detector = StallDetector(policy)
    }

    /// Takes a look at the script.
    ///
    /// - Parameters:
    ///   - activity: What happened since the look before.
    ///   - members: Tells the processes of the group.
    /// - Returns: What is to be reported.
    mutating func look(_ activity: ScriptActivity, _ members: () -> [Int32]) -> ScriptWatcher.Event? {
        if case .waitingForStacks(let silence) = step {
            // Not shown to the detector: writing the stacks is the only thing that the script did.
            step = .watching
            return .stalled(describe(silence, members(), stacks: subject.stacks?.read()))
        }
        switch detector.add(activity) {
        case .none:
            break
        case .silent:
            step = .lookingAtFiles(FileProbe(FileActivity(folders: subject.workFolders)), looks: 0)
            return nil
        case .resumed(let seconds):
            step = .watching
            return .resumed(afterSeconds: Int(seconds))
        }
        guard case .lookingAtFiles(let probe, let looks) = step else { return nil }
        let answer = probe.answer
        guard answer != nil || looks + 1 >= Self.maximumFileLooks else {
            step = .lookingAtFiles(probe, looks: looks + 1)
            return nil
        }
        step = .watching
        guard let silence = detector.filesChanged(secondsAgo: answer ?? nil) else { return nil }
        if subject.stacks?.request() == true {
            step = .waitingForStacks(silence: silence)
            return nil
        }
        return .stalled(describe(silence, members(), stacks: nil))
    }

    private func describe(_ silence: Double, _ members: [Int32], stacks: String?) -> Stall {
        Stall(
            at: .now(),
            seconds: Int(silence),
            action: policy.action,
            processes: members.prefix(32).compactMap(StalledProcess.read),
            pythonStacks: stacks?.prefix(utf8Bytes: Stall.maximumStackBytes)
        )
    }
}

/// A look at files on another thread.
final class FileProbe: Sendable {
    private let result = Mutex<Double??>(.none)

    /// Begins to look.
    init(_ files: FileActivity) {
        BlockingPool.shared.submit { [self] in
            let answer = files.secondsSinceChange()
            result.withLock { $0 = .some(answer) }
        }
    }

    /// How long ago a file changed, none inside when there is no file; nil while it is not known.
    var answer: Double?? { result.withLock { $0 } }
}
