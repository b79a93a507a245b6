import ProcessSupervision

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What the script's processes hold and have used since the look before.
struct GroupSample {
    /// The sum of their resident memory, in bytes; what processes share counts in each.
    var memoryBytes: Int64 = 0
    /// How many there are, zombies left out.
    var processes = 0
    /// Their threads.
    var threads = 0
    /// What they used since the look before.
    var growth = UsageAccount.Growth()
    /// `growth.counters.cpuTicks` in seconds.
    var cpuSeconds = 0.0
}

/// Looks at the script's processes: every descendant of the runner but for the helpers that the runner started itself.
///
/// Reads the files of those processes only, and walks their tree only when something was started since the look
/// before. Where the kernel does not list children, the whole table is read instead, less and less often.
/// For one thread; a look at one process costs about 30 microseconds.
final class GroupSampler {
    private let runnerID: Int32
    private let isHelper: (Int32) -> Bool
    private let reader = ProcReader()
    private let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    private let pageBytes = Int64(sysconf(Int32(_SC_PAGESIZE)))
    private var account = UsageAccount()
    private var newestProcess: Int64?
    private var readings: [ProcessReading] = []
    /// How many looks the table is left alone for, where it must be read.
    private var looksUntilTable = 0
    private var tableInterval = 1

    /// Makes a sampler that has seen no process yet.
    ///
    /// - Parameters:
    ///   - runnerID: The process whose descendants count.
    ///   - isHelper: Whether a process was started by the runner for itself.
    init(runnerID: Int32, isHelper: @escaping (Int32) -> Bool) {
        self.runnerID = runnerID
        self.isHelper = isHelper
    }

    /// The processes of the last look, in the order of their numbers.
    var members: [ProcessReading] { account.members.sorted { $0.processID < $1.processID } }

    /// Looks at the group.
    ///
    /// - Returns: What there is and what was used since the last call.
    func sample() -> GroupSample {
        readings.removeAll(keepingCapacity: true)
        for member in account.members {
            if let reading = reread(member) { readings.append(reading) }
        }
        let newest = reader.newestProcess()
        if newest == nil || newest != newestProcess {
            newestProcess = newest
            findMore()
        }
        var sample = GroupSample(growth: account.update(readings))
        for reading in readings where reading.state != UInt8(ascii: "Z") {
            sample.memoryBytes += reading.residentPages * pageBytes
            sample.processes += 1
            sample.threads += reading.threads
        }
        sample.cpuSeconds = Double(sample.growth.counters.cpuTicks) / ticksPerSecond
        return sample
    }

    /// A known process again; what may no longer be read of it, as of a zombie, stays as it was.
    private func reread(_ member: ProcessReading) -> ProcessReading? {
        guard var reading = reader.process(member.processID), reading.startTicks == member.startTicks else {
            return nil
        }
        if reading.counters.transferred == 0 {
            reading.counters.transferred = member.counters.transferred
            reading.counters.diskRead = member.counters.diskRead
            reading.counters.diskWritten = member.counters.diskWritten
        }
        return reading
    }

    private func findMore() {
        var found = Set(readings.map(\.processID))
        var pending: [(processID: Int32, isSingleThreaded: Bool)] = [(runnerID, false)]
        pending += readings.map { ($0.processID, $0.threads == 1) }
        var wasTold = false
        while let next = pending.popLast() {
            guard let children = reader.children(of: next.processID, isSingleThreaded: next.isSingleThreaded)
            else { continue }
            wasTold = true
            for child in children where !(next.processID == runnerID && isHelper(child)) {
                guard found.insert(child).inserted, let reading = reader.process(child) else { continue }
                readings.append(reading)
                pending.append((child, reading.threads == 1))
            }
        }
        if !wasTold { findInTable(found) }
    }

    private func findInTable(_ found: Set<Int32>) {
        looksUntilTable -= 1
        guard looksUntilTable <= 0 else {
            // Nothing was found out, so the next look must not think so.
            newestProcess = nil
            return
        }
        looksUntilTable = tableInterval
        tableInterval = min(tableInterval * 2, 30)
        let table = ProcessTable.current()
        let descendants = table.descendants(of: runnerID)
        let helpers = descendants.filter { $0.parentID == runnerID && isHelper($0.processID) }
        let left = helpers.reduce(into: Set(helpers.map(\.processID))) { left, helper in
            left.formUnion(table.descendants(of: helper.processID).map(\.processID))
        }
        for entry in descendants where !found.contains(entry.processID) && !left.contains(entry.processID) {
            if let reading = reader.process(entry.processID) { readings.append(reading) }
        }
    }
}
