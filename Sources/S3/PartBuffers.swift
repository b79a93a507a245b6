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
        /// Of all bytes so far, while they come.
        var digest: BodyDigest?
        var checksums: [ChecksumAlgorithm: ChecksumValue] = [:]
        var payloadHash: String?

        /// Keeps what was computed of all bytes.
        mutating func keep(_ digest: BodyDigest) {
            let checksum = digest.checksumValue
            checksums[checksum.algorithm] = checksum
            payloadHash = payloadHash ?? digest.payloadHash
        }
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

    /// Drops what the buffer holds, and its memory.
    func drop() {
        state.withLock { $0 = State() }
    }

    /// Has an empty buffer compute what `hash` will be asked for while its bytes come and the cache holds them.
    ///
    /// - Parameters:
    ///   - algorithm: The checksum.
    ///   - signsPayload: Whether the SHA-256 is wanted, too.
    func startHashing(_ algorithm: ChecksumAlgorithm, signsPayload: Bool) {
        state.withLock { $0.digest = BodyDigest(algorithm, signsPayload: signsPayload) }
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: Valid only during the call.
    func append(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            state.bytes.writeBytes(bytes)
            state.digest?.update(bytes)
        }
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
            let count = try state.bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { memory in
                try fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<capacity]))
            }
            state.bytes.withUnsafeReadableBytes {
                state.digest?.update(UnsafeRawBufferPointer(rebasing: $0.suffix(count)))
            }
            return count
        }
    }

    /// Computes what a request says of its body, unless it is known, on a thread that may block.
    ///
    /// - Parameters:
    ///   - algorithm: The checksum.
    ///   - signsPayload: Whether the SHA-256 is wanted, too.
    /// - Returns: The checksum.
    /// - Throws: `CancellationError`.
    @discardableResult
    func hash(_ algorithm: ChecksumAlgorithm, signsPayload: Bool) async throws -> ChecksumValue {
        let known = state.withLock { state in
            if let digest = state.digest { state.keep(digest) }
            state.digest = nil
            return signsPayload && state.payloadHash == nil ? nil : state.checksums[algorithm]
        }
        if let known { return known }
        return try await BlockingPool.shared.run { [self] cancellation in
            try cancellation.check()
            return state.withLock { state in
                var digest = BodyDigest(algorithm, signsPayload: signsPayload && state.payloadHash == nil)
                state.bytes.withUnsafeReadableBytes { digest.update($0) }
                state.keep(digest)
                return digest.checksumValue
            }
        }
    }
}
