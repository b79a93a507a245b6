import Crypto
import FoundationEssentials
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import Archive

/// One archive made by others and what should become of it.
struct SuiteCase: Sendable, CustomTestStringConvertible {
    /// The suite's folder.
    let folder: String
    /// The row of its expectations.json.
    let row: SuiteRow

    /// The file's name, as the test's argument is shown.
    var testDescription: String { "\(folder)/\(row.file)" }
}

/// A row of expectations.json.
struct SuiteRow: Decodable, Sendable {
    /// A member as a trusted reader sees it.
    struct Entry: Decodable, Sendable {
        var name: String
        var nameHex: String?
        var type: String
        var size: Int64?
        var sha256: String?
        var link: String?
    }

    /// What the gzip layer alone makes of the file.
    struct Unpacked: Decodable, Sendable {
        var size: Int
        var sha256: String
    }

    var file: String
    var should: String
    var alsoOk: [String]
    var why: String
    var entries: [Entry]?
    var gunzipped: Unpacked?
}

/// The rows of the archive suites.
enum ArchiveSuites {
    private struct Table: Decodable {
        var rows: [SuiteRow]
    }

    /// All rows of the archive suites, empty when the folder is absent.
    static let cases: [SuiteCase] = ["archives-tar", "archives-gzip", "archives-zip"].flatMap {
        (folder: String) -> [SuiteCase] in
        guard let json = try? contents(of: FilePath("\(Suites.root)/\(folder)/expectations.json")) else { return [] }
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let table = try decoder.decode(Table.self, from: Data(json))
            return table.rows.map { SuiteCase(folder: folder, row: $0) }
        } catch {
            Issue.record("\(folder)/expectations.json: \(error)")
            return []
        }
    }

    /// Rows whose list of members is thought wrong, and why.
    ///
    /// Their outcome counts all the same.
    static let disputedEntries = [
        "made-here__name-nfc-nfd.zip": """
        the list gives both names composed, the archive has one composed and one decomposed (Python agrees)
        """
    ]
}

/// Counts outcomes and prints a line when a folder is done.
private final class Tally: Sendable {
    private let counts = Mutex<[String: (ran: Int, preferred: Int, others: [String])]>([:])

    func add(_ item: SuiteCase, outcome: String) {
        counts.withLock { counts in
            var count = counts[item.folder] ?? (0, 0, [])
            count.ran += 1
            if outcome == item.row.should {
                count.preferred += 1
            } else {
                count.others.append("\(item.row.file): \(outcome), preferred \(item.row.should)")
            }
            counts[item.folder] = count
            guard count.ran == ArchiveSuites.cases.count(where: { $0.folder == item.folder }) else { return }
            print("\(item.folder): \(count.ran) cases ran, \(count.preferred) with the preferred outcome")
            for other in count.others.sorted() { print("    \(other)") }
        }
    }
}

private let tally = Tally()

@Suite(
    "Archives of other projects",
    .enabled(if: !ArchiveSuites.cases.isEmpty, "\(Suites.absent)")
)
struct ArchiveConformanceTests {
    @Test(
        "outcome, content and surroundings",
        .timeLimit(.minutes(15)),
        arguments: ArchiveSuites.cases,
        [DeflateEngine.zlib, .isal]
    )
    func extracts(_ item: SuiteCase, _ engine: DeflateEngine) throws {
        let archive = try contents(of: FilePath("\(Suites.root)/\(item.folder)/\(item.row.file)"))
        try withTemporaryDirectory { scratch in
            try write(Array("untouched".utf8), to: "victim.txt", in: scratch)
            try write([], to: "target/.keep", in: scratch)
            let target = scratch.appending("target")
            let outside = try surroundings(of: scratch)
            let result = Result {
                try ArchiveExtractor(engine: engine)
                    .extract(from: BytesSource(archive, chunkSizeBytes: 4093), into: target)
            }
            #expect(try surroundings(of: scratch) == outside, "something beside the target changed")
            #expect(try contents(of: scratch.appending("victim.txt")) == Array("untouched".utf8))
            let tree = try TreeSnapshot(of: target)
            #expect(tree.nodes.values.allSatisfy(isHarmless))
            let outcome = judge(result, item.row)
            if engine == .zlib { tally.add(item, outcome: outcome) }
            #expect(([item.row.should] + item.row.alsoOk).contains(outcome), "\(item.row.why); got \(result)")
            if case .success(let report) = result, item.row.should != "reject" {
                try checkEntries(item.row, report, tree, target)
            }
        }
    }

    @Test(
        "the gzip layer alone",
        arguments: ArchiveSuites.cases.filter { $0.row.gunzipped != nil },
        [DeflateEngine.zlib, .isal]
    )
    func inflates(_ item: SuiteCase, _ engine: DeflateEngine) throws {
        let expected = try #require(item.row.gunzipped)
        let archive = try contents(of: FilePath("\(Suites.root)/\(item.folder)/\(item.row.file)"))
        let bytes = try gunzip(archive, engine)
        #expect(bytes.count == expected.size)
        #expect(SHA256.hexadecimal(of: bytes) == expected.sha256)
    }

