import Testing

@testable import OutputLog

struct RecentOutputTests {
    private func recent(_ pieces: [String], ended: Bool = false) -> RecentOutput {
        var recent = RecentOutput()
        for piece in pieces { Array(piece.utf8).withUnsafeBytes { recent.append($0) } }
        if ended { recent.end() }
        return recent
    }

    @Test(
        "The last complete line",
        arguments: [
            ([""], nil), (["a"], nil), (["a\n"], "a"), (["a\nb"], "a"), (["a\n\n  \n"], "a"), (["a", "b\nc"], "ab"),
            (["10%\r20%\r"], "20%"), (["10%\r20%\r30"], "20%"), (["x\n10%\r20%\r\n"], "20%"), (["a\r\n"], "a"),
            (["\u{1B}[31mred\u{1B}[0m\n"], "red"), (["bell\u{7}\n"], "bell\\u{7}"), (["\u{1B}[2K\n"], nil),
        ] as [([String], String?)]
    )
    func lastLine(_ pieces: [String], _ line: String?) {
        #expect(recent(pieces).lastLine == line)
    }

    @Test("At the end what has no line end is a line as well")
    func ended() {
        #expect(recent(["a\nb"], ended: true).lastLine == "b")
        #expect(recent(["a\n"], ended: true).lastLine == "a")
    }

    @Test("Bytes that are no text do not matter")
    func binary() {
        var recent = RecentOutput()
        ([0xFF, 0x00, 0x41, 0x0A] as [UInt8]).withUnsafeBytes { recent.append($0) }
        #expect(recent.lastLine == "\u{FFFD}\\u{0}A")
    }

    @Test("Long lines are cut, and the memory is bounded")
    func bounds() {
        let long = String(repeating: "é", count: 1_000_000) + "\n"
        #expect((recent([long]).lastLine?.utf8.count ?? 0) <= RecentOutput.lineLimitBytes)
        let many = (0..<1000).map { "line \($0)\n" }
        let lines = recent(many).lines
        #expect(lines.last == "line 999")
        // The one that lost its beginning is not shown.
        #expect(lines.allSatisfy { $0.hasPrefix("line ") })
        #expect(lines.joined(separator: "\n").utf8.count <= RecentOutput.limitBytes)
    }

    @Test("After a gap nothing is glued together")
    func gap() {
        var recent = recent(["abc"])
        recent.skip()
        Array("def\nghi\n".utf8).withUnsafeBytes { recent.append($0) }
        #expect(recent.lines == ["ghi"])
    }
}
