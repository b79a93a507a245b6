import RunnerCore

/// The last 2 KiB of an output, from which its last lines can be told.
package struct RecentOutput: Hashable, Sendable {
    /// How many bytes are kept.
    static let limitBytes = 2048
    /// The most bytes of one line as it is shown.
    static let lineLimitBytes = 400

    private var bytes: [UInt8] = []
    private var isCut = false
    private var isOver = false

    /// Makes the recent output of a script that wrote nothing yet.
    package init() {}

    /// Adds bytes; costs the same for one and for a million.
    ///
    /// - Parameter new: What the script wrote.
    package mutating func append(_ new: UnsafeRawBufferPointer) {
        let excess = bytes.count + new.count - Self.limitBytes
        if excess > 0 {
            isCut = true
            bytes.removeFirst(min(excess, bytes.count))
        }
        bytes.append(contentsOf: new.suffix(Self.limitBytes))
    }

    /// Notes that bytes are missing between what came and what comes.
    package mutating func skip() {
        bytes.removeAll(keepingCapacity: true)
        isCut = true
    }

    /// Notes that nothing comes any more: what stands behind the last line end is a line now.
    package mutating func end() {
        isOver = true
    }

    /// The last complete line that is not empty, as one line of text without colours; nil when there is none.
    package var lastLine: String? { lines.last }

    /// The last complete lines that are not empty.
    ///
    /// Of a line that was drawn over itself with `\r`, as progress bars are, the last piece that is not empty. What a
    /// `\r` ended is complete: a progress bar may never end its line.
    package var lines: [String] {
        var complete = bytes[...]
        if !isOver {
            guard let last = bytes.lastIndex(where: Self.endsPiece) else { return [] }
            complete = bytes[...last]
        }
        var lines = complete.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What stands first began before the bytes that are kept, unless it is all there is.
        if isCut, lines.count > 1 { lines.removeFirst() }
        return lines.compactMap { line in
            line.split(separator: UInt8(ascii: "\r")).reversed().lazy.map(Self.shown).first { !$0.isEmpty }
        }
    }

    private static func endsPiece(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    /// A piece of output as it may stand in a sentence.
    static func shown(_ piece: ArraySlice<UInt8>) -> String {
        let text = String(decoding: withoutControlSequences(piece), as: UTF8.self).trimmed()
        return text.escaped(limit: lineLimitBytes).prefix(utf8Bytes: lineLimitBytes)
    }

    /// Leaves out what sets colours and moves the cursor: ESC `[`, parameters, and a letter (ECMA-48 §5.4).
    private static func withoutControlSequences(_ piece: ArraySlice<UInt8>) -> [UInt8] {
        var kept: [UInt8] = []
        var rest = piece
        while let byte = rest.popFirst() {
            guard byte == 0x1B, rest.first == UInt8(ascii: "[") else {
                kept.append(byte)
                continue
            }
            rest = rest.dropFirst().drop { (0x20...0x3F).contains($0) }.dropFirst()
        }
        return kept
    }
}
