/// The records of GNU tar's sparse formats.
///
/// Versions 0.0, 0.1 and 1.0 of the GNU tar manual, "Storing Sparse Files".
struct SparseRecords {
    /// 1 for the format that keeps its map in front of the data.
    private(set) var major: Int64?
    /// The real name; the one in "path" tells old readers that the file is sparse.
    private(set) var name: [UInt8]?
    /// Size with the holes, in bytes.
    private(set) var realSize: Int64?
    /// Alternating offsets and lengths of what is not a hole.
    private(set) var numbers: [Int64] = []

    /// Whether any record says that the file is sparse.
    var isPresent: Bool { major != nil || realSize != nil || !numbers.isEmpty }

    /// Takes a record.
    ///
    /// - Parameters:
    ///   - key: Its key, "GNU.sparse." included.
    ///   - value: Its value.
    /// - Throws: `damaged`, `limitExceeded`.
    mutating func set(_ key: String, _ value: ArraySlice<UInt8>) throws(ArchiveError) {
        switch key {
        case "GNU.sparse.major":
            major = try PaxRecords.number(value, key)
        case "GNU.sparse.name":
            guard !value.contains(0) else { throw PaxRecords.damaged("has a NUL byte in its \(key)") }
            name = value.isEmpty ? nil : Array(value)
        case "GNU.sparse.size", "GNU.sparse.realsize":
            realSize = try PaxRecords.number(value, key)
        case "GNU.sparse.map":
            numbers = []
            for number in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                try append(number, key)
            }
        case "GNU.sparse.offset", "GNU.sparse.numbytes":
            guard numbers.count.isMultiple(of: 2) == (key == "GNU.sparse.offset") else {
                throw PaxRecords.damaged("has a sparse map out of order")
            }
            try append(value, key)
        default:
            break
        }
    }

    private mutating func append(_ value: some Collection<UInt8>, _ key: String) throws(ArchiveError) {
        guard let number = try PaxRecords.number(value, key) else { throw PaxRecords.damaged("has an empty \(key)") }
        guard numbers.count < SparseMap.maxSegments * 2 else { throw SparseMap.tooManySegments() }
        numbers.append(number)
    }
}
