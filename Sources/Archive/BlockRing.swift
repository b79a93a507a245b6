import CChecksums
import RunnerCore

/// A ring of blocks between the thread that packs a tree and the threads that compress: blocks go in and come out in
/// order, and any thread compresses any of them.
///
/// Unchecked because the compiler cannot see that `state` is only touched with the lock held, and that a slot's memory
/// belongs to the packer but from `submit` to `take`, when it belongs to the thread that claimed it.
final class BlockRing: @unchecked Sendable {
    /// A block that was compressed.
    struct Packed {
        /// The compressed bytes, valid until the next block is filled.
        let bytes: UnsafeRawBufferPointer
        /// CRC-32 of what they were made of.
        let crc: UInt64
        /// Size of what they were made of.
        let sourceBytes: Int
    }

    private struct Slot {
        var historyBytes = 0
        var sourceBytes = 0
        var outputBytes = 0
        var crc: UInt64 = 0
        var isDone = false
    }

    private struct State {
        var slots: [Slot]
        /// Blocks handed in, claimed by a thread, and taken out since the start.
        var submitted = 0
        var claimed = 0
        var taken = 0
        var threads = 0
        var isClosed = false
    }

    /// Size of a block; every one but the last is exactly this large.
    static let blockBytes = 256 << 10
    /// More threads pack faster than any connection sends, and each has a megabyte of buffers.
    private static let mostThreads = 16
    /// Blocks that lie ready, so that no thread waits while the packer reads or sends.
    private static let spareSlots = 4

    private static let sourceRoom = BlockDeflater.windowBytes + blockBytes
    private static let slotRoom = (sourceRoom + BlockDeflater.room(for: blockBytes) + 4095) / 4096 * 4096

    private let level: Int32
    private let engine: DeflateEngine
    private let threadLimit: Int
    private let slotCount: Int
    // Pages that were never written cost nothing: a small archive touches the front of it.
    private let memory: UnsafeMutableRawBufferPointer
    private let lock = WaitableLock()
    private var state: State

    /// Makes an empty ring without threads.
    ///
    /// - Parameters:
    ///   - level: zlib's level.
    ///   - engine: What compresses.
    ///   - threads: The most threads.
    init(level: Int32, engine: DeflateEngine, threads: Int) {
        self.level = level
        self.engine = engine
        threadLimit = min(max(threads, 0), Self.mostThreads)
        slotCount = threadLimit + Self.spareSlots
        memory = .allocate(byteCount: Self.slotRoom * slotCount, alignment: 4096)
        state = State(slots: Array(repeating: Slot(), count: slotCount))
    }

    deinit { memory.deallocate() }

    /// Whether no block can be filled before one is taken.
    var isFull: Bool { lock.withLock { state.submitted - state.taken == slotCount } }

    /// Whether the oldest block is compressed already.
    var isReady: Bool {
        lock.withLock { state.taken < state.submitted && state.slots[state.taken % slotCount].isDone }
    }

    /// Whether blocks are in it.
    var isEmpty: Bool { lock.withLock { state.taken == state.submitted } }

    /// The memory of the next block to fill; the ring must not be full.
    var nextBlock: UnsafeMutableRawBufferPointer {
        let start = BlockDeflater.windowBytes
        return UnsafeMutableRawBufferPointer(rebasing: slot(state.submitted)[start..<start + Self.blockBytes])
    }

    /// Hands in the block that was filled and makes what it ends with the history of the next one.
    ///
    /// - Parameters:
    ///   - count: How many bytes of it are filled; all but for the last.
    ///   - isLast: Whether no more come.
    func submit(_ count: Int, isLast: Bool) {
        let number = state.submitted
        // Alone it is compressed here: a thread would cost more than the block.
        let usesThreads = !(isLast && number == 0) && startThreads(upTo: number + 1)
        lock.withLock {
            state.slots[number % slotCount] = Slot(
                historyBytes: number == 0 ? 0 : BlockDeflater.windowBytes,
                sourceBytes: count
            )
            state.submitted += 1
            if usesThreads { lock.wakeAll() } else { state.claimed += 1 }
        }
        if !usesThreads {
            var deflater = makeDeflater(isAlone: isLast && number == 0)
            compress(number, by: &deflater)
        }
    }

    /// Copies what a full block ends with in front of the next one, which must be free.
    func carryHistory() {
        let last = slot(state.submitted - 1)
        let end = Self.sourceRoom
        slot(state.submitted).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: last[end - BlockDeflater.windowBytes..<end])
        )
    }

    /// Takes the oldest block; blocks until it is compressed.
    ///
    /// - Returns: The block; the ring must not be empty.
    func take() -> Packed {
        lock.withLock {
            let number = state.taken
            while !state.slots[number % slotCount].isDone { lock.wait() }
            state.taken += 1
            let done = state.slots[number % slotCount]
            let output = slot(number)[Self.sourceRoom..<Self.sourceRoom + done.outputBytes]
            return Packed(
                bytes: UnsafeRawBufferPointer(rebasing: output),
                crc: done.crc,
                sourceBytes: done.sourceBytes
            )
        }
    }

    /// Ends the threads, each when it has done the block it is at; blocks until they are gone.
    func close() {
        lock.withLock {
            state.isClosed = true
            lock.wakeAll()
            while state.threads > 0 { lock.wait() }
        }
    }

    // MARK: Threads

    /// Starts threads, not more than there are blocks; false when none can be had.
    private func startThreads(upTo blocks: Int) -> Bool {
        let running = lock.withLock { state.threads }
        if running < min(threadLimit, blocks) {
            lock.withLock { state.threads += 1 }
            if !startThread({ [self] in serve() }) { lock.withLock { state.threads -= 1 } }
        }
        return lock.withLock { state.threads > 0 }
    }

    private func serve() {
        var deflater = makeDeflater(isAlone: false)
        while let number = claim() { compress(number, by: &deflater) }
        lock.withLock {
            state.threads -= 1
            lock.wakeAll()
        }
    }

    private func makeDeflater(isAlone: Bool) -> BlockDeflater {
        BlockDeflater(level: level, usesIsal: engine.usesIsal(isLarge: !isAlone))
    }

    private func claim() -> Int? {
        lock.withLock {
            while state.claimed == state.submitted, !state.isClosed { lock.wait() }
            guard !state.isClosed else { return nil }
            state.claimed += 1
            return state.claimed - 1
        }
    }

    private func compress(_ number: Int, by deflater: inout BlockDeflater) {
        let job = lock.withLock { state.slots[number % slotCount] }
        let slot = slot(number)
        let start = BlockDeflater.windowBytes
        let source = UnsafeRawBufferPointer(rebasing: slot[start - job.historyBytes..<start + job.sourceBytes])
        let output = UnsafeMutableRawBufferPointer(rebasing: slot[Self.sourceRoom...])
        let count = deflater.deflate(source, historyBytes: job.historyBytes, into: output)
        let crc = CChecksums_update(CChecksums_crc32, 0, slot.baseAddress.map { $0 + start }, job.sourceBytes)
        lock.withLock {
            state.slots[number % slotCount].outputBytes = count
            state.slots[number % slotCount].crc = crc
            state.slots[number % slotCount].isDone = true
            lock.wakeAll()
        }
    }

    // MARK: Memory and lock

    private func slot(_ number: Int) -> UnsafeMutableRawBufferPointer {
        let start = (number % slotCount) * Self.slotRoom
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + Self.slotRoom])
    }
}
