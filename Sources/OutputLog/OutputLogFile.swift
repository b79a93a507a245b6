import CLinuxShims
import RunnerCore
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The file that keeps a script's output: its beginning and its end, never more than a cap.
///
/// Files are made with the first byte. While the script runs there may be two more of them, `FILE.tail-1` and
/// `FILE.tail-2` (`LogLayout`); `finish` makes them one: head, a line that says how much is left out, tail. Nothing is
/// flushed to the disk with fsync(2): what was written survives the runner, not the machine, and for that there is
/// the store. A disk that takes no more ends the log, never the script.
package final class OutputLogFile: Sendable {
    /// What a reader finds at an offset of the output.
    package enum Content: Hashable, Sendable {
        /// This many bytes were read.
        case bytes(Int)
        /// What stood there is not kept; the next byte that is has this offset.
        case gap(until: Int64)
        /// Nothing more came so far.
        case end
    }

    /// The file.
    package let file: FilePath
    private let state: Mutex<LogFiles>

    /// Makes a log; nothing is opened before the first byte.
    ///
    /// - Parameters:
    ///   - file: Where. Folders above it are made.
    ///   - capBytes: The most bytes of it.
    package init(file: FilePath, capBytes: Int64) {
        self.file = file
        state = Mutex(LogFiles(file: file, layout: LogLayout(capBytes: capBytes)))
    }

    /// How many bytes of the beginning are always kept.
    package var headBytes: Int64 { state.withLock { $0.layout.headBytes } }

    /// How many bytes of the output can be read from the log or were left out; what a full disk refused does not count.
    package var endOffset: Int64 { state.withLock { $0.keptEnd } }

    /// How many bytes of the output are not in the log.
    package var leftOutBytes: Int64 { state.withLock { $0.leftOut } }

    /// Why the log stopped; nil while it goes on.
    package var problem: String? { state.withLock { $0.problem } }

    /// Adds bytes; blocks for the write.
    ///
    /// - Parameters:
    ///   - bytes: What came.
    ///   - stream: From where.
    /// - Returns: Why the log stops with these bytes; nil when it does not, and when it had stopped before.
    func write(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) -> String? {
        state.withLock { files in
            let before = files.problem
            files.write(bytes, stream)
            return before == nil ? files.problem : nil
        }
    }

    /// Notes bytes that came and are not kept; what was kept of the tail goes as well, as it is no tail any more.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - stream: From where.
    func skip(_ count: Int, _ stream: OutputStream) {
        state.withLock { $0.skip(count, stream) }
    }

    /// Reads what is kept from an offset of the output on; blocks.
    ///
    /// - Parameters:
    ///   - offset: How many bytes of the output came before.
    ///   - buffer: Gets the bytes, as many as there are.
    /// - Returns: What there is.
    package func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Content {
        state.withLock { $0.read(from: offset, into: buffer) }
    }

    /// The first offset at or after `offset` that can be read, or will be with the next byte.
    package func firstKept(from offset: Int64) -> Int64 {
        state.withLock { $0.firstKept(from: offset) }
    }

    /// Up to where everything from `offset`, which is kept, can be read without a gap.
    package func keptUntil(from offset: Int64) -> Int64 {
        state.withLock { $0.keptUntil(from: offset) }
    }

    /// Makes one plain file of the log's pieces and closes them; blocks.
    ///
    /// Nothing is read or written afterwards.
    ///
    /// - Returns: Why the pieces stay apart; nil when they do not.
    package func finish() -> String? {
        state.withLock { $0.finish() }
    }
}
