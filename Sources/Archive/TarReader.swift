/// Reads the members of a tar file in order: v7, ustar, GNU, star and pax.
struct TarReader: ~Copyable {
    private var blocks: BlockReader
    private let format: ArchiveFormat
    private var globals = PaxRecords()
    /// Bytes of data of the current member that were not read yet, and of padding behind them.
    private var dataLeft: Int64 = 0
    private var paddingLeft: Int64 = 0
    private var isFirstHeader = true

    /// Makes a reader at the first header.
    ///
    /// - Parameters:
    ///   - ring: Where the bytes come from.
    ///   - format: What is around the tar, for messages.
    init(ring: ChunkRing, format: ArchiveFormat) {
        blocks = BlockReader(ring: ring, format: format)
        self.format = format
    }

    /// How many bytes of the archive were used so far, to the end of the chunk at hand.
    var archiveBytes: Int64 { blocks.archiveBytes }

    /// Goes to the next member, over what is left of the current one; blocks.
    ///
    /// - Returns: The member, or nil at the end of the archive: a block of zeros or the end of the stream.
    /// - Throws: `damaged`, `truncated`, `unsupportedFormat` when it is no tar at all.
    mutating func next() throws(ArchiveError) -> TarMember? {
        try blocks.skip(dataLeft)
        try blocks.skip(paddingLeft)
        dataLeft = 0
        paddingLeft = 0
        var extended = Extended(records: globals)
        while let header = try nextHeader() {
            setData(header.hasData ? header.size : 0)
            switch header.type {
            case UInt8(ascii: "x"), UInt8(ascii: "X"):
                // Of several in a row the last counts alone, as for libarchive.
                extended.records = globals
                try extended.records.apply(try headerData(header), isGlobal: false)
                extended.isPending = header.size > 0
            case UInt8(ascii: "g"):
                try globals.apply(try headerData(header), isGlobal: true)
                // A global header belongs in front of the member's own ones; behind them it counts from the next.
                if !extended.isPending { extended.records = globals }
            case UInt8(ascii: "L"):
                extended.name = try longName(header)
                extended.isPending = true
            case UInt8(ascii: "K"):
                extended.linkName = try longName(header)
                extended.isPending = true
            default:
                return try member(header, extended)
            }
        }
        guard !extended.isPending else {
            throw ArchiveError(
                .truncated,
                "the archive ends behind an extended header, whose member is missing; send it again"
            )
        }
        return nil
    }

    /// Reads the next piece of the current member's stored data; blocks.
    ///
    /// - Parameter max: The most bytes to read.
    /// - Returns: The bytes, valid until the next call, or nil when the data is used up.
    /// - Throws: `truncated`.
    mutating func piece(_ max: Int64 = .max) throws(ArchiveError) -> UnsafeRawBufferPointer? {
        guard dataLeft > 0 else { return nil }
        let bytes = try blocks.piece(min(dataLeft, max))
        dataLeft -= Int64(bytes.count)
        return bytes
    }

    /// Reads everything behind the end, so that checksums around the tar are checked; blocks.
    ///
    /// - Parameter maxBytes: The most to read.
    /// - Returns: Whether there is anything but zeros.
    /// - Throws: `limitExceeded`.
    mutating func drain(maxBytes: Int64) throws(ArchiveError) -> Bool {
        try blocks.drain(maxBytes: maxBytes)
    }

    /// Whether the reader has come to the end of the stream, as opposed to the end of the archive.
    var isAtEndOfStream: Bool { blocks.isAtEnd }
}

extension TarReader {
    /// What headers in front of a member said about it.
    private struct Extended {
        var records: PaxRecords
        var name: [UInt8]?
        var linkName: [UInt8]?
        var isPending = false
    }

    private mutating func nextHeader() throws(ArchiveError) -> TarHeader? {
        if isFirstHeader {
            isFirstHeader = false
            try checkIsTar()
        }
        guard let block = try blocks.block() else { return nil }
        // POSIX ends an archive with two such blocks; one is enough here, as for GNU tar and Python.
        if block.isZero { return nil }
        return try TarHeader(block)
    }

