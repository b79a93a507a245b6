/// What an archive may unpack to before it is taken for a bomb.
package struct ExtractionLimits: Sendable {
    /// The most members of any kind.
    package var maxEntries: Int
    /// The most bytes of file content in all, holes of sparse files included.
    package var maxTotalBytes: Int64
    /// The most bytes of content for each byte of archive; deflate itself cannot pass 1032.
    ///
    /// Only enforced once `ratioFreeBytes` of content were written: a small file of blanks is no bomb.
    package var maxRatio: Int

    /// How much content is written before the ratio counts, in bytes.
    static let ratioFreeBytes: Int64 = 128 << 20

    /// Makes limits that no honest source archive reaches.
    ///
    /// - Parameters:
    ///   - maxEntries: The most members of any kind.
    ///   - maxTotalBytes: The most bytes of file content in all.
    ///   - maxRatio: The most bytes of content for each byte of archive.
    package init(maxEntries: Int = 1_000_000, maxTotalBytes: Int64 = 1 << 40, maxRatio: Int = 1000) {
        self.maxEntries = maxEntries
        self.maxTotalBytes = maxTotalBytes
        self.maxRatio = maxRatio
    }
}

/// Counts what an archive unpacks to and refuses what passes the limits.
struct LimitMeter {
    private let limits: ExtractionLimits
    /// Members seen so far.
    private(set) var entries = 0
    /// Bytes of content so far, skipped ones included.
    private(set) var bytes: Int64 = 0

    /// Makes a meter at zero.
    ///
    /// - Parameter limits: What it enforces.
    init(limits: ExtractionLimits) {
        self.limits = limits
    }

    /// Counts one member.
    ///
    /// - Parameter name: The member's name, for the message.
    /// - Throws: `limitExceeded` when there are too many.
    mutating func countEntry(_ name: [UInt8]) throws(ArchiveError) {
        entries += 1
        guard entries <= limits.maxEntries else {
            throw ArchiveError(
                .limitExceeded,
                "is one more than the \(limits.maxEntries) members an archive may have; split the archive",
                member: name
            )
        }
    }

    /// Refuses a file that says at its start that it passes the limit, before anything is written.
    ///
    /// - Parameters:
    ///   - size: The size the archive claims, in bytes.
    ///   - name: The member's name, for the message.
    /// - Throws: `limitExceeded`.
    func announce(_ size: Int64, _ name: [UInt8]) throws(ArchiveError) {
        let (sum, overflow) = bytes.addingReportingOverflow(size)
        guard !overflow, sum <= limits.maxTotalBytes else {
            throw ArchiveError(
                .limitExceeded,
                "claims \(size) bytes, which makes more than the \(limits.maxTotalBytes) bytes an archive may "
                    + "unpack to; do not send data inside the source archive",
                member: name
            )
        }
    }

    /// Counts content that came out of the archive.
    ///
    /// - Parameters:
    ///   - count: How many bytes, holes included.
    ///   - archiveBytes: How many bytes of the archive were used up to here.
    ///   - name: The member's name, for the message.
    /// - Throws: `limitExceeded` when the total or the ratio is passed.
    mutating func count(_ count: Int64, archiveBytes: Int64, _ name: [UInt8]) throws(ArchiveError) {
        try announce(count, name)
        bytes += count
        guard bytes > ExtractionLimits.ratioFreeBytes else { return }
        guard bytes / max(archiveBytes, 1) < Int64(limits.maxRatio) else {
            throw ArchiveError(
                .limitExceeded,
                "unpacks to more than \(limits.maxRatio) times the size of the archive (\(bytes) bytes out of "
                    + "\(archiveBytes)): this looks like a decompression bomb",
                member: name
            )
        }
    }
}
