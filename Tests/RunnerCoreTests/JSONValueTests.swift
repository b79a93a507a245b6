import RunnerCore
import Testing

@Suite struct JSONValueTests {
    private let sample: JSONValue = [
        "text": "é\n", "integer": 4, "float": 4.0, "yes": true, "nothing": nil, "list": [1, []], "empty": [:],
    ]

    @Test func accessorsAnswerForTheirOwnKindOnly() throws {
        let object = try #require(sample.objectValue)
        #expect(object["text"]?.stringValue == "é\n")
        #expect(object["integer"]?.intValue == 4)
        #expect(object["float"]?.intValue == nil)
        #expect(object["yes"]?.boolValue == true)
        #expect(object["nothing"]?.isNull == true)
        #expect(object["list"]?.arrayValue == [1, []])
        #expect(object["empty"]?.objectValue?.isEmpty == true)
        #expect(object["text"]?.intValue == nil)
        #expect(object["missing"] == nil)
        #expect(
            object.members.map(\.value.kind) == ["string", "integer", "number", "boolean", "null", "array", "object"]
        )
    }

    @Test func serializedIsOneLineOrIndentedByTwo() {
        #expect(
            sample.serialized()
                == #"{"text":"é\n","integer":4,"float":4.0,"yes":true,"nothing":null,"list":[1,[]],"empty":{}}"#
        )
        let value: JSONValue = ["a": [1, ["b": nil]], "c": [:]]
        #expect(
            value.serialized(pretty: true)
                == "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {}\n}"
        )
    }

    @Test func serializedTextReadsBackEqual() throws {
        let value: JSONValue = ["\u{0}\u{1F}\u{7F}\"\\/é😀\u{2028}": ["\u{08}\u{0C}\r\t"]]
        #expect(try JSONText.parse(value.serialized()) == value)
        #expect(try JSONText.parse(value.serialized(pretty: true)) == value)
        #expect(try JSONText.parse(value.pythonDumps()) == value)
    }

    @Test func membersAreReplacedInPlaceAppendedAndRemoved() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = 4
        object["b"] = nil
        object["zz"] = nil
        #expect(object == ["a": 3, "c": 4])
        #expect(object.count == 2)
        #expect(JSONObject([("x", 1), ("y", 2), ("x", 3)]) == ["x": 3, "y": 2])
    }

    @Test func namesAndStringsAreComparedAsBytes() {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        let object: JSONObject = [composed: 1, decomposed: 2]
        #expect(object.count == 2)
        #expect(object[decomposed] == 2)
        #expect(JSONValue.string(composed) != .string(decomposed))
        #expect([composed: 1] as JSONObject != [decomposed: 1])
        #expect(["a": 1, "b": 2] as JSONObject != ["b": 2, "a": 1])
    }

    @Test(arguments: [
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("9223372036854775808", nil),
        ("-0", 0), ("1e3", nil), ("4.0", nil),
    ])
    func integersAreThoseSpelledSo(text: String, expected: Int64?) throws {
        guard case .number(let number) = try JSONText.parse(text) else { throw Errors.notANumber }
        #expect(number.int64 == expected)
    }

    @Test func doublesAreTheNearest() throws {
        guard case .number(let number) = try JSONText.parse("-12.5e1") else { throw Errors.notANumber }
        #expect(number.double == -125)
        #expect(JSONNumber(Int64.min).int64 == Int64.min)
        #expect(JSONNumber(7).double == 7)
    }

    private enum Errors: Error {
        case notANumber
    }
}
