import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import Archive

struct ArchiveExtractorTests {
    private let text = Array("content".utf8)

    @Test("content and kind, however the bytes arrive", arguments: [1, 511, 512, 513, 100_000], [false, true])
    func roundTrip(_ chunkSizeBytes: Int, _ isCompressed: Bool) throws {
        var builder = TarBuilder()
        builder.add("./", type: "5", mode: 0o700)
        builder.add("./a/b.txt", mode: 0o640, text)
        builder.add("./empty", mode: 0o755)
        builder.add("./l", type: "2", link: "a/b.txt")
        let archive = isCompressed ? try gzip(builder.finished) : builder.finished
        try withTemporaryDirectory { directory in
            let report = try extract(archive, into: directory, chunkSizeBytes: chunkSizeBytes)
            #expect(report.format == (isCompressed ? .gzipTar : .tar))
            #expect((report.entries, report.files) == (4, 2))
            #expect(report.archiveBytes == Int64(archive.count))
            #expect(report.extractedBytes == Int64(text.count))
            #expect(report.skipped.isEmpty && report.notes.isEmpty)
            let tree = try TreeSnapshot(of: directory)
            #expect(tree.paths == ["a", "a/b.txt", "empty", "l"])
            #expect(tree["a/b.txt"] == .file(size: 7, permissions: 0o640, modified: 1_600_000_000))
            #expect(tree["l"] == .link(target: Array("a/b.txt".utf8)))
            #expect(try contents(of: Array("a/b.txt".utf8), in: directory) == text)
        }
    }

