import RunnerTestSupport
import Testing

/// What a script may be packed as, and what is refused (contract §3.5).
@Suite(.timeLimit(.minutes(15)))
struct ArchiveKindTests {
    /// Bytes under a name with a declared compression.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let compression: String
        let bytes: [UInt8]
        let testDescription: String

        init(_ what: String, _ name: String, _ compression: String, _ bytes: [UInt8]) {
            self.name = name
            self.compression = compression
            self.bytes = bytes
            testDescription = "\(what) named \(name) declared \(compression)"
        }
    }

    static let script = "print('RAN')\n"
    static let tar = SmallArchives.tar([.file("alg.py", script)])
    static let tarGz = SmallArchives.gzip(tar)
    static let zip = SmallArchives.zip([(name: "alg.py", text: script)])
    /// Cut in the middle of a block, as parallel compressors write it.
    static let multiMember = SmallArchives.gzip(Array(tar[..<700])) + SmallArchives.gzip(Array(tar[700...]))
    static let bzip2: [UInt8] = Array("BZh91AY&SY".utf8) + [UInt8](repeating: 7, count: 50)
    static let xz: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0] + [UInt8](repeating: 7, count: 50)

    static let good: [Row] =
        ["GZIP", "gzip", " GZIP ", "ZIP"].map { Row("tar.gz", "source.tar.gz", $0, tarGz) } + [
            Row("tar.gz", "source.zip", "GZIP", tarGz), Row("tar.gz", "source", "GZIP", tarGz),
            Row("tar.gz", "source.gz", "ZIP", tarGz), Row("tar", "source.tar.gz", "GZIP", tar),
            Row("tar", "source.tar", "GZIP", tar), Row("zip", "source.zip", "GZIP", zip),
            Row("zip", "source.tar.gz", "GZIP", zip), Row("zip", "source.zip", "ZIP", zip),
            Row("multi-member gzip", "source.tar.gz", "GZIP", multiMember),
            Row("a plain file", "alg.py", "NONE", Array(script.utf8)),
        ]

    @Test("Kinds are known by content, not by name", arguments: good)
    func runs(_ row: Row) throws {
        try JobFolder.with { folder in
            folder.write("store/bucket/code/" + row.name, row.bytes)
            let run = folder.run(
                folder.options + ["--entry-point", "alg", "--output", "s3://bucket/out", "--job-name", "job"],
                environment: [
                    "AMZN_BRAKET_SCRIPT_S3_URI": "s3://bucket/code/" + row.name,
                    "AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE": row.compression,
                ]
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.lines.contains("RAN"))
        }
    }

    static let bad: [(row: Row, word: String)] = [
        (Row("bzip2", "source.tar.gz", "GZIP", bzip2), "bzip2"),
        (Row("xz", "source.tar.gz", "GZIP", xz), "xz"),
        (Row("zstd", "source.tar.gz", "GZIP", [0x28, 0xB5, 0x2F, 0xFD, 4, 0x58, 0, 0]), "zstd"),
        (Row("7z", "source.tar.gz", "GZIP", Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C, 0, 0]), "7z"),
        (Row("html", "source.tar.gz", "GZIP", Array("<!DOCTYPE html><html>Access denied</html>".utf8)), "HTML"),
        (Row("text", "alg.py", "GZIP", Array(script.utf8)), "text"),
        (Row("a gzip of one file", "alg.py.gz", "GZIP", SmallArchives.gzip(Array(script.utf8))), "gzip"),
        (Row("nothing", "source.tar.gz", "GZIP", []), "empty"),
        (Row("half", "source.tar.gz", "GZIP", Array(tarGz[..<(tarGz.count / 2)])), "ends"),
        (
            Row("noise", "source.tar.gz", "GZIP", (0..<999).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3 | 1) }),
            "kind"
        ),
        (Row("bad sum", "source.tar.gz", "GZIP", Array(tarGz.dropLast(8)) + [1, 2, 3, 4, 5, 6, 7, 8]), ""),
    ]

    @Test("Other kinds are refused in a clear sentence with today's first line: 65", arguments: bad)
    func refuses(_ row: Row, _ word: String) throws {
        try JobFolder.with { folder in
            folder.write("store/bucket/code/" + row.name, row.bytes)
            let address = "s3://bucket/code/" + row.name
            let run = folder.run(
                folder.options + [
                    "--script", address, "--compression", row.compression, "--entry-point", "alg", "--output",
                    "s3://bucket/out", "--job-name", "job",
                ]
            )
            #expect(run.exitCode == 65)
            #expect(!run.lines.contains("RAN"))
            let lines = try #require(folder.failure).split(separator: "\n").map(String.init)
            #expect(lines[0].hasPrefix("Got an exception while trying to unpack archive: "))
            #expect(lines[0].hasSuffix(row.name + " of type: GZIP."))
            #expect(lines.count > 1 && lines[1].hasPrefix("Exception: ") && lines[1].contains(word), "\(lines)")
        }
    }

    static let hostile: [(name: String, archive: [UInt8])] = [
        ("../escaped.txt", SmallArchives.tarGz([.file("alg.py", script), .file("../escaped.txt", "x")])),
        ("a/../../escaped.txt", SmallArchives.tarGz([.file("a/../../escaped.txt", "x")])),
        ("/tmp/braket-runner-escaped.txt", SmallArchives.tarGz([.file("/tmp/braket-runner-escaped.txt", "x")])),
        ("out", SmallArchives.tarGz([.init("out", type: "2", linkTarget: "/etc"), .file("out/escaped.txt", "x")])),
        ("up", SmallArchives.tarGz([.init("up", type: "2", linkTarget: "../../.."), .file("up/escaped.txt", "x")])),
        ("hard", SmallArchives.tarGz([.init("hard", type: "1", linkTarget: "/etc/passwd")])),
        ("hard2", SmallArchives.tarGz([.init("hard2", type: "1", linkTarget: "../../../x")])),
        ("../escaped.txt", SmallArchives.zip([(name: "alg.py", text: script), (name: "../escaped.txt", text: "x")])),
        ("/tmp/braket-runner-escaped.txt", SmallArchives.zip([(name: "/tmp/braket-runner-escaped.txt", text: "x")])),
    ]

    @Test("A hostile member is refused by name, and nothing is written outside", arguments: hostile)
    func hostileMember(_ name: String, _ archive: [UInt8]) throws {
        try JobFolder.with { folder in
            folder.write("hostile.tar.gz", archive)
            let run = folder.run(
                folder.options + [
                    "--script", folder.at("hostile.tar.gz"), "--compression", "GZIP", "--entry-point", "alg",
                    "--output",
                    "s3://bucket/out", "--job-name", "job",
                ]
            )
            #expect(run.exitCode == 65)
            try #expect(#require(folder.failure).contains(name), "\(folder.failure ?? "-")")
            #expect(!folder.snapshot().contains { $0.contains("escaped") })
            #expect(!folder.exists("../braket-runner-escaped.txt"))
        }
    }

    @Test("setuid and setgid bits do not arrive")
    func setuid() throws {
        try JobFolder.with { folder in
            folder.write(
                "s.tar.gz",
                SmallArchives.tarGz([.file("alg.py", Self.script), .file("tool", "x", mode: 0o6755)])
            )
            let run = folder.run(
                folder.options + [
                    "--script", folder.at("s.tar.gz"), "--compression", "GZIP", "--entry-point", "alg", "--output",
                    "s3://bucket/out", "--job-name", "job",
                ]
            )
            #expect(run.exitCode == 65 || run.exitCode == 0)
            #expect(!folder.snapshot("root").contains { $0.contains("/tool ") && $0.contains(" 6755 ") })
        }
    }

    @Test("A device or a FIFO is not made, and is named", arguments: ["3", "4", "6"] as [Character])
    func special(_ type: Character) throws {
        try JobFolder.with { folder in
            folder.write("s.tar.gz", SmallArchives.tarGz([.init("special", type: type), .file("alg.py", Self.script)]))
            let run = folder.run(
                folder.options + [
                    "--script", folder.at("s.tar.gz"), "--compression", "GZIP", "--entry-point", "alg", "--output",
                    "s3://bucket/out", "--job-name", "job",
                ]
            )
            #expect(run.exitCode == 0 || run.exitCode == 65)
            #expect(run.errors.contains("special"))
            #expect(!folder.exists("root/ml/code/customer_code/extracted/special"))
        }
    }

    @Test(
        "Each limit has a flag, and the refusal names the member: 65",
        arguments: [
            ("--max-archive-entries", "3"), ("--max-archive-bytes", "1000"), ("--max-archive-ratio", "2"),
        ]
    )
    func limits(_ flag: String, _ value: String) throws {
        try JobFolder.with { folder in
            // The ratio counts only from 128 MiB on.
            let packed = folder.shell(
                """
                mkdir s && cd s && touch 1 2 3 && truncate -s 140M zeros && tar cf - . | gzip -1 > ../s.tar.gz
                """
            )
            #expect(packed.exitCode == 0)
            let run = folder.run(
                folder.options + [
                    "--script", folder.at("s.tar.gz"), "--compression", "GZIP", "--entry-point", "alg", "--output",
                    "s3://bucket/out", "--job-name", "job", flag, value,
                ]
            )
            #expect(run.exitCode == 65, "\(run.errors)")
            try #expect(#require(folder.failure).contains("member"), "\(folder.failure ?? "-")")
        }
    }
}
