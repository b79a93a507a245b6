extension JSONParser {
    /// Reads a string, from its opening to its closing quotation mark.
    mutating func parseString() throws(JSONError) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while true {
            let runStart = position
            while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                position += 1
            }
            content += bytes[runStart..<position]
            switch peek {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw error("the string is not UTF-8", at: start)
                }
                return text
            case UInt8(ascii: "\\"): content += try parseEscape().utf8
            case nil: throw error("the string is not closed", at: start)
            default: throw error("a control character must be escaped in a string")
            }
        }
    }

    private mutating func parseEscape() throws(JSONError) -> String {
        let start = position
        position += 1
        let letter = peek
        position = min(position + 1, bytes.count)
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try parseUnicodeEscape(startingAt: start)
        default: throw error("unknown escape", at: start)
        }
    }

    /// Reads the digits of `\uXXXX` and, after a high surrogate, the `\uXXXX` of its low one.
    private mutating func parseUnicodeEscape(startingAt start: Int) throws(JSONError) -> String {
        let first = try parseHexDigits()
        if let scalar = Unicode.Scalar(first) { return String(scalar) }
        let afterFirst = position
        if first < 0xDC00, take("\\u") {
            let second = try parseHexDigits()
            if (0xDC00...0xDFFF).contains(second) {
                let scalar = Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF))
                return String(scalar ?? "\u{FFFD}")
            }
            position = afterFirst
        }
        guard dialect == .python else { throw error("half of a surrogate pair", at: start) }
        return "\u{FFFD}"
    }

    private mutating func parseHexDigits() throws(JSONError) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        // `UInt32(_:radix:)` would take a sign: `\u+123` is no escape.
        guard digits.count == 4, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else {
            throw error("expected four hexadecimal digits")
        }
        position += 4
        return value
    }
}
