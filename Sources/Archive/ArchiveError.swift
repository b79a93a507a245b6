/// Why an archive could not be read or written.
package struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is, for callers that decide on it.
    package enum Code: String, Sendable {
        /// The bytes contradict the format: a checksum, a length, a number or a structure is wrong.
        case damaged
        /// The archive ends before its content does.
        case truncated
        /// A member's name would leave the target directory or cannot be a file name.
        case unsafePath
        /// A symbolic or hard link would leave the target directory.
        case unsafeLink
        /// Two members ask for different things at one place, such as a file below a link.
        case conflict
        /// The content is no archive of a kind this module reads.
        case unsupportedFormat
        /// The archive is of a known kind but uses a method that is not read, such as encryption.
        case unsupportedFeature
        /// The content is larger than the limits allow.
        case limitExceeded
        /// The operating system refused to read.
        case readFailed
        /// The operating system refused to write.
        case writeFailed
    }

    /// What kind of failure it is.
    package let code: Code
    /// One sentence: what is wrong, with which member, and what to do where that is known.
    package let message: String
    /// The member it is about, escaped and shortened for a log line.
    package let member: String?

    /// The same as `message`.
    package var description: String { message }

    /// Makes an error; `member` is put in front of the message.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: The sentence without the member's name.
    ///   - member: The member's name as it stands in the archive, any bytes.
    init(_ code: Code, _ message: String, member: some Collection<UInt8>) {
        let shown = MemberName.shown(member)
        self.code = code
        self.member = shown
        self.message = "archive member '\(shown)': \(message)"
    }

    /// Makes an error about the archive as a whole.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: The sentence.
    init(_ code: Code, _ message: String) {
        self.code = code
        self.member = nil
        self.message = message
    }
}

/// Turns member names, which are any bytes, into text that is safe in a log line.
enum MemberName {
    private static let headBytes = 120
    private static let tailBytes = 40

    /// The name with control and formatting characters escaped, invalid UTF-8 as `\xHH`, and the middle left out
    /// when it is long.
    ///
    /// A member called "x\nERROR forged" must not become a second log line, and U+202E must not turn one around.
    ///
    /// - Parameter name: The name, any bytes.
    /// - Returns: Printable text of bounded length.
    static func shown(_ name: some Collection<UInt8>) -> String {
        guard name.count > headBytes + tailBytes else { return escaped(name) }
        return "\(escaped(name.prefix(headBytes)))...\(escaped(name.suffix(tailBytes)))"
    }

    private static func escaped(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        var rest = bytes.makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        var position = bytes.startIndex
        while true {
            let length: Int
            switch parser.parseScalar(from: &rest) {
            case .emptyInput:
                return text
            case .valid(let encoded):
                append(Unicode.UTF8.decode(encoded), to: &text)
                length = encoded.count
            case .error(let wrong):
                for byte in bytes[position...].prefix(wrong) { text += "\\x" + hexadecimal(byte) }
                length = wrong
            }
            position = bytes.index(position, offsetBy: length)
        }
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
            text += "\\u{" + String(scalar.value, radix: 16) + "}"
        default:
            text.unicodeScalars.append(scalar)
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
