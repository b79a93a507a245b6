/// A ring of buffers between the thread that reads and inflates and the thread that writes files.
///
/// One producer, one consumer. Either side may stop early: the other then gets nil instead of waiting for ever.
///
/// Unchecked because the compiler cannot see that `state` is only touched with the lock held, and that a buffer
/// belongs to the producer from `acquire` to `publish` and to the consumer from `next` to the following `next`.
final class ChunkRing: @unchecked Sendable {
    /// Bytes handed over.
    struct Chunk {
        /// The bytes, valid until the consumer asks for the next ones.
        let bytes: UnsafeRawBufferPointer
        /// How many bytes of the archive were used to make everything up to the end of this chunk.
        let archiveBytes: Int64
        /// The ends of gzip members in this chunk, in order.
        let trailers: [GzipTrailer]
    }

    private struct Slot {
        var count = 0
        var archiveBytes: Int64 = 0
        var trailers: [GzipTrailer] = []
    }

    private struct State {
        var slots: [Slot]
        /// Chunks published, taken and given back since the start; taken - given back is 0 or 1.
        var published = 0
        var taken = 0
        var released = 0
        var isFinished = false
        var isAbandoned = false
    }

    /// Size of one buffer; every chunk but the last is exactly this large.
    let chunkBytes: Int
    private let slotCount: Int
    private let memory: UnsafeMutableRawBufferPointer
    private let lock = WaitableLock()
    private var state: State

    /// Allocates the buffers.
    ///
    /// - Parameters:
    ///   - chunkBytes: Size of one; a multiple of 512, so that no tar block lies in two.
    ///   - slotCount: How many there are.
    init(chunkBytes: Int = 256 << 10, slotCount: Int = 12) {
        precondition(chunkBytes > 0 && chunkBytes.isMultiple(of: 512) && slotCount > 1)
        self.chunkBytes = chunkBytes
        self.slotCount = slotCount
        memory = .allocate(byteCount: chunkBytes * slotCount, alignment: 4096)
        state = State(slots: Array(repeating: Slot(), count: slotCount))
    }

    deinit { memory.deallocate() }

    /// Producer: waits for a free buffer.
    ///
    /// - Returns: The buffer to fill, or nil when the consumer wants no more.
    func acquire() -> UnsafeMutableRawBufferPointer? {
        lock.withLock {
            while state.published - state.released == slotCount, !state.isAbandoned { lock.wait() }
            return state.isAbandoned ? nil : slot(state.published)
        }
    }

    /// Producer: hands over the buffer it acquired.
    ///
    /// - Parameters:
    ///   - count: How many bytes of it are filled, from the front; all but for the last chunk.
    ///   - archiveBytes: How many bytes of the archive were used up to here.
    ///   - trailers: The ends of gzip members in it.
    func publish(_ count: Int, archiveBytes: Int64, trailers: [GzipTrailer] = []) {
        lock.withLock {
            state.slots[state.published % slotCount] = Slot(
                count: count,
                archiveBytes: archiveBytes,
                trailers: trailers
            )
            state.published += 1
            lock.wakeOne()
        }
    }

    /// Producer: there will be no more chunks, because of the end or because of a failure.
    func finish() {
        lock.withLock {
            state.isFinished = true
            lock.wakeOne()
        }
    }

    /// Consumer: gives back the chunk it had and waits for the next one.
    ///
    /// - Returns: The chunk, or nil after the last.
    func next() -> Chunk? {
        lock.withLock {
            if state.released < state.taken {
                state.released = state.taken
                lock.wakeOne()
            }
            while state.taken == state.published, !state.isFinished { lock.wait() }
            guard state.taken < state.published else { return nil }
            let filled = state.slots[state.taken % slotCount]
            let bytes = UnsafeRawBufferPointer(rebasing: slot(state.taken)[..<filled.count])
            state.taken += 1
            return Chunk(bytes: bytes, archiveBytes: filled.archiveBytes, trailers: filled.trailers)
        }
    }

    /// Consumer: takes no more chunks; a waiting producer gets nil.
    func abandon() {
        lock.withLock {
            state.isAbandoned = true
            lock.wakeOne()
        }
    }

    private func slot(_ number: Int) -> UnsafeMutableRawBufferPointer {
        let start = (number % slotCount) * chunkBytes
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + chunkBytes])
    }
}
