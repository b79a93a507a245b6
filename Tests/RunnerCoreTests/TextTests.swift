import RunnerCore
import Testing

@Suite struct TextTests {
    @Test(
        arguments: [
            ("abc", 3, "abc"), ("abc", 2, "ab"), ("abc", 0, ""), ("", 0, ""), ("abc", 100, "abc"),
            ("aé", 2, "a"), ("aé", 3, "aé"), ("€€", 5, "€"), ("€€", 6, "€€"), ("x😀", 4, "x"), ("x😀", 5, "x😀"),
            // Cut between a letter and its accent, never inside either.
            ("e\u{301}e", 3, "e\u{301}"), ("e\u{301}", 2, "e"), ("\r\n", 1, "\r"),
        ])
    func prefixCutsBetweenCharacters(text: String, limit: Int, expected: String) {
        let cut = text.prefix(utf8Bytes: limit)
        #expect(Array(cut.utf8) == Array(expected.utf8))
        #expect(cut.utf8.count <= limit)
    }

    @Test(
        arguments: [
            ("plain ünï", "plain ünï"), ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"), ("\t", "\\t"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"), ("\0", "\\u{0}"), ("\u{7f}", "\\u{7f}"), ("\u{85}", "\\u{85}"),
            ("\u{a0}", "\u{a0}"),
        ])
    func escapedTextStaysOnOneLine(text: String, expected: String) {
        #expect(text.escaped() == expected)
    }

    @Test func escapedTextIsCut() {
        #expect("abcdef".escaped(limit: 3) == "abc…")
        #expect("abc".escaped(limit: 3) == "abc")
        // An escape is cut off whole.
        #expect("ab\n\n".escaped(limit: 5) == "ab\\n…")
        #expect("\u{1}".escaped(limit: 4) == "…")
        #expect(String(repeating: "x", count: 300).escaped() == String(repeating: "x", count: 200) + "…")
    }

    @Test(
        arguments: [
            ("", ""), (" \t\r\n", ""), ("  a b\n", "a b"), ("a", "a"), ("\r\na\r\n", "a"), ("\u{a0}a", "\u{a0}a"),
        ])
    func trimmedLosesBlanksAtBothSides(text: String, expected: String) {
        #expect(text.trimmed() == expected)
    }

    /// Swift's `==` takes both spellings for the same text; keys and file names differ.
    @Test func sameBytesIsStricterThanEquality() {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        #expect(composed == decomposed)
        #expect(!composed.hasSameBytes(as: decomposed))
        #expect(composed.hasSameBytes(as: "\u{e9}"))
        #expect(!"a".hasSameBytes(as: "ab"))
    }

    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1 kB"), (1234, "1.2 kB"), (1250, "1.3 kB"),
            (999_949, "999.9 kB"), (999_950, "1 MB"), (16 << 20, "16.8 MB"), (3_400_000_000, "3.4 GB"),
            (5_000_000_000_000, "5 TB"), (100_000_000_000_000_000, "100 PB"),
            (.max, "9223.4 PB"),
        ] as [(Int64, String)]
    )
    func bytesForAPerson(bytes: Int64, expected: String) {
        #expect(humanBytes(bytes) == expected)
    }

    @Test(
        arguments: [([], 0), ([1, 2, 3], 6), ([.max, 1], .max), ([.max, .max, .max], .max)] as [([Int64], Int64)]
    )
    func sumsDoNotOverflow(sizes: [Int64], sum: Int64) {
        #expect(sizes.saturatingSum() == sum)
    }

    @Test func countedUsesTheRightForm() {
        #expect(counted(0, "file") == "0 files")
        #expect(counted(1, "file") == "1 file")
        #expect(counted(2, "file") == "2 files")
        #expect(counted(1, "entry", plural: "entries") == "1 entry")
        #expect(counted(3, "entry", plural: "entries") == "3 entries")
    }
}
