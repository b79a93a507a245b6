/// How the bytes of an output are spread over the files of its log.
///
/// The head is one file. What comes after it goes into two segments in turns: the older one is emptied when the newer
/// one is full. So what is on the disk can be read at any moment, also when the runner was killed - a ring within one
/// file could not - and the tail is never shorter than one segment.
package struct LogLayout: Hashable, Sendable {
    /// How many bytes of the beginning are kept.
    package let headBytes: Int64
    /// How many bytes one of the two segments holds.
    package let segmentBytes: Int64

    /// Divides a cap: half for the head, a quarter for each segment.
    ///
    /// - Parameter capBytes: The most bytes that all files of the log hold.
    package init(capBytes: Int64) {
        headBytes = max(capBytes / 2, 1)
        segmentBytes = max(capBytes / 4, 1)
    }

    /// The line that stands for what is not kept.
    ///
    /// - Parameter bytes: How many bytes.
    /// - Returns: The line, with a line end before it too: the head may end within a line.
    package static func marker(leftOutBytes bytes: Int64) -> [UInt8] {
        Array("\n... \(bytes) bytes left out ...\n".utf8)
    }
}

/// How many bytes may be looked at: copying what a script writes costs as much as handing it on.
///
/// The first bytes are free, then a number a second, of which up to a second's worth is saved up. Beyond that a script
/// that writes gigabytes a second would run at half its speed for a log that is going to leave its middle out anyway.
struct CopyBudget: Hashable, Sendable {
    private let bytesPerSecond: Int64
    private var freeBytes: Int64
    private var saved: Int64
    private var filledAt: Duration = .zero

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

    /// Whether bytes may be copied now.
    ///
    /// - Parameters:
    ///   - bytes: How many.
    ///   - now: The time since some fixed moment.
    mutating func affords(_ bytes: Int, at now: Duration) -> Bool {
        if freeBytes >= bytes { return true }
        let (seconds, attoseconds) = (now - filledAt).components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if milliseconds > 0 {
            filledAt = now
            // After a quiet hour the product would still fit, but a year of silence need not be thought about.
            saved = min(bytesPerSecond / 8, saved + min(milliseconds, 1000) * bytesPerSecond / 1000)
        }
        return freeBytes + saved >= bytes
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
