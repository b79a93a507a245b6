/// Tells which stretches of a block are worth compressing, so that what is compressed already costs no time.
///
/// By stretches and not by files: a file of weights with a text in front has both, and a member of a tar knows nothing
/// of the next one.
enum CompressionRuns {
    /// What is judged as a whole, in bytes.
    static let segmentBytes = 16 << 10
    /// What is looked at of it at a time, in bytes.
    private static let pieceBytes = 256
    /// Shorter stretches are not worth the block headers and the fresh start of the compressor.
    private static let leastSegments = 2
    /// The sum of squares of 256 counts is count²/256 + count for random bytes on average, and deviates by a tenth of the
    /// second term; packed data of zip, PNG and JPEG is up to a few terms above that, and text is at ten times the first.
    private static let mostExcess = 4

    /// Stretches of a block, in order and without gaps.
    ///
    /// - Parameter block: The bytes.
    /// - Returns: Where each ends, and whether its bytes look random.
    static func runs(of block: UnsafeRawBufferPointer) -> [(end: Int, looksRandom: Bool)] {
        var runs: [(end: Int, looksRandom: Bool)] = []
        var start = 0
        while start < block.count {
            let end = min(start + segmentBytes, block.count)
            let looksRandom = looksRandom(UnsafeRawBufferPointer(rebasing: block[start..<end]))
            if runs.last?.looksRandom == looksRandom { runs.removeLast() }
            runs.append((end, looksRandom))
            start = end
        }
        return merged(runs)
    }

    /// Whether each byte value is about as frequent as any other.
    ///
    /// Of a whole segment a quarter is looked at, at changing distances: all of it would cost a tenth of what compressing
    /// it does, and records of a kilobyte may have something random in the same place of each.
    ///
    /// - Parameter bytes: What to look at; fewer than 4 KiB say too little.
    /// - Returns: false also for repetitions of a few values.
    static func looksRandom(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 4 << 10 else { return false }
        let step = bytes.count < segmentBytes ? 1 : 4
        let pieces = bytes.count / pieceBytes / step
        let counted = pieces * pieceBytes
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 512) { counts in
            counts.initialize(repeating: 0)
            for piece in 0..<pieces {
                let start = (step * piece + piece % step) * pieceBytes
                // Two tables: equal neighbours would have to wait for each other's count.
                for index in stride(from: start, to: start + pieceBytes, by: 2) {
                    counts[Int(bytes[index])] &+= 1
                    counts[256 + Int(bytes[index + 1])] &+= 1
                }
            }
            var squares = 0
            for value in 0..<256 {
                let count = Int(counts[value] &+ counts[256 + value])
                squares += count * count
            }
            return squares <= counted * counted / 256 + mostExcess * counted
        }
    }

    /// Joins stretches that are too short with what is before them.
    private static func merged(_ runs: [(end: Int, looksRandom: Bool)]) -> [(end: Int, looksRandom: Bool)] {
        var result: [(end: Int, looksRandom: Bool)] = []
        var start = 0
        for run in runs {
            let isShort = run.end - start < leastSegments * segmentBytes
            start = run.end
            let looksRandom = run.looksRandom && !isShort
            if result.last?.looksRandom == looksRandom { result.removeLast() }
            result.append((run.end, looksRandom))
        }
        return result
    }
}