    private func surroundings(of scratch: FilePath) throws -> TreeSnapshot {
        // Names used by the traversal samples, in the places they aim at.
        for trap in ["/tmp/moo", "/tmp/evil.txt", "/tmp/foo"] {
            #expect(throws: Errno.noSuchFileOrDirectory) {
                let directory = try Posix.openDirectory("/")
                _ = try Posix.status(trap, at: directory.raw)
            }
        }
        var snapshot = try TreeSnapshot(of: scratch)
        snapshot.removeAll { $0.starts(with: "target/".utf8) }
        return snapshot
    }

    private func isHarmless(_ node: TreeSnapshot.Node) -> Bool {
        switch node {
        case .file(_, let permissions, _), .directory(let permissions): permissions & 0o7000 == 0
        case .link: true
        case .other: false
        }
    }

    private func judge(_ result: Result<ExtractionReport, any Error>, _ row: SuiteRow) -> String {
        switch result {
        case .success(let report): report.skippedCount == 0 ? "accept" : "accept-skipping"
        case .failure(let error as ArchiveError): error.message.isEmpty ? "an error without a message" : "reject"
        case .failure(let error): "an error of another type: \(error)"
        }
    }

    /// Checks that every member is there with its content, but for as many as were reported as skipped.
    private func checkEntries(
        _ row: SuiteRow,
        _ report: ExtractionReport,
        _ tree: TreeSnapshot,
        _ target: FilePath
    ) throws {
        // The last of several members of one name wins.
        var expected: [[UInt8]: SuiteRow.Entry] = [:]
        for entry in row.entries ?? [] {
            if let path = try? MemberPath(checking: entry.bytes), !path.isRoot { expected[path.bytes] = entry }
        }
        if ArchiveSuites.disputedEntries[row.file] != nil {
            #expect(tree.nodes.count { $0.value.isFile } == (row.entries?.count ?? 0) + 1)
            return
        }
        var missing = 0
        for (listed, entry) in expected {
            // Where a zip made on Unix has a backslash, "pkg\\main.py" and "pkg/main.py" are both right.
            let plain = listed.map { $0 == slash ? UInt8(ascii: "\\") : $0 }
            let path = tree.nodes[listed] == nil ? plain : listed
            guard let node = tree.nodes[path] else {
                missing += 1
                continue
            }
            try check(entry, node, path, target, row.file)
        }
        #expect(missing <= report.skippedCount, "\(missing) members are missing: \(tree.paths)")
    }

    private func check(
        _ entry: SuiteRow.Entry,
        _ node: TreeSnapshot.Node,
        _ path: [UInt8],
        _ target: FilePath,
        _ file: String
    ) throws {
        switch (entry.type, node) {
        case ("file", .file(let size, _, _)):
            #expect(size == entry.size)
            if let hash = entry.sha256 {
                #expect(SHA256.hexadecimal(of: try contents(of: path, in: target)) == hash, "\(entry.name)")
            }
        case ("dir", .directory):
            break
        case ("symlink", .link(let link)):
            #expect(link == Array((entry.link ?? "").utf8))
        case ("hardlink", .file):
            let original = try MemberPath(checking: Array((entry.link ?? "").utf8)).bytes
            #expect(try contents(of: path, in: target) == contents(of: original, in: target))
        case ("hardlink", .link):
            break
        default:
            Issue.record("\(entry.name) should be a \(entry.type) but is \(node)")
        }
    }
}

extension SuiteRow.Entry {
    /// The name's bytes.
    var bytes: [UInt8] {
        guard let nameHex else { return Array(name.utf8) }
        return stride(from: 0, to: nameHex.count, by: 2).compactMap { offset in
            UInt8(nameHex.dropFirst(offset).prefix(2), radix: 16)
        }
    }
}

/// Unpacks gzip with the module's own producer.
///
/// - Parameters:
///   - archive: All members.
///   - engine: What unpacks.
///   - chunkSizeBytes: How much of the archive arrives at once.
/// - Returns: Their content; at most 32 MiB.
/// - Throws: What the producer throws.
func gunzip(_ archive: [UInt8], _ engine: DeflateEngine = .automatic, chunkSizeBytes: Int = 7) throws -> [UInt8] {
    let ring = ChunkRing(chunkBytes: 1 << 20, slotCount: 32)
    var source = BufferedSource(BytesSource(archive, chunkSizeBytes: chunkSizeBytes))
    var producer = ChunkProducer(ring: ring, engine: engine)
    try producer.inflate(&source)
    ring.finish()
    var reader = BlockReader(ring: ring, format: .gzipTar)
    var bytes: [UInt8] = []
    while try !reader.peek().isEmpty { bytes += try reader.piece(.max) }
    return bytes
}
