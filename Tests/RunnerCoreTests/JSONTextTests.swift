import RunnerCore
import Testing

@Suite struct JSONTextTests {
    @Test func valuesKeepOrderAndSpelling() throws {
        let value = try JSONText.parse(#" {"b": [1, 4.0, -0, 1E5, true, false, null], "a": {"x": ""}} "#)
        #expect(value.serialized() == #"{"b":[1,4.0,-0,1E5,true,false,null],"a":{"x":""}}"#)
        #expect(value.objectValue?.names == ["b", "a"])
    }

    @Test(arguments: [
        ("", 1, 1, "expected a value, found the end of the text"),
        ("{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3, "expected ',' or '}'"),
        ("[1 2]", 1, 4, "expected ',' or ']'"),
        ("[1,]", 1, 4, "expected a value"),
        ("{\"a\":1,}", 1, 8, "expected a member name in double quotes"),
        ("{\"é\" 1}", 1, 6, "expected ':'"),
        ("{'a':1}", 1, 2, "expected a member name in double quotes"),
        ("tru", 1, 1, "expected a value"),
        ("1 1", 1, 3, "unexpected text after the value"),
        ("01", 1, 2, "a number must not start with 0"),
        ("-", 1, 2, "expected a digit"),
        ("1.", 1, 3, "expected a digit after '.'"),
        (".5", 1, 1, "expected a value"),
        ("1e+", 1, 4, "expected a digit in the exponent"),
        ("+1", 1, 1, "expected a value"),
        ("NaN", 1, 1, "expected a value"),
        ("-Infinity", 1, 2, "expected a digit"),
        ("\"a", 1, 1, "the string is not closed"),
        ("\"a\nb\"", 1, 3, "a control character must be escaped in a string"),
        ("\"\\x\"", 1, 2, "unknown escape"),
        ("\"\\u12g4\"", 1, 4, "expected four hexadecimal digits"),
        ("\"\\u+123\"", 1, 4, "expected four hexadecimal digits"),
        ("\"\\ud800\"", 1, 2, "half of a surrogate pair"),
        ("\"\\udc00\\ud800\"", 1, 2, "half of a surrogate pair"),
        ("// comment\n1", 1, 1, "expected a value"),
    ])
    func faultIsPlaced(text: String, line: Int, column: Int, message: String) {
        #expect(throws: JSONError(line: line, column: column, message: message)) { try JSONText.parse(text) }
    }

    @Test func errorReadsAsOneLine() {
        let error = #expect(throws: JSONError.self) { try JSONText.parse("{\n  \"a\": 1,\n  \"b\" }") }
        #expect(error?.description == "line 3, column 7: expected ':'")
    }

    @Test(
        arguments: [
            ([0x22, 0xFF, 0x22], "the string is not UTF-8"),
            ([0x22, 0xED, 0xA0, 0x80, 0x22], "the string is not UTF-8"),
            ([0x22, 0xC0, 0xAF, 0x22], "the string is not UTF-8"),
            ([0xFF, 0xFE, 0x31, 0x00], "the text is UTF-16; save it as UTF-8"),
        ] as [([UInt8], String)]
    )
    func wrongEncodingIsRefused(bytes: [UInt8], message: String) {
        #expect(throws: JSONError(line: 1, column: 1, message: message)) { try JSONText.parse(bytes) }
    }

    @Test func byteOrderMarkIsSkippedInStrictTextsOnly() throws {
        #expect(try JSONText.parse([0xEF, 0xBB, 0xBF, 0x31]) == 1)
        #expect(throws: JSONError(line: 1, column: 1, message: "unexpected byte order mark")) {
            try JSONText.parse([0xEF, 0xBB, 0xBF, 0x31], dialect: .python)
        }
        let error = #expect(throws: JSONError.self) { try JSONText.parse([0xEF, 0xBB, 0xBF, 0x78]) }
        #expect(error?.column == 1)
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{08}\u{0C}\n\r\t"), (#""\u00e9""#, "\u{E9}"), (#""e\u0301""#, "e\u{301}"),
        (#""\uD83D\uDE00""#, "😀"), (#""\u0000""#, "\0"), ("\"\u{7F}é\"", "\u{7F}é"),
    ])
    func stringIsDecoded(text: String, expected: String) throws {
        let value = try #require(try JSONText.parse(text).stringValue)
        #expect(value.hasSameBytes(as: expected))
    }

    @Test(arguments: [(#""\ud800""#, "\u{FFFD}"), (#""\ud800\u0041""#, "\u{FFFD}A"), (#""\udc00x""#, "\u{FFFD}x")])
    func loneSurrogateIsReplacedInThePythonDialect(text: String, expected: String) throws {
        #expect(try JSONText.parse(text, dialect: .python).stringValue == expected)
    }

    @Test func integersOfPythonEndAt4300Digits() throws {
        let longest = String(repeating: "7", count: 4300)
        #expect(try JSONText.parse("-" + longest, dialect: .python).serialized() == "-" + longest)
        #expect(try JSONText.parse(longest + "7.0", dialect: .python).serialized() == longest + "7.0")
        #expect(try JSONText.parse(longest + "7").serialized() == longest + "7")
        #expect(throws: JSONError.self) { try JSONText.parse(longest + "7", dialect: .python) }
    }

    @Test func nestingEndsAtTheLimit() throws {
        let deepest = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try JSONText.parse(deepest).serialized() == deepest)
        #expect(throws: JSONError(line: 1, column: 513, message: "nested deeper than 512 levels")) {
            try JSONText.parse(String(repeating: "[", count: 100_000))
        }
    }

    @Test func repeatedNamesAreListedAndTheLastWins() throws {
        let text = "{\"a\": 1,\n \"b\": {\"c\": 0, \"c\": 5},\n \"a\": 2, \"é\": 3, \"e\u{301}\": 4}"
        let (value, repetitions) = try JSONText.parseReportingRepetitions(text.utf8)
        #expect(value.serialized() == "{\"a\":2,\"b\":{\"c\":5},\"é\":3,\"e\u{301}\":4}")
        #expect(repetitions.map(\.name) == ["c", "a"])
        #expect(repetitions.map(\.line) == [2, 3])
        #expect(repetitions.map(\.column) == [16, 2])
    }
}
