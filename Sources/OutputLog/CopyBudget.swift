/// How many bytes may be looked at: copying what a script writes costs as much as handing it on.
///
/// The first bytes are free, then a number a second, of which an eighth of a second's worth is saved up. Beyond that
/// a script that writes gigabytes a second would run at half its speed for a log that leaves its middle out anyway.
struct CopyBudget: Hashable, Sendable {
    private let bytesPerSecond: Int64
    private var freeBytes: Int64
    private var saved: Int64
    private var filledAt: Int64 = 0

    /// Makes a budget.
    ///
    /// - Parameters:
    ///   - freeBytes: How many bytes cost nothing.
    ///   - bytesPerSecond: How many more may be copied in a second.
    init(freeBytes: Int64, bytesPerSecond: Int64) {
        self.freeBytes = freeBytes
        self.bytesPerSecond = bytesPerSecond
        saved = bytesPerSecond / 8
    }

    /// Whether bytes are among the free ones.
    func isFree(_ bytes: Int) -> Bool { freeBytes >= Int64(bytes) }

    /// Whether bytes may be copied now.
    ///
    /// - Parameters:
    ///   - bytes: How many.
    ///   - now: The nanoseconds since some fixed moment.
    /// - Returns: true when they are free or saved up.
    mutating func affords(_ bytes: Int, at now: Int64) -> Bool {
        if isFree(bytes) { return true }
        let milliseconds = (now - filledAt) / 1_000_000
        if milliseconds > 0 {
            filledAt = now
            saved = min(bytesPerSecond / 8, saved + min(milliseconds, 1000) * bytesPerSecond / 1000)
        }
        return freeBytes + saved >= Int64(bytes)
    }

    /// Notes bytes that were copied, whether they were afforded or not.
    ///
    /// - Parameter bytes: How many.
    mutating func spend(_ bytes: Int) {
        let free = min(freeBytes, Int64(bytes))
        freeBytes -= free
        saved -= Int64(bytes) - free
    }
}

/// Whether a script writes so fast that moving its output in small pieces would slow it down.
///
/// Decided anew with every megabyte.
struct FloodGauge: Hashable, Sendable {
    /// The number of bytes that are measured together.
    static let measuredBytes = 1 << 20
    /// A megabyte in less than this is a flood: more than 256 MB/s.
    static let floodNanoseconds: Int64 = 4_000_000

    /// Whether the last megabyte came that fast.
    private(set) var isFlood = false
    private var bytes = 0
    private var begun: Int64 = 0

    /// Makes a gauge.
    init() {}

    /// Notes bytes.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - now: The nanoseconds since some fixed moment.
    mutating func add(_ count: Int, at now: Int64) {
        bytes += count
        guard bytes >= Self.measuredBytes else { return }
        isFlood = now - begun < Self.floodNanoseconds * Int64(bytes / Self.measuredBytes)
        bytes = 0
        begun = now
    }

    /// Notes that nothing came for a while.
    mutating func pause() {
        isFlood = false
    }
}
