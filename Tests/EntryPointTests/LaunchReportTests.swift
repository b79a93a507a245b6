import EntryPoint
import Testing

@Suite struct LaunchReportTests {
    @Test func aWholeReport() throws {
        let report = LaunchReport(
            lines: Array(
                (#"{"stage":"start"}"# + "\n"
                    + #"{"kind":"exception","type":"ValueError","message":"bad \u00e9","line":"ValueError: bad \u00e9","#
                    + #""file":"/x/alg.py","lineno":12,"source":"  raise","function":"main","traceback":"T","hint":"H"}"#
                    + "\n").utf8
            )
        )
        #expect(report.started)
        let failure = try #require(report.failure)
        #expect(failure.kind == .exception)
        #expect(failure.type == "ValueError")
        #expect(failure.message == "bad é")
        #expect(failure.line == "ValueError: bad é")
        #expect(failure.place == "alg.py:12 in main:   raise")
        #expect(failure.traceback == "T")
        #expect(failure.hint == "H")
    }

    @Test(
        arguments: [
            ("missing-entry", .missingEntry), ("import", .importError), ("binding", .binding), ("exit", .exit),
            ("exception", .exception),
        ] as [(String, LaunchReport.Kind)]
    )
    func kinds(text: String, kind: LaunchReport.Kind) throws {
        let report = LaunchReport(lines: Array(#"{"kind":"\#(text)","line":"X"}"#.utf8))
        #expect(!report.started)
        let failure = try #require(report.failure)
        #expect(failure.kind == kind)
        #expect(failure.line == "X")
        #expect(failure.type.isEmpty && failure.message.isEmpty)
        #expect(failure.place == nil && failure.hint == nil && failure.traceback == nil)
    }

    /// The script can write to the descriptor, whatever it likes.
    @Test(
        arguments: [
            "", "\n\n", "garbage", "[1]", "\"start\"", "{", "{}", #"{"stage":"other"}"#, #"{"stage":1}"#, "\u{0}\u{1}",
            #"{"kind":"unknown","line":"X"}"#, #"{"kind":"exception"}"#, #"{"kind":1,"line":2}"#,
            #"{"kind":"exception","line":7}"#,
        ])
    func otherLinesSayNothing(garbage: String) {
        let report = LaunchReport(lines: Array(garbage.utf8))
        #expect(!report.started)
        #expect(report.failure == nil)
        let among = LaunchReport(
            lines: Array(
                "\(garbage)\n{\"stage\":\"start\"}\n\(garbage)\n{\"kind\":\"exit\",\"line\":\"L\"}\n\(garbage)".utf8
            )
        )
        #expect(among.started)
        #expect(among.failure?.line == "L")
    }

    @Test func bytesThatAreNoTextSayNothing() {
        #expect(LaunchReport(lines: [0xff, 0xfe, 0x0a, 0x80]).failure == nil)
    }

    @Test(
        arguments: [
            (#""file":"/a/b.py","lineno":3"#, "b.py:3"), (#""file":"b.py","lineno":3,"function":"<module>""#, "b.py:3"),
            (#""file":"b.py","lineno":3,"function":"f","source":"x = 1""#, "b.py:3 in f: x = 1"),
            (#""file":"b.py""#, nil), (#""lineno":3"#, nil), (#""file":"b.py","lineno":"3""#, nil),
        ] as [(String, String?)]
    )
    func place(members: String, expected: String?) throws {
        let report = LaunchReport(lines: Array(#"{"kind":"exception","line":"X",\#(members)}"#.utf8))
        #expect(try #require(report.failure).place == expected)
    }
}
