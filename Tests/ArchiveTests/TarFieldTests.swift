import Testing

@testable import Archive

struct TarFieldTests {
    @Test(
        "numbers of headers",
        arguments: [
            ("0000644\0", 0o644), ("   644 \0", 0o644), ("644", 0o644), ("\0\0\0\0", 0), ("        ", 0),
            ("\0\0\u{0}16\0", 0), ("7\0junk", 7), ("00000008", nil), ("12 34", nil), ("abc", nil), ("-1", nil),
            ("777777777777777777777777", nil),
        ] as [(String, Int64?)]
    )
    func octal(_ text: String, _ value: Int64?) {
        #expect(TarNumber.value(of: Array(text.utf8)) == value)
    }

    @Test(
        "numbers of GNU's base 256",
        arguments: [
            ([0x80, 0, 0, 0, 0, 0, 0, 5], 5),
            ([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x00], 256),
            ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -1),
            ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], -2),
            ([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], .max),
            ([0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], nil),
            ([0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], nil),
            ([0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0], nil),
        ] as [([UInt8], Int64?)]
    )
    func base256(_ field: [UInt8], _ value: Int64?) {
        #expect(TarNumber.value(of: field) == value)
    }

    @Test(
        "times of pax records",
        arguments: [
            ("0", 0, 0), ("1.5", 1, 500_000_000), ("1.", 1, 0), ("-1", -1, 0), ("-1.5", -2, 500_000_000),
            ("-0.25", -1, 750_000_000), ("1.1234567899", 1, 123_456_789), ("", nil, 0), ("1.x", nil, 0),
            ("--1", nil, 0), ("1.2.3", nil, 0), ("99999999999999999999", nil, 0),
        ] as [(String, Int64?, Int)]
    )
    func times(_ text: String, _ seconds: Int64?, _ nanoseconds: Int) {
        let expected = seconds.map { Timestamp(seconds: $0, nanoseconds: nanoseconds) }
        #expect(TarNumber.time(Array(text.utf8)) == expected)
    }

    @Test func aHeaderIsReadBack() throws {
        var builder = TarBuilder()
        builder.add("dir/file.txt", link: "target", mode: 0o4755, [1, 2, 3])
        let header = try builder.bytes.withUnsafeBytes { try TarHeader(UnsafeRawBufferPointer(rebasing: $0[..<512])) }
        #expect(header.name == Array("dir/file.txt".utf8))
        #expect(header.linkName == Array("target".utf8))
        #expect(header.mode == 0o4755)
        #expect(header.size == 3)
        #expect(header.modified.seconds == 1_600_000_000)
        #expect(header.dialect == .ustar)
    }

    @Test("one changed bit is found", arguments: [0, 99, 124, 136, 156, 257, 345, 511])
    func checksum(_ position: Int) throws {
        var builder = TarBuilder()
        builder.add("file.txt", [1])
        var block = Array(builder.bytes[..<512])
        block[position] ^= 1
        #expect(throws: ArchiveError.self) { try block.withUnsafeBytes { try TarHeader($0) } }
    }

    @Test(
        "names are split where both halves fit",
        arguments: [
            (100, true), (101, true), (200, true), (255, true), (256, true), (257, false), (300, false),
        ]
    )
    func split(_ length: Int, _ fits: Bool) throws {
        // Slashes at every fifth byte, the 155th among them, so that only the length decides.
        let name = (0..<length).map { $0 % 5 == 0 && $0 > 0 ? slash : UInt8(ascii: "n") }
        let split = TarEntry.split(name)
        #expect((split != nil) == fits)
        if let split, !split.prefix.isEmpty {
            #expect(Array(split.prefix) + [slash] + Array(split.name) == name)
            #expect(split.prefix.count <= 155 && split.name.count <= 100)
        }
    }
}

struct PaxRecordsTests {
    @Test func recordsAreRead() throws {
        var records = PaxRecords()
        let header = ["path", "linkpath", "comment"].flatMap { TarEntry.record($0, Array("<\($0)=\n>".utf8)) }
        try records.apply(header + TarEntry.record("size", Array("17".utf8)), isGlobal: false)
        #expect(records.path == Array("<path=\n>".utf8))
        #expect(records.linkPath == Array("<linkpath=\n>".utf8))
        #expect(records.size == 17)
    }

    @Test func anEmptyValueTakesBack() throws {
        var records = PaxRecords()
        try records.apply(Array("9 path=a\n8 path=\n".utf8), isGlobal: false)
        #expect(records.path == nil)
    }

    @Test func globalNamesDoNotCount() throws {
        var records = PaxRecords()
        try records.apply(Array("9 path=a\n11 mtime=5\n".utf8), isGlobal: true)
        #expect(records.path == nil)
        #expect(records.modified?.seconds == 5)
    }

    @Test(
        "malformed records",
        arguments: [
            "0 path=a\n", "99 path=a\n", "9 path=ab", "8 patha\n", "4 =\n", "x path=a\n", "-9 path=a\n",
            "99999999999999999999 a=b\n", "10 path=a\0\n", "11 size=-1\n", "11 size=1x\n", "12 mtime=1x\n",
            "9 path=a\n\0x",
        ]
    )
    func malformed(_ text: String) {
        #expect(throws: ArchiveError.self) {
            var records = PaxRecords()
            try records.apply(Array(text.utf8), isGlobal: false)
        }
    }

    @Test("a record's length counts its own digits", arguments: [1, 90, 91, 92, 93, 94, 989, 990, 991, 992])
    func lengths(_ count: Int) throws {
        let value = [UInt8](repeating: UInt8(ascii: "v"), count: count)
        var records = PaxRecords()
        try records.apply(TarEntry.record("path", value), isGlobal: false)
        #expect(records.path == value)
    }
}

struct SparseMapTests {
    @Test(
        "maps that fit their data, and not",
        arguments: [
            ([0, 4, 8, 4], 16, 8, true), ([], 16, 0, true), ([16, 0], 16, 0, true), ([0, 4, 2, 4], 16, 8, false),
            ([8, 4, 0, 4], 16, 8, false), ([0, 17], 16, 17, false), ([0, 4], 16, 5, false), ([0, -4], 16, -4, false),
            ([.max, 1], 16, 1, false), ([0], 16, 0, false), ([0, 4], -1, 4, false),
        ] as [([Int64], Int64, Int64, Bool)]
    )
    func maps(_ numbers: [Int64], _ realSize: Int64, _ stored: Int64, _ isSound: Bool) {
        let map = try? SparseMap(numbers: numbers, realSize: realSize, storedBytes: stored, member: [])
        #expect((map != nil) == isSound)
    }

    @Test(
        "maps in front of the data",
        arguments: [
            ("1\n0\n5\n", [0, 5]), ("0\nrest", []), ("2\n1\n2\n3\n4\n\0\0", [1, 2, 3, 4]), ("x\n", nil),
            ("99999999999999999999", nil), ("999999999\n", nil),
        ] as [(String, [Int64]?)]
    )
    func text(_ text: String, _ numbers: [Int64]?) {
        var map = SparseMapText()
        // One byte a time, as blocks may end anywhere.
        let isSound = text.utf8.allSatisfy { byte in
            (try? withUnsafeBytes(of: byte) { try map.read($0, member: []) }) != nil
        }
        #expect((isSound && map.isComplete ? map.numbers : nil) == numbers)
    }
}
