import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import Archive

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

struct TreePackerTests {
    private func pack(_ directory: FilePath) throws -> (report: PackReport, tar: [UInt8]) {
        var sink = BytesSink()
        let report = try TreePacker().pack(directory: directory, into: &sink)
        #expect(report.archiveBytes == Int64(sink.bytes.count))
        return (report, try gunzip(sink.bytes))
    }

    private func link(_ name: String, _ target: String, in directory: FilePath) throws {
        let parent = try Posix.openDirectory(directory)
        try name.withCString { name in
            try target.withCString { try Posix.makeSymbolicLink(name, at: parent.raw, target: $0) }
        }
    }

    /// The headers of an archive of small files.
    private func headers(_ tar: [UInt8]) throws -> [(header: TarHeader, block: [UInt8])] {
        var headers: [(TarHeader, [UInt8])] = []
        var offset = 0
        while tar[offset..<offset + 512].contains(where: { $0 != 0 }) {
            let block = Array(tar[offset..<offset + 512])
            let header = try block.withUnsafeBytes { try TarHeader($0) }
            headers.append((header, block))
            offset += 512 + (Int(header.size) + 511) / 512 * 512
        }
        return headers
    }

    @Test func theLayoutIsTheServicesOwn() throws {
        try withTemporaryDirectory { directory in
            try write(Array("{}".utf8), to: "results.json", in: directory)
            try write([1], to: "b/two", in: directory, permissions: 0o755)
            try write([], to: "b/one", in: directory)
            try write([], to: "a/x", in: directory)
            try link("zz", "b/one", in: directory)
            let (report, tar) = try pack(directory)
            #expect((report.files, report.bytes, report.leftOut.count) == (4, 3, 0))
            let headers = try headers(tar)
            let names = headers.map { String(decoding: $0.header.name, as: UTF8.self) }
            #expect(names == ["results.json", "zz", "a/", "a/x", "b/", "b/one", "b/two"])
            let modes = headers.map { String(decoding: $0.block[100..<108], as: UTF8.self) }
            #expect(modes[0] == "0100644\0" && modes[1] == "0120777\0" && modes[2] == "0040755\0")
            #expect(modes[6] == "0100755\0")
            for (header, block) in headers {
                #expect(header.dialect == .ustar)
                #expect(
                    block[108..<124].elementsEqual("0000000\0000000\0\0".utf8)
                        || block[108..<124].elementsEqual("0000000\u{0}0000000\u{0}".utf8)
                )
                #expect(block[265..<329].allSatisfy { $0 == 0 })
            }
            #expect(headers[0].header.modified.seconds == 1_700_000_000)
            #expect(tar.count.isMultiple(of: 10_240))
        }
    }

    @Test func whatWasPackedComesBack() throws {
        try withTemporaryDirectory { scratch in
            let source = scratch.appending("source")
            let long = String(repeating: "n", count: 120) + "/" + String(repeating: "m", count: 200)
            let random = (0..<700_000).map { _ in UInt8.random(in: 0...255) }
            try write(random, to: "source/random.bin", in: scratch, permissions: 0o600)
            try write([1, 2, 3], to: "source/\(long)", in: scratch)
            try write([], to: "source/a\nb \u{E9} e\u{301}", in: scratch)
            try write([], to: "target/.keep", in: scratch)
            try link("long", long, in: source)
            var sink = BytesSink()
            let packed = try TreePacker(compressionLevel: 9).pack(directory: source, into: &sink)
            let report = try extract(sink.bytes, into: scratch.appending("target"))
            #expect(report.files == packed.files)
            var after = try TreeSnapshot(of: scratch.appending("target"))
            after.removeAll { $0.elementsEqual(".keep".utf8) }
            #expect(try after == TreeSnapshot(of: source))
            #expect(try contents(of: scratch.appending("target/random.bin")) == random)
            #expect(try contents(of: Array(long.utf8), in: scratch.appending("target")) == [1, 2, 3])
        }
    }

    @Test func equalTreesGiveEqualArchives() throws {
        func archive(_ order: [String]) throws -> [UInt8] {
            try withTemporaryDirectory { directory in
                for name in order { try write(Array(name.utf8), to: name, in: directory) }
                var sink = BytesSink()
                _ = try TreePacker().pack(directory: directory, into: &sink)
                return sink.bytes
            }
        }
        let names = ["c", "a", "b", "Z", "10", "9"]
        #expect(try archive(names) == archive(names.reversed()))
    }

    @Test func anEmptyDirectoryGivesAnEmptyArchive() throws {
        try withTemporaryDirectory { directory in
            let (report, tar) = try pack(directory)
            #expect(report.files == 0 && report.leftOut.isEmpty)
            #expect(tar == [UInt8](repeating: 0, count: 10_240))
        }
    }

    @Test(
        "links",
        arguments: [
            ("inside", "d/f", "d/f"), ("dangling", "nothing", "nothing"), ("top", "<top>/d/f", "d/f"),
            ("itself", "<top>", "."), ("up", "..", nil), ("through", "d/../../x", nil),
            ("absolute", "/etc/passwd", nil),
            ("near", "<top>x/f", nil), ("climbing", "<top>/../x", nil), ("chain", "d/out", "d/out"),
        ] as [(String, String, String?)]
    )
    func links(_ name: String, _ target: String, _ packed: String?) throws {
        try withTemporaryDirectory { directory in
            try write([], to: "d/f", in: directory)
            try link(name, target.replacing("<top>", with: directory.string), in: directory)
            let (report, tar) = try pack(directory)
            let found = try headers(tar).first { $0.header.name.elementsEqual(name.utf8) }
            #expect(found.map { String(decoding: $0.header.linkName, as: UTF8.self) } == packed)
            #expect(report.leftOut.count == (packed == nil ? 1 : 0))
            #expect(report.leftOut.allSatisfy { $0.hasPrefix("\(name): is a link to ") })
        }
    }

    @Test func aChainOfLinksDoesNotLeadOut() throws {
        try withTemporaryDirectory { directory in
            try link("cur", ".", in: directory)
            try link("up", "cur/..", in: directory)
            let (report, tar) = try pack(directory)
            #expect(try headers(tar).map { $0.header.name } == [Array("cur".utf8)])
            #expect(report.leftOut.count == 1)
        }
    }

    /// A sink that changes a file when the first bytes arrive.
    private struct MeddlingSink: ByteSink {
        let path: FilePath
        let change: (CInt) throws -> Void
        var isDone = false
        var bytes = BytesSink()

        mutating func write(_ piece: UnsafeRawBufferPointer) throws {
            try bytes.write(piece)
            if isDone { return }
            isDone = true
            let file = try FileDescriptor.open(path, .readWrite)
            try file.closeAfter { try change(file.rawValue) }
        }
    }

    @Test("files that change while they are read", arguments: [100, 700_000, 8_000_000, 9_000_000])
    func changing(_ newSize: Int64) throws {
        try withTemporaryDirectory { directory in
            // More than lies between reading and the sink, so that the change comes before the end.
            let size = 8_000_000
            try write(GzipWriterTests.Content.random.bytes(size), to: "big", in: directory)
            try write([9], to: "next", in: directory)
            var sink = MeddlingSink(path: directory.appending("big")) { file in
                try Posix.setSize(newSize, of: file)
                try Posix.setModified(Timestamp(seconds: 5, nanoseconds: 0), of: file)
            }
            let report = try TreePacker().pack(directory: directory, into: &sink)
            // It stands twice in the archive, and the second time it is whole.
            #expect(report.changed.isEmpty && report.notSafe.isEmpty)
            #expect(report.files == 2)
            let names = try headers(try gunzip(sink.bytes.bytes, chunkSizeBytes: 100_000)).map(\.header.name)
            #expect(names == ["big", "next", "big"].map { Array($0.utf8) })
            try write([], to: "target/.keep", in: directory)
            try extract(sink.bytes.bytes, into: directory.appending("target"), chunkSizeBytes: 100_000)
            let found = try contents(of: directory.appending("target/big"))
            let expected = try contents(of: directory.appending("big"))
            #expect(found.count == Int(newSize) && found == expected)
            #expect(try contents(of: directory.appending("target/next")) == [9])
        }
    }

    @Test func whatChangesAgainIsNamed() throws {
        /// A sink that makes a file shorter each time bytes arrive.
        struct GnawingSink: ByteSink {
            let path: FilePath
            var size: Int64
            var bytes = BytesSink()

            mutating func write(_ piece: UnsafeRawBufferPointer) throws {
                try bytes.write(piece)
                size -= 1000
                let file = try FileDescriptor.open(path, .readWrite)
                try file.closeAfter { try Posix.setSize(size, of: file.rawValue) }
            }
        }
        try withTemporaryDirectory { directory in
            let size = 9_000_000
            try write(GzipWriterTests.Content.random.bytes(size), to: "big", in: directory)
            var sink = GnawingSink(path: directory.appending("big"), size: Int64(size))
            let report = try TreePacker().pack(directory: directory, into: &sink)
            #expect(report.changed == ["big: shrank while it was read; filled up with zeros"])
            #expect(try headers(try gunzip(sink.bytes.bytes, chunkSizeBytes: 100_000)).count == 2)
        }
    }

    @Test func whatIsNoFileIsLeftOutAndSaid() throws {
        try withTemporaryDirectory { directory in
            try write([1], to: "a", in: directory)
            #expect(mkfifo(directory.appending("pipe").string, 0o600) == 0)
            let (report, tar) = try pack(directory)
            #expect(report.leftOut == ["pipe: is a socket, FIFO or device"])
            #expect(try headers(tar).count == 1)
        }
    }

    /// A listing may be old: while the files before it were packed, one became a link to the latest of them.
    @Test func aFileThatBecomesALink() throws {
        /// A sink that makes a link of a file when bytes arrive.
        struct LinkingSink: ByteSink {
            let path: FilePath
            var isLink = false
            var bytes = BytesSink()

            mutating func write(_ piece: UnsafeRawBufferPointer) throws {
                try bytes.write(piece)
                guard !isLink else { return }
                isLink = true
                unlink(path.string)
                #expect(symlink("big", path.string) == 0)
            }
        }
        try withTemporaryDirectory { directory in
            try write(GzipWriterTests.Content.random.bytes(9_000_000), to: "big", in: directory)
            try write([1], to: "latest", in: directory)
            var sink = LinkingSink(path: directory.appending("latest"))
            let report = try TreePacker().pack(directory: directory, into: &sink)
            #expect(sink.isLink && report.notSafe.isEmpty && report.leftOut.isEmpty)
            let headers = try headers(try gunzip(sink.bytes.bytes, chunkSizeBytes: 100_000))
            #expect(headers.map { String(decoding: $0.header.linkName, as: UTF8.self) } == ["", "big"])
        }
    }

    // MARK: Small files

    /// What a file was said to be may be old by now: the whole of it is read all the same.
    @Test(arguments: [0, 1, 1000, SmallFileReader.mostBytes], [-1, 0, 1])
    func aSmallFileIsReadWhole(size: Int, difference: Int64) throws {
        try withTemporaryDirectory { directory in
            let bytes = GzipWriterTests.Content.random.bytes(size)
            try write(bytes, to: "file", in: directory)
            let file = Descriptor(raw: open(directory.appending("file").string, O_RDONLY))
            let status = try Posix.status(of: file.raw)
            let said = status.withSize(max(0, status.size + difference))
            // What is said to be larger is copied, not read as a whole.
            guard said.size <= SmallFileReader.mostBytes else { return }
            let reader = SmallFileReader()
            let read = reader.read(file, said)
            let content = try #require(read)
            #expect(content.bytes.elementsEqual(bytes))
            #expect(content.problem == nil)
            #expect(content.status.size == size)
        }
    }

    /// Files of the kernel say that they are empty: what is in them is packed, and said to be doubtful.
    @Test func aFileWithoutASizeIsReadWhole() throws {
        let file = Descriptor(raw: open("/proc/self/status", O_RDONLY))
        let reader = SmallFileReader()
        let read = reader.read(file, try Posix.status(of: file.raw))
        let content = try #require(read)
        #expect(content.bytes.starts(with: Array("Name:".utf8)))
        #expect(content.problem == "changed each time it was read")
    }

    @Test func theSinksErrorComesThrough() throws {
        struct FullSink: ByteSink {
            mutating func write(_ bytes: UnsafeRawBufferPointer) throws { throw Errno.noSpace }
        }
        _ = try withTemporaryDirectory { directory in
            #expect(throws: Errno.noSpace) {
                var sink = FullSink()
                _ = try TreePacker().pack(directory: directory, into: &sink)
            }
        }
    }

    @Test("large sizes and odd times stay readable", arguments: [0, 0o77_777_777_777, 0o77_777_777_777 + 1, 1 << 50])
    func sizes(_ size: Int64) throws {
        let entry = TarEntry(
            kind: .file,
            name: Array("f".utf8),
            permissions: 0o644,
            size: size,
            modified: Timestamp(seconds: -5, nanoseconds: 0)
        )
        let blocks = entry.header()
        #expect((blocks.count == 512) == (size <= 0o77_777_777_777))
        let ring = ChunkRing()
        try blocks.withUnsafeBytes { bytes in
            try #require(ring.acquire()).copyMemory(from: bytes)
        }
        ring.publish(blocks.count, archiveBytes: 0)
        ring.finish()
        var reader = TarReader(ring: ring, format: .tar)
        let member = try reader.next()
        #expect(member?.size == size)
        #expect(member?.modified.seconds == 0)
    }
}
