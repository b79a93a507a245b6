/// The map that GNU sparse format 1.0 keeps in front of the data: decimal lines, the number of segments first, then
/// an offset and a length for each, filled up to a block (GNU tar manual, "PAX Format, Version 1.0").
struct SparseMapText {
    /// Alternating offsets and lengths read so far.
    private(set) var numbers: [Int64] = []
    private var segmentCount: Int64?
    private var line: [UInt8] = []

    /// Enough for any 64-bit number.
    private static let maxDigits = 19

    /// Makes a parser at the start of the map.
    init() {}

    /// Whether the map is complete; what is left of its last block is filler.
    var isComplete: Bool { segmentCount.map { numbers.count == $0 * 2 } ?? false }

    /// Reads the next block.
    ///
    /// - Parameters:
    ///   - block: The bytes; those behind the end of the map are ignored.
    ///   - member: The member's name, for the message.
    /// - Throws: `damaged` when a line is no number, `limitExceeded` when the map is too long.
    mutating func read(_ block: UnsafeRawBufferPointer, member: [UInt8]) throws(ArchiveError) {
        for byte in block where !isComplete {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                guard line.count <= Self.maxDigits else { throw Self.damaged(member) }
                continue
            }
            guard let number = TarNumber.decimal(line) else { throw Self.damaged(member) }
            line.removeAll(keepingCapacity: true)
            try take(number)
        }
    }

    private mutating func take(_ number: Int64) throws(ArchiveError) {
        guard segmentCount == nil else {
            numbers.append(number)
            return
        }
        guard number <= SparseMap.maxSegments else { throw SparseMap.tooManySegments() }
        segmentCount = number
    }

    private static func damaged(_ member: [UInt8]) -> ArchiveError {
        ArchiveError(.damaged, "has a sparse map that is no list of numbers", member: member)
    }
}
