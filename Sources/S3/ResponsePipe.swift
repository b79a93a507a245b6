import Checksums
import NIOCore
import RunnerCore
import RunnerHTTP
import Synchronization

/// Carries an object from the event loop on which it arrives to a thread that reads it and may block.
///
/// When the reader is slow, the answer waits: at most half a megabyte lies between the two. After a break the next
/// answer goes on where the last one ended.
final class ResponsePipe: HTTPResponseReceiver {
    fileprivate static let roomBytes = 512 << 10

    fileprivate struct State {
        var chunks: [ByteBuffer] = []
        var queuedBytes = 0
        var received: Int64 = 0
        var total: Int64?
        var entityTag: String?
        var expected: ObjectChecksum?
        var checksum: Checksum?
        var waiting: EventLoopPromise<Void>?
        var end: Result<Void, any Error>?
    }

    private let state = Mutex(State())
    private let news = Semaphore()

    /// Makes an empty pipe.
    init() {}

    /// What to ask for next: where to begin, and the tag that the object must still have; nil for the beginning.
    var resumption: (offset: Int64, entityTag: String?)? {
        state.withLock { $0.received > 0 ? ($0.received, $0.entityTag) : nil }
    }

    /// How many bytes came.
    var received: Int64 { state.withLock { $0.received } }

    /// Whether all bytes came that were promised; what breaks after the last one is no loss.
    var isComplete: Bool { state.withLock { $0.received > 0 && $0.received == $0.total } }

    // MARK: The event loop's end

    func receive(_ head: HTTPResponseHead) throws {
        // Whoever waited for room belongs to an answer that broke.
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.succeed()
        try state.withLock { state in
            if state.received > 0 {
                if let tag = state.entityTag, let now = head.headers["ETag"], tag != now {
                    throw TransferFault.changed("its entity tag is another")
                }
                guard head.status == 206, let range = ContentRange(head.headers["Content-Range"] ?? ""),
                    range.range.lowerBound == state.received
                else { throw TransferFault.rangesIgnored }
                return
            }
            state.total = head.contentLength
            state.entityTag = head.headers["ETag"]
            state.expected = ObjectChecksum(head.headers).flatMap { $0.partCount == nil ? $0 : nil }
            state.checksum = state.expected.map { Checksum($0.value.algorithm) }
        }
    }

    func receive(_ bytes: ByteBuffer, on eventLoop: any EventLoop) throws -> EventLoopFuture<Void>? {
        let wait = state.withLock { state -> EventLoopPromise<Void>? in
            bytes.withUnsafeReadableBytes { state.checksum?.update($0) }
            state.received += Int64(bytes.readableBytes)
            guard state.end == nil else { return nil }
            state.chunks.append(bytes)
            state.queuedBytes += bytes.readableBytes
            if state.queuedBytes >= Self.roomBytes { state.waiting = eventLoop.makePromise() }
            return state.waiting
        }
        news.signal()
        return wait?.futureResult
    }

    /// Checks that an answer that ended was not cut.
    ///
    /// - Throws: `HTTPError.connectionLost`, after which the rest can be asked for.
    func checkEnd() throws {
        let missing = state.withLock { state in (state.total ?? state.received) - state.received }
        guard missing > 0 else { return }
        throw HTTPError(.connectionLost, "the answer ended \(missing) bytes early")
    }

    /// Nothing more comes; the first end counts.
    ///
    /// - Parameter error: Why; nil when all came.
    func finish(_ error: (any Error)?) {
        let waiting = state.withLock { state -> EventLoopPromise<Void>? in
            if state.end == nil { state.end = error.map { .failure($0) } ?? state.verdict }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.succeed()
        news.signal()
    }

    // MARK: The reader's end

    /// Takes the next bytes; blocks until there are some.
    ///
    /// - Returns: nil at the end.
    /// - Throws: Why the end is no good one.
    fileprivate func next() throws -> ByteBuffer? {
        while true {
            let (chunk, end, waiting) = state.withLock { state in state.take() }
            waiting?.succeed()
            if let chunk { return chunk }
            if let end {
                // Whoever asks once more gets the same answer.
                news.signal()
                try end.get()
                return nil
            }
            news.wait()
        }
    }
}

extension ResponsePipe.State {
    /// The first chunk, or the end when there is none; with it whoever waited for room.
    fileprivate mutating func take() -> (ByteBuffer?, Result<Void, any Error>?, EventLoopPromise<Void>?) {
        guard !chunks.isEmpty else { return (nil, end, nil) }
        let chunk = chunks.removeFirst()
        queuedBytes -= chunk.readableBytes
        guard queuedBytes < ResponsePipe.roomBytes / 2 else { return (chunk, nil, nil) }
        defer { waiting = nil }
        return (chunk, nil, waiting)
    }

    /// Whether all bytes are those that were stored.
    fileprivate var verdict: Result<Void, any Error> {
        guard let expected, let checksum, expected.value != checksum.value else { return .success(()) }
        return .failure(TransferFault.damaged("its \(checksum.algorithm.name) differs"))
    }
}

/// The reader's end of a pipe.
struct PipeSource: ByteSource {
    private let pipe: ResponsePipe
    private let cancellation: CancellationFlag
    private let describe: @Sendable (any Error) -> any Error
    private var current = ByteBuffer()

    /// Makes the source of a pipe.
    ///
    /// - Parameters:
    ///   - pipe: The pipe.
    ///   - cancellation: Makes the next read throw once it is set, whatever has arrived.
    ///   - describe: Puts an error into the words of `ObjectStore`.
    init(
        _ pipe: ResponsePipe,
        _ cancellation: CancellationFlag,
        describe: @escaping @Sendable (any Error) -> any Error
    ) {
        self.pipe = pipe
        self.cancellation = cancellation
        self.describe = describe
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try cancellation.check()
        if current.readableBytes == 0 {
            do {
                guard let next = try pipe.next() else { return 0 }
                current = next
            } catch {
                throw describe(error)
            }
        }
        let count = min(buffer.count, current.readableBytes)
        current.readWithUnsafeReadableBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        return count
    }
}
