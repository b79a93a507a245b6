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
