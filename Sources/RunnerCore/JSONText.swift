/// Reading JSON texts: RFC 8259, or what Python's `json.loads` takes.
package enum JSONText {
    /// Which texts are taken.
    package enum Dialect: Sendable {
        /// RFC 8259 and nothing more; a UTF-8 byte order mark at the start is skipped.
        case strict
        /// What Python's `json.loads` takes from a `str`: also `NaN`, `Infinity`, `-Infinity` and escapes of lone
        /// surrogates, but no byte order mark and no integer of more than 4300 digits.
        ///
        /// A Swift string cannot hold a lone surrogate, so `\ud800` is read as U+FFFD.
        case python
    }

    /// A name that stands twice in one object; the later value won.
    package struct Repetition: Hashable, Sendable {
        /// The repeated name.
        package let name: String
        /// The line of the later occurrence, counted from 1.
        package let line: Int
        /// The column of the later occurrence in characters, counted from 1.
        package let column: Int
    }

    /// How deep arrays and objects may be nested; Python gives up near 1000, RFC 8259 §9 allows any limit.
    package static let nestingLimit = 512

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8.
    ///   - dialect: Which texts are taken.
    /// - Returns: The value; of repeated names the last one's.
    /// - Throws: Where the text is wrong and what was expected.
    package static func parse(
        _ bytes: some Sequence<UInt8>,
        dialect: Dialect = .strict
    ) throws(JSONError) -> JSONValue {
        try parseReportingRepetitions(bytes, dialect: dialect).value
    }

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - dialect: Which texts are taken.
    /// - Returns: The value; of repeated names the last one's.
    /// - Throws: Where the text is wrong and what was expected.
    package static func parse(_ text: String, dialect: Dialect = .strict) throws(JSONError) -> JSONValue {
        try parse(text.utf8, dialect: dialect)
    }

    /// Reads a text and lists the names that stand twice in one object, which in a hand-written file is a mistake.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8.
    ///   - dialect: Which texts are taken.
    /// - Returns: The value and the repeated names in the order of the text.
    /// - Throws: Where the text is wrong and what was expected.
    package static func parseReportingRepetitions(
        _ bytes: some Sequence<UInt8>,
        dialect: Dialect = .strict
    ) throws(JSONError) -> (value: JSONValue, repetitions: [Repetition]) {
        var parser = JSONParser(bytes: Array(bytes), dialect: dialect)
        let value = try parser.parseDocument()
        return (value, parser.repetitions)
    }
}

/// Where a JSON text is wrong.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    package let line: Int
    /// The column in characters, counted from 1.
    package let column: Int
    /// What is wrong, such as `expected ',' or '}'`.
    package let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - line: The line, counted from 1.
    ///   - column: The column in characters, counted from 1.
    ///   - message: What is wrong.
    package init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    /// The place and the fault in one line: `line 3, column 5: expected ',' or '}'`.
    package var description: String { "line \(line), column \(column): \(message)" }
}
