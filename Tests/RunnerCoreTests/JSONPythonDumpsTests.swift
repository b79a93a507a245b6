import RunnerCore
import Testing

/// What `pythonDumps()` writes against what CPython 3.11 wrote for
/// `json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=True)`.
@Suite struct JSONPythonDumpsTests {
    @Test(arguments: [
        ("0.0", "0.0"),
        ("-0.0", "-0.0"),
        ("1.0", "1.0"),
        ("-1.5", "-1.5"),
        ("4.0", "4.0"),
        ("0.1", "0.1"),
        ("0.5", "0.5"),
        ("1e-3", "0.001"),
        ("1E5", "100000.0"),
        ("1e0", "1.0"),
        ("1e15", "1000000000000000.0"),
        ("1e16", "1e+16"),
        ("1e17", "1e+17"),
        ("123456789012345.6", "123456789012345.6"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("1e22", "1e+22"),
        ("1e23", "1e+23"),
        ("-1e-4", "-0.0001"),
        ("1e-4", "0.0001"),
        ("1e-5", "1e-05"),
        ("0.00012345", "0.00012345"),
        ("1.5e-7", "1.5e-07"),
        ("1e400", "Infinity"),
        ("-1e400", "-Infinity"),
        ("1e-400", "0.0"),
        ("5e-324", "5e-324"),
        ("2.2250738585072014e-308", "2.2250738585072014e-308"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("9007199254740993.0", "9007199254740992.0"),
        ("18014398509481984.0", "1.8014398509481984e+16"),
        ("36028797018963968.0", "3.602879701896397e+16"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("3.141592653589793238462643", "3.141592653589793"),
        ("1.0e+2", "100.0"),
        ("12.50", "12.5"),
        ("100e-2", "1.0"),
        ("1e+16", "1e+16"),
        ("123456789e10", "1.23456789e+18"),
        ("-0e1", "-0.0"),
        ("0.1e1", "1.0"),
        ("12345678901234567890.0", "1.2345678901234567e+19"),
        ("-2.5E-3", "-0.0025"),
        ("1E-10", "1e-10"),
        ("6.02214076e23", "6.02214076e+23"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
    ])
    func numberIsSpelledAsPythonSpellsIt(text: String, expected: String) throws {
        #expect(try JSONText.parse(text, dialect: .python).pythonDumps() == expected)
    }

    @Test(arguments: [
        (##""\u007f\u0080é😀\u2028\/""##, ##""\u007f\u0080\u00e9\ud83d\ude00\u2028/""##),
        (##""\u001f\b\f\n\r\t\"\\""##, ##""\u001f\b\f\n\r\t\"\\""##),
        (
            ##"{"b":1,"a":[1,2.50,{"z":null,"Z":true}],"\ud83d\ude00":0,"\uffff":1,"é":"x"}"##,
            ##"{"a":[1,2.5,{"Z":true,"z":null}],"b":1,"\u00e9":"x","\uffff":1,"\ud83d\ude00":0}"##
        ),
        (##"-0"##, ##"0"##),
        (##"12345678901234567890123"##, ##"12345678901234567890123"##),
        (##"[]"##, ##"[]"##),
        (##"{}"##, ##"{}"##),
        (##" [ true , false ] "##, ##"[true,false]"##),
        (##"{"a":1,"a":2}"##, ##"{"a":2}"##),
        (##""""##, ##""""##),
        (##"{"":0}"##, ##"{"":0}"##),
        // By normalised form, as Swift's `<` goes, the decomposed letter would come after "f".
        ("{\"f\":1,\"e\u{301}\":2,\"\u{E9}\":3}", #"{"e\u0301":2,"f":1,"\u00e9":3}"#),
        (##"[1E5,-0,0,-0.0]"##, ##"[100000.0,0,0,-0.0]"##),
    ])
    func textIsWrittenAsPythonWritesIt(text: String, expected: String) throws {
        let written = try JSONText.parse(text, dialect: .python).pythonDumps()
        #expect(written.hasSameBytes(as: expected), "\(written)")
    }

    @Test(
        arguments: [
            (1e16, "1e+16"), (0.1 + 0.2, "0.30000000000000004"), (-0.0, "-0.0"), (100, "100.0"),
            (.infinity, "Infinity"),
            (-.infinity, "-Infinity"), (.nan, "NaN"), (123.456, "123.456"), (1e-7, "1e-07"),
        ] as [(Double, String)]
    )
    func doubleIsSpelledAsPythonSpellsIt(value: Double, expected: String) {
        #expect(JSONNumber(value).text == expected)
    }
}
