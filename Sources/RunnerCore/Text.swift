extension String {
    /// The longest beginning of the text that fits into `limit` bytes of UTF-8 without cutting a character.
    ///
    /// The platform cuts failure reasons at 1,024 characters wherever that falls (contract §3.10); we cut first.
    ///
    /// - Parameter limit: The most bytes.
    /// - Returns: The text itself when it fits.
    package func prefix(utf8Bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.startIndex
        var used = 0
        for scalar in unicodeScalars {
            let size = String(scalar).utf8.count
            guard used + size <= limit else { break }
            used += size
            end = unicodeScalars.index(after: end)
        }
        return String(unicodeScalars[..<end])
    }

    /// The text on one line: control characters as `\n`, `\t` or `\u{..}`, and not longer than `limit` characters.
    ///
    /// - Parameter limit: The most characters; longer texts end in `…`.
    /// - Returns: A text that is safe to print into a log line.
    package func escaped(limit: Int = 200) -> String {
        var result = ""
        var length = 0
        for scalar in unicodeScalars {
            let piece = Self.escaped(scalar)
            length += piece.unicodeScalars.count
            guard length <= limit else { return result + "…" }
            result += piece
        }
        return result
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
            "\\u{" + String(scalar.value, radix: 16) + "}"
        default: String(scalar)
        }
    }

    /// The text as it may be shown: in its web addresses the user and password, and the query of a presigned one, are
    /// secrets and become `<redacted>`.
    ///
    /// - Returns: The text itself when it holds no such address.
    package func withoutCredentials() -> String {
        var shown = ""
        var rest = self[...]
        while let scheme = rest.firstRange(of: "://") {
            shown += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let authority = rest.prefix { $0 != "/" && !$0.isWhitespace }
            if let at = authority.lastIndex(of: "@") {
                shown += "<redacted>"
                rest = rest[at...]
            }
            let address = rest.prefix { !$0.isWhitespace }
            if let query = address.firstIndex(of: "?") {
                shown += rest[..<query] + "?<redacted>"
                rest = rest[address.endIndex...]
            }
        }
        return shown + rest
    }

    /// The text without blanks, tabs and line ends at both sides.
    package func trimmed() -> String {
        let blanks: Set<Unicode.Scalar> = [" ", "\t", "\n", "\r"]
        var scalars = unicodeScalars[...]
        while let first = scalars.first, blanks.contains(first) { scalars.removeFirst() }
        while let last = scalars.last, blanks.contains(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// Tells whether two texts are the same bytes; `==` takes composed and decomposed letters for equal.
    ///
    /// - Parameter other: The text to compare with.
    /// - Returns: true when the UTF-8 of both is the same.
    package func hasSameBytes(as other: String) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}

/// A number of bytes as a person reads it: `0 B`, `999 B`, `1.2 kB`, `3.4 GB`, in powers of 1,000.
///
/// - Parameter bytes: The number.
/// - Returns: At most one decimal and a unit.
package func humanBytes(_ bytes: Int64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    // A sparse file may claim 8 EiB, of which ten times are more than 64 bits.
    var tenths = Int128(bytes) * 10
    var unit = 0
    while tenths >= 10_000, unit < units.count - 1 {
        tenths = (tenths + 500) / 1000
        unit += 1
    }
    let decimals = unit == 0 || tenths % 10 == 0 ? "" : ".\(tenths % 10)"
    return "\(tenths / 10)\(decimals) \(units[unit])"
}

extension Sequence<Int64> {
    /// The sum, or the largest number when that is more: sizes of sparse files may claim anything.
    package func saturatingSum() -> Int64 {
        reduce(0) { sum, next in
            let (result, overflow) = sum.addingReportingOverflow(next)
            return overflow ? .max : result
        }
    }
}

/// A number of things with the right form of its noun: `1 file`, `2 files`.
///
/// - Parameters:
///   - number: How many.
///   - noun: The form for one.
///   - plural: The form for others, `noun` + `s` when nil.
/// - Returns: Number and noun.
package func counted(_ number: Int, _ noun: String, plural: String? = nil) -> String {
    "\(number) " + (number == 1 ? noun : plural ?? noun + "s")
}

/// Whether a byte is a letter or digit of ASCII.
///
/// - Parameter byte: The byte.
/// - Returns: false for all others.
package func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: false
    }
}
