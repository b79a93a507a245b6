import CZlib

/// The extra fields of an entry (APPNOTE 4.5).
struct ZipExtra {
    /// The sizes and offset that do not fit 32 bits, in the order of the header.
    struct Zip64 {
        private var values: [Int64?]

        /// Makes the list.
        fileprivate init(_ field: ZipBytes) {
            values = stride(from: 0, to: field.count - 7, by: 8).map { field.u64($0) }
        }

        /// Makes an empty list.
        fileprivate init() {
            values = []
        }

        /// The full value of a header field.
        ///
        /// - Parameters:
        ///   - short: What the header says.
        ///   - member: The member's name, for the message.
        /// - Returns: `short`, or the next value of the list when it is all ones.
        /// - Throws: `damaged` when the list is too short.
        mutating func value(_ short: Int64, member: [UInt8]) throws(ArchiveError) -> Int64 {
            guard short == 0xffff_ffff else { return short }
            guard !values.isEmpty, let wide = values.removeFirst() else {
                throw ArchiveError(.damaged, "lacks its 64-bit sizes (zip64)", member: member)
            }
            return wide
        }
    }

    /// The 64-bit sizes and offset.
    private(set) var zip64 = Zip64()
    /// Info-ZIP's time of last change, which has no time zone to guess.
    private(set) var modified: Timestamp?
    private var unicodePath: ZipBytes?

    private static let zip64ID = 0x0001
    private static let timestampID = 0x5455
    private static let unicodePathID = 0x7075

    /// Reads the fields.
    ///
    /// - Parameters:
    ///   - bytes: All of them; up to 3 bytes that are left over are padding (zipalign).
    ///   - member: The member's name, for the message.
    /// - Throws: `damaged` when one passes the end.
    init(_ bytes: ZipBytes, member: [UInt8]) throws(ArchiveError) {
        var offset = 0
        while offset + 4 <= bytes.count {
            let count = bytes.u16(offset + 2)
            guard offset + 4 + count <= bytes.count else {
                // Padding of zeros may be cut in the middle of what looks like a field.
                if bytes.part(offset, 2).bytes.allSatisfy({ $0 == 0 }) { return }
                throw ArchiveError(.damaged, "has an extra field that passes its end", member: member)
            }
            let field = bytes.part(offset + 4, count)
            switch bytes.u16(offset) {
            case Self.zip64ID:
                zip64 = Zip64(field)
            case Self.timestampID where count >= 5 && field.bytes[field.bytes.startIndex] & 1 != 0:
                modified = Timestamp(seconds: Int64(Int32(truncatingIfNeeded: field.u32(1))), nanoseconds: 0)
            case Self.unicodePathID where count > 5:
                unicodePath = field
            default:
                break
            }
            offset += 4 + count
        }
    }

    /// Info-ZIP's Unicode name, if it was made for this very name.
    ///
    /// - Parameter raw: The name in the header.
    /// - Returns: The UTF-8 name, or nil when there is none or the header's name was changed without it.
    func unicodeName(for raw: [UInt8]) -> [UInt8]? {
        guard let field = unicodePath, field.bytes.first == 1 else { return nil }
        guard Int64(crc32(0, raw, CUnsignedInt(raw.count))) == field.u32(1) else { return nil }
        let name = field.part(5, field.count - 5).bytes
        return String(validating: name, as: UTF8.self) == nil ? nil : Array(name)
    }
}
