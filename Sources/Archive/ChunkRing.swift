#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A ring of buffers between the thread that reads and inflates and the thread that writes files.
///
/// One producer, one consumer. Either side may stop early: the other then gets nil instead of waiting for ever.
///
/// Unchecked because the compiler cannot see that `state` is only touched with the mutex held, and that a buffer
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
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
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
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        state = State(slots: Array(repeating: Slot(), count: slotCount))
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
        memory.deallocate()
    }

    /// Producer: waits for a free buffer.
    ///
    /// - Returns: The buffer to fill, or nil when the consumer wants no more.
    func acquire() -> UnsafeMutableRawBufferPointer? {
        locked {
            while state.published - state.released == slotCount, !state.isAbandoned { wait() }
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
        locked {
            state.slots[state.published % slotCount] = Slot(
                count: count,
                archiveBytes: archiveBytes,
                trailers: trailers
            )
            state.published += 1
            pthread_cond_signal(changed)
        }
    }

    /// Producer: there will be no more chunks, because of the end or because of a failure.
    func finish() {
        locked {
            state.isFinished = true
            pthread_cond_signal(changed)
        }
    }

    /// Consumer: gives back the chunk it had and waits for the next one.
    ///
    /// - Returns: The chunk, or nil after the last.
    func next() -> Chunk? {
        locked {
            if state.released < state.taken {
                state.released = state.taken
                pthread_cond_signal(changed)
            }
            while state.taken == state.published, !state.isFinished { wait() }
            guard state.taken < state.published else { return nil }
            let filled = state.slots[state.taken % slotCount]
            let bytes = UnsafeRawBufferPointer(rebasing: slot(state.taken)[..<filled.count])
            state.taken += 1
            return Chunk(bytes: bytes, archiveBytes: filled.archiveBytes, trailers: filled.trailers)
        }
    }

    /// Consumer: takes no more chunks; a waiting producer gets nil.
    func abandon() {
        locked {
            state.isAbandoned = true
            pthread_cond_signal(changed)
        }
    }

    private func slot(_ number: Int) -> UnsafeMutableRawBufferPointer {
        let start = (number % slotCount) * chunkBytes
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + chunkBytes])
    }

    private func wait() {
        pthread_cond_wait(changed, mutex)
    }

    private func locked<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