    /// Tells "not a tar" from "damaged tar": the former deserves a word about what it is.
    private mutating func checkIsTar() throws(ArchiveError) {
        let start = try blocks.peek()
        let head = UnsafeRawBufferPointer(rebasing: start.prefix(BlockReader.blockBytes))
        if head.count == BlockReader.blockBytes, head.isZero || TarHeader.isChecksumRight(head) { return }
        if head.count == BlockReader.blockBytes, ArchiveSignature.hasTarMagic(head) { return }
        throw ArchiveSignature.unsupported(start, inside: format)
    }

    private mutating func setData(_ size: Int64) {
        let block = Int64(BlockReader.blockBytes)
        dataLeft = size
        paddingLeft = (block - size % block) % block
    }

    /// Reads the data of a header about the next member.
    private mutating func headerData(_ header: TarHeader) throws(ArchiveError) -> [UInt8] {
        guard header.size <= PaxRecords.maxBytes else {
            throw ArchiveError(
                .limitExceeded,
                "the archive has an extended header of \(header.size) bytes; at most \(PaxRecords.maxBytes) make sense"
            )
        }
        var data: [UInt8] = []
        data.reserveCapacity(Int(header.size))
        while let piece = try piece() { data.append(contentsOf: piece) }
        try blocks.skip(paddingLeft)
        return data
    }

    private mutating func longName(_ header: TarHeader) throws(ArchiveError) -> [UInt8] {
        Array(try headerData(header).prefix { $0 != 0 })
    }

    private mutating func member(_ header: TarHeader, _ extended: Extended) throws(ArchiveError) -> TarMember {
        let records = extended.records
        let name = records.sparse.name ?? records.path ?? extended.name ?? header.name
        if let size = records.size, header.hasData { setData(size) }
        let storedBytes = dataLeft
        var kind = header.kind(name: name)
        var size = kind == .file ? dataLeft : 0
        if let map = try sparseMap(header, records.sparse, name: name, isFile: kind == .file) {
            kind = .sparseFile(map)
            size = map.realSize
        }
        return TarMember(
            kind: kind,
            name: name,
            linkName: records.linkPath ?? extended.linkName ?? header.linkName,
            mode: header.mode,
            modified: records.modified ?? header.modified,
            size: size,
            storedBytes: storedBytes
        )
    }
}

extension TarReader {
    /// The map of a sparse file, wherever its format keeps it; nil for an ordinary file.
    private mutating func sparseMap(
        _ header: TarHeader,
        _ records: SparseRecords,
        name: [UInt8],
        isFile: Bool
    ) throws(ArchiveError) -> SparseMap? {
        if let gnu = header.gnuSparse {
            let numbers = try gnuNumbers(gnu, name)
            return try SparseMap(numbers: numbers, realSize: gnu.realSize, storedBytes: dataLeft, member: name)
        }
        guard isFile, records.isPresent else { return nil }
        let numbers = records.major == 1 ? try mapInData(name) : records.numbers
        guard let realSize = records.realSize else { throw PaxRecords.damaged("has a sparse file without its size") }
        return try SparseMap(numbers: numbers, realSize: realSize, storedBytes: dataLeft, member: name)
    }

    /// Old GNU format: four segments in the header, twenty-one in every block behind it that the last one announced.
    private mutating func gnuNumbers(
        _ header: TarHeader.GNUSparse,
        _ name: [UInt8]
    ) throws(ArchiveError) -> [Int64] {
        var numbers = header.numbers
        var hasMore = header.isExtended
        while hasMore {
            guard let block = try blocks.block() else {
                throw ArchiveError(.truncated, "ends in its sparse map; send the archive again", member: name)
            }
            guard let more = SparseMap.numbers(in: block, TarHeader.Field.gnuMoreSparse) else {
                throw ArchiveError(.damaged, "has a sparse map that is no list of numbers", member: name)
            }
            numbers += more
            guard numbers.count <= SparseMap.maxSegments * 2 else { throw SparseMap.tooManySegments() }
            hasMore = block[TarHeader.Field.gnuMoreIsExtended] != 0
        }
        return numbers
    }

    /// Format 1.0: decimal lines in front of the data, the count first, filled up to a block.
    private mutating func mapInData(_ name: [UInt8]) throws(ArchiveError) -> [Int64] {
        var text = SparseMapText()
        while !text.isComplete {
            guard let block = try piece(Int64(BlockReader.blockBytes)) else {
                throw ArchiveError(.damaged, "has a sparse map longer than its data", member: name)
            }
            try text.read(block, member: name)
        }
        return text.numbers
    }
}
