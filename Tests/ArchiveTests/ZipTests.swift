import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import Archive

/// Builds zip files of stored members for tests, also wrong ones.
struct ZipBuilder {
    private var local: [UInt8] = []
    private var central: [UInt8] = []
    private var count = 0

    /// Adds a member.
    ///
    /// - Parameters:
    ///   - name: Its name; nothing is checked.
    ///   - content: Its data.
    ///   - mode: Type and permission bits of stat(2).
    ///   - flags: The general purpose flags.
    ///   - method: The compression method.
    ///   - crc: Instead of the right one.
    ///   - host: The system it was made on, 3 for Unix.
    ///   - offset: Where the directory says that it is, instead of where it is.
    mutating func add(
        _ name: String,
        _ content: [UInt8] = [],
        mode: UInt32 = 0o100_644,
        flags: Int = 0,
        method: Int = 0,
        crc: UInt32? = nil,
        host: Int = 3,
        offset: Int? = nil
    ) {
        let start = local.count
        let sizes = number(content.count, 4) + number(content.count, 4)
        let common =
            number(flags, 2) + number(method, 2) + number(0x6000, 2) + number(0x5821, 2)
            + number(Int(crc ?? Self.crc32(content)), 4) + sizes + number(name.utf8.count, 2) + number(0, 2)
        local += number(0x0403_4b50, 4) + number(20, 2) + common + Array(name.utf8) + content
        central += number(0x0201_4b50, 4) + number(host << 8 | 20, 2) + number(20, 2) + common
        central += number(0, 6) + number(Int(mode) << 16, 4) + number(offset ?? start, 4) + Array(name.utf8)
        count += 1
    }

    /// The archive.
    ///
    /// - Parameters:
    ///   - prefix: Something in front.
    ///   - comment: The comment.
    ///   - claimedCount: What the end record says instead of the number of members.
    /// - Returns: All bytes.
    func finished(prefix: [UInt8] = [], comment: [UInt8] = [], claimedCount: Int? = nil) -> [UInt8] {
        let counts = number(claimedCount ?? count, 2) + number(claimedCount ?? count, 2)
        let end = number(0x0605_4b50, 4) + number(0, 4) + counts + number(central.count, 4) + number(local.count, 4)
        return prefix + local + central + end + number(comment.count, 2) + comment
    }

    private func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xedb8_8320) }
        }
    }
}

struct ZipTests {
    private let text = Array("content".utf8)

    @Test("content, modes and times, with something in front or not", arguments: [0, 700])
    func members(_ prefixBytes: Int) throws {
        var builder = ZipBuilder()
        builder.add("d/", mode: 0o040_700)
        builder.add("d/run.sh", text, mode: 0o104_755)
        builder.add("d/l", Array("run.sh".utf8), mode: 0o120_777)
        builder.add("plain", text, mode: 0, host: 0)
        builder.add("win\\f", text, host: 0)
        builder.add("unix\\f", text)
        builder.add("fifo", mode: 0o010_644)
        let prefix = [UInt8](repeating: UInt8(ascii: "#"), count: prefixBytes)
        try withTemporaryDirectory { directory in
            let report = try extract(builder.finished(prefix: prefix, comment: text), into: directory)
            #expect(report.format == .zip)
            #expect((report.entries, report.files) == (7, 4))
            #expect(report.skipped == ["fifo: is a device, FIFO or socket"])
            let tree = try TreeSnapshot(of: directory)
            #expect(tree.paths == ["d", "d/l", "d/run.sh", "plain", "unix\\f", "win", "win/f"])
            // 2024-01-01 12:00:00 UTC.
            #expect(tree["d/run.sh"] == .file(size: 7, permissions: 0o755, modified: 1_704_110_400))
            #expect(tree["plain"] == .file(size: 7, permissions: 0o644, modified: 1_704_110_400))
            #expect(tree["d"] == .directory(permissions: 0o700))
            #expect(tree["d/l"] == .link(target: Array("run.sh".utf8)))
        }
    }

