import Crypto
package import RunnerCore
import Synchronization

/// The SHA-256 of what passes through a source, for the record and for `--dry-run`.
package final class ContentHash: Sendable {
    private struct State {
        var hash = SHA256()
        var bytes: Int64 = 0
    }

    private let state = Mutex(State())

    /// Makes the hash of nothing yet.
    package init() {}

    /// Adds bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            state.hash.update(bufferPointer: bytes)
            state.bytes += Int64(bytes.count)
        }
    }

    /// The hash of all bytes so far, in lowercase hexadecimal.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return state.withLock { state in
            let bytes = state.hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// How many bytes were added.
    package var byteCount: Int64 { state.withLock { $0.bytes } }
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
