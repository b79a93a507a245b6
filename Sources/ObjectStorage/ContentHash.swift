import Crypto
package import RunnerCore
import Synchronization

/// The SHA-256 of what passes through a source, for the record and for `--dry-run`.
///
/// The first megabyte is hashed by the caller; from then on a thread of its own hashes copies, because the caller of a
/// large archive also inflates it, and inflating is what unpacking waits for. `finish` ends the thread.
package final class ContentHash: Sendable {
    private static let inlineLimit: Int64 = 1 << 20

    private struct State {
        var hash = SHA256()
        var bytes: Int64 = 0
        var worker: HashWorker?
    }

    private let state = Mutex(State())

    /// Makes the hash of nothing yet.
    package init() {}

    /// Adds bytes; blocks while the hashing thread is four pieces behind.
    ///
    /// - Parameter bytes: The bytes, valid only during the call.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        let worker = state.withLock { state -> HashWorker? in
            state.bytes += Int64(bytes.count)
            if state.worker == nil, state.bytes > Self.inlineLimit { state.worker = HashWorker(state.hash) }
            if state.worker == nil { state.hash.update(bufferPointer: bytes) }
            return state.worker
        }
        worker?.add(bytes)
    }

    /// Ends the hashing thread, if there is one; waits for what it has to do.
    package func finish() {
        state.withLock { state in
            guard let worker = state.worker else { return }
            state.hash = worker.finish()
            state.worker = nil
        }
    }

    /// The hash of all bytes so far, in lowercase hexadecimal; blocks until it is computed.
    package var hexadecimal: String {
        finish()
        let digits = Array("0123456789abcdef".utf8)
        return state.withLock { state in
            let bytes = state.hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// How many bytes were added.
    package var byteCount: Int64 { state.withLock { $0.bytes } }
}

/// A thread that hashes pieces in their order.
private final class HashWorker: Sendable {
    private static let piecesAtOnce = 4

    private struct State {
        var hash: SHA256
        var pieces: [[UInt8]] = []
        var spare: [[UInt8]] = []
    }

    private let state: Mutex<State>
    private let room = Semaphore()
    private let work = Semaphore()
    private let ended = Semaphore()

    /// Starts the thread.
    ///
    /// - Parameter hash: The hash of what came before.
    init(_ hash: SHA256) {
        state = Mutex(State(hash: hash))
        for _ in 0..<Self.piecesAtOnce { room.signal() }
        BlockingPool.shared.submit { [self] in run() }
    }

    /// Copies a piece into the queue.
    func add(_ bytes: UnsafeRawBufferPointer) {
        room.wait()
        // A used piece keeps its memory: fresh pages for each would cost more than the copy.
        var piece = state.withLock { $0.spare.popLast() } ?? []
        piece.removeAll(keepingCapacity: true)
        piece.append(contentsOf: bytes)
        state.withLock { $0.pieces.append(piece) }
        work.signal()
    }

    /// Waits for the queue to be empty and ends the thread.
    func finish() -> SHA256 {
        // One wake-up without a piece behind all others is the end.
        work.signal()
        ended.wait()
        return state.withLock { $0.hash }
    }

    private func run() {
        var hash = state.withLock { $0.hash }
        while true {
            work.wait()
            let next = state.withLock { state in state.pieces.isEmpty ? nil : state.pieces.removeFirst() }
            guard let piece = next else { break }
            piece.withUnsafeBytes { hash.update(bufferPointer: $0) }
            state.withLock { $0.spare.append(piece) }
            room.signal()
        }
        state.withLock { $0.hash = hash }
        ended.signal()
    }
}

/// A source that hashes what it passes on.
package struct HashingSource: ByteSource {
    private var source: any ByteSource
    private let hash: ContentHash

    /// Makes a source over another.
    ///
    /// - Parameters:
    ///   - source: Where the bytes come from.
    ///   - hash: Gets every byte that is read.
    package init(_ source: any ByteSource, hash: ContentHash) {
        self.source = source
        self.hash = hash
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
        hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }
}
