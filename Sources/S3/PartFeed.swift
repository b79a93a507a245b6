import RunnerCore
import Synchronization

/// Hands filled buffers from a thread that writes and may block to the tasks that upload them, and empty ones back.
final class PartFeed: Sendable {
    private struct State {
        var empty: [PartBuffer]
        var buffers: Int
        var failure: (any Error)?
    }

    /// One to fill, one on its way, and one that waits for neither; fewer only where fewer requests are allowed.
    static let fewestBuffers = 3

    /// The size of the first parts.
    let partBytes: Int
    /// The filled buffers in their order; ends when the writer does.
    let filled: AsyncStream<PartBuffer>
    private let input: AsyncStream<PartBuffer>.Continuation
    private let state: Mutex<State>
    private let room = Semaphore()

    /// How many buffers go round.
    var bufferCount: Int { state.withLock { $0.buffers } }

    /// Makes a feed.
    ///
    /// - Parameters:
    ///   - buffers: Empty ones to go round; with one alone, writing and uploading take turns.
    ///   - partBytes: How many bytes fill one at first.
    init(_ buffers: [PartBuffer], partBytes: Int) {
        state = Mutex(State(empty: buffers, buffers: buffers.count))
        self.partBytes = partBytes
        (filled, input) = AsyncStream.makeStream()
        for _ in buffers { room.signal() }
    }

    /// Takes an empty buffer; blocks until there is one.
    ///
    /// - Returns: A buffer for the writer alone.
    /// - Throws: Why nothing more can be uploaded.
    func takeEmpty() throws -> PartBuffer {
        room.wait()
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            // As many were signalled as were put in.
            return state.empty.popLast() ?? PartBuffer()
        }
    }

    /// Hands a filled buffer on.
    func pass(_ buffer: PartBuffer) {
        input.yield(buffer)
    }

    /// The writer wrote all.
    func finish() {
        input.finish()
    }

    /// Takes buffers out until the fewest go round; blocks until they are empty.
    ///
    /// - Throws: Why nothing more can be uploaded.
    func keepFewest() throws {
        while bufferCount > Self.fewestBuffers {
            try takeEmpty().drop()
            state.withLock { $0.buffers -= 1 }
        }
    }

    /// Gives a buffer back that was uploaded.
    func giveBack(_ buffer: PartBuffer) {
        // The same capacity again: nearly all parts have the size of the one before.
        buffer.clear(capacity: buffer.count)
        state.withLock { $0.empty.append(buffer) }
        room.signal()
    }

    /// Checks that the buffers ended because the writer wrote all.
    ///
    /// - Throws: Why it did not; `CancellationError`.
    func checkEnd() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try Task.checkCancellation()
    }

    /// Nothing more can be uploaded: whoever waits for a buffer gets the error.
    func fail(_ error: any Error) {
        state.withLock { $0.failure = $0.failure ?? error }
        room.signal()
        input.finish()
    }
}

/// Fills buffers with what a writer writes.
struct PartSink: ByteSink {
    private let feed: PartFeed
    private var sizes: StreamPartSizes
    private let cancellation: CancellationFlag
    private var current: PartBuffer?
    private var hasPassedOn = false

    /// Makes a sink that holds nothing.
    ///
    /// - Parameters:
    ///   - feed: Where filled buffers go.
    ///   - cancellation: Makes the next write throw once it is set.
    init(_ feed: PartFeed, _ cancellation: CancellationFlag) {
        self.feed = feed
        sizes = StreamPartSizes(firstBytes: feed.partBytes)
        self.cancellation = cancellation
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try cancellation.check()
        var rest = bytes[...]
        while !rest.isEmpty {
            let buffer = try current ?? feed.takeEmpty()
            current = buffer
            let count = min(rest.count, sizes.nextBytes - buffer.count)
            buffer.append(UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            rest = rest.dropFirst(count)
            guard buffer.count == sizes.nextBytes else { continue }
            passOn()
            // Before the first larger part, not when one comes back: all buffers may be filled with them by then.
            if sizes.nextBytes > feed.partBytes { try feed.keepFewest() }
        }
    }

    /// Hands on what is left; an object of no bytes is one empty buffer.
    ///
    /// - Throws: Why nothing more can be uploaded.
    mutating func finish() throws {
        if current == nil, !hasPassedOn { current = try feed.takeEmpty() }
        passOn()
        feed.finish()
    }

    private mutating func passOn() {
        guard let current else { return }
        sizes.sent(current.count)
        feed.pass(current)
        self.current = nil
        hasPassedOn = true
    }
}

/// How large the parts of a stream are whose length nobody knows: an object has at most 10,000 of them.
///
/// The first 3,500 have the size that the budget of buffers is made for: 27 GiB in parts of 8 MiB. From there each is a
/// thousandth of what was sent before it, so that 5 TiB can be stored, and three buffers take 0.3 % of that.
struct StreamPartSizes {
    /// How many parts have the first size.
    static let firstParts = 3500
    /// Parts of S3 may have 5 GiB; a buffer's size is a power of two below 4 GiB.
    static let mostBytes = 2 << 30

    /// The size of the next part.
    private(set) var nextBytes: Int
    private var parts = 0
    private var sentBytes: Int64 = 0

    /// Makes the sizes of a stream.
    ///
    /// - Parameter firstBytes: The size of the first parts.
    init(firstBytes: Int) {
        nextBytes = firstBytes
    }

    /// Notes a part.
    ///
    /// - Parameter bytes: Its size.
    mutating func sent(_ bytes: Int) {
        parts += 1
        sentBytes += Int64(bytes)
        guard parts >= Self.firstParts else { return }
        // Whole MiB: not a new size with each part.
        let wanted = (Int(sentBytes / 1000) >> 20) << 20
        nextBytes = min(max(nextBytes, wanted), Self.mostBytes)
    }
}
