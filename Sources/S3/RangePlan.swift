import Checksums
import ObjectStorage
import RunnerCore
import SystemPackage

/// Into which ranges a large object is cut, and how its checksum follows from theirs.
struct RangePlan: Sendable {
    /// The ranges, in order and without gaps.
    let ranges: [Range<Int64>]
    /// What is computed of each range; nil for nothing.
    let algorithm: ChecksumAlgorithm?
    private let expected: ObjectChecksum?

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - sizeBytes: The size of the object.
    ///   - partBytes: The size of a range, except of the last one.
    ///   - expected: The object's checksum; one of parts must be of parts of this size.
    init(sizeBytes: Int64, partBytes: Int64, expected: ObjectChecksum?) {
        ranges = stride(from: 0, to: sizeBytes, by: Int64.Stride(partBytes)).map { start in
            start..<min(start + partBytes, sizeBytes)
        }
        self.expected = expected
        let algorithm = expected?.value.algorithm
        self.algorithm = expected?.partCount != nil || algorithm?.isCombinable == true ? algorithm : nil
    }

    /// How long the ranges of an object are that need not be the store's own parts.
    ///
    /// A request has its price at both ends (SeaweedFS took a fifth more of the processor for 128 ranges than for 32), a
    /// range needs no memory for its length, and one that is cut short goes on where it ended. So a large object is cut
    /// into few, with enough of them that all requests are busy until near its end.
    ///
    /// - Parameters:
    ///   - sizeBytes: The size of the object.
    ///   - leastBytes: The least length.
    /// - Returns: A length from `leastBytes` to 64 MiB, or `leastBytes` where that is more.
    static func rangeBytes(sizeBytes: Int64, leastBytes: Int64) -> Int64 {
        max(leastBytes, min(sizeBytes / 32 / (1 << 20) * (1 << 20), 64 << 20))
    }

    /// Checks the whole by the checksums of its ranges, or by reading the file where those do not add up to it.
    ///
    /// - Parameters:
    ///   - receivers: What came, in the order of the ranges.
    ///   - file: Where it was written.
    /// - Throws: `TransferFault.damaged`; `ObjectStoreError` when the file cannot be read.
    func verify(_ receivers: [RangeReceiver], file: FilePath) async throws {
        guard let expected else { return }
        let parts = receivers.compactMap(\.checksum?.value)
        let found: ObjectChecksum?
        if expected.partCount != nil {
            found = ObjectChecksum(ofParts: parts)
        } else if algorithm != nil {
            found = combined(parts).map { ObjectChecksum($0) }
        } else {
            found = ObjectChecksum(try await checksumOfFile(file, expected.value.algorithm))
        }
        guard found == expected else { throw TransferFault.damaged("its \(expected.value.algorithm.name) differs") }
    }

    private func combined(_ parts: [ChecksumValue]) -> ChecksumValue? {
        var all = parts.first
        for (part, range) in zip(parts, ranges).dropFirst() {
            all = all?.combined(with: part, lengthBytes: Int64(range.count))
        }
        return all
    }
}

/// The checksum of a file's bytes.
///
/// - Parameters:
///   - file: The file.
///   - algorithm: The algorithm.
/// - Returns: The checksum.
/// - Throws: `ObjectStoreError`, or `CancellationError`.
func checksumOfFile(_ file: FilePath, _ algorithm: ChecksumAlgorithm) async throws -> ChecksumValue {
    try await BlockingPool.shared.run { cancellation in
        try withOpenFile(file, address: file.string) { descriptor in
            var source = FileSource(descriptor, name: file.string, cancellation: cancellation)
            var checksum = Checksum(algorithm)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
            defer { buffer.deallocate() }
            while case let count = try source.read(into: buffer), count > 0 {
                checksum.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            return checksum.value
        }
    }
}
