/// A recursive-descent parser over bytes in memory.
///
/// The position is a plain offset; line and column are counted only when something is reported.
struct JSONParser {
    /// The text in UTF-8.
    let bytes: [UInt8]
    /// Which texts are taken.
    let dialect: JSONText.Dialect
    /// The offset of the next byte.
    var position = 0
    private var depth = 0

    /// The names found twice in one object so far.
    private(set) var repetitions: [JSONText.Repetition] = []

    /// Makes a parser at the start of `bytes`.
    init(bytes: [UInt8], dialect: JSONText.Dialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    /// Reads the one value of the text; anything after it is an error.
    mutating func parseDocument() throws(JSONError) -> JSONValue {
        try skipByteOrderMark()
        skipWhitespace()
        let value = try parseValue()
        skipWhitespace()
        guard position == bytes.count else { throw error("unexpected text after the value") }
        return value
    }

    private mutating func skipByteOrderMark() throws(JSONError) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw error("the text is UTF-16; save it as UTF-8")
        }
        guard bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
        guard dialect == .strict else { throw error("unexpected byte order mark") }
        position = 3
    }

    // MARK: Values

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        switch peek {
        case UInt8(ascii: "{"): return .object(try nested { parser throws(JSONError) in try parser.parseObject() })
        case UInt8(ascii: "["): return .array(try nested { parser throws(JSONError) in try parser.parseArray() })
        case UInt8(ascii: "\""): return .string(try parseString())
        case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return .number(try parseNumber())
        default: return try parseLiteral()
        }
    }

    private mutating func parseLiteral() throws(JSONError) -> JSONValue {
        if take("true") { return .bool(true) }
        if take("false") { return .bool(false) }
        if take("null") { return .null }
        if dialect == .python {
            if take("NaN") { return .number(JSONNumber(checked: "NaN")) }
            if take("Infinity") { return .number(JSONNumber(checked: "Infinity")) }
        }
        throw error(position == bytes.count ? "expected a value, found the end of the text" : "expected a value")
    }

    /// Runs `body` one level deeper, so that a text of a million brackets is an error and not a stack overflow.
    private mutating func nested<T>(
        _ body: (inout JSONParser) throws(JSONError) -> T
    ) throws(JSONError) -> T {
        guard depth < JSONText.nestingLimit else {
            throw error("nested deeper than \(JSONText.nestingLimit) levels")
        }
        depth += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func parseArray() throws(JSONError) -> [JSONValue] {
        position += 1
        skipWhitespace()
        if take("]") { return [] }
        var elements: [JSONValue] = []
        while true {
            elements.append(try parseValue())
            skipWhitespace()
            if take("]") { return elements }
            guard take(",") else { throw error("expected ',' or ']'") }
            skipWhitespace()
        }
    }

    private mutating func parseObject() throws(JSONError) -> JSONObject {
        position += 1
        skipWhitespace()
        if take("}") { return [:] }
        var members: [JSONObject.Member] = []
        var indices: [[UInt8]: Int] = [:]
        while true {
            let start = position
            guard peek == UInt8(ascii: "\"") else { throw error("expected a member name in double quotes") }
            let name = try parseString()
            skipWhitespace()
            guard take(":") else { throw error("expected ':'") }
            skipWhitespace()
            let member = JSONObject.Member(name: name, value: try parseValue())
            if let index = indices.updateValue(members.count, forKey: Array(name.utf8)) {
                indices[Array(name.utf8)] = index
                members[index] = member
                let place = place(of: start)
                repetitions.append(JSONText.Repetition(name: name, line: place.line, column: place.column))
            } else {
                members.append(member)
            }
            skipWhitespace()
            if take("}") { return JSONObject(unique: members) }
            guard take(",") else { throw error("expected ',' or '}'") }
            skipWhitespace()
        }
    }

    // MARK: Numbers

    /// Reads `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?` (RFC 8259 §6).
    private mutating func parseNumber() throws(JSONError) -> JSONNumber {
        let start = position
        let isNegative = take("-")
        if isNegative, dialect == .python, take("Infinity") { return JSONNumber(checked: "-Infinity") }
        if !take("0") {
            try skipDigits("expected a digit")
            if dialect == .python { try checkDigits(in: start..<position) }
        } else if let digit = peek, isDigit(digit) {
            throw error("a number must not start with 0")
        }
        if take(".") { try skipDigits("expected a digit after '.'") }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try skipDigits("expected a digit in the exponent")
        }
        return JSONNumber(checked: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    /// Python refuses integers of more than 4300 digits (sys.set_int_max_str_digits), so a hyperparameter of that
    /// length stays a string there and must here.
    private func checkDigits(in range: Range<Int>) throws(JSONError) {
        let isFloat = peek.map { ".eE".utf8.contains($0) } ?? false
        guard isFloat || range.count - (bytes[range.lowerBound] == UInt8(ascii: "-") ? 1 : 0) <= 4300 else {
            throw error("an integer of more than 4300 digits")
        }
    }

    private mutating func skipDigits(_ message: String) throws(JSONError) {
        guard let first = peek, isDigit(first) else { throw error(message) }
        while let byte = peek, isDigit(byte) { position += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    // MARK: Bytes

    /// The next byte, nil at the end of the text.
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Passes over `text` when it comes next.
    mutating func take(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { expected in
            guard bytes[position...].starts(with: expected) else { return false }
            position += expected.count
            return true
        }
    }

    /// An error at the current position.
    func error(_ message: String) -> JSONError {
        error(message, at: position)
    }

    /// An error at an offset.
    func error(_ message: String, at offset: Int) -> JSONError {
        let place = place(of: offset)
        return JSONError(line: place.line, column: place.column, message: message)
    }

    private func place(of offset: Int) -> (line: Int, column: Int) {
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
        // A continuation byte is no character of its own.
        let column = bytes[min(lineStart, offset)..<offset].count { $0 & 0xC0 != 0x80 } + 1
        return (before.count { $0 == 0x0A } + 1, column)
    }
}
