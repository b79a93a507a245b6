/// A member of a tar file, with everything that headers in front of it said.
struct TarMember {
    /// What the member asks for.
    enum Kind: Equatable {
        /// A file with `TarReader.piece` for content.
        case file
        /// A file of which only the parts of the map are stored.
        case sparseFile(SparseMap)
        /// A directory.
        case directory
        /// A link with a text of its own.
        case symbolicLink
        /// A second name for an earlier member.
        case hardLink
        /// Nothing this module makes, and what it is: "a character device", "a volume label".
        case other(String)
    }

    /// What it asks for.
    let kind: Kind
    /// Its name, any bytes.
    let name: [UInt8]
    /// What a link points to.
    let linkName: [UInt8]
    /// Permission bits, set-id bits included.
    let mode: UInt32
    /// Time of last change.
    let modified: Timestamp
    /// Size of the content in bytes, with holes.
    let size: Int64
    /// Size of the data behind the header in bytes; some members that are no files have data too.
    let storedBytes: Int64
}

extension TarHeader {
    /// Whether data follows.
    ///
    /// Directories, links and devices have none whatever their size field says: old tars put the size of the linked
    /// file there.
    var hasData: Bool {
        !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type)
    }

    /// What the type flag stands for.
    ///
    /// - Parameter name: The final name; one that ends with a slash made a directory before tar had a type for them.
    /// - Returns: The kind; a sparse file counts as a file.
    func kind(name: [UInt8]) -> TarMember.Kind {
        switch type {
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .other("a character device")
        case UInt8(ascii: "4"): .other("a block device")
        case UInt8(ascii: "5"), UInt8(ascii: "D"): .directory
        case UInt8(ascii: "6"): .other("a FIFO")
        case UInt8(ascii: "M"): .other("the rest of a file from another volume")
        case UInt8(ascii: "V"): .other("a volume label")
        case UInt8(ascii: "S"): .file
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            .other("of the vendor type '\(Character(Unicode.Scalar(type)))', which is not read")
        default:
            // "If other values are encountered, treat as a regular file" (POSIX.1-2017 pax, typeflag).
            name.last == slash ? .directory : .file
        }
    }
}
