/// What one process has used so far; each figure includes the children that it has waited for.
package struct ProcessCounters: Hashable, Sendable {
    /// CPU time in user and kernel mode, in clock ticks.
    package var cpuTicks: Int64 = 0
    /// Bytes that went through read(2) and write(2) and their like: files, pipes, terminals, sockets.
    package var transferred: Int64 = 0
    /// Bytes that came from disks.
    package var diskRead: Int64 = 0
    /// Bytes that are to go to disks.
    package var diskWritten: Int64 = 0

    /// Makes counters at zero.
    package init() {}

    /// Makes counters.
    package init(cpuTicks: Int64, transferred: Int64 = 0, diskRead: Int64 = 0, diskWritten: Int64 = 0) {
        self.cpuTicks = cpuTicks
        self.transferred = transferred
        self.diskRead = diskRead
        self.diskWritten = diskWritten
    }

    /// The sum, figure by figure.
    package static func + (left: Self, right: Self) -> Self {
        ProcessCounters(
            cpuTicks: left.cpuTicks &+ right.cpuTicks,
            transferred: left.transferred &+ right.transferred,
            diskRead: left.diskRead &+ right.diskRead,
            diskWritten: left.diskWritten &+ right.diskWritten
        )
    }

    /// What came since earlier counters, never below zero.
    ///
    /// - Parameter earlier: The counters before.
    /// - Returns: The growth, figure by figure.
    package func growth(since earlier: Self) -> Self {
        ProcessCounters(
            cpuTicks: max(0, cpuTicks &- earlier.cpuTicks),
            transferred: max(0, transferred &- earlier.transferred),
            diskRead: max(0, diskRead &- earlier.diskRead),
            diskWritten: max(0, diskWritten &- earlier.diskWritten)
        )
    }
}

/// One process at one moment, as far as the watch needs it.
package struct ProcessReading: Hashable, Sendable {
    /// Its number.
    package var processID: Int32
    /// Its parent.
    package var parentID: Int32
    /// When it started; with the number it is one process for ever.
    package var startTicks: Int64
    /// What it does, as one letter.
    package var state: UInt8
    /// How many threads it has.
    package var threads: Int
    /// Pages of memory it holds.
    package var residentPages: Int64
    /// What it has used.
    package var counters: ProcessCounters

    /// Makes a reading by hand, for rules that are tested without any process.
    package init(
        processID: Int32,
        parentID: Int32,
        startTicks: Int64 = 0,
        state: UInt8 = UInt8(ascii: "S"),
        threads: Int = 1,
        residentPages: Int64 = 0,
        counters: ProcessCounters = ProcessCounters()
    ) {
        self.processID = processID
        self.parentID = parentID
        self.startTicks = startTicks
        self.state = state
        self.threads = threads
        self.residentPages = residentPages
        self.counters = counters
    }

    /// Reads `/proc/PID/stat`, proc_pid_stat(5), without making a text of any field: this is done every second.
    ///
    /// - Parameters:
    ///   - stat: The file.
    ///   - processID: Whose it is. The result is nil when it is no such file.
    package init?(stat: UnsafeRawBufferPointer, processID: Int32) {
        // The second field is the program's name, which may itself hold `)` and spaces.
        guard let nameEnd = stat.lastIndex(of: UInt8(ascii: ")")), nameEnd + 2 < stat.count else { return nil }
        state = stat[nameEnd + 2]
        var numbers = NumberReader(UnsafeRawBufferPointer(rebasing: stat[(nameEnd + 3)...]))
        // The numbers begin with the fourth field.
        guard let parent = numbers.next(), numbers.skip(9), let user = numbers.next(), let system = numbers.next(),
            let childrenUser = numbers.next(), let childrenSystem = numbers.next(), numbers.skip(2),
            let threads = numbers.next(), numbers.skip(1), let start = numbers.next(), numbers.skip(1),
            let pages = numbers.next()
        else { return nil }
        self.processID = processID
        parentID = Int32(truncatingIfNeeded: parent)
        startTicks = start
        self.threads = Int(threads)
        residentPages = pages
        counters = ProcessCounters(cpuTicks: user &+ system &+ childrenUser &+ childrenSystem)
    }

    /// Takes the figures of `/proc/PID/io`, proc_pid_io(5); one that is no such file changes nothing.
    ///
    /// - Parameter io: The file.
    package mutating func take(io: UnsafeRawBufferPointer) {
        var numbers = NumberReader(io)
        guard let read = numbers.next(), let written = numbers.next(), numbers.skip(2),
            let diskRead = numbers.next(), let diskWritten = numbers.next()
        else { return }
        counters.transferred = read &+ written
        counters.diskRead = diskRead
        counters.diskWritten = diskWritten
    }
}

/// Reads the decimal numbers of a text one after the other, passing over everything between them.
struct NumberReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// Begins at the first byte.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next number; nil at the end.
    ///
    /// One of more than 64 bits wraps around.
    mutating func next() -> Int64? {
        while position < bytes.count, !Self.isDigit(bytes[position]) { position += 1 }
        guard position < bytes.count else { return nil }
        let isNegative = position > 0 && bytes[position - 1] == UInt8(ascii: "-")
        var value: Int64 = 0
        while position < bytes.count, Self.isDigit(bytes[position]) {
            value = value &* 10 &+ Int64(bytes[position] &- 0x30)
            position += 1
        }
        return isNegative ? 0 &- value : value
    }

    /// Passes over some numbers; false when there are not as many.
    mutating func skip(_ count: Int) -> Bool {
        for _ in 0..<count where next() == nil { return false }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}
