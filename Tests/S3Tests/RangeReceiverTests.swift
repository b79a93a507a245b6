import Checksums
import NIOCore
import NIOEmbedded
import ObjectStorage
import RunnerHTTP
import Synchronization
import Testing

@testable import S3

@Suite struct RangeReceiverTests {
    /// Where a receiver writes.
    private final class Memory: Sendable {
        private let state: Mutex<[UInt8]>
        init(_ count: Int) { state = Mutex(Array(repeating: 0, count: count)) }
        var bytes: [UInt8] { state.withLock { $0 } }
        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
            state.withLock { $0.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes) }
        }
    }

    private static let content = noise(1000)
    private let memory = Memory(1000)
    private let progress = TransferProgress()

    private func receiver(_ range: Range<Int64> = 0..<1000, _ check: RangeReceiver.Check = .asAnswered) -> RangeReceiver
    {
        let memory = memory
        return RangeReceiver(range, check: check, progress: ProgressShare(progress)) { bytes, offset in
            memory.write(bytes, at: offset)
        }
    }

    private func head(_ status: Int, _ headers: HTTPFields = [:]) -> HTTPResponseHead {
        HTTPResponseHead(status: status, headers: headers)
    }

    private func give(_ range: Range<Int>, to receiver: RangeReceiver) throws {
        #expect(try receiver.receive(ByteBuffer(bytes: Self.content[range]), on: EmbeddedEventLoop()) == nil)
    }

    @Test func aWholeObjectInOneAnswer() throws {
        let receiver = receiver()
        #expect(receiver.missing == nil)
        let sum = ChecksumValue(.crc64nvme, of: Self.content)
        try receiver.receive(
            head(200, ["Content-Length": "1000", "x-amz-checksum-crc64nvme": sum.base64, "ETag": "\"t\""])
        )
        try give(0..<400, to: receiver)
        try give(400..<1000, to: receiver)
        try receiver.checkEnd()
        try receiver.finish()
        expectSame(memory.bytes, Self.content)
        #expect(receiver.head?.headers["ETag"] == "\"t\"" && progress.figures.bytesDone == 1000)
    }

    @Test func afterABreakTheRestIsAskedFor() throws {
        let receiver = receiver()
        let tag = ChecksumValue(.md5, of: Self.content).bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined()
        try receiver.receive(head(200, ["Content-Length": "1000", "ETag": "\"\(tag)\""]))
        try give(0..<300, to: receiver)
        let error = #expect(throws: HTTPError.self) { try receiver.checkEnd() }
        #expect(error?.code == .connectionLost && error?.message.contains("700 bytes early") == true)
        #expect(receiver.missing == 300..<1000 && receiver.received == 300)
        try receiver.receive(head(206, ["Content-Range": "bytes 300-999/1000", "Content-Length": "700"]))
        try give(300..<1000, to: receiver)
        try receiver.checkEnd()
        try receiver.finish()
        #expect(receiver.missing?.isEmpty == true)
        expectSame(memory.bytes, Self.content)
    }

    @Test func aServerThatBeginsAgain() throws {
        let receiver = receiver()
        let sum = ChecksumValue(.sha256, of: Self.content)
        let whole = head(200, ["Content-Length": "1000", "x-amz-checksum-sha256": sum.base64])
        try receiver.receive(whole)
        try give(0..<900, to: receiver)
        try receiver.receive(whole)
        #expect(progress.figures.bytesDone == 0)
        try give(0..<1000, to: receiver)
        try receiver.finish()
        #expect(progress.figures.bytesDone == 1000)
        expectSame(memory.bytes, Self.content)
    }

    @Test(arguments: [ChecksumAlgorithm.crc64nvme, .crc32c, .crc32, .sha256, .sha1])
    func aWrongByteIsNoticed(algorithm: ChecksumAlgorithm) throws {
        let receiver = receiver()
        let sum = ChecksumValue(algorithm, of: Self.content)
        try receiver.receive(
            head(200, (["Content-Length": "1000"] as HTTPFields).adding(algorithm.headerName, sum.base64))
        )
        var content = Self.content
        content[500] ^= 1
        #expect(try receiver.receive(ByteBuffer(bytes: content), on: EmbeddedEventLoop()) == nil)
        let fault = #expect(throws: TransferFault.self) { try receiver.finish() }
        #expect(fault?.isDamage == true)
    }

    @Test(arguments: [999, 1001, 0])
    func anotherLengthIsAnotherObject(length: Int) {
        let receiver = receiver()
        let fault = #expect(throws: TransferFault.self) {
            try receiver.receive(head(200, ["Content-Length": "\(length)"]))
        }
        guard case .changed = fault else { return #expect(Bool(false), "\(String(describing: fault))") }
    }

    @Test func moreThanWasAskedFor() throws {
        let receiver = receiver(100..<200, .part(nil))
        try receiver.receive(head(206, ["Content-Range": "bytes 100-199/1000"]))
        #expect(throws: TransferFault.self) {
            try receiver.receive(ByteBuffer(bytes: Self.content[100..<201]), on: EmbeddedEventLoop())
        }
    }

    @Test func aRangeAndItsChecksum() throws {
        let receiver = receiver(100..<200, .part(.crc32c))
        #expect(receiver.missing == 100..<200)
        try receiver.receive(head(206, ["Content-Range": "bytes 100-199/1000", "x-amz-checksum-crc32c": "AAAAAA=="]))
        try give(100..<150, to: receiver)
        #expect(receiver.missing == 150..<200)
        try receiver.receive(head(206, ["Content-Range": "bytes 150-199/1000"]))
        try give(150..<200, to: receiver)
        try receiver.finish()
        #expect(receiver.checksum?.value == ChecksumValue(.crc32c, of: Array(Self.content[100..<200])))
        expectSame(Array(memory.bytes[100..<200]), Array(Self.content[100..<200]))
    }

    @Test(arguments: [
        (200, "bytes 100-199/1000"), (206, nil), (206, "bytes 101-199/1000"), (206, "bytes 0-99/1000"),
        (206, "bytes 100-200/1000"), (206, "bytes */1000"), (206, "octets 100-199/1000"),
    ])
    func anAnswerForAnotherRange(status: Int, range: String?) {
        let receiver = receiver(100..<200, .part(nil))
        var headers: HTTPFields = [:]
        headers["Content-Range"] = range
        #expect(throws: TransferFault.self) { try receiver.receive(head(status, headers)) }
    }

    /// The checksum of parts is of no use for the bytes of the whole; the tag of an object that is encrypted neither.
    @Test(
        arguments: [
            ["x-amz-checksum-crc32": "AAAAAA==-3"],
            ["ETag": "\"0123456789abcdef0123456789abcdef\"", "x-amz-server-side-encryption": "aws:kms"],
            ["ETag": "\"0123456789abcdef0123456789abcdef-2\""],
        ] as [HTTPFields]
    )
    func whatTellsNothingOfTheBytesIsNotCompared(headers: HTTPFields) throws {
        let receiver = receiver()
        try receiver.receive(head(200, headers))
        try give(0..<1000, to: receiver)
        try receiver.finish()
        #expect(receiver.checksum == nil)
    }

    // MARK: Content-Range

    @Test(
        arguments: [
            ("bytes 2-5/11", 2..<6, 11), ("Bytes 0-0/1", 0..<1, 1), ("bytes 2-5/*", 2..<6, nil),
        ] as [(String, Range<Int64>, Int64?)]
    )
    func contentRange(text: String, range: Range<Int64>, total: Int64?) {
        #expect(ContentRange(text)?.range == range)
        #expect(ContentRange(text)?.totalBytes == total)
    }

    @Test(arguments: [
        "", "bytes", "bytes 2-5", "bytes */11", "bytes 5-2/11", "bytes -1-5/11", "bytes 2-/11", "bytes -5/11",
        "items 2-5/11", "bytes a-b/11", "bytes 0-9223372036854775807/1", "bytes 2-5-7/11",
    ])
    func noContentRange(text: String) {
        #expect(ContentRange(text) == nil)
    }
}

extension HTTPFields {
    /// The fields with one more.
    func adding(_ name: String, _ value: String) -> HTTPFields {
        var fields = self
        fields.add(name, value)
        return fields
    }
}
