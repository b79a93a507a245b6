import Checksums
import NIOCore
import NIOEmbedded
import ObjectStorage
import RunnerCore
import RunnerHTTP
import Synchronization
import Testing

@testable import S3

/// All on one thread: a read that would block would show as a test that never ends.
@Suite(.timeLimit(.minutes(15))) struct ResponsePipeTests {
    private static let content = noise(1000)
    private let pipe = ResponsePipe()

    private func begin(_ headers: HTTPFields, status: Int = 200) throws {
        try pipe.receive(HTTPResponseHead(status: status, headers: headers))
    }

    private func read(_ count: Int, from source: inout PipeSource) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let read = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
        return Array(buffer[..<read])
    }

    @Test func bytesComeOutInPiecesOfAnySize() throws {
        let loop = EmbeddedEventLoop()
        try begin(
            (["Content-Length": "1000"] as HTTPFields).adding(
                "x-amz-checksum-crc32",
                ChecksumValue(.crc32, of: Self.content).base64
            )
        )
        _ = try pipe.receive(ByteBuffer(bytes: Self.content[..<10]), on: loop)
        _ = try pipe.receive(ByteBuffer(bytes: Self.content[10...]), on: loop)
        #expect(pipe.isComplete)
        try pipe.checkEnd()
        pipe.finish(nil)
        var source = PipeSource(pipe, CancellationFlag()) { $0 }
        var all: [UInt8] = []
        while case let piece = try read(7, from: &source), !piece.isEmpty { all += piece }
        expectSame(all, Self.content)
        #expect(try read(7, from: &source).isEmpty)
    }

    /// A slow reader makes the answer wait instead of filling the memory.
    @Test func theAnswerWaitsForTheReader() throws {
        let loop = EmbeddedEventLoop()
        try begin(["Content-Length": "1048576"])
        let piece = ByteBuffer(bytes: noise(128 << 10))
        for _ in 0..<3 { #expect(try pipe.receive(piece, on: loop) == nil) }
        let wait = try #require(try pipe.receive(piece, on: loop))
        let goesOn = Atomic(false)
        wait.whenComplete { _ in goesOn.store(true, ordering: .relaxed) }
        var source = PipeSource(pipe, CancellationFlag()) { $0 }
        for _ in 0..<2 { #expect(try read(128 << 10, from: &source).count == 128 << 10) }
        loop.run()
        let isEarly = goesOn.load(ordering: .relaxed)
        #expect(!isEarly)
        #expect(try read(1, from: &source).count == 1)
        loop.run()
        let hasGoneOn = goesOn.load(ordering: .relaxed)
        #expect(hasGoneOn)
    }

    @Test func anEndLetsTheAnswerGoOn() throws {
        let loop = EmbeddedEventLoop()
        try begin(["Content-Length": "1048576"])
        let wait = try #require(try pipe.receive(ByteBuffer(bytes: noise(600 << 10)), on: loop))
        let goesOn = Atomic(false)
        wait.whenComplete { _ in goesOn.store(true, ordering: .relaxed) }
        pipe.finish(CancellationError())
        loop.run()
        let hasGoneOn = goesOn.load(ordering: .relaxed)
        #expect(hasGoneOn)
    }

    @Test func anErrorComesBehindTheBytes() throws {
        let loop = EmbeddedEventLoop()
        try begin(["Content-Length": "1000"])
        _ = try pipe.receive(ByteBuffer(bytes: Self.content[..<10]), on: loop)
        #expect(throws: HTTPError.self) { try pipe.checkEnd() }
        pipe.finish(TransferFault.rangesIgnored)
        pipe.finish(nil)
        var source = PipeSource(pipe, CancellationFlag()) { ObjectStoreError(.failed, "\($0)") }
        #expect(try read(100, from: &source) == Array(Self.content[..<10]))
        for _ in 0..<2 { #expect(throws: ObjectStoreError.self) { try read(100, from: &source) } }
    }

    @Test func damageIsTheEnd() throws {
        let loop = EmbeddedEventLoop()
        try begin(
            (["Content-Length": "1000"] as HTTPFields).adding(
                "x-amz-checksum-crc32",
                ChecksumValue(.crc32, of: [1]).base64
            )
        )
        _ = try pipe.receive(ByteBuffer(bytes: Self.content), on: loop)
        pipe.finish(nil)
        var source = PipeSource(pipe, CancellationFlag()) { $0 }
        #expect(try read(1000, from: &source).count == 1000)
        let fault = #expect(throws: TransferFault.self) { try read(1, from: &source) }
        #expect(fault?.isDamage == true)
    }

    @Test func afterABreakItGoesOn() throws {
        let loop = EmbeddedEventLoop()
        #expect(pipe.resumption == nil)
        try begin(["Content-Length": "1000", "ETag": "\"t\""])
        #expect(pipe.resumption == nil)
        _ = try pipe.receive(ByteBuffer(bytes: Self.content[..<10]), on: loop)
        #expect(pipe.resumption?.offset == 10 && pipe.resumption?.entityTag == "\"t\"")
        #expect(throws: TransferFault.self) { try begin(["Content-Length": "1000"]) }
        #expect(throws: TransferFault.self) { try begin(["Content-Range": "bytes 11-999/1000"], status: 206) }
        try begin(["Content-Range": "bytes 10-999/1000", "Content-Length": "990"], status: 206)
        _ = try pipe.receive(ByteBuffer(bytes: Self.content[10...]), on: loop)
        #expect(pipe.isComplete)
    }
}
