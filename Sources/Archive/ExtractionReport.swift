/// What an archive was found to be by its content.
package enum ArchiveFormat: String, Sendable {
    /// A tar file without compression.
    case tar
    /// A tar file inside gzip.
    case gzipTar = "tar.gz"
    /// A zip file.
    case zip
}

/// What an extraction did.
package struct ExtractionReport: Sendable {
    /// What the content was found to be.
    package let format: ArchiveFormat
    /// Members in the archive, those that were skipped included.
    package internal(set) var entries = 0
    /// Regular files written.
    package internal(set) var files = 0
    /// Size of the archive in bytes, up to the end of the source.
    package internal(set) var archiveBytes: Int64 = 0
    /// File content in bytes, holes of sparse files included.
    package internal(set) var extractedBytes: Int64 = 0
    /// Members that were not made and why, one line each; the first `maxListed` only.
    package private(set) var skipped: [String] = []
    /// How many members were not made.
    package private(set) var skippedCount = 0
    /// Oddities of the archive that cost nothing, such as data behind its end.
    package internal(set) var notes: [String] = []

    /// The most lines `skipped` holds; an archive of a million devices must not fill memory.
    static let maxListed = 100

    /// Makes an empty report.
    ///
    /// - Parameter format: What the content was found to be.
    init(format: ArchiveFormat) {
        self.format = format
    }

    /// Notes a member that is not made.
    ///
    /// - Parameters:
    ///   - name: The member's name, any bytes.
    ///   - reason: Why, to follow the name and a colon.
    mutating func skip(_ name: [UInt8], _ reason: String) {
        skippedCount += 1
        guard skipped.count < Self.maxListed else { return }
        skipped.append("\(MemberName.shown(name)): \(reason)")
    }
}
