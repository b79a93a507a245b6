package import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What the script left behind and the runner ended.
package struct SweptProcess: Hashable, Sendable {
    /// The first 15 bytes of its program's name.
    package let name: String
    /// Its number.
    package let processID: Int32

    /// Makes one.
    package init(name: String, processID: Int32) {
        self.name = name
        self.processID = processID
    }
}

/// What came of a sweep.
package struct SweepResult: Hashable, Sendable {
    /// What was ended, in the order in which it was found.
    package var ended: [SweptProcess] = []
    /// What could not be ended: it waits in the kernel, or starts successors faster than they can be found.
    package var survivors: [SweptProcess] = []

    /// Makes a result.
    package init(ended: [SweptProcess] = [], survivors: [SweptProcess] = []) {
        self.ended = ended
        self.survivors = survivors
    }

    /// The log's line: `ended 2 processes that the script left behind: sleep (41), worker (44)`; nil for none.
    package var summary: String? {
        ended.isEmpty ? nil : "ended \(Self.list(ended)) that the script left behind: " + Self.names(ended)
    }

    /// The log's line about what is still there; nil for none.
    package var warning: String? {
        survivors.isEmpty ? nil : "could not end \(Self.list(survivors)) of the script: " + Self.names(survivors)
    }

    private static func list(_ processes: [SweptProcess]) -> String {
        processes.count == 1 ? "1 process" : "\(processes.count) processes"
    }

    private static func names(_ processes: [SweptProcess], limit: Int = 8) -> String {
        let shown = processes.prefix(limit).map { "\($0.name.escaped()) (\($0.processID))" }.joined(separator: ", ")
        return processes.count > limit ? shown + " and \(processes.count - limit) more" : shown
    }
}

