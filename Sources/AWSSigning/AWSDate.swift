package import RunnerCore

/// A moment as a signature writes it, in UTC.
package struct AWSDate: Hashable, Sendable {
    /// Day and time: `20260102T030405Z`.
    package let time: String
    /// The day alone: `20260102`.
    package let day: String

    /// Writes a moment; the part of a second is dropped.
    ///
    /// - Parameter moment: A moment of the years 0 to 9999.
    package init(_ moment: Timestamp) {
        // `2026-01-02T03:04:05.678Z` without punctuation and milliseconds.
        let digits = moment.description.utf8.prefix(19).filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        time = String(decoding: digits + [UInt8(ascii: "Z")], as: UTF8.self)
        day = String(decoding: digits.prefix(8), as: UTF8.self)
    }
}
