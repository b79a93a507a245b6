import RunnerTestSupport
import SystemPackage
import Testing

@testable import OutputLog

struct OutputLogFileTests {
    private func text(_ file: FilePath) throws -> String {
        let descriptor = try FileDescriptor.open(file, .readOnly)
        defer { try? descriptor.close() }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = try bytes.withUnsafeMutableBytes { try descriptor.read(into: $0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private func exists(_ file: FilePath) -> Bool { (try? FileDescriptor.open(file, .readOnly).close()) != nil }

    private func write(_ text: String, _ log: OutputLogFile, _ stream: OutputStream = .standardOutput) -> String? {
        Array(text.utf8).withUnsafeBytes { log.write($0, stream) }
    }

    private func read(_ log: OutputLogFile, from offset: Int64) -> (content: OutputLogFile.Content, text: String) {
        var bytes = [UInt8](repeating: 0, count: 1000)
        let content = bytes.withUnsafeMutableBytes { log.read(from: offset, into: $0) }
        guard case .bytes(let count) = content else { return (content, "") }
        return (content, String(decoding: bytes[..<count], as: UTF8.self))
    }

    @Test("Up to the cap the log is the output, whatever the pieces", arguments: [1, 3, 7, 32])
    func whole(_ piece: Int) throws {
        try withTemporaryDirectory { directory in
            let log = OutputLogFile(file: directory.pushing("a/b/c.log"), capBytes: 32)
            let output = "0123456789abcdefghijklmnopqrst\n!"
            var rest = output[...]
            while !rest.isEmpty {
                #expect(write(String(rest.prefix(piece)), log) == nil)
                rest = rest.dropFirst(piece)
            }
            #expect(log.finish() == nil)
            try #expect(text(log.file) == output)
            #expect(log.leftOutBytes == 0)
            #expect(!exists(directory.pushing("a/b/c.log.tail-1")))
            try #expect(text(directory.pushing("a/b/c.index")).hasPrefix("0 32 out "))
        }
    }

    @Test("Beyond the cap: head, a line with the number of bytes that are missing, tail")
    func capped() throws {
        try withTemporaryDirectory { directory in
            let log = OutputLogFile(file: directory.appending("x"), capBytes: 16)
            #expect(write((0..<100).map { String($0 % 10) }.joined(), log) == nil)
            // Head 8, segments 4: the last full one and the newest.
            #expect(log.leftOutBytes == 84)
            #expect(read(log, from: 3).text == "34567")
            #expect(read(log, from: 8).content == .gap(until: 92))
            #expect(read(log, from: 93).text == "345")
            #expect(log.keptUntil(from: 0) == 8)
            #expect(log.keptUntil(from: 92) == 100)
            #expect(read(log, from: 100).content == .end)
            #expect(log.finish() == nil)
            try #expect(text(log.file) == "01234567\n... 84 bytes left out ...\n23456789")
            try #expect(text(directory.appending("x.index")).hasPrefix("0 100 out "))
        }
    }

    @Test("What is skipped takes the tail along, and the marker counts both")
    func skipped() throws {
        try withTemporaryDirectory { directory in
            let log = OutputLogFile(file: directory.appending("x"), capBytes: 16)
            #expect(write("0123456789", log) == nil)
            log.skip(1000, .both)
            #expect(log.firstKept(from: 8) == 1010)
            #expect(write("end", log) == nil)
            #expect(read(log, from: 1010).text == "end")
            #expect(log.finish() == nil)
            try #expect(text(log.file) == "01234567\n... 1002 bytes left out ...\nend")
        }
    }

    @Test("A disk that takes no more ends the log, says so once, and counts on")
    func full() throws {
        let log = OutputLogFile(file: "/dev/full", capBytes: 1000)
        #expect(write("abc", log)?.contains("/dev/full: No space left on device") == true)
        #expect(write("def", log) == nil)
        #expect(log.leftOutBytes == 6)
        #expect(log.endOffset == 0)
        #expect(log.finish() == nil)
    }

    @Test("Where no file can be made there is no log", arguments: ["/proc/none/x.log", "/dev/null/x.log"])
    func noFile(_ file: String) {
        let log = OutputLogFile(file: FilePath(file), capBytes: 1000)
        #expect(write("abc", log)?.hasPrefix(file) == true)
        #expect(log.problem != nil)
    }

    @Test("Leftovers of a killed run are no part of a new log")
    func leftovers() throws {
        try withTemporaryDirectory { directory in
            for _ in 0..<2 {
                let log = OutputLogFile(file: directory.appending("x.log"), capBytes: 8)
                #expect(write("0123456789", log) == nil)
                // Not finished: as after SIGKILL.
                try #expect(text(directory.appending("x.log")) == "0123")
            }
            let log = OutputLogFile(file: directory.appending("x.log"), capBytes: 8)
            #expect(write("ab", log) == nil)
            #expect(!exists(directory.appending("x.log.tail-1")))
            #expect(log.finish() == nil)
            try #expect(text(directory.appending("x.log")) == "ab")
        }
    }
}
