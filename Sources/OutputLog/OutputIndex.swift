/// Where in an output which stream wrote when, as lines of `OFFSET LENGTH STREAM MILLISECONDS`.
///
/// OFFSET counts all bytes of the output from its beginning, also those the log left out; STREAM is `out`, `err` or
/// `both`; MILLISECONDS is the time since 1970 when the first of the bytes came. A new line begins when the stream
/// changes or after 100 ms. So that five days of output fit into a few megabytes, the 100 ms double with every 16,384
/// lines, and after 65,536 lines the streams are no longer told apart.
package struct OutputIndex: Hashable, Sendable {
    /// How many lines there are before the time between two of them doubles.
    static let linesPerInterval = 16_384
    /// After how many lines a change of stream begins no new one.
    static let splittingLines = 65_536

    private struct Entry: Hashable {
        var offset: Int64
        var length: Int64
        var stream: OutputStream
        var milliseconds: Int64
    }

    private var open: Entry?
    private var lines = 0

    /// Makes an empty index.
    package init() {}

    /// Notes bytes.
    ///
    /// - Parameters:
    ///   - length: How many.
    ///   - offset: How many bytes came before them.
    ///   - stream: Which stream wrote them.
    ///   - milliseconds: When, since 1970.
    /// - Returns: The line that is complete by now; nil when the bytes belong to the one that is not.
    package mutating func add(_ length: Int, at offset: Int64, _ stream: OutputStream, milliseconds: Int64) -> String? {
        guard length > 0 else { return nil }
        if var entry = open {
            let interval = Int64(100) << min(lines / Self.linesPerInterval, 16)
            let age = milliseconds - entry.milliseconds
            let splits = entry.stream != stream && lines < Self.splittingLines
            // A clock that is set back must not glue hours together.
            if (0..<interval).contains(age), !splits {
                entry.length += Int64(length)
                if entry.stream != stream { entry.stream = .both }
                open = entry
                return nil
            }
        }
        let line = close()
        open = Entry(offset: offset, length: Int64(length), stream: stream, milliseconds: milliseconds)
        return line
    }

    /// Ends the line that is not complete.
    ///
    /// - Returns: It; nil when there is none.
    package mutating func close() -> String? {
        guard let entry = open else { return nil }
        open = nil
        lines += 1
        return "\(entry.offset) \(entry.length) \(entry.stream.rawValue) \(entry.milliseconds)\n"
    }
}
