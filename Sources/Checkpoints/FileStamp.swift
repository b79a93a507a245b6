package import ObjectStorage

/// What tells one state of a file from the next: equal stamps mean equal content.
///
/// Programs may set size and mtime to what they were; the ctime is the kernel's alone.
package struct FileStamp: Hashable, Sendable {
    /// Device and inode: a file that was replaced is another one.
    package let identity: FileStatus.Identity
    /// The size.
    package let sizeBytes: Int64
    /// When the content was written, in nanoseconds since 1970.
    package let modifiedNanoseconds: Int64
    /// When anything changed, in nanoseconds since 1970.
    package let changedNanoseconds: Int64

    /// Takes the stamp of a file.
    package init(_ status: FileStatus) {
        identity = status.identity
        sizeBytes = status.sizeBytes
        modifiedNanoseconds = status.modifiedNanoseconds
        changedNanoseconds = status.changedNanoseconds
    }

    /// Makes a stamp of its parts.
    init(
        identity: FileStatus.Identity,
        sizeBytes: Int64,
        modifiedNanoseconds: Int64,
        changedNanoseconds: Int64
    ) {
        self.identity = identity
        self.sizeBytes = sizeBytes
        self.modifiedNanoseconds = modifiedNanoseconds
        self.changedNanoseconds = changedNanoseconds
    }

    /// Makes the stamp of a content that is stored and not on the disk, where another file has its name.
    ///
    /// - Parameters:
    ///   - other: The other file.
    ///   - modifiedNanoseconds: When the stored content was written.
    init(replacedBy other: FileStatus, modifiedNanoseconds: Int64) {
        identity = other.identity
        // No file has it, so the two are never equal.
        sizeBytes = -1
        self.modifiedNanoseconds = modifiedNanoseconds
        changedNanoseconds = 0
    }

    /// Whether a file that was opened with this stamp still has the same content.
    ///
    /// A file that was replaced meanwhile lost its last name, which changes its ctime and nothing else.
    ///
    /// - Parameter status: What the open file says now.
    /// - Returns: false when it may have another one.
    func isContent(of status: FileStatus) -> Bool {
        let now = FileStamp(status)
        return now == self
            || status.links == 0 && now.identity == identity && now.sizeBytes == sizeBytes
                && now.modifiedNanoseconds == modifiedNanoseconds
    }
}
