import AWSSigning
import Checksums
import NIOCore
import RunnerCore
import Synchronization

/// The memory of uploads: buffers that are used again, and never more of them than the budget allows.
final class PartBuffers: Sendable {
    private let budgetBytes: Int
    private let budget: Allowance
    // The buffer given back last is used first: a quick store needs few, and their memory is warm.
    private let spare = Mutex<[PartBuffer]>([])

    /// Makes an empty pool.
    ///
    /// - Parameter budgetBytes: The most bytes of all buffers that are in use.
    init(budgetBytes: Int) {
        self.budgetBytes = budgetBytes
        budget = Allowance(budgetBytes)
    }

    /// Waits until the budget has room and runs `body` with empty buffers.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - capacity: How many bytes each must hold.
    ///   - body: Uses the buffers; what it leaves in them is dropped.
    /// - Returns: What `body` returns.
    /// - Throws: `CancellationError`, or what `body` throws.
    func with<R>(_ count: Int, capacity: Int, _ body: ([PartBuffer]) async throws -> R) async throws -> R {
        try await budget.with(count * capacity) {
            let buffers = (0..<count).map { _ in spare.withLock { $0.popLast() } ?? PartBuffer() }
            defer { recycle(buffers) }
            for buffer in buffers { buffer.clear(capacity: capacity) }
            return try await body(buffers)
        }
    }

    /// Small ones are not worth keeping, and all that are kept together fit into the budget.
    private func recycle(_ buffers: [PartBuffer]) {
        spare.withLock { spare in
            for buffer in buffers where buffer.capacity >= 1 << 20 {
                let kept = spare.map(\.capacity).reduce(0, +)
                if kept + buffer.capacity <= budgetBytes { spare.append(buffer) }
            }
        }
    }
}

/// The bytes of one upload request, and what is computed of them.
final class PartBuffer: Sendable {
    private struct State {
        var bytes = ByteBuffer()
        var checksums: [ChecksumAlgorithm: ChecksumValue] = [:]
        var payloadHash: String?
    }

    private let state = Mutex(State())

    /// Makes an empty buffer without memory.
    init() {}

    /// How many bytes the buffer holds.
    var count: Int { state.withLock { $0.bytes.readableBytes } }

    /// How many it can hold without taking new memory.
    var capacity: Int { state.withLock { $0.bytes.capacity } }

    /// The bytes as the body of a request.
    ///
    /// Not a copy: nothing may be added while the request is under way.
    var body: ByteBuffer { state.withLock { $0.bytes } }

    /// The SHA-256 for the signature, when `hash` computed it.
    var payloadHash: String? { state.withLock { $0.payloadHash } }

    /// Drops what the buffer holds.
    ///
    /// - Parameter capacity: How many bytes it must be able to hold then.
    func clear(capacity: Int) {
        state.withLock { state in
            var bytes = state.bytes
            state = State()
            bytes.clear(minimumCapacity: capacity)
            state.bytes = bytes
        }
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: Valid only during the call.
    func append(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { _ = $0.bytes.writeBytes(bytes) }
    }

    /// Adds what `fill` writes.
    ///
    /// - Parameters:
    ///   - capacity: How many bytes it may write.
    ///   - fill: Gets the memory; returns how many bytes it wrote.
    /// - Returns: How many bytes were written.
    /// - Throws: What `fill` throws.
    func append(capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> Int {
        try state.withLock { state in
            try state.bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { memory in
                try fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<capacity]))
            }
        }
    }

    /// Computes what a request says of its body; blocks for milliseconds a megabyte.
    ///
    /// - Parameters:
    ///   - algorithm: The checksum.
    ///   - signsPayload: Whether the SHA-256 is wanted, too.
    /// - Returns: The checksum.
    @discardableResult
    func hash(_ algorithm: ChecksumAlgorithm, signsPayload: Bool) -> ChecksumValue {
        state.withLock { state in
            state.bytes.withUnsafeReadableBytes { bytes in
                if signsPayload, state.payloadHash == nil { state.payloadHash = PayloadHash.of(bytes) }
                if let known = state.checksums[algorithm] { return known }
                var checksum = Checksum(algorithm)
                checksum.update(bytes)
                state.checksums[algorithm] = checksum.value
                return checksum.value
            }
        }
    }
}