/// Ends the stragglers of a script, whatever group or session they are in: SIGTERM, the grace, SIGKILL.
///
/// The script's descendants are the runner's, less the runner's own helpers: as a subreaper it gets every orphan.
package struct StragglerSweep: Sendable {
    /// How long stragglers have between SIGTERM and SIGKILL when the script ended by itself.
    package static let grace: Duration = .seconds(5)
    /// How long SIGKILL is repeated for what starts new processes all the time.
    static let killing: Duration = .seconds(10)

    /// What a sweep is told when the script has ended.
    package struct Terms: Sendable {
        /// How long stragglers have; zero or less is none.
        package let grace: Duration
        /// The group that was told to end with the script: a second SIGTERM would cut its handlers short.
        package let toldGroup: Int32?
        /// Set when there is no more time.
        package let hurry: CancellationFlag

        /// Makes terms.
        package init(grace: Duration, toldGroup: Int32? = nil, hurry: CancellationFlag = CancellationFlag()) {
            self.grace = grace
            self.toldGroup = toldGroup
            self.hurry = hurry
        }
    }

    /// Reads which processes are left.
    private let read: @Sendable () -> [ProcessEntry]

    /// Makes a sweep of this process's descendants.
    package init() {
        read = {
            OwnChildren.shared.withNoneStarting { own in
                ProcessTable.current().stragglers(of: getpid(), except: own)
            }
        }
    }

    /// Makes a sweep of the descendants of another process.
    ///
    /// - Parameter ancestor: The process.
    init(below ancestor: Int32) {
        read = { ProcessTable.current().stragglers(of: ancestor, except: []) }
    }

    /// Ends what is left.
    ///
    /// Blocks for as long as the stragglers take, at most the grace and ten seconds.
    ///
    /// - Parameter terms: How much time there is.
    /// - Returns: What was ended.
    package func run(_ terms: Terms) -> SweepResult {
        var seen = Seen()
        letThemGo(terms)
        tell(terms, &seen)
        end(&seen)
        return SweepResult(ended: seen.order.map(SweptProcess.init), survivors: read().map(SweptProcess.init))
    }

    /// Waits a moment for what ends with the script by itself, as Python's resource tracker does.
    private func letThemGo(_ terms: Terms) {
        let deadline = ContinuousClock.now + min(terms.grace, .milliseconds(100))
        while ContinuousClock.now < deadline, let first = read().first { ProcessHandle(first)?.waitBriefly() }
    }

    /// Sends SIGTERM to each process once and waits until none is left or the grace is over.
    private func tell(_ terms: Terms, _ seen: inout Seen) {
        let deadline = ContinuousClock.now + terms.grace
        while !terms.hurry.isCancelled, ContinuousClock.now < deadline {
            let found = read()
            guard let first = found.first else { return }
            for entry in found where seen.insert(entry) && entry.groupID != terms.toldGroup {
                guard let process = ProcessHandle(entry) else { continue }
                process.send(SIGTERM)
                // One that was stopped would hear of it never.
                process.send(SIGCONT)
            }
            // Whichever it is: when it has ended the others are looked at again.
            ProcessHandle(first)?.waitBriefly()
        }
    }

    /// Sends SIGKILL until two looks in a row find nothing.
    private func end(_ seen: inout Seen) {
        let deadline = ContinuousClock.now + Self.killing
        var empty = 0
        var rounds = 0
        while empty < 2, ContinuousClock.now < deadline {
            // Killed one by one they would have new children all the time: first all are made to stand still.
            if rounds > 0 { freeze() }
            let found = read()
            empty = found.isEmpty ? empty + 1 : 0
            rounds += 1
            for entry in found {
                seen.insert(entry)
                guard let process = ProcessHandle(entry) else { continue }
                process.sendToGroup(SIGKILL)
                process.send(SIGKILL)
            }
            if let last = found.last { ProcessHandle(last)?.waitBriefly() }
        }
    }

    /// Stops all that is left until no new process is found, or for twenty looks.
    private func freeze() {
        var stopped = Seen()
        for _ in 0..<20 {
            let new = read().filter { stopped.insert($0) }
            if new.isEmpty { return }
            for entry in new { ProcessHandle(entry)?.send(SIGSTOP) }
        }
    }

    /// Processes in the order in which they were found, each once.
    private struct Seen {
        private(set) var order: [ProcessEntry] = []
        private var known: Set<[UInt64]> = []

        @discardableResult
        mutating func insert(_ entry: ProcessEntry) -> Bool {
            let isNew = known.insert([UInt64(entry.processID), entry.startTicks]).inserted
            if isNew { order.append(entry) }
            return isNew
        }
    }
}

extension SweptProcess {
    fileprivate init(_ entry: ProcessEntry) {
        self.init(name: entry.name, processID: entry.processID)
    }
}

extension ProcessTable {
    /// The living processes below one, without some of its children and what is below those.
    ///
    /// - Parameters:
    ///   - ancestor: The process to begin at.
    ///   - excluded: Children that are no stragglers.
    ///   - hasOtherThreads: Whether what looks like a zombie is none.
    /// - Returns: The processes in the order of their numbers.
    func stragglers(
        of ancestor: Int32,
        except excluded: Set<Int32>,
        hasOtherThreads: (ProcessEntry) -> Bool = hasOtherThreads
    ) -> [ProcessEntry] {
        let others = ProcessTable(
            entries.values.filter { !(excluded.contains($0.processID) && $0.parentID == ancestor) }
        )
        return others.descendants(of: ancestor).filter { entry in
            // What a helper's own group holds is ended with the helper.
            !excluded.contains(entry.groupID) && (!entry.isZombie || hasOtherThreads(entry))
        }
        .sorted { $0.processID < $1.processID }
    }
}

/// Tells whether a process lives on in other threads after its first thread ended, which makes it look like a zombie.
func hasOtherThreads(_ entry: ProcessEntry) -> Bool {
    guard let folder = opendir("/proc/\(entry.processID)/task") else { return false }
    defer { closedir(folder) }
    var threads = 0
    while let thread = readdir(folder) {
        if thread.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: ".")) { threads += 1 }
    }
    return threads > 1
}
