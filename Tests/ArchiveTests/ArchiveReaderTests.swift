import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import Archive

/// What others make of the packer's archives: GNU tar, bsdtar, Python's tarfile, and the SDK's way of reading.
@Suite(.timeLimit(.minutes(15)))
struct ArchiveReaderTests {
    /// A tree with names, sizes and contents that readers stumble over.
    private func makeTree(_ directory: FilePath) throws {
        let block = 256 << 10
        for size in [0, 1, 511, 512, 513, 10_240, block - 1, block, block + 1, 5 * block + 3] {
            try write(GzipWriterTests.Content.mixed.bytes(size), to: "sizes/\(size)", in: directory)
        }
        try write(Array("{}".utf8), to: "results.json", in: directory)
        try write(GzipWriterTests.Content.random.bytes(3 * block), to: "random.bin", in: directory)
        for number in 0..<500 {
            try write(Array("\(number)".utf8), to: "tiny/\(number % 10)/\(number)", in: directory)
        }
        let long = String(repeating: "n", count: 120) + "/" + String(repeating: "m", count: 200)
        try write([1, 2, 3], to: long, in: directory)
        try write([4], to: "\u{E9}t\u{E9}/\u{91CF}\u{5B50} \u{1F600} a'b\"c", in: directory)
        let parent = try Posix.openDirectory(directory)
        try write([], to: "holes", in: directory)
        let holes = try FileDescriptor.open(directory.appending("holes"), .writeOnly)
        try holes.closeAfter {
            try Posix.setSize(4 << 20, of: holes.rawValue)
            try [UInt8]("end".utf8).withUnsafeBytes { try Posix.write($0, to: holes.rawValue, at: (4 << 20) - 3) }
        }
        try "link".withCString { name in
            try "results.json".withCString { try Posix.makeSymbolicLink(name, at: parent.raw, target: $0) }
        }
    }

    static let sdk = """
        import os, sys, tarfile
        # As AwsQuantumJob.download_result does it.
        with tarfile.open(sys.argv[1], "r:gz") as tar:
            tar.extractall(sys.argv[2])
        assert os.path.exists(os.path.join(sys.argv[2], "results.json"))
        with tarfile.open(sys.argv[1], "r:gz") as tar:
            assert not [n for n in tar.getnames() if n.startswith((".", "/"))]
        """

    static let readers: [(name: String, command: [String])] = [
        ("GNU tar", ["tar", "xzf", "ARCHIVE", "-C", "TARGET"]),
        ("bsdtar", ["bsdtar", "xf", "ARCHIVE", "-C", "TARGET"]),
        ("gzip", ["sh", "-c", "gzip -dc ARCHIVE | tar xf - -C TARGET"]),
        ("Python", ["python3", "-c", sdk, "ARCHIVE", "TARGET"]),
    ]

    @Test("Every reader makes the same tree of it", arguments: [DeflateEngine.zlib, .isal], readers.indices)
    func reads(_ engine: DeflateEngine, _ reader: Int) throws {
        try withTemporaryDirectory { scratch in
            let tree = scratch.appending("tree")
            try write([], to: "tree/first", in: scratch)
            try makeTree(tree)
            try write([], to: "target/.keep", in: scratch)
            var sink = BytesSink()
            let report = try TreePacker(engine: engine).pack(directory: tree, into: &sink)
            #expect(report.leftOut.isEmpty && report.changed.isEmpty)
            try write(sink.bytes, to: "a.tar.gz", in: scratch)
            let command = Self.readers[reader].command.map {
                $0.replacing("ARCHIVE", with: scratch.appending("a.tar.gz").string)
                    .replacing("TARGET", with: scratch.appending("target").string)
            }
            let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
            let run = RunningProgram.run("/usr/bin/env", command, environment: environment)
            // setup.sh installs it; 127 is env's word for what is not there.
            if Self.readers[reader].name == "bsdtar", run.exitCode == 127 { return }
            #expect(run.exitCode == 0 && run.errors.isEmpty, "\(run.errors)")
            var after = try TreeSnapshot(of: scratch.appending("target"))
            after.removeAll { $0.elementsEqual(".keep".utf8) }
            #expect(
                try after.nodes.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
                    == TreeSnapshot(of: tree).nodes.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
            )
            let same = RunningProgram.run(
                "/usr/bin/env",
                ["diff", "-r", "--no-dereference", "-x", ".keep", tree.string, scratch.appending("target").string],
                environment: environment
            )
            #expect(same.exitCode == 0 && same.output.isEmpty, "\(same.output)")
        }
    }
}