    /// Members of a hostile archive: name, type, link.
    struct Hostile: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let members: [(name: String, type: Character, link: String)]
        let code: ArchiveError.Code
    }

    @Test(
        "archives that want to leave the target",
        arguments: [
            Hostile(testDescription: "dots", members: [("../evil", "0", "")], code: .unsafePath),
            Hostile(testDescription: "absolute", members: [("/tmp/evil", "0", "")], code: .unsafePath),
            Hostile(testDescription: "link", members: [("l", "2", "../evil")], code: .unsafeLink),
            Hostile(testDescription: "absolute link", members: [("l", "2", "/tmp")], code: .unsafeLink),
            Hostile(testDescription: "hard link", members: [("l", "1", "../victim")], code: .unsafeLink),
            Hostile(testDescription: "absolute hard link", members: [("l", "1", "/etc/passwd")], code: .unsafeLink),
            Hostile(testDescription: "missing hard link", members: [("l", "1", "nothing")], code: .unsafeLink),
            Hostile(
                testDescription: "hard link to a directory",
                members: [("d", "5", ""), ("l", "1", "d")],
                code: .unsafeLink
            ),
            Hostile(
                testDescription: "two harmless links",
                members: [("cur", "2", "."), ("up", "2", "cur/..")],
                code: .unsafeLink
            ),
            Hostile(
                testDescription: "two harmless links, second first",
                members: [("up", "2", "cur/.."), ("cur", "2", ".")],
                code: .unsafeLink
            ),
            Hostile(
                testDescription: "hard link that moves a link up",
                members: [("d/up", "2", "../x"), ("moved", "1", "d/up")],
                code: .unsafeLink
            ),
            Hostile(
                testDescription: "file below a link",
                members: [("d", "5", ""), ("l", "2", "d"), ("l/f", "0", "")],
                code: .conflict
            ),
            Hostile(
                testDescription: "directory over a link",
                members: [("d", "5", ""), ("l", "2", "d"), ("l", "5", "")],
                code: .conflict
            ),
            Hostile(
                testDescription: "file below a file",
                members: [("f", "0", ""), ("f/g", "0", "")],
                code: .conflict
            ),
            Hostile(
                testDescription: "file over a directory",
                members: [("d", "5", ""), ("d", "0", "")],
                code: .conflict
            ),
        ]
    )
    func hostile(_ sample: Hostile) throws {
        var builder = TarBuilder()
        for member in sample.members { builder.add(member.name, type: member.type, link: member.link) }
        try withTemporaryDirectory { scratch in
            try write(text, to: "victim", in: scratch)
            try write([], to: "target/.keep", in: scratch)
            #expect(code { try extract(builder.finished, into: scratch.appending("target")) } == sample.code)
            var outside = try TreeSnapshot(of: scratch)
            outside.removeAll { $0.starts(with: "target/".utf8) }
            #expect(outside.paths == ["target", "victim"])
            #expect(try contents(of: scratch.appending("victim")) == text)
        }
    }

    @Test func specialBitsAndFilesAreLeftOut() throws {
        var builder = TarBuilder()
        builder.add("suid", mode: 0o6755, text)
        builder.add("sticky/", type: "5", mode: 0o1000)
        builder.add("none", mode: 0, text)
        builder.add("device", type: "3")
        builder.add("fifo", type: "6")
        try withTemporaryDirectory { directory in
            let report = try extract(builder.finished, into: directory)
            #expect(report.skippedCount == 2)
            #expect(report.skipped == ["device: is a character device", "fifo: is a FIFO"])
            let tree = try TreeSnapshot(of: directory)
            #expect(tree["suid"] == .file(size: 7, permissions: 0o755, modified: 1_600_000_000))
            #expect(tree["sticky"] == .directory(permissions: 0o700))
            #expect(tree["none"] == .file(size: 7, permissions: 0o600, modified: 1_600_000_000))
            #expect(tree.paths == ["none", "sticky", "suid"])
        }
    }

    @Test func theLastOfTwoWinsAndAHardLinkKeepsTheFirst() throws {
        var builder = TarBuilder()
        builder.add("f", mode: 0o400, Array("first".utf8))
        builder.add("h", type: "1", link: "f")
        builder.add("f", Array("second".utf8))
        builder.add("f", type: "1", link: "f")
        try withTemporaryDirectory { directory in
            try extract(builder.finished, into: directory)
            #expect(try contents(of: directory.appending("f")) == Array("second".utf8))
            #expect(try contents(of: directory.appending("h")) == Array("first".utf8))
        }
    }

    @Test func aLinkThatWasThereBeforeIsNotFollowed() throws {
        var builder = TarBuilder()
        builder.add("out/f", text)
        try withTemporaryDirectory { scratch in
            try write([], to: "target/.keep", in: scratch)
            try write([], to: "outside/.keep", in: scratch)
            let target = try Posix.openDirectory(scratch.appending("target"))
            try Posix.makeSymbolicLink("out", at: target.raw, target: "../outside")
            #expect(code { try extract(builder.finished, into: scratch.appending("target")) } == .conflict)
            #expect(try TreeSnapshot(of: scratch.appending("outside")).paths == [".keep"])
        }
    }

    @Test(
        "limits",
        arguments: [
            (ExtractionLimits(maxEntries: 2), ArchiveError.Code.limitExceeded),
            (ExtractionLimits(maxTotalBytes: 20), .limitExceeded),
            (ExtractionLimits(maxEntries: 3, maxTotalBytes: 21), nil),
        ]
    )
    func limits(_ limits: ExtractionLimits, _ expected: ArchiveError.Code?) throws {
        var builder = TarBuilder()
        for name in ["a", "b", "c"] { builder.add(name, text) }
        try withTemporaryDirectory { directory in
            #expect(code { try extract(builder.finished, into: directory, limits: limits) } == expected)
        }
    }

    @Test func theRatioCountsOnlyForLargeContent() throws {
        var meter = LimitMeter(limits: ExtractionLimits(maxRatio: 10))
        try meter.count(ExtractionLimits.ratioFreeBytes, archiveBytes: 1, [])
        #expect(throws: ArchiveError.self) { try meter.count(1, archiveBytes: 1, []) }
        var honest = LimitMeter(limits: ExtractionLimits(maxRatio: 10))
        try honest.count(ExtractionLimits.ratioFreeBytes * 2, archiveBytes: ExtractionLimits.ratioFreeBytes, [])
    }

    @Test("cut archives", arguments: [1, 100, 512, 600, 1000])
    func cut(_ missing: Int) throws {
        var builder = TarBuilder()
        builder.add("f", [UInt8](repeating: 7, count: 1000))
        // Of the plain tar only the member counts, of gzip every byte.
        let tar = Array(builder.bytes.dropLast(missing))
        let compressed = try gzip(builder.finished)
        try withTemporaryDirectory { directory in
            #expect(code { try extract(tar, into: directory) } == .truncated)
            let cut = Array(compressed.dropLast(min(missing, compressed.count - 2)))
            #expect(code { try extract(cut, into: directory) } == .truncated)
        }
    }

    @Test(
        "other formats are named",
        arguments: [
            ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz"), (Array("BZh91AY".utf8), "bzip2"),
            ([0x28, 0xb5, 0x2f, 0xfd], "zstd"), (Array("<!DOCTYPE html><html>".utf8), "HTML"),
            (Array("<?xml version=\"1.0\"?><Error>".utf8), "XML"), (Array("hello".utf8), "text file"),
            ([], "empty"), ([0x78, 0x9c, 1, 2], "zlib"), ([0x80, 0x01], "no known kind"),
        ] as [([UInt8], String)]
    )
    func otherFormats(_ head: [UInt8], _ word: String) throws {
        try withTemporaryDirectory { directory in
            for archive in [head, try gzip(head)] {
                let error = try #require(throws: ArchiveError.self) { try extract(archive, into: directory) }
                #expect(error.code == .unsupportedFormat)
                #expect(error.message.contains(word) && error.message.contains("tar.gz"))
            }
            #expect(try TreeSnapshot(of: directory).paths.isEmpty)
        }
    }

    @Test func gzipIsTakenOffOnce() throws {
        var builder = TarBuilder()
        builder.add("f", text)
        let twice = try gzip(try gzip(builder.finished))
        try withTemporaryDirectory { directory in
            #expect(code { try extract(twice, into: directory) } == .unsupportedFormat)
        }
    }

    @Test func dataBehindTheEndIsNotedAndRead() throws {
        var builder = TarBuilder()
        builder.add("f", text)
        let archive = try gzip(builder.finished + builder.finished) + Array("rubbish".utf8)
        try withTemporaryDirectory { directory in
            let source = CountingSource(archive)
            let report = try ArchiveExtractor().extract(from: source, into: directory)
            #expect(report.notes.count == 2)
            #expect(report.entries == 1)
            #expect(source.count == archive.count)
            #expect(source.sawEnd)
        }
    }

    /// A source that counts what was taken, by reference as a hashing source does.
    private final class CountingSource: ByteSource {
        private(set) var count = 0
        private(set) var sawEnd = false
        private var source: BytesSource

        init(_ bytes: [UInt8]) {
            source = BytesSource(bytes)
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            let read = try source.read(into: buffer)
            count += read
            sawEnd = read == 0
            return read
        }
    }

    /// A source that fails after some bytes, as a cancelled download does.
    private struct FailingSource: ByteSource {
        var bytes: BytesSource

        mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            let count = try bytes.read(into: buffer)
            if count == 0 { throw CancellationError() }
            return count
        }
    }

    @Test("the source's error comes through", .timeLimit(.minutes(15)), arguments: [0, 100, 512, 3_000_000, 9_000_000])
    func sourceError(_ count: Int) throws {
        var builder = TarBuilder()
        builder.add("f", [UInt8](repeating: 1, count: 10_000_000))
        let source = FailingSource(bytes: BytesSource(Array(builder.bytes[..<count])))
        _ = try withTemporaryDirectory { directory in
            #expect(throws: CancellationError.self) {
                try ArchiveExtractor().extract(from: source, into: directory)
            }
        }
    }

    @Test("an early refusal ends a long stream", .timeLimit(.minutes(15)))
    func earlyRefusal() throws {
        var builder = TarBuilder()
        builder.add("../f", text)
        let endless = FailingSource(bytes: BytesSource(builder.bytes + [UInt8](repeating: 1, count: 20_000_000)))
        try withTemporaryDirectory { directory in
            #expect(code { _ = try ArchiveExtractor().extract(from: endless, into: directory) } == .unsafePath)
        }
    }

    @Test func aTargetThatIsNotThereIsAnError() throws {
        var builder = TarBuilder()
        builder.add("f", text)
        #expect(code { try extract(builder.finished, into: "/nonexistent/target") } == .writeFailed)
    }

    @Test func sparseFilesKeepTheirHoles() throws {
        var builder = TarBuilder()
        builder.add(
            "PaxHeaders/x",
            type: "x",
            [("GNU.sparse.major", "1"), ("GNU.sparse.name", "real"), ("GNU.sparse.realsize", "3000000")]
                .flatMap { TarEntry.record($0.0, Array($0.1.utf8)) }
        )
        let map = Array("2\n0\n5\n1000000\n5\n".utf8)
        builder.add(
            "GNUSparseFile.0/real",
            map + [UInt8](repeating: 0, count: 512 - map.count) + Array("helloworld".utf8)
        )
        try withTemporaryDirectory { directory in
            let report = try extract(builder.finished, into: directory)
            #expect(report.extractedBytes == 3_000_000)
            let bytes = try contents(of: directory.appending("real"))
            #expect(bytes.count == 3_000_000)
            #expect(bytes[..<5].elementsEqual("hello".utf8))
            #expect(bytes[1_000_000..<1_000_005].elementsEqual("world".utf8))
            #expect(bytes[5..<1_000_000].allSatisfy { $0 == 0 })
        }
    }
}
