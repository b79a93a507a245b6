/// Which parts of a sparse file are stored; the others are holes.
struct SparseMap: Equatable {
    /// A stored part.
    struct Segment: Equatable {
        /// Where it belongs, in bytes from the start of the file.
        let offset: Int64
        /// How long it is, in bytes.
        let length: Int64
    }

    /// The parts in order.
    let segments: [Segment]
    /// Size of the file with its holes, in bytes.
    let realSize: Int64

    /// The most parts a map may have; 4 MiB of memory.
    static let maxSegments = 1 << 18

    /// Checks a map.
    ///
    /// - Parameters:
    ///   - numbers: Alternating offsets and lengths.
    ///   - realSize: Size of the file with its holes.
    ///   - storedBytes: How many bytes are behind the header, without the map.
    ///   - member: The member's name, for the message.
    /// - Throws: `damaged` when parts overlap, pass the size or are not all there.
    init(numbers: [Int64], realSize: Int64, storedBytes: Int64, member: [UInt8]) throws(ArchiveError) {
        var segments: [Segment] = []
        segments.reserveCapacity(numbers.count / 2)
        var end: Int64 = 0
        var stored: Int64 = 0
        var isSound = numbers.count.isMultiple(of: 2) && realSize >= 0
        for index in stride(from: 0, to: numbers.count - 1, by: 2) where isSound {
            let segment = Segment(offset: numbers[index], length: numbers[index + 1])
            let (segmentEnd, overflow) = segment.offset.addingReportingOverflow(segment.length)
            isSound = segment.offset >= end && segment.length >= 0 && !overflow && segmentEnd <= realSize
            end = isSound ? segmentEnd : end
            stored += isSound ? segment.length : 0
            if segment.length > 0 { segments.append(segment) }
        }
        guard isSound, stored == storedBytes else {
            throw ArchiveError(.damaged, "is a sparse file whose map does not fit its data", member: member)
        }
        self.segments = segments
        self.realSize = realSize
    }

    /// The error for a map that is too long.
    ///
    /// - Returns: An error of code `limitExceeded`.
    static func tooManySegments() -> ArchiveError {
        ArchiveError(.limitExceeded, "the archive has a sparse file of more than \(maxSegments) parts")
    }

    /// Takes the segments out of a GNU header or one of the blocks behind it.
    ///
    /// - Parameters:
    ///   - block: The header or block.
    ///   - field: Where its segments are; an offset and a length of 12 bytes each.
    /// - Returns: Alternating offsets and lengths, or nil when one is no number.
    static func numbers(in block: UnsafeRawBufferPointer, _ field: Range<Int>) -> [Int64]? {
        var numbers: [Int64] = []
        for start in stride(from: field.lowerBound, to: field.upperBound, by: 24) {
            // An unused segment ends the list.
            if block[start] == 0 || block[start + 12] == 0 { break }
            guard let offset = TarNumber.value(of: block[start..<start + 12]),
                let length = TarNumber.value(of: block[start + 12..<start + 24])
            else { return nil }
            numbers.append(offset)
            numbers.append(length)
        }
        return numbers
    }
}