    /// A zip that is to be refused.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: ArchiveError.Code
        let make: @Sendable () -> [UInt8]

        init(_ description: String, _ code: ArchiveError.Code, _ fill: @escaping @Sendable (inout ZipBuilder) -> Void) {
            testDescription = description
            self.code = code
            make = {
                var builder = ZipBuilder()
                fill(&builder)
                return builder.finished()
            }
        }
    }

    @Test(
        "zips that are refused",
        arguments: [
            Wrong("dots", .unsafePath) { $0.add("../evil") },
            Wrong("absolute", .unsafePath) { $0.add("/evil") },
            Wrong("backslashes", .unsafePath) { $0.add("..\\evil") },
            Wrong("backslashes from Windows", .unsafePath) { $0.add("..\\evil", host: 0) },
            Wrong("link", .unsafeLink) { $0.add("l", Array("../x".utf8), mode: 0o120_777) },
            Wrong("below a link", .conflict) {
                $0.add("l", Array("d".utf8), mode: 0o120_777)
                $0.add("l/f")
            },
            Wrong("crc", .damaged) { $0.add("f", [1, 2, 3], crc: 1) },
            Wrong("encrypted", .unsupportedFeature) { $0.add("f", [1], flags: 1) },
            Wrong("method", .unsupportedFeature) { $0.add("f", [1], method: 14) },
            Wrong("deflate of rubbish", .damaged) { $0.add("f", [0xff, 0xff, 0xff], method: 8) },
            Wrong("shared data", .damaged) {
                $0.add("f", [1, 2, 3])
                $0.add("f", [1, 2, 3], offset: 0)
            },
            Wrong("offset behind the end", .damaged) { $0.add("f", offset: 100_000) },
            Wrong("another name in the local header", .damaged) {
                $0.add("f", [])
                $0.add("g", [], offset: 0)
                $0.add("h", [], offset: 31)
            },
            Wrong("not UTF-8 though it says so", .damaged) { $0.add("\u{E9}", flags: 0x800, offset: 1) },
        ]
    )
    func refused(_ sample: Wrong) throws {
        try withTemporaryDirectory { scratch in
            try write([], to: "target/.keep", in: scratch)
            #expect(code { try extract(sample.make(), into: scratch.appending("target")) } == sample.code)
            var outside = try TreeSnapshot(of: scratch)
            outside.removeAll { $0.starts(with: "target/".utf8) }
            #expect(outside.paths == ["target"])
        }
    }

    @Test("cut zips", arguments: [1, 10, 22, 40, 90])
    func cut(_ missing: Int) throws {
        var builder = ZipBuilder()
        builder.add("f", text)
        let archive = Array(builder.finished().dropLast(missing))
        try withTemporaryDirectory { directory in
            #expect(code { try extract(archive, into: directory) } == .unsupportedFormat)
            let tree = try TreeSnapshot(of: directory)
            #expect(tree.paths.isEmpty)
        }
    }

    @Test func twoEndRecordsAreAmbiguous() throws {
        var builder = ZipBuilder()
        builder.add("f", text)
        let archive = builder.finished(comment: ZipBuilder().finished())
        try withTemporaryDirectory { directory in
            #expect(code { try extract(archive, into: directory) } == .damaged)
        }
    }

    @Test func theNumberOfMembersCounts() throws {
        var builder = ZipBuilder()
        builder.add("f", text)
        try withTemporaryDirectory { directory in
            #expect(code { try extract(builder.finished(claimedCount: 2), into: directory) } == .damaged)
        }
    }

    @Test(
        "MS-DOS times",
        arguments: [
            (0x0021, 0, 315_532_800), (0x5821, 0x6000, 1_704_110_400), (0x585d, 0xbf7d, 1_709_251_199 - 1),
            (0xff9f, 0, 4_354_732_800),
        ] as [(Int, Int, Int64)]
    )
    func times(_ date: Int, _ time: Int, _ seconds: Int64) {
        #expect(ZipTime.timestamp(date: date, time: time).seconds == seconds)
    }
}
