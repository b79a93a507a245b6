import Checksums
import NIOCore
import ObjectStorage
import RunnerCore
import RunnerHTTP
import Synchronization

/// Takes the bytes of an object, or of a range of it, in their order, through as many answers as it needs: after a
/// break the next answer begins where the last one ended, so that no byte is sent twice.
final class RangeReceiver: HTTPResponseReceiver {
    /// Where the bytes go.
    typealias Write = @Sendable (_ bytes: UnsafeRawBufferPointer, _ offset: Int64) throws -> Void

    private struct State {
        var received: Int64 = 0
        var head: HTTPResponseHead?
        var expected: ObjectChecksum?
        var checksum: Checksum?
    }

    /// What is computed of the bytes.
    enum Check: Hashable, Sendable {
        /// Whatever the answer gives a checksum of.
        case asAnswered
        /// A checksum that the caller puts together with those of other ranges; nil for none.
        case part(ChecksumAlgorithm?)
    }

    /// The bytes of the object that are wanted.
    let range: Range<Int64>
    private let object: ObjectSummary?
    private let check: Check
    private let write: Write
    private let progress: ProgressShare
    private let state: Mutex<State>

    /// Makes a receiver that has nothing yet.
    ///
    /// - Parameters:
    ///   - range: The bytes of the object that are wanted.
    ///   - object: The object as it was looked at; what comes must be of that one.
    ///   - check: What is computed of them; `.asAnswered` is for the whole object.
    ///   - progress: Is told of every byte.
    ///   - write: Where the bytes go; called on a thread of the transport.
    init(
        _ range: Range<Int64>,
        of object: ObjectSummary? = nil,
        check: Check,
        progress: ProgressShare,
        write: @escaping Write
    ) {
        self.range = range
        self.object = object
        self.check = check
        self.write = write
        self.progress = progress
        var state = State()
        if case .part(let algorithm) = check { state.checksum = algorithm.map(Checksum.init) }
        self.state = Mutex(state)
    }

    private var isWhole: Bool { check == .asAnswered }

    /// The range to ask for next; nil for the whole object from its start.
    var missing: Range<Int64>? {
        let received = state.withLock { $0.received }
        return isWhole && received == 0 ? nil : range.lowerBound + received..<range.upperBound
    }

    /// How many bytes came.
    var received: Int64 { state.withLock { $0.received } }

    /// What the first answer began with.
    var head: HTTPResponseHead? { state.withLock { $0.head } }

    /// The checksum of all bytes so far; nil when there is none to compare it with.
    var checksum: Checksum? { state.withLock { $0.checksum } }

    /// Checks that an answer that ended was not cut: one without a length ends where the connection does.
    ///
    /// - Throws: `HTTPError.connectionLost`, after which the rest can be asked for.
    func checkEnd() throws {
        let missing = Int64(range.count) - received
        guard missing > 0 else { return }
        throw HTTPError(.connectionLost, "the answer ended \(missing) bytes early")
    }

    /// Checks that everything came as it was stored.
    ///
    /// - Throws: `TransferFault`.
    func finish() throws {
        let state = state.withLock { $0 }
        guard let expected = state.expected, let checksum = state.checksum else { return }
        guard expected.value == checksum.value else {
            throw TransferFault.damaged("its \(checksum.algorithm.name) differs")
        }
    }

    func receive(_ head: HTTPResponseHead) throws {
        try state.withLock { state in
            let expected = range.lowerBound + state.received
            try checkObject(head, known: state.head)
            if head.status == 200, isWhole {
                // A store that ignores ranges begins again.
                restart(&state)
                try checkLength(head.contentLength, expected: Int64(range.count))
            } else {
                try checkRange(head, from: expected)
            }
            if state.head == nil { begin(head, &state) }
        }
    }

    func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>? {
        let offset = try state.withLock { state in
            let offset = range.lowerBound + state.received
            guard state.received + Int64(bytes.readableBytes) <= Int64(range.count) else {
                throw TransferFault.wrongLength("more than the \(range.count) bytes asked for")
            }
            // One answer at a time, and its parts one after the other: nobody else writes meanwhile.
            state.received += Int64(bytes.readableBytes)
            bytes.withUnsafeReadableBytes { state.checksum?.update($0) }
            return offset
        }
        try bytes.withUnsafeReadableBytes { try write($0, offset) }
        progress.add(bytes: Int64(bytes.readableBytes))
        return nil
    }

    private func begin(_ head: HTTPResponseHead, _ state: inout State) {
        state.head = head
        guard isWhole, let expected = ObjectChecksum(head.headers), expected.partCount == nil else { return }
        state.expected = expected
        state.checksum = Checksum(expected.value.algorithm)
    }

    private func restart(_ state: inout State) {
        progress.add(bytes: -state.received)
        state.received = 0
        state.checksum = state.checksum.map { Checksum($0.algorithm) }
    }

    private func checkLength(_ length: Int64?, expected: Int64) throws {
        guard let length, length != expected else { return }
        throw TransferFault.changed("it has \(length) bytes now, \(expected) were expected")
    }

    /// A store that ignores `If-Match` must not get parts of two objects into one file.
    private func checkObject(_ head: HTTPResponseHead, known: HTTPResponseHead?) throws {
        let tags = [known?.headers["ETag"] ?? object?.entityTag, head.headers["ETag"]].compactMap { $0 }
        if tags.count == 2, tags[0] != tags[1] { throw TransferFault.changed("its entity tag is another") }
        let total = head.headers["Content-Range"].flatMap { ContentRange($0)?.totalBytes }
        guard let total, let object, total != object.sizeBytes else { return }
        throw TransferFault.changed("it has \(total) bytes now, \(object.sizeBytes) were expected")
    }

    private func checkRange(_ head: HTTPResponseHead, from offset: Int64) throws {
        guard head.status == 206 else { throw TransferFault.rangesIgnored }
        guard let answer = ContentRange(head.headers["Content-Range"] ?? ""), answer.range.lowerBound == offset,
            answer.range.upperBound <= range.upperBound
        else {
            throw TransferFault.wrongLength(
                "bytes \(offset)-\(range.upperBound - 1) were asked for, the answer says "
                    + "\"\((head.headers["Content-Range"] ?? "nothing").escaped())\""
            )
        }
    }
}

/// The header `Content-Range: bytes 2-5/11` (RFC 9110 §14.4).
struct ContentRange: Hashable, Sendable {
    /// The bytes of the answer.
    let range: Range<Int64>
    /// The size of the whole; nil for `*`.
    let totalBytes: Int64?

    /// Reads a header; nil when it is none.
    ///
    /// - Parameter text: The value.
    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/", maxSplits: 1)
        let ends = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 2, ends.count == 2, let first = ends[0], let last = ends[1], first >= 0, first <= last,
            last < .max
        else { return nil }
        range = first..<last + 1
        totalBytes = Int64(parts[1])
    }
}
